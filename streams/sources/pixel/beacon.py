"""The body of a beacon, read so that nothing in one of its events can hide its key or cost the other events.

Called by ``streams/sources/pixel/source.py``: first for the key alone, since whoever has none is not worth the work. The strict decoder takes what the script sends nearly always. What it does not
take (half a character, bytes that are not UTF-8, a body that was cut short) is read leniently, event by event.
"""

from __future__ import annotations

import json
import re
from itertools import islice

import msgspec

from scoring.errors import UNDECODABLE

_KEY = re.compile(rb'"k"\s*:\s*"([^"\\]{1,256})"')
_EVENTS = re.compile(r'"events"\s*:\s*\[')
#: a text (its end may be missing), or what can begin or end an event; a text always matches where it begins, else each quote in
#: a broken one would be tried to the body's end
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+\\?"?|[\[\]{},]', re.DOTALL)
#: events that are read one by one out of a body that is broken, and signs and texts that are looked at for that: the script sends
#: 40 events at most, and each has some thirty
_MAX_SALVAGED, _MAX_TOKENS = 500, 20_000
#: larger than any clock's milliseconds
_MAX_MS = 10**15


class Beacon(msgspec.Struct, frozen=True):
    """What the pixel sends besides its key: its clock (0 if unknown), its time zone, and events like those of ``/v1/events``."""

    events: bytes
    sent_ms: int = 0
    zone: str = ""


class _Body(msgspec.Struct, frozen=True):
    events: list[msgspec.Raw]
    sent: int | None = None
    zone: str = ""


class _Key(msgspec.Struct, frozen=True):
    k: str = ""


_DECODER = msgspec.json.Decoder(_Body)
_KEY_DECODER = msgspec.json.Decoder(_Key)


def beacon_key(body: bytes) -> str:
    """The write key in a beacon's body, whatever its events hold; empty for none. Costs a millisecond at most."""
    try:
        key = _KEY_DECODER.decode(body).k
    except UNDECODABLE:
        found = _KEY.search(body)
        key = found.group(1).decode("utf-8", "replace") if found else ""
    return key if key.isprintable() else ""


def read_beacon(body: bytes) -> Beacon:
    """The parts of a beacon's body; whatever cannot be read of it is left to the events' own checks.

    Args:
        body: of at most a few hundred kilobytes.

    Returns:
        The beacon. ``events`` is a JSON array, or ``body`` itself if no event can be distinguished from the others.
    """
    try:
        strict = _DECODER.decode(body)
    except UNDECODABLE:
        return _read_leniently(body)
    events = b"[" + b",".join(bytes(event) for event in strict.events) + b"]"
    return Beacon(events, strict.sent or 0, strict.zone)


def _read_leniently(body: bytes) -> Beacon:
    # a byte that is not UTF-8 becomes half a character, and stays in its event
    text = body.decode("utf-8", "surrogateescape")
    content = _decoded(text)
    if content is None:
        content = {"events": _salvaged(text)}
    if not isinstance(content, dict):
        return Beacon(body)
    sent, zone, events = (content.get(name) for name in ("sent", "zone", "events"))
    return Beacon(
        json.dumps(events).encode() if isinstance(events, list) and events else body,
        int(sent) if isinstance(sent, int | float) and abs(sent) < _MAX_MS else 0,
        zone if isinstance(zone, str) else "",
    )


def _decoded(text: str) -> object:
    """The value that ``text`` is, or None: half a character and a number that is none are let through here."""
    try:
        value: object = json.loads(text)
    except UNDECODABLE:
        return None
    return value


def _salvaged(text: str) -> list[object]:
    """The events of a body that is not JSON as a whole. One that cannot be read is its own text, which is rejected as such."""
    start = _EVENTS.search(text)
    if start is None:
        return []
    events: list[object] = []
    depth, begin = 0, start.end()
    for token in islice(_TOKEN.finditer(text, begin), _MAX_TOKENS):
        mark = token.group()
        if mark in "[{":
            depth += 1
        elif mark in "]}":
            depth -= 1
        if depth < 0 or (mark == "," and depth == 0):
            events.append(_event_of(text[begin : token.start()]))
            begin = token.end()
        if depth < 0 or len(events) >= _MAX_SALVAGED:
            break
    if depth >= 0 and text[begin:].strip():
        events.append(_event_of(text[begin:]))
    return events


def _event_of(piece: str) -> object:
    event = _decoded(piece)
    return piece if event is None else event
