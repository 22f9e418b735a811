"""Monitor processes that a test may kill, the events that they count, and an independent count of those."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from scoring.events.event import Event, EventType
from scoring.funnel.scores import MinuteRow
from scoring.funnel.stages import STAGE_INDEX
from streams.kafka.topics import MINUTES
from tests.deadlines import within
from tests.fixtures.forking import start_python
from tests.fixtures.kafka_tools import read_all
from tests.places import ROOT

PARTITIONS = 4
DEADLINE_S = 60
TYPES = ["impression", "click", "add_to_cart", "order", "payment", "favourite"]


class Process:
    """A monitor process that can be killed and started again."""

    def __init__(
        self,
        kafka: str,
        prefix: str,
        data: Path,
        detector: str = "naive",
        path: str = "auto",
        trouble: str = "",
        **changed: Any,
    ) -> None:
        settings = {
            "kafka": kafka,
            "data": str(data),
            "group_prefix": prefix,
            "monitor_flush_s": 0.1,
            "monitor_tick_s": 0.5,
            "monitor_grace_s": 0.0,
            "session_timeout_s": 6,
            **changed,
        }
        self._command = [
            str(ROOT / "tests/streams/monitor/monitor_process.py"),
            json.dumps(settings),
            prefix,
            detector,
            path,
            *filter(None, [trouble]),
        ]
        self.log = data / "monitor.log"
        self._log = self.log.open("ab")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = start_python(*self._command, env=dict(os.environ), stdout=self._log)

    def end(self, how: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(within(30))


def some_events(number: int, seed: int) -> list[tuple[bytes, bytes, int]]:
    """Records with duplicates, late ones, repeated orders and a broken one among them."""
    chance = random.Random(seed)
    present = int(time.time() * 1000)
    records: list[tuple[bytes, bytes, int]] = []
    for index in range(number):
        store, kind = f"s{chance.randint(0, 9)}", chance.choice(TYPES)
        order = f"o{chance.randint(0, number // 10)}" if kind in ("order", "payment") else ""
        event = Event(
            f"{seed}-{index}",
            store,
            EventType(kind),
            present - chance.randint(0, 600_000),
            present,
            order_id=order,
            device_class=chance.choice(["ios", "android"]),
            channel=chance.choice(["ads", ""]),
        )
        records.append((store.encode(), msgspec.json.encode(event), present))
        if chance.random() < 0.1:
            records.append(chance.choice(records))
    records.append((b"s0", b"{broken", present))
    return records


def independent_count(values: list[Any]) -> Counter[tuple[str, int, str, int]]:
    """What the log holds, counted in the plainest way."""
    seen: set[tuple[str, ...]] = set()
    counted: Counter[tuple[str, int, str, int]] = Counter()
    for record in values:
        try:
            event = json.loads(record.value)
        except ValueError:
            continue
        if "tick_ms" in event or event["type"] not in STAGE_INDEX:
            continue
        names = {("event", event["store_id"], event["event_id"])}
        if event.get("order_id"):
            names.add((event["type"], event["store_id"], event["order_id"]))
        is_known = bool(names & seen)
        seen |= names
        if not is_known:
            segment = f"{event.get('device_class') or '-'}/{event.get('channel') or '-'}"
            minute = event["event_time_ms"] // 60_000 * 60_000
            counted[event["store_id"], minute, segment, STAGE_INDEX[event["type"]]] += 1
    return counted


async def published(kafka: str, prefix: str) -> Counter[tuple[str, int, str, int]]:
    """What the minute rows say: the row with the highest ``as_of`` of each key."""
    best: dict[tuple[str, int, str], MinuteRow] = {}
    for record in await read_all(kafka, prefix + MINUTES):
        row = msgspec.json.decode(record.value, type=MinuteRow)
        key = (row.store_id, row.minute_ms, row.segment)
        if key not in best or best[key].as_of <= row.as_of:
            best[key] = row
    return Counter(
        {(*key, stage): count for key, row in best.items() for stage, count in enumerate(row.counts) if count}
    )


async def wait_for_total(kafka: str, prefix: str, total: int) -> Counter[tuple[str, int, str, int]]:
    async with asyncio.timeout(within(DEADLINE_S)):
        while sum((found := await published(kafka, prefix)).values()) < total:
            await asyncio.sleep(0.2)
    return found


async def last_line(worker: Process) -> str:
    """What a worker says last; it has ended as one that failed."""
    assert worker.process is not None
    assert await asyncio.to_thread(worker.process.wait, within(DEADLINE_S)) != 0
    return worker.log.read_text().strip().splitlines()[-1]
