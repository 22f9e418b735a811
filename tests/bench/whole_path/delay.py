"""How long an event takes to show, at 10, 50 and 90 % of what generator, broker and monitor can do together here.

Three delays, all as a reader of committed records sees them:

* *counted*: from the acceptance of the event to the first flush that holds it (its minute row, windows and mark);
* *scored*: from the moment in which the event's minute may be judged (its end and the grace, or the acceptance of a late
  event) to the minute's scores;
* *event to score*: from the acceptance to the minute's scores: up to a minute and the grace more, by definition.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import defaultdict

import msgspec
import numpy as np
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from streams.kafka.topics import EVENTS, MINUTES, SCORES
from tests.bench.whole_path.ground import (
    PARTITIONS,
    Committed,
    Figure,
    Ground,
    TookTooLong,
    run_tool,
    wait_until,
)

SHARES = (0.1, 0.5, 0.9)
SECONDS = 85.0
CAPACITY_S = 20.0
GRACE_S = 10.0
MINUTE_MS = 60_000
BAR_S = 5.0
BAR_AT = 0.5


class _Row(msgspec.Struct, gc=False):
    as_of: int


class _Score(msgspec.Struct, gc=False):
    minute_ms: int


class Watch:
    """Reads minute rows and scores as they are committed and notes when what was first seen."""

    def __init__(self, kafka: str, prefix: str) -> None:
        self.counted: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.scored: dict[tuple[int, int], int] = {}
        self._prefix = prefix
        self._consumer = Consumer(
            {
                "bootstrap.servers": kafka,
                "group.id": prefix + "watch",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 20,
            }
        )
        self._consumer.assign(
            [
                TopicPartition(prefix + topic, number, OFFSET_BEGINNING)
                for topic in (MINUTES, SCORES)
                for number in range(PARTITIONS)
            ]
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        row, score = msgspec.json.Decoder(_Row).decode, msgspec.json.Decoder(_Score).decode
        while not self._stop.is_set():
            messages = self._consumer.consume(5000, 0.05)
            seen = time.time_ns() // 1_000_000
            last = {(m.topic(), m.partition()): m for m in messages if not m.error()}
            for (topic, number), message in last.items():
                if topic == self._prefix + MINUTES:
                    self.counted[number].append((row(message.value()).as_of, seen))
            for message in messages:
                if not message.error() and message.topic() == self._prefix + SCORES:
                    minute = score(message.value()).minute_ms // MINUTE_MS
                    self.scored.setdefault((message.partition(), minute), seen)

    def stop(self) -> None:
        """Watch no more."""
        self._stop.set()
        self._thread.join()
        self._consumer.close()


def _generate(
    ground: Ground, prefix: str, rate: float, seconds: float
) -> tuple[int, float, list[tuple[int, ...]]]:
    process = run_tool("generator", ground.kafka, prefix + EVENTS, str(rate), str(seconds))
    outcome = msgspec.json.decode(process.communicate()[0])
    return outcome["sent"], outcome["took"], outcome["samples"]


def capacity(ground: Ground) -> float:
    """Events a second that a monitor makes durable while the generator produces as fast as it can at the same time."""
    prefix = ground.topics()
    ground.monitor(prefix)
    wait_until(lambda: ground.is_ready(prefix), "the monitor")
    committed = Committed(ground.kafka, prefix, prefix + EVENTS)
    process = run_tool("generator", ground.kafka, prefix + EVENTS, "0", str(CAPACITY_S), is_heard=False)
    seen = [(time.monotonic(), 0)]
    while process.poll() is None:  # commits come in steps: from the first to the last of them
        total = committed.total()
        if total > seen[-1][1]:
            seen.append((time.monotonic(), total))
        time.sleep(0.1)
    if len(seen) < 3:
        raise TookTooLong("the monitor committed less than twice while events were generated")
    found = (seen[-1][1] - seen[1][1]) / (seen[-1][0] - seen[1][0])
    committed.close()
    ground.end_parts()
    return found


def measure(ground: Ground) -> list[Figure]:
    """Percentiles of the delays at each load."""
    most = capacity(ground)
    found = [Figure("delay", "capacity with its generator", most, "events/s")]
    for share in SHARES:
        prefix = ground.topics()
        ground.monitor(prefix)
        wait_until(lambda prefix=prefix: ground.is_ready(prefix), "the monitor")  # type: ignore[misc]
        watch = Watch(ground.kafka, prefix)
        sent, took, samples = _generate(ground, prefix, most * share, 15.0 if ground.quick else SECONDS)
        time.sleep(3)  # the last events' flush
        watch.stop()
        ground.end_parts()
        load = f"at {share:.0%} ({sent / took:,.0f} events/s)"
        counted, scored, whole, missing = [], [], [], 0
        for number, offset, received, minute in samples:
            flushes = watch.counted[number]
            place = bisect_left(flushes, (offset, 0))
            if place == len(flushes):
                missing += 1
            else:
                counted.append((flushes[place][1] - received) / 1000)
            seen = watch.scored.get((number, minute))
            due = max(received, (minute + 1) * MINUTE_MS + int(GRACE_S * 1000))
            if seen is not None and received <= (minute + 1) * MINUTE_MS + int(GRACE_S * 1000):
                scored.append((seen - due) / 1000)
                whole.append((seen - received) / 1000)
        found.append(
            Figure(
                "delay",
                f"{load}: samples not yet counted at the end",
                float(missing),
                "of " + str(len(samples)),
            )
        )
        for name, delays in (("counted", counted), ("scored", scored), ("event to score", whole)):
            if not delays:
                continue
            for percent in (50, 95, 99):
                value = float(np.percentile(delays, percent))
                is_bar = share == BAR_AT and percent == 95 and name in ("counted", "scored")
                found.append(
                    Figure(
                        "delay",
                        f"{load}: {name}, p{percent}",
                        value,
                        "s",
                        f"< {BAR_S:g} s" if is_bar else "",
                        value < BAR_S if is_bar else None,
                    )
                )
    return found
