"""The way back from an order: who reported it by which door, when, and what each report changed. Pure.

A version of an order is compared with all that was known before it came; a version that changed nothing is a repeat, or older than what
was known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from scoring.records.order_facts import ORDER_ANSWERS, OrderFacts
from scoring.records.order_life import OrderLife, merge


class OrderDoor(StrEnum):
    """By which door something of an order came in."""

    HOOK = "hook"
    POLL = "poll"
    BACKFILL = "backfill"
    FILE = "file"
    CONNECTION = "connection"
    PIXEL = "pixel"
    API = "api"
    REPLAY = "replay"
    DEMO = "demo"


class Kept(StrEnum):
    """Whether the raw delivery can be shown."""

    YES = "yes"
    EXPIRED = "expired"
    MISSING = "missing"
    NEVER = "never"


class OrderChange(msgspec.Struct, frozen=True):
    """A field of an order that a report changed; ``before`` is empty where nothing was known, ``after`` where it was taken back."""

    name: str
    before: str
    after: str


class OrderReport(msgspec.Struct, frozen=True):
    """One report of an order. Times are milliseconds since 1970 UTC, 0 where unknown.

    Attributes:
        received_ms: when it came; ``as_of_ms`` the platform's own time of what it says.
        source, connection, import_id: which way.
        topic, delivery_id, body: of its raw delivery, personal fields masked; empty where ``kept`` is not ``yes``.
        cut: ``body`` is only its beginning.
        event: the type of the event that it is, unless it is a version of facts; ``is_repeat``: that was known already.
    """

    received_ms: int
    as_of_ms: int
    door: OrderDoor
    source: str = ""
    connection: str = ""
    import_id: str = ""
    topic: str = ""
    delivery_id: str = ""
    kept: Kept = Kept.NEVER
    body: str = ""
    cut: bool = False
    event: str = ""
    is_repeat: bool = False
    withdrawn: bool = False
    changes: tuple[OrderChange, ...] = ()


class OrderWay(msgspec.Struct, frozen=True):
    """An order and all reports of it that are known, in the order in which they came. ``truncated``: the limit cut the newest."""

    store_id: str
    order_id: str
    state: str
    placed_ms: int
    amount: str
    currency: str
    left_out: str
    truncated: bool
    reports: tuple[OrderReport, ...]


_TIMES = ("placed_ms", "authorised_ms", "paid_ms", "shipped_ms", "delivered_ms", "cancelled_ms")
_PLAIN = ("amount", "currency", "units", "parcels", "kind", "channel", "country", "payment_method")


def _shown(life: OrderLife | None) -> dict[str, str]:
    """The fields of a life as text; what is not known is not there."""
    if life is None:
        return {}
    found = {name: str(value) for name in (*_TIMES, *_PLAIN) if (value := getattr(life, name))}
    found |= {
        name: "yes" if value else "no" for name in ORDER_ANSWERS if (value := getattr(life, name)) is not None
    }
    if life.refunded:
        found["refunded"] = f"{life.refunded:f}"
    return found | {"state": life.state.value}


def with_changes(versions: Sequence[OrderFacts]) -> list[tuple[OrderFacts, tuple[OrderChange, ...]]]:
    """Each version, in the order in which they came, with what it changed of all that was known then."""
    known = sorted(versions, key=lambda one: (one.told_at_ms, one.as_of_ms))
    found, before = [], _shown(None)
    for number, version in enumerate(known):
        after = _shown(merge(known[: number + 1]))
        names = [name for name in dict.fromkeys((*after, *before)) if before.get(name) != after.get(name)]
        changes = tuple(OrderChange(name, before.get(name, ""), after.get(name, "")) for name in names)
        found.append((version, changes))
        before = after
    return found


def is_time(name: str) -> bool:
    """Whether a changed field is a moment, in milliseconds."""
    return name in _TIMES


def names_order(body: str, order_id: str) -> bool:
    """Whether a text names an order's id as a word of its own: 727 is not part of 17270."""
    return re.search(rf"(?<![0-9A-Za-z]){re.escape(order_id)}(?![0-9A-Za-z])", body) is not None
