"""Start-up and recovery: from the start of a process to ready, empty and with a million rows in the changelog."""

from __future__ import annotations

import time

from confluent_kafka import Producer

from scoring.funnel.units import MINUTE_MS
from streams.clock import now_ms
from streams.kafka.topics import COUNTS_CHANGELOG, EVENTS
from streams.monitor import records
from streams.monitor.records import Mark
from tests.bench.whole_path.ground import PARTITIONS, Figure, Ground, memory_mb, wait_until
from tests.bench.windowed_count.workload import events

ROWS = 1_000_000
STORES = 500
SEGMENTS = 4
BAR_S = 30.0


def fill(kafka: str, prefix: str, rows: int) -> None:
    """Rows of the last minutes, one in four overwritten once, as a monitor that stopped a moment ago leaves them."""
    producer = Producer(
        {
            "bootstrap.servers": kafka,
            "compression.type": "zstd",
            "linger.ms": 50,
            "queue.buffering.max.messages": 200_000,
        }
    )

    def send(topic: str, partition: int, key: bytes | None, value: bytes | None) -> None:
        while True:
            try:
                producer.produce(prefix + topic, value, key, partition=partition)
                return
            except BufferError:
                producer.poll(0.05)

    present = now_ms()
    last = present // MINUTE_MS - 2
    minutes = rows // (STORES * SEGMENTS)
    value = records.encode([0, 31, 12, 4, 1, 1, 0, 0])
    for minute in range(last - minutes + 1, last + 1):
        for store in range(STORES):
            for segment in range(SEGMENTS):
                key = records.counts_key(minute, f"store-{store:04d}", f"ios/channel-{segment}")
                for _ in range(2 if segment == 0 else 1):
                    send(COUNTS_CHANGELOG, store % PARTITIONS, key, value)
    for partition, event in enumerate(events(PARTITIONS, present, 3)):
        value = records.encode(event)
        send(EVENTS, partition, None, value)
        mark = Mark(0, 0, records.fingerprint(value), event.received_at_ms, last, -1, (-1, -1))
        send(COUNTS_CHANGELOG, partition, *records.mark_record(mark))
    producer.flush(120)


def measure(ground: Ground) -> list[Figure]:
    """Seconds to ready, and the memory then."""
    found = []
    for rows in (0, ROWS // 10 if ground.quick else ROWS):
        prefix = ground.topics()
        if rows:
            fill(ground.kafka, prefix, rows)
        began = time.monotonic()
        part = ground.monitor(prefix)
        took = wait_until(lambda prefix=prefix: ground.is_ready(prefix), "the monitor") - began  # type: ignore[misc]
        assert part.process is not None
        load = f"{rows:,} stored rows"
        bar = f"< {BAR_S:g} s" if rows else ""
        found.append(
            Figure("recovery", f"{load}: start to ready", took, "s", bar, took < BAR_S if rows else None)
        )
        found.append(Figure("recovery", f"{load}: memory", memory_mb(part.process.pid), "MB"))
        ground.end_parts()
    return found
