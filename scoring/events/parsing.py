"""From the bytes of a request to canonical events, or to the reason why a record is rejected.

On the path of an event: after ``streams/collector/intake.py``, before ``streams/collector/publisher.py``.
A whole batch is decoded in one typed pass; only when that fails is each record looked at on its own, so that one bad
record never stops a batch, and only for the bad one is the reason worked out (``scoring/events/rejections.py``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from scoring.errors import UNDECODABLE
from scoring.events.batches import events_of, other_field, split, trimmed
from scoring.events.canonical import to_event
from scoring.events.delivery import Delivery
from scoring.events.event import Event, RejectReason
from scoring.events.incoming import IncomingEvent
from scoring.events.notes import FieldNote
from scoring.events.rejections import Rejection, explain, shown
from scoring.events.repairs import repaired

_C1 = re.compile(rb"\xc2[\x80-\x9f]")
#: rejected records of one body that are explained with a guess at what was meant: each guess costs up to a millisecond
_MAX_GUESSES = 50
#: bytes of a body that is decoded in one piece, in which no other thread has its turn: some 10 ms (measured 2026-11)
_AT_ONCE_BYTES = 262_144
#: what JSON calls a value that begins so
_KINDS = {b"{": "an object", b'"': "text", b"t": "a boolean", b"f": "a boolean", b"n": "null"}

_ONE = msgspec.json.Decoder(IncomingEvent)
_MANY = msgspec.json.Decoder(list[IncomingEvent])


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A rejected record: its place in the request, why, and the record itself as it came."""

    index: int
    rejection: Rejection
    raw: bytes


@dataclass(slots=True)
class Batch:
    """What one request held. ``notes`` are of accepted events."""

    events: list[Event] = field(default_factory=list)
    rejected: list[RejectedRecord] = field(default_factory=list)
    duplicates: int = 0
    notes: list[FieldNote] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Records in the request."""
        return len(self.events) + len(self.rejected) + self.duplicates


def parse_body(body: bytes, delivery: Delivery) -> Batch:
    """Canonical events of a request body: one object, an array, ``{"events": […]}`` or a JSON object per line.

    Args:
        body: the bytes, decompressed.
        delivery: what is known of the delivery.

    Returns:
        The events in order, each id once, and the rejected records with their reasons.
    """
    body = trimmed(body)
    if not body:
        return _reject_whole(
            body, RejectReason.EMPTY, "the body is empty; send one event, an array or one a line"
        )
    first = body[:1]
    careful = _needs_care(body)
    try:
        if first == b"[" and len(body) <= _AT_ONCE_BYTES:
            return _build(_MANY.decode(body), [], delivery, careful, len(body))
        if first == b"{" and len(body) <= delivery.longest:
            return _build([_ONE.decode(body)], [body], delivery, careful, len(body))
    except UNDECODABLE:
        pass  # msgspec's and Unicode's errors are ValueErrors: looked at record by record below
    return _parse_slowly(body, delivery)


def parse_objects(objects: Sequence[object], delivery: Delivery) -> Batch:
    """Canonical events of values that are decoded already (mappings of field to value), as replay has them."""
    try:
        return _build(msgspec.convert(objects, list[IncomingEvent]), objects, delivery, True, 0)
    except UNDECODABLE:
        return _one_by_one(objects, delivery)


def parse_lines(lines: Sequence[bytes], delivery: Delivery) -> Batch:
    """Canonical events of one JSON object a line."""
    try:
        return _build(
            [_ONE.decode(line) for line in lines], lines, delivery, _needs_care(b"\n".join(lines)), 0
        )
    except UNDECODABLE:
        return _one_by_one(lines, delivery)


def _parse_slowly(body: bytes, delivery: Delivery) -> Batch:
    """Record by record; of a large body always, for one call that decodes all of it would hold up the whole process."""
    records = split(body)
    if records is None:
        return _reject_broken(body)
    if len(records) == 1 and body[:1] == b"{" and (inner := events_of(body)) is not None:
        return _parse_envelope(inner, body, delivery)
    if any(len(record) > delivery.longest for record in records):
        return _one_by_one(records, delivery)
    return parse_lines(records, delivery)


def _parse_envelope(inner: bytes, body: bytes, delivery: Delivery) -> Batch:
    extra = other_field(body)
    if extra is not None:
        field = shown(extra)
        detail = f"`{field}` appears next to `events`; the envelope holds `events` only"
        return _reject_whole(body, RejectReason.UNKNOWN_FIELD, detail, field)
    if inner[:1] != b"[":
        kind = _KINDS.get(inner[:1], "a number")
        detail = f"`events` must be an array, got {kind}"
        return _reject_whole(body, RejectReason.WRONG_TYPE, detail, "events")
    return parse_body(inner, delivery)


def _reject_broken(body: bytes) -> Batch:
    """A body that is not JSON, with the place from which on it is not."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        detail = f"byte {error.start} (0x{body[error.start]:02x}) is not UTF-8; send the body as UTF-8"
        return _reject_whole(body, RejectReason.NOT_UTF8, detail)
    where = "not JSON"
    try:
        if len(body) > _AT_ONCE_BYTES:
            msgspec.json.decode(body, type=msgspec.Raw)
        else:
            json.loads(text)
    except RecursionError:
        return _reject_whole(body, RejectReason.BROKEN_JSON, "nested too deeply")
    except json.JSONDecodeError as error:
        where = f"{error.msg} at line {error.lineno} column {error.colno}"
    except ValueError as error:
        where = str(error)
    return _reject_whole(
        body, RejectReason.BROKEN_JSON, f"{where}; send one event, an array or one object a line"
    )


def _one_by_one(records: Sequence[object], delivery: Delivery) -> Batch:
    batch = Batch()
    seen: set[str] = set()
    for index, record in enumerate(records):
        result = _parse_one(record, delivery, guesses=len(batch.rejected) < _MAX_GUESSES)
        if isinstance(result, Rejection):
            result = _repaired(record, result, delivery, index, batch.notes)
        if isinstance(result, Rejection):
            batch.rejected.append(RejectedRecord(index, result, _bytes_of(record)))
        elif result.event_id in seen:
            batch.duplicates += 1
        else:
            seen.add(result.event_id)
            batch.events.append(result)
    return batch


def _parse_one(record: object, delivery: Delivery, guesses: bool) -> Event | Rejection:
    try:
        if isinstance(record, bytes):
            if len(record) > delivery.longest:
                return _too_large(len(record), delivery.longest)
            incoming = _ONE.decode(record)
        else:
            incoming = msgspec.convert(record, IncomingEvent)
    except UNDECODABLE as error:
        if not isinstance(record, bytes):
            return explain(record, error, guesses)
        try:
            # as text: of bytes it would take UTF-16, too
            value = json.loads(record.decode("utf-8"))
        except UnicodeDecodeError as wrong:
            return Rejection(RejectReason.NOT_UTF8, f"byte {wrong.start} of the event is not UTF-8")
        except RecursionError:
            return Rejection(RejectReason.BROKEN_JSON, "nested too deeply")
        except json.JSONDecodeError as wrong:
            return Rejection(RejectReason.BROKEN_JSON, f"{wrong.msg} at column {wrong.colno}")
        except ValueError:
            return Rejection(RejectReason.BROKEN_JSON, "not JSON")
        if not isinstance(error, msgspec.ValidationError):
            return _parse_one(value, delivery, guesses)
        return explain(value, error, guesses)
    return to_event(incoming, delivery, careful=True)


def _build(
    incoming: list[IncomingEvent], records: Sequence[object], delivery: Delivery, careful: bool, size: int
) -> Batch:
    if size > delivery.longest * max(1, len(incoming)):
        raise ValueError("some event is too large: look at each")
    batch = Batch()
    seen: set[str] = set()
    for index, one in enumerate(incoming):
        event = to_event(one, delivery, careful)
        if isinstance(event, Rejection):
            event = _repaired(one, event, delivery, index, batch.notes)
        if isinstance(event, Rejection):
            raw = _bytes_of(records[index]) if records else msgspec.json.encode(one)
            batch.rejected.append(RejectedRecord(index, event, raw))
        elif event.event_id in seen:
            batch.duplicates += 1
        else:
            seen.add(event.event_id)
            batch.events.append(event)
    return batch


def _repaired(
    record: object, rejection: Rejection, delivery: Delivery, index: int, notes: list[FieldNote]
) -> Event | Rejection:
    """The event of a record that was rejected for optional fields only, with ``notes`` of what was done to them."""
    result = repaired(record, rejection, delivery)
    if result is None:
        return rejection
    if isinstance(result[0], Event):
        notes += [FieldNote(index, name, note) for name, note in result[1]]
    return result[0]


def _needs_care(body: bytes) -> bool:
    """True if an event in ``body`` may hold an unprintable character.

    JSON writes control characters with a backslash; one look at the body spares a look at each text.
    """
    return b"\\" in body or b"\x7f" in body or (b"\xc2" in body and _C1.search(body) is not None)


def _reject_whole(body: bytes, reason: RejectReason, detail: str, where: str = "") -> Batch:
    return Batch(rejected=[RejectedRecord(0, Rejection(reason, detail, where), body)])


def _bytes_of(record: object) -> bytes:
    if isinstance(record, bytes):
        return record
    try:
        # what msgspec would not write (a lone surrogate) or would write as null (NaN) is kept as it came
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, *UNDECODABLE):
        pass
    try:
        return json.dumps(record, separators=(",", ":"), default=str).encode()
    except (TypeError, *UNDECODABLE):
        return repr(record).encode("utf-8", "backslashreplace")


def _too_large(size: int, longest: int) -> Rejection:
    detail = f"the event has {size:,} bytes, at most {longest:,} are taken"
    return Rejection(RejectReason.TOO_LARGE, detail)
