"""What doors share that take the bodies of other analytics (``ga4``, ``meta``): reading them leniently, and giving each event an id.

Numbers with a fraction stay the text that was sent, because a float may lose cents. A body of the largest size can hold a million
tiny values, and some of these doors read it before they know its sender: events are counted before they are decoded, each alone.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgspec

from scoring.errors import UNDECODABLE
from scoring.events.batches import MAX_VALUES, event_count, fields_of, split
from streams.collector.answers import RequestRejectedError
from streams.collector.keys import Grant
from streams.errors import InputError

#: bytes of an event that is decoded: an order of some hundred items. A longer one is rejected for its size
_LONGEST_EVENT = 65_536


class UnknownBodyError(InputError):
    """Raised for a body that is not of the protocol of its door; the door answers it with 400."""


@dataclass(slots=True)
class TagEvents:
    """The events of one body, as ``/v1/events`` takes them.

    Attributes:
        events: in the order of the body; what is not an object is passed on as a type that does not exist, and what cannot be
            decoded as it came, to be rejected and kept.
        left_out: the names of events that belong to no stage here, with their numbers.
    """

    events: list[dict[str, Any] | msgspec.Raw] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    _seen: Counter[str] = field(default_factory=Counter)

    def id_of(self, prefix: str, *identity: object, is_unique: bool = False) -> str:
        """An id made of what identifies an event, the same whenever it is sent again.

        Two events of one body whose content is equal stay apart; those whose sender gave them one identity (``is_unique``) are one.
        """
        digest = hashlib.blake2b(json.dumps(identity, sort_keys=True).encode(), digest_size=12).hexdigest()
        self._seen[digest] += 1
        again = self._seen[digest]
        return f"{prefix}-{digest}" if is_unique or again == 1 else f"{prefix}-{digest}-{again}"


def store_of(grant: Grant, asked: str) -> str:
    """The store that a body without stores is for: the key's only one, or the one that the query names.

    Raises:
        RequestRejectedError: the key opens several and none is named, or not the one named.
    """
    if asked in grant.stores:
        return asked
    if not asked and len(grant.stores) == 1:
        return next(iter(grant.stores))
    detail = (
        "this key opens several stores; add store=ID to the query"
        if not asked
        else "this key does not open that store"
    )
    raise RequestRejectedError(400, "unknown_store", detail)


@dataclass(frozen=True, slots=True)
class TagBody:
    """A body, not decoded yet but for the ``fields`` next to its events; ``pieces`` are its events as they came."""

    fields: dict[str, Any]
    pieces: list[bytes]


def read_body(body: bytes, name: str, others: tuple[str, ...], most: int) -> TagBody:
    """The JSON object that ``body`` is, with its list ``name`` and what it says under ``others``.

    Raises:
        UnknownBodyError: it is none, or has no such list.
        RequestRejectedError: the list has more than ``most`` events.
    """
    found = fields_of(body, (name, *others))
    if found is None:
        raise UnknownBodyError("the body is not a JSON object")
    listed = found.get(name, b"")
    if listed[:1] == b'"':  # as forms carry it
        listed = str(_value_of(listed)).encode("utf-8", "surrogatepass").strip()
    if listed[:1] != b"[":
        raise UnknownBodyError(f"the body is not a JSON object with a list `{name}`")
    count = event_count(listed)
    if count > most:
        detail = f"{count:,} events in one request, at most {most:,} are taken"
        if count > MAX_VALUES:
            detail = f"too many values in one request; at most {most:,} events are taken"
        raise RequestRejectedError(413, "too_many_events", detail)
    pieces = split(listed)
    if pieces is None:
        raise UnknownBodyError(f"`{name}` is not JSON")
    return TagBody({other: _value_of(found[other]) for other in others if other in found}, pieces)


def said_under(body: bytes, name: str) -> str:
    """The text, or number, that the object ``body`` has under ``name``; empty if there is none. Decodes nothing else."""
    found = fields_of(body, (name,)) or {}
    return text_of(_value_of(found.get(name, b"")))


def event_of(piece: bytes) -> object:
    """An event decoded; what cannot be, or is too long for it, stays as it came (``msgspec.Raw``)."""
    value = _value_of(piece) if len(piece) <= _LONGEST_EVENT else None
    return msgspec.Raw(piece) if value is None and piece != b"null" else value


def _value_of(piece: bytes) -> object:
    try:
        value: object = json.loads(piece, parse_float=str)
    except UNDECODABLE:
        return None
    return value


def object_of(value: object) -> dict[str, Any]:
    """``value`` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects_of(value: object) -> list[dict[str, Any]]:
    """The objects of a list; none of anything else."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text_of(value: object) -> str:
    """Text, or a number as text; empty for anything else."""
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def units_of(items: list[dict[str, Any]]) -> int:
    """The sum of the items' quantities; an item without one is one."""
    return sum(max(0, _whole(item.get("quantity", 1))) for item in items)


def whole_of(value: object) -> int | None:
    """A whole number of at most 18 digits, given as number or text; else None."""
    text = text_of(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _whole(value: object) -> int:
    try:
        return int(float(value))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return 0
