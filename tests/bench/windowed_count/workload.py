"""The events of the benchmark: canonical JSON of about 270 bytes, 1,000 stores by Zipf's law, 200,000 a minute of event time."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator

import msgspec
import numpy as np
from confluent_kafka import Producer

from scoring.events.event import Event, EventType

STORES = 1000
#: milliseconds of event time from one event to the next: 2 M events take ten minutes
EVERY_MS = 0.3
MINUTE_MS = 60_000
#: Zipf's exponent of the stores' shares
EXPONENT = 1.1
STAGES = ("impression", "click", "add_to_cart", "order", "payment", "fulfilment", "repurchase")
SHARES = (0.60, 0.25, 0.08, 0.03, 0.025, 0.01, 0.005)
DEVICES = ("ios", "android", "desktop", "unknown")
CHANNELS = ("ads", "search", "direct", "")

Counts = Counter[tuple[str, int, str]]


def events(number: int, end_ms: int, seed: int) -> Iterator[Event]:
    """``number`` events in the order of their acceptance, the last one accepted at ``end_ms``."""
    chance = np.random.default_rng(seed)
    shares = np.arange(1, STORES + 1) ** -EXPONENT
    store = chance.choice(STORES, number, p=shares / shares.sum()).tolist()
    stage = chance.choice(len(STAGES), number, p=SHARES).tolist()
    delay = chance.exponential(2_000, number).astype(int).tolist()
    device = chance.integers(len(DEVICES), size=number).tolist()
    channel = chance.integers(len(CHANNELS), size=number).tolist()
    person = chance.integers(1 << 62, size=number).tolist()
    for index in range(number):
        received = end_ms - int((number - index) * EVERY_MS)
        kind = STAGES[stage[index]]
        yield Event(
            event_id=f"pixel:{person[index]:016x}{index:08x}",
            store_id=f"store-{store[index]:04d}",
            type=EventType(kind),
            event_time_ms=received - delay[index],
            received_at_ms=received,
            platform="shopify",
            visitor=f"v{person[index] % 1_000_003:021x}",
            order_id=f"o{index}" if kind in ("order", "payment") else "",
            product=f"p{index % 5000}",
            country="DE",
            device_class=DEVICES[device[index]],
            channel=CHANNELS[channel[index]],
            source="pixel",
        )


def load(kafka: str, topic: str, number: int, seed: int) -> tuple[Counts, float]:
    """Produce the events, lz4, keyed by store; gives the true counts and the mean bytes of an event."""
    producer = Producer(
        {
            "bootstrap.servers": kafka,
            "compression.type": "lz4",
            "linger.ms": 50,
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": 200_000,
            "enable.idempotence": True,
        }
    )
    encode = msgspec.json.Encoder().encode
    counts: Counts = Counter()
    size = 0
    end_ms = time.time_ns() // 1_000_000 - 5_000
    for event in events(number, end_ms, seed):
        value = encode(event)
        size += len(value)
        counts[event.store_id, event.event_time_ms // MINUTE_MS, event.type.value] += 1
        while True:
            try:
                producer.produce(topic, value, event.store_id, timestamp=event.received_at_ms)
                break
            except BufferError:
                producer.poll(0.05)
    if producer.flush(120):
        raise RuntimeError("the events did not all reach the broker")
    return counts, size / number


def digest(counts: Counts) -> str:
    """A short name of exactly these counts, whatever their order."""
    lines = sorted(
        f"{store}\t{minute}\t{stage}\t{count}" for (store, minute, stage), count in counts.items() if count
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def read_counts(text: str) -> Counts:
    """Counts as the competitors write them: a line for each store, minute, stage and count, with tabs between."""
    counts: Counts = Counter()
    for line in text.splitlines():
        store, minute, stage, count = line.split("\t")
        counts[store, int(minute), stage] += int(count)
    return counts
