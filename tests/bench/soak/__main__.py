"""``python -m tests.bench.soak --hours 8`` (or ``make soak``, ten minutes): the whole product under load through a day of incidents.

A day's worth of incidents (roles and store killed, the broker killed, silence, a flood) is spread over the run. Every ten seconds it
is noted what everything holds; at the end every acknowledged event is looked for, and the quarters of the run are compared: memory,
handles, threads, files and parts have to level off. Ends with 1 if an event is missing or is there twice, or, in a run of an hour or
more, if something has not levelled off.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from streams.roles import ROLES
from tests.bench.soak.sampling import levels, sample
from tests.deadlines import within
from tests.e2e.instance import Instance
from tests.faults.load import Load
from tests.faults.run import STORES

RESULTS = Path(__file__).parents[1] / "results"
KEY = "key-of-the-soak"
EVERY_S = 10.0
#: a day's incidents, each at its hour: who is killed, or what the load does
DAY = (
    (1, "landing"), (3, "page"), (4, "silence"), (6, "monitor"), (8, "collector"), (9, "flood"), (11, "store"), (13, "jobs"),
    (14, "broker"), (16, "notifier"), (17, "silence"), (18, "flood"), (20, "monitor"), (21, "landing"), (22, "sources"),
)  # fmt: skip
#: how much of an hour silence and flood last
SHARE = 0.5
#: figures that have to level off, and by how much the last quarter may be above the third
LIMITS = {"memory_mb": 1.10, "handles": 1.10, "threads": 1.10, "part folders": 1.5, "topics": 1.0, "files logs": 1.2, "mb logs": 1.3}  # fmt: skip


async def incident(what: str, hour_s: float, load: Load, instance: Instance, rate: int) -> None:
    """Let it happen."""
    if what == "silence":
        await load.pause()
        await asyncio.sleep(hour_s * SHARE)
        load.go_on()
    elif what == "flood":
        load.rate = 3 * rate
        await asyncio.sleep(hour_s * SHARE)
        load.rate = rate
    else:
        instance.kill(what)


async def soak(instance: Instance, hours: float, rate: int) -> tuple[list[dict[str, float]], int, int]:
    """Samples, acknowledged events and those found at the end."""
    state = instance.status()
    kafka = json.loads((instance.data / "instance.json").read_text())["kafka"]
    load = Load(kafka, state["addresses"]["collector"], KEY, STORES, rate, seed=int(time.time()))
    load.start()
    begun, hour_s = time.monotonic(), hours * 3600 / 24
    samples: list[dict[str, float]] = []
    waiting = list(DAY)
    under_way: list[asyncio.Task[None]] = []
    while (passed := time.monotonic() - begun) < hours * 3600:
        load.check()
        if waiting and passed >= waiting[0][0] * hour_s:
            _, what = waiting.pop(0)
            print(f"{passed:7.0f} s  {what}", flush=True)
            under_way.append(asyncio.create_task(incident(what, hour_s, load, instance, rate)))
        try:
            found = await asyncio.to_thread(sample, instance)
        except Exception as error:  # the store was killed, or a file replaced, a moment ago
            print(f"{passed:7.0f} s  not sampled: {type(error).__name__}", flush=True)
        else:
            samples.append({"s": passed, "sent": len(load.ledger.events), **found})
            print(
                f"{passed:7.0f} s  {len(load.ledger.events):,} sent, {found['events']:,.0f} stored, {found['memory_mb']:,.0f} MB, "
                f"{found['handles']:.0f} handles, {found['part folders']:.0f} parts",
                flush=True,
            )
        await asyncio.sleep(EVERY_S)
    await asyncio.gather(*under_way)
    await load.stop(600)
    sent, found_count = len(load.ledger.events), 0
    deadline = time.monotonic() + within(300)
    while found_count != sent and time.monotonic() < deadline:
        (row,) = await asyncio.to_thread(instance.sql, "SELECT count() AS n FROM event_records")
        found_count = int(row["n"])
        await asyncio.sleep(2)
    return samples, sent, found_count


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=8.0)
    parser.add_argument(
        "--rate", type=int, default=1000, help="events a second; half of what the machine takes"
    )
    asked = parser.parse_args()
    data = Path(tempfile.mkdtemp(prefix="funnelwatch-soak-")) / "data"
    data.mkdir()
    stores = "".join(f"  - {{id: {store}, platform: own_site, keys: ['env:KEY']}}\n" for store in STORES)
    (data / "funnelwatch.yaml").write_text(f"stores:\n{stores}")
    instance = Instance(data, ",".join(ROLES), KEY=KEY, FUNNELWATCH_COLLECTOR_RATE="100000")
    instance.start()
    try:
        samples, sent, found = asyncio.run(soak(instance, asked.hours, asked.rate))
    finally:
        instance.stop()
    table = levels(samples)
    for name, quarters in table.items():
        print(f"{name:28} " + " ".join(f"{one:12,.1f}" for one in quarters))
    high = {
        name: quarters
        for name, quarters in table.items()
        if name in LIMITS and quarters[1] and quarters[2] > LIMITS[name] * quarters[1]
    }
    print(f"{sent:,} events sent, {found:,} found; not level: {high or 'nothing'}")
    day = datetime.now(UTC).date().isoformat()
    result = {
        "day": day,
        "hours": asked.hours,
        "rate": asked.rate,
        "cores": os.cpu_count(),
        "sent": sent,
        "found": found,
    }
    path = RESULTS / f"soak-{day}.json"
    path.write_text(json.dumps({**result, "quarters": table}, indent=1) + "\n")
    return int(sent != found or (asked.hours >= 1 and bool(high)))


if __name__ == "__main__":
    sys.exit(main())
