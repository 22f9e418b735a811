"""An order's life: what all versions of it together say, and the stage events that follow from it, each once.

A push only says that something changed, and versions come late, twice and in any order. Each field is taken from the version that
is newest by the platform's own time and knows it; so the order in which they came changes nothing. What happens once keeps the first
time by which it is known to have happened. The same in SQL: the view ``orders`` of ``deploy/clickhouse``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from scoring.events.canonical import NATURAL
from scoring.events.event import EventType
from scoring.funnel.segment_names import PAGELESS_MARK
from scoring.records.merging import counted
from scoring.records.order_facts import (
    ALL_REFUNDS,
    ORDER_ANSWERS,
    WITHOUT_PAGE,
    OrderChannel,
    OrderFacts,
    OrderKind,
)
from scoring.wording.text import Text


class OrderState(StrEnum):
    """Where an order is in its life."""

    PLACED = "placed"
    PAYMENT_ON_DELIVERY = "payment_on_delivery"
    ON_HOLD = "on_hold"
    AUTHORISED = "authorised"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    CANCELLED_UNPAID = "cancelled_unpaid"
    REFUNDED = "refunded"


class LeftOut(StrEnum):
    """Why an order, or a stage of it, makes no event. Counted by reason in the view ``cleaned``."""

    TEST = "test"
    DRAFT = "draft"
    REPLACEMENT = "replacement"
    EXCHANGE = "exchange"
    INTERNAL = "internal"
    ZERO_PRICE = "zero_price"
    COD_WAITING = "cod_waiting"
    ON_HOLD = "on_hold"
    NO_TIME = "no_time"


LEFT_OUT_NAMES: Mapping[LeftOut, Text] = {
    LeftOut.TEST: Text("测试订单", "Test orders"),
    LeftOut.DRAFT: Text("草稿订单", "Draft orders"),
    LeftOut.REPLACEMENT: Text("补发订单", "Replacement orders"),
    LeftOut.EXCHANGE: Text("换货订单", "Exchange orders"),
    LeftOut.INTERNAL: Text("内部员工订单", "Staff orders"),
    LeftOut.ZERO_PRICE: Text("零元订单", "Orders of no price"),
    LeftOut.COD_WAITING: Text("货到付款，尚未收款", "To be paid on delivery, not yet paid"),
    LeftOut.ON_HOLD: Text("暂停或审核中，尚未支付", "On hold or in review, not yet paid"),
    LeftOut.NO_TIME: Text("没有发生时间", "No time is known"),
}


@dataclass(frozen=True, slots=True)
class OrderLife:
    """One order by all that is known of it. Times are 0 where unknown.

    Attributes:
        amount: as it is now; ``highest`` is the largest that it ever was, None where no source knows one.
        refunds: by refund id; see ``refunded``.
        cod, on_hold, test, is_paid, …: the newest answer, None where no source knows.
        sources: who reported it.
    """

    store_id: str
    order_id: str
    placed_ms: int = 0
    authorised_ms: int = 0
    paid_ms: int = 0
    shipped_ms: int = 0
    delivered_ms: int = 0
    cancelled_ms: int = 0
    on_hold: bool | None = None
    is_paid: bool | None = None
    is_shipped: bool | None = None
    is_delivered: bool | None = None
    is_cancelled: bool | None = None
    amount: str = ""
    currency: str = ""
    highest: Decimal | None = None
    refunds: Mapping[str, str] = field(default_factory=dict)
    refund_times: Mapping[str, int] = field(default_factory=dict)
    units: int = 0
    cod: bool | None = None
    test: bool | None = None
    kind: OrderKind = OrderKind.ORDINARY
    channel: OrderChannel = OrderChannel.UNKNOWN
    buyer: str = ""
    country: str = ""
    payment_method: str = ""
    parcels: int = 0
    history: bool = False
    sources: tuple[str, ...] = ()

    @property
    def refunded(self) -> Decimal:
        """The sum of its refunds: of those that are listed, or as a source gives it, whichever is more."""
        listed = sum(
            (abs(Decimal(text)) for one, text in self.refunds.items() if one != ALL_REFUNDS), Decimal(0)
        )
        return max(listed, abs(Decimal(self.refunds.get(ALL_REFUNDS) or 0)))

    @property
    def paid_at_ms(self) -> int:
        """When it was truly paid; 0 where it was not, or nobody knows when.

        Cash on delivery is paid when a source says so, else when it is delivered: a "paid" time before it was handed over is the
        time at which it may ship.
        """
        if self.is_paid is False:
            return 0
        if not self.cod:
            return self.paid_ms
        if self.paid_ms and (self.is_paid or 0 < self.shipped_ms <= self.paid_ms):
            return self.paid_ms
        return self.delivered_ms

    @property
    def state(self) -> OrderState:
        """Where it is in its life: the last thing that happened to it."""
        if self.highest and self.refunded >= self.highest:
            return OrderState.REFUNDED
        if self.is_cancelled:
            return OrderState.CANCELLED if self.paid_at_ms or self.is_paid else OrderState.CANCELLED_UNPAID
        if self.is_delivered:
            return OrderState.DELIVERED
        if self.is_shipped:
            return OrderState.SHIPPED
        if self.paid_at_ms or (self.is_paid and not self.on_hold):
            return OrderState.PAID
        if self.on_hold:
            return OrderState.ON_HOLD
        if self.cod:
            return OrderState.PAYMENT_ON_DELIVERY
        return OrderState.AUTHORISED if self.authorised_ms else OrderState.PLACED

    @property
    def is_without_page(self) -> bool:
        """Whether no page of the shop's own led to it."""
        return self.channel in WITHOUT_PAGE

    @property
    def pageless_mark(self) -> str:
        """How its events are marked in a store with a pixel: by what no page reported; empty if a page led to it, or nobody knows."""
        if not self.is_without_page:
            return ""
        return f"{PAGELESS_MARK}:{self.channel}" if self.channel is OrderChannel.AGENT else PAGELESS_MARK

    @property
    def left_out(self) -> LeftOut | None:
        """Why the whole order is not counted; None if it is.

        An order that once had a price and was refunded or edited down to nothing had one: counts do not change by it. Nor is a
        cancelled one, whose price some platforms set to nothing, an order of no price.
        """
        if self.test:
            return LeftOut.TEST
        if self.kind is not OrderKind.ORDINARY:
            return LeftOut(self.kind.value)
        return LeftOut.ZERO_PRICE if self.highest == 0 and not self.is_cancelled else None


def merge(versions: Iterable[OrderFacts]) -> OrderLife | None:
    """The life of one order from all versions of it; None if none is left. The same versions in any order give the same life."""
    known = sorted(counted(versions), key=lambda one: one.as_of_ms or one.told_at_ms)
    if not known:
        return None
    first = known[0]
    found: dict[str, Any] = {"store_id": first.store_id, "order_id": first.order_id}
    refunds: dict[str, str] = {}
    refund_times: dict[str, int] = {}
    for one in known:
        found.update(_facts_of(one))
        refunds.update({name: text for name, text in one.refunds.items() if text})
        refund_times.update({name: at for name, at in one.refund_times.items() if at})
    for name, answer in _ONCE:
        if found.get(name) and not (name == "paid_ms" and found.get("cod")):
            found[name] = _when(known, name, answer, found.get("placed_ms", 0))
    if found.get("is_cancelled") is False:
        found.pop("cancelled_ms", None)
    amounts = [Decimal(one.amount) for one in known if one.amount]
    shipped = [one.shipped_ms for one in known if one.shipped_ms]
    return OrderLife(
        **found
        | {
            "refunds": refunds,
            "refund_times": refund_times,
            "highest": max(amounts) if amounts else None,
            # a later parcel says nothing of the first one
            "shipped_ms": min(shipped, default=0),
            "parcels": max(one.parcels for one in known),
            "history": all(one.history for one in known),
            "sources": tuple(sorted({one.source for one in known})),
        }
    )


#: what happens once, and the answer that takes it back
_ONCE = (("paid_ms", "is_paid"), ("delivered_ms", "is_delivered"), ("cancelled_ms", "is_cancelled"))


def _when(known: Sequence[OrderFacts], name: str, answer: str, placed_ms: int) -> int:
    """When something happened, by the newest version that says so.

    A time that is that of the version's own change says only that it had happened by then: an order that is edited later has not been
    paid again. So the first of those times holds, unless it is the order's own, which is known of every order.
    """
    newest, is_by_then, first = 0, False, 0
    for one in known:
        at = getattr(one, name)
        if at:
            newest, is_by_then = at, at // 1000 == one.as_of_ms // 1000
            if is_by_then and at > placed_ms:
                first = min(first or at, at)
        if getattr(one, answer) is False:
            first = 0
    return first if is_by_then and first else newest


_PLAIN = (
    "placed_ms", "authorised_ms", "paid_ms", "delivered_ms", "cancelled_ms", "units", "kind", "channel", "buyer", "country", "payment_method",
    "amount", "currency",
)  # fmt: skip
#: a time is an answer too
_ANSWERED_BY = (
    ("is_shipped", "shipped_ms"), ("is_shipped", "delivered_ms"), ("is_delivered", "delivered_ms"), ("is_cancelled", "cancelled_ms"),
)  # fmt: skip


def _facts_of(version: OrderFacts) -> dict[str, Any]:
    """What one version knows."""
    known: dict[str, Any] = {name: value for name in _PLAIN if (value := getattr(version, name))}
    known |= {name: value for name in ORDER_ANSWERS if (value := getattr(version, name)) is not None}
    for answer, time in _ANSWERED_BY:
        if getattr(version, time) and answer not in known:
            known[answer] = True
    return known


@dataclass(frozen=True, slots=True)
class StageEvent:
    """One event that follows from a life. ``event_id`` is the same whichever source reported it, and however often."""

    event_id: str
    type: EventType
    event_time_ms: int
    life: OrderLife
    refund_id: str = ""

    def incoming(self, *, is_stored: bool = False) -> dict[str, Any]:
        """As the HTTP interface and ``EventIntake.accept`` take it.

        Args:
            is_stored: the life comes from facts that were kept, so that its buyer is a pseudonym already; it is marked as such, for
                ``EventIntake.accept(…, is_ours=True)``.
        """
        life = self.life
        event: dict[str, Any] = {
            "event_id": self.event_id,
            "store_id": life.store_id,
            "type": self.type.value,
            "event_time_ms": self.event_time_ms,
            "order_id": life.order_id,
        }
        for name in ("buyer", "country", "payment_method"):
            if value := getattr(life, name):
                event[name] = value
        if is_stored and life.buyer:
            event["buyer"] = f"~{life.buyer}"
        if self.type in (EventType.ORDER, EventType.PAYMENT) and life.amount and life.amount[0] != "-":
            event |= {"amount": life.amount} | ({"currency": life.currency} if life.currency else {})
        if self.type is EventType.REFUND:
            event["amount"] = life.refunds[self.refund_id]
            event |= {"currency": life.currency} if life.currency else {}
        if self.type is EventType.ORDER and life.units > 0:
            event["quantity"] = life.units
        if attributes := self._attributes():
            event["attributes"] = attributes
        return event

    def _attributes(self) -> dict[str, str]:
        found = {}
        if self.life.cod and self.type is EventType.ORDER:
            found["payment"] = "on_delivery"
        if self.type is EventType.FULFILMENT and self.life.parcels > 1:
            found["parcels"] = str(self.life.parcels)
        if self.life.channel and self.type is EventType.ORDER:
            found["order_channel"] = self.life.channel.value
        if self.refund_id:
            found["refund"] = self.refund_id
        return found


@dataclass(frozen=True, slots=True)
class StageEvents:
    """The events of a life, in the order of the funnel, and what made none with its reason."""

    events: tuple[StageEvent, ...]
    left_out: tuple[tuple[EventType, LeftOut], ...]


def stage_event_id(store_id: str, kind: EventType, order_id: str, part: str = "") -> str:
    """The id of a stage event: its natural identity. For an order or a payment the id that the door gives it."""
    parts = (store_id, kind.value, order_id, part) if part else (store_id, kind.value, order_id)
    return NATURAL + hashlib.blake2b(msgspec.json.encode(parts), digest_size=16).hexdigest()


def stage_events(life: OrderLife) -> StageEvents:
    """The stage events of a life, each once, at the platform's own time, and why others are not there."""
    if life.left_out is not None:
        return StageEvents((), ((EventType.ORDER, life.left_out),))
    happened: list[tuple[EventType, bool, int]] = [
        (EventType.ORDER, True, life.placed_ms),
        (EventType.FULFILMENT, bool(life.is_shipped), life.shipped_ms),
        (EventType.DELIVERED, bool(life.is_delivered), life.delivered_ms),
        (EventType.CANCEL, bool(life.is_cancelled), life.cancelled_ms),
    ]
    left_out: list[tuple[EventType, LeftOut]] = []
    paid_at = life.paid_at_ms
    if paid_at:
        happened.insert(1, (EventType.PAYMENT, True, paid_at))
    elif life.cod and not life.is_cancelled and not life.is_paid:
        left_out.append((EventType.PAYMENT, LeftOut.COD_WAITING))
    elif life.on_hold:
        left_out.append((EventType.PAYMENT, LeftOut.ON_HOLD))
    elif life.is_paid:
        left_out.append((EventType.PAYMENT, LeftOut.NO_TIME))
    events = []
    for kind, so, at in happened:
        if so and at:
            events.append(StageEvent(stage_event_id(life.store_id, kind, life.order_id), kind, at, life))
        elif so:
            left_out.append((kind, LeftOut.NO_TIME))
    for refund in sorted(life.refunds):
        if at := life.refund_times.get(refund, 0):
            name = stage_event_id(life.store_id, EventType.REFUND, life.order_id, refund)
            events.append(StageEvent(name, EventType.REFUND, at, life, refund))
    return StageEvents(tuple(events), tuple(left_out))
