"""The records that a request's body holds, found before any of them is decoded: how many, and where each begins and ends.

On the path of an event: called by ``streams/collector/intake.py`` before ``scoring/events/parsing.py``, and by that for what its
typed decoder does not take. A body within the limit of bytes can hold millions of tiny values, and to look at each costs a
thousand times more than to count them. All work here is linear in the bytes and done in pieces of some 30 ms at most (5 MB).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

import msgspec
import numpy as np

from scoring.errors import UNDECODABLE

_Found = TypeVar("_Found")


class _Envelope(msgspec.Struct, frozen=True):
    """An object that may be an envelope. Names and values of other fields are passed over: there can be 400,000 of them."""

    events: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    type: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _BareEnvelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    events: msgspec.Raw


_MANY = msgspec.json.Decoder(list[msgspec.Raw])
_ONE = msgspec.json.Decoder(msgspec.Raw)
_ENVELOPE = msgspec.json.Decoder(_Envelope)
_BARE = msgspec.json.Decoder(_BareEnvelope)
_UNKNOWN = re.compile(r"unknown field `(.*)`", re.DOTALL)
_BOM = b"\xef\xbb\xbf"
_BACKSLASH, _U, _D, _ZERO = b"\\ud0"
#: numbers that JSON does not know, and other numbers of the same length
_NUMBERS = ((b"NaN", b"0.0"), (b"Infinity", b"10000000"))
#: commas, or lines, of a body that is looked into at all. The largest body that the collector takes by default has 5 MB, and no
#: event has a comma in every 12 bytes; to split this many values takes some 50 ms (measured 2026-11, one core)
MAX_VALUES = 400_000


def trimmed(body: bytes) -> bytes:
    """``body`` without a byte order mark and without blanks around it."""
    return body.removeprefix(_BOM).strip()


def event_count(body: bytes) -> int:
    """Events in ``body``: one object, an array, ``{"events": […]}`` or a JSON object a line.

    The cost is linear in the bytes, some 10 ms a megabyte. A body that cannot be split (broken JSON) counts as one, for it is
    rejected as one record; a body of more than ``MAX_VALUES`` values or lines counts these.
    """
    values = max(body.count(b","), body.count(b"\n") + body.count(b"\r")) + 1
    if values > MAX_VALUES:
        return values
    body = trimmed(body)
    if lines := _lines(body):
        return len(lines)
    if body[:1] == b"{":
        body = events_of(body) or body
    found = _decoded(_MANY, body) if body[:1] == b"[" else None
    return 1 if found is None else len(found[1])


def split(body: bytes) -> list[bytes] | None:
    """The records of ``body`` as they came: those of an array, the lines of several objects, or the one value that it is.

    Args:
        body: trimmed; an envelope (``events_of``) is one value.

    Returns:
        As many as ``event_count`` says; None if the body is not JSON. What only lenient decoders take (half a character, NaN)
        stays in its record.
    """
    if body[:1] == b"[":
        found = _decoded(_MANY, body)
        return None if found is None else _as_they_came(body, *found)
    if lines := _lines(body):
        return lines
    return [body] if _decoded(_ONE, body) is not None else None


def events_of(body: bytes) -> bytes | None:
    """What ``body`` has under ``events``, if it is an envelope: an object with that field and without ``type``."""
    found = _decoded(_ENVELOPE, body)
    if found is None:
        return None
    strict, top = found
    if isinstance(top.events, msgspec.UnsetType) or not isinstance(top.type, msgspec.UnsetType):
        return None
    inner = bytes(top.events)
    if strict is body:
        return inner
    start = strict.rindex(inner)
    return body[start : start + len(inner)]


def fields_of(body: bytes, names: tuple[str, ...]) -> Mapping[str, bytes] | None:
    """What ``body``, an object, holds under each of ``names`` that it has, as it came; None for anything else.

    All else in it is passed over, at a thousandth of what decoding it costs.
    """
    body = trimmed(body)
    found = _decoded(_fields(names), body)
    if found is None:
        return None
    strict, top = found
    came: dict[str, bytes] = {}
    for name, value in msgspec.structs.asdict(top).items():
        if not isinstance(value, msgspec.UnsetType):
            inner = bytes(value)
            start = strict.rindex(inner)
            came[name] = body[start : start + len(inner)]
    return came


@lru_cache(maxsize=16)
def _fields(names: tuple[str, ...]) -> msgspec.json.Decoder[msgspec.Struct]:
    """A decoder of objects that looks for ``names`` alone."""
    kind = msgspec.Raw | msgspec.UnsetType
    return msgspec.json.Decoder(
        msgspec.defstruct("Fields", [(name, kind, msgspec.UNSET) for name in names], frozen=True)
    )


def other_field(envelope: bytes) -> str | None:
    """The name of a field that an envelope holds next to ``events``; None if there is none."""
    try:
        _decoded_or_raise(_BARE, envelope)
    except msgspec.ValidationError as error:
        found = _UNKNOWN.search(str(error))
        return found.group(1) if found else ""
    return None


def _decoded(decoder: msgspec.json.Decoder[_Found], body: bytes) -> tuple[bytes, _Found] | None:
    """What ``decoder`` finds in ``body``, and the text in which it did; None if it finds nothing."""
    try:
        return _decoded_or_raise(decoder, body)
    except UNDECODABLE:
        return None


def _decoded_or_raise(decoder: msgspec.json.Decoder[_Found], body: bytes) -> tuple[bytes, _Found]:
    try:
        return body, decoder.decode(body)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        strict = _strict(body)
        if strict == body:
            raise
        return strict, decoder.decode(strict)


def _strict(body: bytes) -> bytes:
    """A text of the same length whose values lie where those of ``body`` do, without what only lenient decoders take."""
    # half a character's escape is rejected together with everything around it: from U+D… to U+0…, whole characters as well
    signs = np.frombuffer(body, dtype=np.uint8).copy()
    halves = (signs[:-2] == _BACKSLASH) & (signs[1:-1] == _U) & (signs[2:] | 0x20 == _D)
    signs[2:][halves] = _ZERO
    text = signs.tobytes()
    for lenient, plain in _NUMBERS:
        text = text.replace(lenient, plain)
    return text


def _as_they_came(body: bytes, strict: bytes, found: list[msgspec.Raw]) -> list[bytes]:
    records = [bytes(raw) for raw in found]
    if strict is body:
        return records
    at, came = 0, []
    for record in records:
        start = strict.index(record, at)
        at = start + len(record)
        came.append(body[start:at])
    return came


def _lines(body: bytes) -> list[bytes]:
    """The lines of a body of one value a line; none if it is anything else, such as an object that is written over several."""
    if body[:1] == b"[" or (b"\n" not in body and b"\r" not in body):
        return []
    lines = [line for line in body.splitlines() if line.strip()]
    return lines if len(lines) > 1 and _decoded(_ONE, lines[0]) is not None else []
