"""Three brokers, everything replicated three times, and their leaders killed in turn under load: nothing is lost.

``python -m tests.faults.three_brokers --kills 6`` runs a cluster of three nodes (KRaft, broker and controller in each), two
monitors on it, and a load with ``acks=all``; a broker is ended with SIGKILL and started again, one after the other. Then the
minute rows are compared with the ledger. Ends with 1 if anything differs.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from scoring.funnel.stages import STAGES
from streams.embedded.broker import Broker, archive_path
from streams.embedded.jars import fetch_jars
from streams.kafka.admin import create_topics
from streams.settings import load_settings
from tests.deadlines import within
from tests.faults.ledger import Cell, Ledger
from tests.faults.load import Load
from tests.streams.monitor.workers import Process, published

NODES, PARTITIONS, MONITORS = 3, 6, 2
CLUSTER = "three-brokers-of-tests"
STORES = [f"shop-{number}" for number in range(8)]
#: seconds between two kills, and until a killed broker is started again
BETWEEN_S, UNREACHABLE_S = 8.0, 6.0
SETTLE_S = 240.0


class Node(Broker):
    """A broker of a cluster whose id is given."""

    def _format(self, properties: Path) -> None:
        command = [*self._java(), "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(properties)]
        subprocess.run(command, capture_output=True, check=True, timeout=within(120))


def nodes(folder: Path) -> list[Node]:
    """The brokers, not started."""
    settings = load_settings()
    jars = fetch_jars(settings)
    made = [
        Node(
            folder / f"kafka-{number}",
            folder / f"logs-{number}",
            jars,
            archive=archive_path(settings, jars),
        )
        for number in range(1, NODES + 1)
    ]
    voters = ",".join(f"{number}@127.0.0.1:{node.controller_port}" for number, node in enumerate(made, 1))
    factors = "".join(
        f"{topic}.replication.factor={NODES}\n{topic}.min.isr=2\n"
        for topic in ("transaction.state.log", "share.coordinator.state.topic")
    )
    for number, node in enumerate(made, 1):
        node.more_properties = (
            f"node.id={number}\ncontroller.quorum.voters={voters}\nmin.insync.replicas=2\n"
            f"offsets.topic.replication.factor={NODES}\n{factors}"
        )
    return made


async def counted(kafka: str) -> Counter[Cell]:
    """What the minute rows say, by store, minute and stage."""
    found: Counter[Cell] = Counter()
    for (store, minute, _, stage), number in (await published(kafka, "")).items():
        found[store, minute, STAGES[stage].value] += number
    return found


async def difference(kafka: str, ledger: Ledger, horizon_ms: int) -> Counter[Cell]:
    """Cells in which rows and ledger differ; what is older than the stream's horizon is landing's."""
    wanted, found = ledger.counts(), await counted(kafka)
    oldest = min(event.received_at_ms for event in ledger.events.values()) - horizon_ms
    return Counter(
        {
            cell: abs(wanted[cell] - found[cell])
            for cell in wanted.keys() | found.keys()
            if cell[1] >= oldest and wanted[cell] != found[cell]
        }
    )


async def run(kills: int, rate: int, folder: Path) -> int:
    """Do it; gives the number of differences."""
    brokers = nodes(folder)
    for broker in brokers:
        broker.start()
    workers: list[Process] = []
    kafka = ",".join(broker.address for broker in brokers)
    try:
        for broker in brokers:
            await asyncio.to_thread(broker.wait_ready, 120)
        await create_topics(kafka, partitions=PARTITIONS, replication=NODES, timeout_s=120)
        for number in range(MONITORS):
            data = folder / f"monitor-{number}"
            data.mkdir()
            workers.append(Process(kafka, "", data, group_prefix="three"))
            workers[-1].start()
        load = Load(kafka, "", "", STORES, rate, seed=3)
        load.start(is_by_http=False)
        for kill in range(kills):
            await asyncio.sleep(BETWEEN_S)
            victim = brokers[kill % NODES]
            print(f"killing broker {kill % NODES + 1}; {len(load.ledger.events):,} acknowledged", flush=True)
            victim.kill()
            await asyncio.sleep(UNREACHABLE_S)
            victim.start()
            await asyncio.to_thread(victim.wait_ready, 120)
            for worker in workers:
                _keep(worker)
            load.check()
        await load.stop(SETTLE_S)
        horizon_ms = int(load_settings().monitor_horizon_hours * 3_600_000)
        until, differs = time.monotonic() + within(SETTLE_S), Counter({("", 0, ""): 1})
        while differs and time.monotonic() < until:
            await asyncio.sleep(2)
            for worker in workers:
                _keep(worker)
            differs = await difference(kafka, load.ledger, horizon_ms)
        print(
            f"{kills} brokers killed, {len(load.ledger.events):,} events acknowledged, sent again "
            f"{dict(load.ledger.repeats)}: {len(differs)} differences {dict(differs.most_common(5))}"
        )
        return len(differs)
    finally:
        for worker in workers:
            if worker.process is not None and worker.process.poll() is None:
                worker.end(signal.SIGKILL)
        for broker in brokers:
            broker.kill()


def _keep(worker: Process) -> None:
    """Start a worker again that has ended, as the supervisor would, and say what it said last."""
    if worker.process is not None and worker.process.poll() is not None:
        lines = worker.log.read_text(errors="replace").strip().splitlines()
        print(
            f"a monitor ended with {worker.process.returncode}: {lines[-1][:300] if lines else ''}",
            flush=True,
        )
        worker.start()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.three_brokers", description=__doc__)
    parser.add_argument("--kills", type=int, default=6, help="how often a broker is killed")
    parser.add_argument("--rate", type=int, default=400, help="events a second")
    asked = parser.parse_args()
    for name in ("aiokafka", "clickhouse_connect"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="funnelwatch-three-"))
    print(f"logs in {folder}", flush=True)
    return 1 if asyncio.run(run(asked.kills, asked.rate, folder)) else 0


if __name__ == "__main__":
    sys.exit(main())
