"""Records of the log as the lines that are sent to ClickHouse.

On the path of an event: between the topic and ``events.py``.
"""

from __future__ import annotations

import msgspec
from aiokafka.structs import ConsumerRecord

from streams.landing.targets import WRAPPED, Target
from streams.landing.writer import Row


def row_of(target: Target, record: ConsumerRecord) -> Row:
    """A record as the line that is sent; a line break inside JSON is white space, so it becomes a blank."""
    if target.topic in WRAPPED:
        wrapped = {
            "store_id": (record.key or b"").decode("utf-8", "replace"),
            "at_ms": record.timestamp,
            "log_part": record.partition,
            "log_offset": record.offset,
            "record": (record.value or b"").decode("utf-8", "replace"),
            "is_deleted": int(record.value is None),
        }
        return Row(msgspec.json.encode(wrapped), record.partition, record.offset)
    line = record.value or b""
    if b"\n" in line:
        line = line.replace(b"\n", b" ")
    return Row(line, record.partition, record.offset)
