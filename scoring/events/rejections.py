"""Why a record was rejected, in a sentence that says which field, what was expected and what was meant, perhaps.

Called by ``scoring/events/parsing.py`` for bad records only: it may be slow.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_type_hints

import msgspec

from scoring.errors import UNDECODABLE
from scoring.events.event import DeviceClass, EventType, RejectReason
from scoring.events.incoming import MAX_ATTRIBUTES, MAX_QUANTITY, SET_BY_THE_COLLECTOR, IncomingEvent
from scoring.events.personal_values import mask_text

_TYPES: dict[str, Any] = get_type_hints(IncomingEvent, include_extras=True)
_ALIASES = {
    "event": "type", "event_type": "type", "eventtype": "type", "action": "type", "timestamp": "event_time",
    "time": "event_time", "ts": "event_time", "shop": "store_id", "shop_id": "store_id", "store": "store_id",
    "user": "visitor", "user_id": "visitor", "visitor_id": "visitor", "client_id": "visitor", "customer": "buyer",
    "customer_id": "buyer", "buyer_id": "buyer", "session_id": "session", "sku": "product", "product_id": "product",
    "item": "product", "item_id": "product", "price": "amount", "value": "amount", "total": "amount",
    "qty": "quantity", "id": "event_id", "order": "order_id", "payment": "payment_method", "device": "device_class",
}  # fmt: skip

#: what other tools call a stage
STAGE_SYNONYMS = {
    "purchase": "order", "buy": "order", "checkout": "order", "checkout_completed": "order", "order_created": "order", "transaction": "order",
    "pv": "click", "view": "click", "page_view": "click", "product_view": "click", "view_item": "click",
    "cart": "add_to_cart", "addtocart": "add_to_cart", "add": "add_to_cart", "paid": "payment", "pay": "payment",
    "fulfillment": "fulfilment", "shipped": "fulfilment", "show": "impression", "view_item_list": "impression",
    "fav": "favourite", "favorite": "favourite", "wishlist": "favourite", "cancelled": "cancel", "return": "refund",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a record is rejected: the reason (closed list), a sentence for people, and the field if it is one.

    Both texts are kept, answered and logged, so personal data that a sender wrote is masked in them, whoever quotes it, and half a
    character, which no encoder writes, is shown as its escape.
    """

    reason: RejectReason
    detail: str
    field: str = ""

    def __post_init__(self) -> None:
        """Mask the texts."""
        for name in ("detail", "field"):
            text = mask_text(getattr(self, name))
            object.__setattr__(self, name, text.encode("utf-8", "backslashreplace").decode())


def kind_of(value: object) -> str:
    """What JSON calls ``value``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    names = (
        (str, "text"),
        (int, "a whole number"),
        (float, "a number"),
        (dict, "an object"),
        (list, "an array"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), type(value).__name__)


def shown(text: str, most: int = 64) -> str:
    """The beginning of what a sender wrote, fit for an explanation, which is kept: without personal data."""
    return mask_text(text[: 16 * most])[:most]


def explain(record: object, error: Exception, guesses: bool = True) -> Rejection:
    """The reason why ``record``, decoded from JSON, is not an event.

    Args:
        record: the value that could not become an event.
        error: what the typed decoder said, for the case that no rule here finds the fault.
        guesses: also say what may have been meant, which costs up to a millisecond.
    """
    if not isinstance(record, dict):
        return Rejection(RejectReason.NOT_AN_OBJECT, f"an event is a JSON object, got {kind_of(record)}")
    unknown = next((name for name in record if name not in _TYPES), None)
    if unknown is not None:
        return _unknown_field(str(unknown), record, guesses)
    if record.get("type") is None:
        return Rejection(RejectReason.MISSING_FIELD, f"`type` is missing: one of {_types()}", "type")
    for name, value in record.items():
        try:
            msgspec.convert(value, _TYPES[name])
        except UNDECODABLE as wrong:
            return _wrong_field(name, value, str(wrong), guesses)
    return Rejection(RejectReason.BAD_VALUE, str(error)[:300])


def _types() -> str:
    return ", ".join(EventType)


def _unknown_field(name: str, record: dict[str, object], guesses: bool) -> Rejection:
    field = shown(name)
    if name in SET_BY_THE_COLLECTOR:
        detail = f"`{field}` is set by the collector; leave it out"
        return Rejection(RejectReason.UNKNOWN_FIELD, detail, field)
    alias = _ALIASES.get(name.lower().replace("-", "_"))
    near = [alias] if alias else _near(name, _TYPES, 0.75) if guesses else []
    meant = f"; did you mean `{near[0]}`?" if near and near[0] not in record else ""
    detail = f"unknown field `{field}`{meant or ';'} {'Your own fields' if meant else 'your own fields'} go into `attributes`"
    return Rejection(RejectReason.UNKNOWN_FIELD, detail, field)


def _near(text: str, known: Iterable[str], cutoff: float) -> list[str]:
    return difflib.get_close_matches(text[:64], list(known), n=1, cutoff=cutoff)


def _wrong_field(name: str, value: object, message: str, guesses: bool) -> Rejection:
    if name == "type":
        if not isinstance(value, str):
            return Rejection(RejectReason.WRONG_TYPE, f"`type` must be text, got {kind_of(value)}", "type")
        near = _near(value.lower(), [*EventType, *STAGE_SYNONYMS], 0.6) if guesses else []
        meant = f"; did you mean {STAGE_SYNONYMS.get(near[0], str(near[0]))!r}?" if near else ""
        detail = f"`type` must be one of {_types()}; got {shown(value)!r}{meant}"
        return Rejection(RejectReason.UNKNOWN_TYPE, detail, "type")
    if name in ("event_time", "event_time_ms"):
        return _wrong_time(name, value)
    if name == "amount":
        if isinstance(value, float):
            detail = f'`amount` must be decimal text such as "{value}", not a JSON number: numbers lose cents'
        elif isinstance(value, str):
            detail = f"`amount` must have at most 40 characters, got {len(value)}"
        else:
            detail = f"`amount` must be decimal text, got {kind_of(value)}"
        return Rejection(RejectReason.BAD_MONEY, detail, name)
    if name == "currency" and isinstance(value, str):
        detail = f"`currency` must be an ISO 4217 code such as CNY or USD, got {shown(value, 12)!r}"
        return Rejection(RejectReason.BAD_MONEY, detail, name)
    if name == "device_class" and isinstance(value, str):
        known = ", ".join(DeviceClass)
        return Rejection(
            RejectReason.BAD_VALUE, f"`device_class` must be one of {known}; got {shown(value)!r}", name
        )
    if name == "quantity" and isinstance(value, int) and not isinstance(value, bool):
        detail = f"`quantity` must be 0 to {MAX_QUANTITY:,}, got {value}"[:200]
        return Rejection(RejectReason.BAD_VALUE, detail, name)
    if name == "attributes" and isinstance(value, dict):
        return _wrong_attribute(value, message)
    if isinstance(value, str) and name not in ("quantity", "attributes"):
        return Rejection(
            RejectReason.BAD_VALUE, f"`{name}` is too long ({len(value)} characters): {message}", name
        )
    wanted = (
        "a whole number" if name == "quantity" else "an object of texts" if name == "attributes" else "text"
    )
    return Rejection(RejectReason.WRONG_TYPE, f"`{name}` must be {wanted}, got {kind_of(value)}", name)


def _wrong_time(name: str, value: object) -> Rejection:
    example = "2026-11-11T20:00:00+08:00"
    if isinstance(value, str) and name == "event_time":
        try:
            msgspec.convert(value, datetime)
        except ValueError:
            detail = f"`event_time` {shown(value, 40)!r} is not RFC 3339; write it as {example} or as milliseconds since 1970"
            return Rejection(RejectReason.BAD_VALUE, detail, name)
        detail = f"`event_time` {shown(value, 40)!r} has no offset from UTC, so the moment is not known; write it as {example} or end it with Z"
        return Rejection(RejectReason.BAD_VALUE, detail, name)
    if isinstance(value, float):
        detail = f"`{name}` must be whole milliseconds since 1970, got {value!r}"
        return Rejection(RejectReason.WRONG_TYPE, detail, name)
    wanted = (
        "whole milliseconds since 1970"
        if name == "event_time_ms"
        else f"text such as {example} or milliseconds"
    )
    if isinstance(value, int) and not isinstance(value, bool):
        return Rejection(RejectReason.TIME_ABSURD, f"`{name}` is out of range: {wanted}", name)
    return Rejection(RejectReason.WRONG_TYPE, f"`{name}` must be {wanted}, got {kind_of(value)}", name)


def _wrong_attribute(value: dict[object, object], message: str) -> Rejection:
    if len(value) > MAX_ATTRIBUTES:
        detail = f"`attributes` holds {len(value)} entries, at most {MAX_ATTRIBUTES} are taken"
        return Rejection(RejectReason.BAD_VALUE, detail, "attributes")
    for name, text in value.items():
        if not isinstance(text, str):
            detail = f"`attributes.{shown(str(name))}` must be text, got {kind_of(text)}"
            return Rejection(RejectReason.WRONG_TYPE, detail, "attributes")
    detail = f"`attributes` takes names of 1 to 64 and texts of at most 512 characters: {message}"
    return Rejection(RejectReason.BAD_VALUE, detail[:300], "attributes")
