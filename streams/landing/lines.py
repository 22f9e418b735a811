"""Records of the log as the lines that are sent to ClickHouse.

On the path of an event: between the topic and ``events.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from streams.batches import internals
from streams.batches.chunks import RecordChunk
from streams.batches.reader import take
from streams.landing.targets import EVENTS, TARGETS, WRAPPED, Target
from streams.landing.writer import Row

_TARGETS = {target.topic: target for target in TARGETS}


class Taken(NamedTuple):
    """What has been taken of one partition: its lines, the offset at which it begins, and the one up to which it reaches."""

    rows: list[Row]
    first: int
    last: int


async def taken(
    consumer: AIOKafkaConsumer, prefix: str, wait_s: float, most: int
) -> dict[TopicPartition, Taken]:
    """What has come, about ``most`` records of it, after a wait if there is nothing.

    Events are read from aiokafka's record batches; of the other topics there are few records.

    Args:
        consumer: subscribed to the topics of ``TARGETS``.
        prefix: comes before every topic's name.
        wait_s: how long to wait for something.
        most: see above.
    """
    events, is_fast = frozenset({prefix + EVENTS.topic}), internals.are_known_versions()
    got = await take(consumer, consumer.assignment(), events, wait_s, most, is_fast=is_fast)
    found: dict[TopicPartition, Taken] = {}
    for part, records in got.items():
        if part.topic in events:
            found[part] = await asyncio.to_thread(lines_of, records, part.partition)
        else:
            found[part] = rows_of(_TARGETS[part.topic.removeprefix(prefix)], records)
    return found


def lines_of(chunk: RecordChunk, partition: int) -> Taken:
    """Records of a chunk as the lines that are sent. Takes the processor a microsecond a record: not for the event loop."""
    rows: list[Row] = []
    first: int | None = None
    for values, offsets in chunk:
        first = offsets[0] if first is None else first
        rows += [
            Row(line if b"\n" not in line else line.replace(b"\n", b" "), partition, offset)
            for line, offset in zip(values, offsets, strict=True)
            if line
        ]
    return Taken(rows, chunk.last if first is None else first, chunk.last)


def rows_of(target: Target, records: Sequence[ConsumerRecord]) -> Taken:
    """Records as the lines that are sent, those without a value left out; a line break inside JSON is white space: it becomes a blank."""
    rows = [_wrapped(record) for record in records] if target.topic in WRAPPED else _plain(records)
    return Taken(rows, records[0].offset, records[-1].offset)


def _plain(records: Iterable[ConsumerRecord]) -> list[Row]:
    return [
        Row(line if b"\n" not in line else line.replace(b"\n", b" "), record.partition, record.offset)
        for record in records
        if (line := record.value)
    ]


def _wrapped(record: ConsumerRecord) -> Row:
    wrapped = {
        "store_id": (record.key or b"").decode("utf-8", "replace"),
        "at_ms": record.timestamp,
        "log_part": record.partition,
        "log_offset": record.offset,
        "record": (record.value or b"").decode("utf-8", "replace"),
        "is_deleted": int(record.value is None),
    }
    return Row(msgspec.json.encode(wrapped), record.partition, record.offset)
