"""Records of the events topic as they are read for counting and landing: the decoder, ticks, and why a record cannot be read.

On the path of an event: ``partition.py`` counts what is decoded here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Literal

import msgspec

from scoring.counting.segments import DEVICE
from scoring.events.event import EventType, RejectReason

#: how the value of a tick begins
TICK_PREFIX = b'{"tick_ms"'

Decode = Callable[[bytes], Any]


class ClockTick(msgspec.Struct, frozen=True, gc=False):
    """A record that only advances time."""

    tick_ms: int


#: what the decoders raise at a record that is not what they were asked for
UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)

decode_tick = msgspec.json.Decoder(ClockTick).decode
encode_tick = msgspec.json.Encoder().encode


def event_decoder(dimensions: Sequence[str]) -> Decode:
    """A decoder of the fields counting needs, whatever else a record holds.

    The dimensions' values are found as ``first`` and ``rest``: the second one's value, or a tuple of all but the first.
    Two look-ups by a string take less time than one by a pair of them, which has to be made, hashed and compared.
    """
    fields: list[Any] = [
        ("event_id", str),
        ("store_id", str),
        ("type", Literal[tuple(kind.value for kind in EventType)]),
        ("event_time_ms", int),
        ("received_at_ms", int),
        ("order_id", str, ""),
        ("source", str, ""),
    ]
    names = ["first", "rest"] if len(dimensions) == 2 else ["first", *dimensions[1:]]
    names = names[: len(dimensions)]
    fields += [(name, str, "") for name in names]
    fixed: dict[str, Any] = dict.fromkeys(("first", "rest")[len(dimensions) :], "")
    if len(dimensions) > 2:
        fixed["rest"] = property(attrgetter(*dimensions[1:]))
    rename = dict(zip(names, dimensions, strict=True)) | {"apart": "set_apart"}
    fields.append(("apart", str, ""))
    if DEVICE in dimensions:
        fixed["device"] = ""  # the segmenter sees it
    else:
        fields.append(("device", str, ""))
        rename["device"] = DEVICE
    counted = msgspec.defstruct("CountedEvent", fields, namespace=fixed, rename=rename, gc=False)
    return msgspec.json.Decoder(counted).decode


@dataclass(frozen=True, slots=True)
class UncountedRecord:
    """A record that cannot be counted: at which place of its batch, why, and what it was."""

    index: int
    reason: RejectReason
    detail: str
    payload: bytes


@dataclass(slots=True)
class Tally:
    """What became of the records of one batch."""

    records: int = 0
    counted: int = 0
    duplicates: int = 0
    #: orders that a page had reported and that count as a trusted door reports them now: one of ``counted`` less each
    taken_back: int = 0
    #: older than the horizon: landed and recounted from the raw table, not counted in the stream
    too_old: int = 0
    #: no stage of the funnel
    without_stage: int = 0
    ticks: int = 0
    rejected: list[UncountedRecord] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add what became of further records."""
        self.records += other.records
        self.counted += other.counted
        self.duplicates += other.duplicates
        self.taken_back += other.taken_back
        self.too_old += other.too_old
        self.without_stage += other.without_stage
        self.ticks += other.ticks
        self.rejected += other.rejected


class _Owner(msgspec.Struct):
    store_id: str = ""


def store_of(value: bytes) -> str:
    """The store that a record names, empty if it cannot be read."""
    try:
        return msgspec.json.decode(value, type=_Owner).store_id
    except UNREADABLE:
        return ""


def reason_of(value: bytes | None, error: Exception) -> tuple[RejectReason, str]:
    """The reason for which a record is rejected, from the decoder's error; landing gives the same."""
    if not value or not value.strip():
        return RejectReason.EMPTY, "the record has no value"
    text = str(error)
    if isinstance(error, UnicodeError) or "utf-8" in text.lower():
        return RejectReason.NOT_UTF8, text
    if not isinstance(error, msgspec.ValidationError):
        return RejectReason.BROKEN_JSON, text
    if "missing required field" in text:
        return RejectReason.MISSING_FIELD, text
    if "Invalid enum value" in text:
        return RejectReason.UNKNOWN_TYPE, text
    if "unknown field" in text:
        return RejectReason.UNKNOWN_FIELD, text
    if text.startswith("Expected `object`") and "$." not in text:
        return RejectReason.NOT_AN_OBJECT, text
    return RejectReason.WRONG_TYPE, text
