"""Runs the benchmark: ``python -m tests.bench.windowed_count [--events 240000 2000000] [--runs 5]``.

Each run takes the competitors in turn, so that a change of the machine's load meets all of them. Bytewax, Quix Streams and
the documented Faust are too slow for the large number; they count a part of it, as the table says.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.embedded.broker import Broker, broker_of
from streams.kafka.topics import EVENTS, TOPICS
from streams.settings import Settings, load_settings
from tests.bench.windowed_count import reporting
from tests.bench.windowed_count.java import NoJava, streams_command
from tests.bench.windowed_count.peers import Job
from tests.bench.windowed_count.timing import RunFailed, Timing, run_timed
from tests.bench.windowed_count.workload import Counts, digest, load, read_counts
from tests.fixtures.kafka_tools import make

ROOT = Path(__file__).parents[3]
PARTITIONS = 16
SEED = 20_261_101
#: every competitor that counts must agree on these first, whatever it can do of the rest
AGREE_ON = 20_000
#: the most events that a slow competitor is given
MAX_EVENTS = {"faust": 20_000, "quixstreams": 240_000, "bytewax": 600_000}
EMPTY = ("aiokafka_empty", "librdkafka_empty")
NAMES = ("monitor", "monitor_two", "faust", "quixstreams", "bytewax", "kafka_streams", *EMPTY)
LIMIT_S = 1200.0


@dataclass
class Bench:
    """What the runs share: the broker, the loaded topics with their true counts, and what was found."""

    kafka: str
    #: the broker's process, whose CPU time is reported too
    broker: int
    folder: Path
    java: list[str]
    topics: dict[int, tuple[str, Counts]] = field(default_factory=dict)

    def topic(self, events: int) -> tuple[str, Counts]:
        """A topic that holds so many events, made when first asked for."""
        if events not in self.topics:
            name = f"bench.{events}.events"
            asyncio.run(make(self.kafka, [NewTopic(name, PARTITIONS, 1)]))
            counts, mean = load(self.kafka, name, events, SEED)
            print(f"loaded {events:,} events of {mean:.0f} bytes on average", flush=True)
            self.topics[events] = name, counts
        return self.topics[events]

    def run(self, name: str, events: int) -> tuple[Timing, str | None]:
        """One run of one competitor: its timing and the digest of its counts (None: it does not count)."""
        topic, truth = self.topic(events)
        run = f"bench-{name}-{uuid.uuid4().hex[:8]}-"
        folder = self.folder / run
        folder.mkdir()
        job = Job(self.kafka, topic, events, PARTITIONS, run, str(folder), str(folder / "counts.tsv"))
        if topics := _topics(name, run):
            asyncio.run(make(self.kafka, topics))
        python = [sys.executable, "-m", f"tests.bench.windowed_count.peers.{name}"]
        command = [*(self.java if name == "kafka_streams" else python), msgspec.json.encode(job).decode()]
        timing = run_timed(command, events, self.folder / f"{run}.log", LIMIT_S, ROOT, self.broker)
        counts = read_counts((folder / "counts.tsv").read_text())
        asyncio.run(_clean(self.kafka, run))
        shutil.rmtree(folder, ignore_errors=True)
        if name in EMPTY:
            return timing, None
        found = digest(counts)
        if found != digest(truth):
            off = sum((counts - truth).values()), sum((truth - counts).values())
            raise RunFailed(f"{name} counts {events:,} events wrongly: {off[0]} too many, {off[1]} too few")
        return timing, found


def _topics(name: str, run: str) -> list[NewTopic]:
    """The topics that a competitor finds made; the others make theirs themselves."""
    if name == "faust":  # it does not wait until the one it makes has leaders
        return [
            NewTopic(f"{run}-counts-changelog", PARTITIONS, 1, topic_configs={"cleanup.policy": "compact"})
        ]
    if name in reporting.OURS:
        return [
            NewTopic(run + spec.name, PARTITIONS if spec.per_partition else 1, 1, topic_configs=spec.configs)
            for spec in TOPICS
            if spec.name != EVENTS
        ]
    return []


async def _clean(kafka: str, run: str) -> None:
    """Delete what a run left on the broker."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        mine = [topic for topic in await admin.list_topics() if run in topic]
        if mine:
            await admin.delete_topics(mine)
    finally:
        await admin.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.windowed_count", description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=[240_000, 2_000_000])
    parser.add_argument("--runs", type=int, default=5, help="medians are taken over so many runs")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument(
        "--keep", action=argparse.BooleanOptionalAction, default=True, help="store the results"
    )
    asked = parser.parse_args()
    settings = load_settings(broker_heap_mb=1024)
    with tempfile.TemporaryDirectory(prefix="funnelwatch-bench-") as name:
        folder = Path(name)
        broker = broker_of(settings, folder)
        broker.start()
        try:
            broker.wait_ready()
            return _measure(broker, settings, folder, asked)
        finally:
            broker.stop()


def _measure(broker: Broker, settings: Settings, folder: Path, asked: argparse.Namespace) -> int:
    names, notes = list(asked.only), []
    java: list[str] = []
    if "kafka_streams" in names:
        try:
            classes = folder / "classes"
            classes.mkdir()
            java = streams_command(settings, classes)
        except (NoJava, OSError, ValueError) as error:
            names.remove("kafka_streams")
            notes.append(str(error))
            print(error, flush=True)
    assert broker.pid is not None
    bench = Bench(broker.address, broker.pid, folder, java)
    agreed = {name: bench.run(name, AGREE_ON)[1] for name in names}
    if len({found for found in agreed.values() if found}) > 1:
        raise RunFailed(f"the counts differ: {agreed}")
    print(f"all counts of {AGREE_ON:,} events agree", flush=True)
    rows: dict[int, list[reporting.Row]] = {}
    written: list[str] = []
    for events in sorted(asked.events):
        timings: dict[str, list[Timing]] = {name: [] for name in names}
        loads: list[float] = []
        for turn in range(asked.runs):
            for name in names:
                timing, _ = bench.run(name, min(events, MAX_EVENTS.get(name, events)))
                timings[name].append(timing)
                loads.append(os.getloadavg()[0])
                rate, per_cpu = timing.events / timing.wall_s, timing.events / max(timing.cpu_s, 0.01)
                print(
                    f"run {turn + 1} of {asked.runs}: {name:17} {rate:>10,.0f} events/s {per_cpu:>10,.0f} a CPU second",
                    flush=True,
                )
            rows[events] = [reporting.Row.of(name, timings[name], agreed[name]) for name in names]
            of_load = f"{events:,} events: the machine's load was {min(loads):.1f} to {max(loads):.1f}"
            if asked.keep:  # after every turn, so that an interrupted benchmark leaves what it measured
                written = reporting.store(rows, [*notes, of_load])
        notes.append(of_load)
        print(f"{of_load}\n{reporting.table(rows[events])}", flush=True)
    print("\n".join(written))
    return 0


if __name__ == "__main__":
    sys.exit(main())
