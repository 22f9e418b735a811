"""Records of the log as the lines that are sent to ClickHouse.

On the path of an event: between the topic and ``events.py``.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from aiokafka.structs import ConsumerRecord

from streams.landing.targets import WRAPPED, Target
from streams.landing.writer import Row


def rows_of(target: Target, records: Iterable[ConsumerRecord]) -> list[Row]:
    """Records as the lines that are sent, those without a value left out; a line break inside JSON is white space: it becomes a blank."""
    if target.topic in WRAPPED:
        return [_wrapped(record) for record in records]
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
