"""Growth in stores: memory of quiet stores, and what a minute costs with few of many stores active.

Runs the partitions' own code in a process of its own, without Kafka: every store is seen once, then an hour passes in which
only some go on. With ``judged`` every store has a baseline, and the quiet ones have been quiet for a day, as when a monitor
starts in the morning. ``python -m tests.bench.whole_path.memory STORES ACTIVE seen|judged`` prints one JSON line.
"""

from __future__ import annotations

import os
import sys
import time
import zlib
from types import SimpleNamespace

import msgspec

from scoring.counting.partition import PartitionCounts
from scoring.counting.segments import Segmenter
from scoring.events.event import Event, EventType
from scoring.funnel.units import MINUTE_MS
from streams.config.model import Config
from streams.monitor.app import default_detector
from streams.monitor.partition import Partition, Work
from streams.settings import load_settings
from tests.bench.whole_path.ground import PARTITIONS, Figure, Ground, memory_mb, run_tool
from tests.faults.incident import baselines

SIZES = (1_000, 10_000, 100_000)
ACTIVE = 1_000
MINUTES = 60
EVENTS_A_MINUTE = 5
SEEN, JUDGED = "seen", "judged"
START_MS = 1_790_000_000_000 // MINUTE_MS * MINUTE_MS


class Worker:
    """The partitions of one process."""

    def __init__(self) -> None:
        settings, config = load_settings(), Config()
        self.partitions = [
            Partition(
                number,
                PartitionCounts(
                    Segmenter(config.segments.dimensions, config.segments.most),
                    int(settings.monitor_horizon_hours * 3_600_000),
                    int(settings.duplicate_horizon_minutes * 60_000),
                ),
                default_detector(config),
                int(settings.monitor_grace_s * 1000),
            )
            for number in range(PARTITIONS)
        ]
        for partition in self.partitions:
            partition.is_loaded = True
        self._offsets = [0] * PARTITIONS
        self._number = 0

    def learn(self, stores: range) -> None:
        """A baseline for each of the stores."""
        fitted = baselines()[0]
        for store in stores:
            name = f"store-{store:06d}"
            number = zlib.crc32(name.encode()) % PARTITIONS
            self.partitions[number].learn(msgspec.structs.replace(fitted, store_id=name))

    def count(self, stores: range, at_ms: int, each: int) -> None:
        """So many events of each store, accepted at once."""
        values: list[list[bytes]] = [[] for _ in self.partitions]
        for store in stores:
            name = f"store-{store:06d}"
            for _ in range(each):
                self._number += 1
                event = Event(
                    f"e{self._number:x}",
                    name,
                    EventType.CLICK if self._number % 3 else EventType.IMPRESSION,
                    at_ms,
                    at_ms,
                    device_class="ios",
                    channel="ads",
                )
                values[zlib.crc32(name.encode()) % PARTITIONS].append(msgspec.json.encode(event))
        for number, batch in enumerate(values):
            begin = self._offsets[number]
            self._offsets[number] += len(batch)
            if batch:
                offsets = range(begin, begin + len(batch))
                highwater = self._offsets[number]
                message = SimpleNamespace(offsets=offsets, highwater=highwater, follows=begin - 1)
                self.partitions[number].count(message, batch, at_ms)

    def flush(self, at_ms: int) -> tuple[int, int]:
        """Flush all partitions; gives records and bytes to write."""
        records = size = 0
        for partition in self.partitions:
            work: Work | None = partition.take(at_ms)
            if work is None:
                continue
            partition.judge(work)
            partition.mark = work.mark
            for items in work.records.values():
                records += len(items)
                size += sum(len(key or b"") + len(value or b"") for key, value in items)
        return records, size


def main() -> None:
    stores, active, kind = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    worker = Worker()
    empty = memory_mb(os.getpid())
    if kind == JUDGED:
        worker.learn(range(stores))
    else:
        worker.count(range(stores), START_MS, 3)  # so that two stages were seen of each
    worker.flush(START_MS)
    for minute in range(1, 4):  # their first minute is closed, their detectors' entries are made
        worker.count(range(active), START_MS + minute * MINUTE_MS, 1)
        worker.flush(START_MS + minute * MINUTE_MS)
    known = memory_mb(os.getpid())
    costs, records, sizes = [], [], []
    for minute in range(4, 4 + MINUTES):
        at_ms = START_MS + minute * MINUTE_MS
        worker.count(range(active), at_ms, EVENTS_A_MINUTE)
        began = time.process_time()
        written, size = worker.flush(at_ms)
        costs.append(time.process_time() - began)
        records.append(written)
        sizes.append(size)
    middle = sorted(costs)[len(costs) // 2]
    figures = {
        "memory_mb": known - empty,
        "minute_s": middle,
        "records": sorted(records)[len(records) // 2],
        "bytes": sorted(sizes)[len(sizes) // 2],
        "most_records": max(records[5:]),
    }
    sys.stdout.write(msgspec.json.encode(figures).decode() + "\n")


def measure(ground: Ground) -> list[Figure]:
    """Memory and a minute's cost for each number of stores."""
    found = []
    sizes = SIZES[:2] if ground.quick else SIZES
    for kind, stores in [(kind, stores) for kind in (SEEN, JUDGED) for stores in sizes]:
        figures = msgspec.json.decode(run_tool("memory", str(stores), str(ACTIVE), kind).communicate()[0])
        with_what = ", all with a baseline" if kind == JUDGED else ""
        load = f"{stores:,} stores{with_what}, {min(ACTIVE, stores):,} active"
        found += [
            Figure("stores", f"{load}: memory per thousand", figures["memory_mb"] / stores * 1000, "MB"),
            Figure("stores", f"{load}: closing a minute", figures["minute_s"], "CPU s"),
            Figure("stores", f"{load}: records a minute", figures["records"], "records"),
            Figure("stores", f"{load}: most records in a minute", figures["most_records"], "records"),
            Figure("stores", f"{load}: bytes a minute", figures["bytes"], "bytes"),
        ]
    return found


if __name__ == "__main__":
    main()
