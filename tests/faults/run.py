"""One run: start the system, load it, do faults, let it come to rest, compare."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scoring.baselines import encode_baseline
from streams.kafka.topics import BASELINES
from tests.faults.chaos import Chaos
from tests.faults.checker import Checker, Report
from tests.faults.incident import baselines
from tests.faults.load import Load
from tests.faults.system import KEY, System
from tests.faults.system_state import Watch
from tests.fixtures.kafka_tools import produce

STORES = [f"shop-{number}" for number in range(12)]
SETTLE_S = 120.0
#: seconds in which everything that was sent must be acknowledged; a spool is full then and the broker just back
ACKNOWLEDGED_S = 600.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything."""

    kills: int
    seed: int
    monitors: int = 2
    partitions: int = 6
    rate: int = 400
    pause_s: tuple[float, float] = (1.0, 6.0)
    #: for how long parts stay away: longer than the group session of six seconds
    unreachable_s: float = 8.0
    #: names of faults, with commas between them; all if empty
    chosen: str = ""
    #: how many faults at least
    faults: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done and what came of it."""

    report: Report
    kills: int
    faults: Counter[str]
    repeats: Counter[str]
    ends: dict[str, list[str]]
    peak_mb: dict[str, int]
    seconds: float
    #: of these, under load and faults
    chaos_s: float
    #: memory, lag and spool through the run, a line each
    looks: str

    def __str__(self) -> str:
        faults = ", ".join(f"{name} {times}" for name, times in sorted(self.faults.items()))
        return (
            f"{self.kills} kills and {self.faults.total()} faults in {self.chaos_s:.0f} s of load, "
            f"{self.report.waited_s:.0f} s to the verdict, {self.seconds:.0f} s in all: {faults}\n"
            f"repeated by the senders: {dict(self.repeats)}; processes that ended unasked: {self.ends}\n"
            f"most memory, MB: {self.peak_mb}\n{self.looks}\n"
            f"{self.report}"
        )


async def publish_baselines(kafka: str) -> None:
    """What is usual of the stores that have incidents."""
    await produce(
        kafka,
        BASELINES,
        [(one.store_id.encode(), encode_baseline(one), one.fitted_at_ms) for one in baselines()],
    )


async def run(plan: Plan, folder: Path, say: Callable[[str], None] = print) -> Outcome:
    """Do it. ``folder`` keeps the logs."""
    began = time.monotonic()
    for name in ("aiokafka", "clickhouse_connect", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # an unreachable broker is what we want
    system = System(folder, STORES, plan.monitors, plan.partitions)
    watch = Watch(system)
    try:
        await system.start(publish_baselines)
        load = Load(system.settings.kafka, system.collector_url, KEY, STORES, plan.rate, plan.seed)
        load.start()
        say(f"{time.monotonic() - began:6.1f} s  everything runs")
        watch.start()
        chaos = Chaos(system, load, plan.seed, plan.unreachable_s, say, plan.chosen)
        loaded = time.monotonic()
        await chaos.run(plan.kills, plan.pause_s, plan.faults)
        load.check()
        lasted = time.monotonic() - loaded
        say(f"{len(load.ledger.events) / lasted:,.0f} events/s were acknowledged for {lasted:.0f} s")
        await load.stop(ACKNOWLEDGED_S)
        say(
            f"{time.monotonic() - began:6.1f} s  the load has ended; {len(load.ledger.events):,} events acknowledged"
        )
        report = await Checker(system).wait(load.ledger, SETTLE_S, say)
        ends = {name: part.ends for name, part in system.parts.items() if part.ends}
        peaks = {name: part.peak_mb for name, part in system.parts.items()}
        seconds = time.monotonic() - began
        watch.write(folder / "logs" / "samples.tsv")
        return Outcome(
            report,
            chaos.kills,
            chaos.done,
            load.ledger.repeats,
            ends,
            peaks,
            seconds,
            lasted,
            watch.summary(),
        )
    finally:
        await watch.stop()
        await asyncio.shield(system.stop())
