"""Produces events at a rate, accepted now; a process of its own. ``python -m … KAFKA TOPIC RATE SECONDS``.

Ends with one JSON line: how many were sent, in what time, and of every Nth its partition, offset, the millisecond in
which it was accepted and its minute. A rate of 0 is as fast as it goes.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import msgspec
from confluent_kafka import Producer

from tests.bench.windowed_count.workload import MINUTE_MS, events

SLOT_S = 0.02
#: one of so many events is a sample
EVERY = 200
POOL = 20_000


def _pool() -> list[tuple[bytes, bytes, bytes, bytes, int, str]]:
    """The events' JSON cut where id and times are: what is before, between and after, the delay, and the key."""
    pool = []
    encode = msgspec.json.Encoder().encode
    for event in events(POOL, 1_000_000_000_000, 11):
        text = encode(event)
        before, _, rest = text.partition(event.event_id.encode())
        between, _, rest = rest.partition(b'"event_time_ms":' + str(event.event_time_ms).encode())
        after = rest.partition(str(event.received_at_ms).encode())[2]
        delay = event.received_at_ms - event.event_time_ms
        order = f'"{event.order_id}"'.encode()
        pool.append((before, between, after, order if event.order_id else b"", delay, event.store_id))
    return pool


def main() -> None:
    kafka, topic, rate, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
    producer = Producer(
        {
            "bootstrap.servers": kafka,
            "compression.type": "lz4",
            "linger.ms": 20,
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": 300_000,
        }
    )
    pool = _pool()
    samples: list[tuple[int, int, int, int]] = []
    run = f"{time.time_ns():x}"
    sent = 0
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        due = int(rate * passed) if rate else sent + 2000
        received = time.time_ns() // 1_000_000
        text = str(received).encode()
        for number in range(sent, due):
            before, between, after, order, delay, store = pool[number % POOL]
            unique = f"{run}-{number:x}"
            if order:
                after = after.replace(order, f'"o-{unique}"'.encode())
            value = b'%b%b%b"event_time_ms":%d,"received_at_ms":%b%b' % (
                before,
                unique.encode(),
                between,
                received - delay,
                text,
                after,
            )
            more: dict[str, Any] = {}
            if number % EVERY == 0:
                minute = (received - delay) // MINUTE_MS

                def note(error: Any, message: Any, at: int = received, minute: int = minute) -> None:
                    if error is None:
                        samples.append((message.partition(), message.offset(), at, minute))

                more["on_delivery"] = note
            while True:
                try:
                    producer.produce(topic, value, store, timestamp=received, **more)
                    break
                except BufferError:
                    producer.poll(0.01)
        sent = max(sent, due)
        producer.poll(0)
        if rate:
            time.sleep(SLOT_S)
    took = time.monotonic() - began
    producer.flush(60)
    sys.stdout.write(msgspec.json.encode({"sent": sent, "took": took, "samples": samples}).decode() + "\n")


if __name__ == "__main__":
    main()
