"""What landing reads of a record before it lands it, and why it rejects one.

On the path of an event: used by ``streams/landing/events.py``. Only the collector validates; whoever else writes to the
topic may write anything. A record must not be in ``events`` and be missing from ``stage_counts``, or the other way
round: what the counting loop (``scoring/counting/partition.py``) rejects is rejected here for the same reason, and of what is rejected
only here, because only here every field is looked at, the minute is recounted from what was landed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from scoring.counting.records import UNREADABLE, reason_of
from scoring.events.bounds import BELIEVED_AHEAD_MS, OLDEST_MS
from scoring.events.event import Event, EventType, RejectReason
from scoring.events.incoming import MAX_QUANTITY
from scoring.funnel.units import MINUTE_MS
from streams.clickhouse.recount import Minute
from streams.landing.writer import Row

#: characters of a store id (the collector takes 64): every page and every minute's rows repeat it
STORE_CHARS = 256
#: the end of what a ClickHouse DateTime holds, in ms
_MINUTES_END_MS = (1 << 32) * 1000


class Head(msgspec.Struct, gc=False):
    """The fields of an event that decide how it is landed, and a number that ClickHouse would cut to size unasked."""

    event_id: str
    store_id: str
    type: EventType
    event_time_ms: int
    received_at_ms: int
    order_id: str = ""
    source: str = ""
    import_id: str = ""
    quantity: Annotated[int, msgspec.Meta(ge=0, le=MAX_QUANTITY)] | None = 1


class _Place(msgspec.Struct, gc=False):
    store_id: str
    event_time_ms: int


ReasonDetail = tuple[RejectReason, str]

_decode_event = msgspec.json.Decoder(Event).decode
_decode_place = msgspec.json.Decoder(_Place).decode


class HeadReader:
    """Reads heads of records.

    Args:
        dimensions: what stores are split by: the counting loop reads these fields, so their types are looked at here too.
    """

    def __init__(self, dimensions: Sequence[str]) -> None:
        more = [(name, str, "") for name in dimensions]
        head: type[Any] = msgspec.defstruct("CountedHead", more, bases=(Head,), gc=False)
        self._one = msgspec.json.Decoder(head).decode
        self._many = msgspec.json.Decoder(list[head]).decode  # type: ignore[valid-type]

    def read(self, rows: Sequence[Row]) -> list[Head] | None:
        """The heads of ``rows`` in one pass; None if one of them is not an event, or more than one, or not UTF-8."""
        joined = b"[" + b",".join(row.line for row in rows) + b"]"
        try:
            if not joined.isascii():
                joined.decode()  # the decoder passes over what it does not need without looking
            heads: list[Head] = self._many(joined)
        except UNREADABLE:
            return None
        return heads if len(heads) == len(rows) else None

    def read_one(self, line: bytes) -> Head | ReasonDetail:
        """The head of one record, or why it is rejected."""
        try:
            head: Head = self._one(line)
            line.decode()
        except UNREADABLE as error:
            return reason_of(line, error)
        return head


def reject_reason_of(head: Head, clock_ms: int) -> ReasonDetail | None:
    """Why an event is rejected for its ids or its times, None if it is not.

    Args:
        head: the event.
        clock_ms: the partition's clock with the event: behind ``received_at`` only if that was not believed.
    """
    if not head.event_id or not head.store_id:
        return RejectReason.MISSING_FIELD, "event_id or store_id is empty"
    if len(head.store_id) > STORE_CHARS:
        return (
            RejectReason.TOO_LARGE,
            f"store_id has {len(head.store_id):,} characters, at most {STORE_CHARS}",
        )
    if head.received_at_ms > clock_ms:
        return RejectReason.TIME_IN_FUTURE, "received_at_ms"
    if head.event_time_ms - head.received_at_ms > BELIEVED_AHEAD_MS:
        return RejectReason.TIME_IN_FUTURE, "event_time_ms"
    if head.event_time_ms < OLDEST_MS or head.received_at_ms < OLDEST_MS:
        return RejectReason.TIME_ABSURD, "before 2000-01-01"
    return None


def unreadable_reason(line: bytes, otherwise: str) -> ReasonDetail:
    """Why ClickHouse could not read an event's row: what is wrong with the event, else ``otherwise``."""
    try:
        _decode_event(line)
    except UNREADABLE as error:
        return reason_of(line, error)
    return RejectReason.BAD_ROW, otherwise


def minute_of(line: bytes) -> Minute | None:
    """The (store, minute) that a rejected record names, None if it names none that the tables can hold."""
    try:
        place = _decode_place(line)
    except UNREADABLE:
        return None
    start_ms = place.event_time_ms // MINUTE_MS * MINUTE_MS
    return (place.store_id, start_ms) if 0 <= start_ms < _MINUTES_END_MS else None
