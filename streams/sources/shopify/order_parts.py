"""What webhooks and answers of Shopify say of an order in the same words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from scoring.funnel.units import DAY_MS
from scoring.records.order_facts import OrderFacts, check_order_facts
from scoring.sources.json_values import UnreadableValueError, is_given, shown
from streams.sources.json_object import JsonObject
from streams.sources.shopify.reading import ShopifyReading

#: what a financial status says of payment; partially paid is not paid
PAID: dict[str, bool | None] = {
    "pending": False,
    "unpaid": False,
    "authorized": False,
    "partially_paid": False,
    "expired": False,
    "voided": False,
    "paid": True,
    "partially_refunded": True,
    "refunded": True,
}
#: what a fulfilment status says of shipping
SHIPPED: dict[str, bool | None] = {
    "fulfilled": True,
    "partial": True,
    "partially_fulfilled": True,
    "unfulfilled": None,
    "restocked": None,
    "on_hold": None,
    "scheduled": None,
    "in_progress": None,
    "open": None,
    "pending_fulfillment": None,
    "request_declined": None,
    "not_eligible": None,
}
#: states of one parcel's record: only the first says that it was handed over
SENT = "success"
PARCEL_STATES = frozenset({SENT, "pending", "open", "cancelled", "error", "failure"})
_GONE = frozenset({"cancelled", "error", "failure"})
#: how far an order's own time may lie before it was created and still be news: one that was imported is history
_IMPORTED_MS = DAY_MS
#: rows of the lists of one order that are asked for; a list as long as that may have been cut
TRANSACTIONS, REFUNDS, PARCELS = 50, 50, 50


@dataclass(frozen=True, slots=True)
class Parcel:
    status: str
    created_ms: int
    is_delivered: bool = False
    delivered_ms: int = 0

    @property
    def sent_ms(self) -> int:
        return self.created_ms if self.status == SENT else 0


@dataclass(frozen=True, slots=True)
class Refund:
    refund_id: str
    amount: str
    at_ms: int


def order_number(row: JsonObject, name: str) -> str:
    number = row.text(name)
    if not number:
        raise UnreadableValueError(
            f"`{name}`: nothing is there; an order without its number cannot be counted once"
        )
    return number


def common_facts(one: ShopifyReading, number: str) -> dict[str, Any]:
    return {
        "store_id": one.store,
        "order_id": number,
        "source": one.terms.source,
        "connection": one.terms.name,
        "told_at_ms": one.received_ms,
    }


def times_of(row: JsonObject, updated: str, cancelled: str) -> dict[str, Any]:
    """Times of change and of cancellation; that it is not cancelled is said only where the field is there."""
    at_ms = row.moment(cancelled)
    said = bool(at_ms) if cancelled in row else None
    return {"as_of_ms": row.moment(updated), "cancelled_ms": at_ms, "is_cancelled": said}


def shipping_of(status: str, parcels: list[Parcel], one: ShopifyReading) -> dict[str, Any]:
    known = one.small_word(status, "fulfillment_status", SHIPPED)
    sent = [parcel.sent_ms for parcel in parcels if parcel.sent_ms]
    is_shipped = True if sent else SHIPPED.get(known)
    if parcels and all(parcel.status in _GONE for parcel in parcels) and not is_shipped:
        is_shipped = False  # all that was sent was taken back: Shopify says so parcel by parcel
    delivered = bool(sent) and all(parcel.is_delivered for parcel in parcels if parcel.sent_ms)
    return {
        "shipped_ms": min(sent, default=0),
        "is_shipped": is_shipped,
        "is_delivered": True if delivered else None,
        "parcels": len(sent),
    }


def refunds_of(refunds: list[Refund]) -> dict[str, Any]:
    moved = [refund for refund in refunds if refund.refund_id and refund.amount and Decimal(refund.amount)]
    return {
        "refunds": {refund.refund_id: refund.amount for refund in moved},
        "refund_times": {refund.refund_id: refund.at_ms for refund in moved if refund.at_ms},
    }


def gateways_of(value: Any, one: ShopifyReading) -> dict[str, Any]:
    if not is_given(value):
        return {}
    if not isinstance(value, list):
        raise UnreadableValueError(f"the names of gateways: expected a list, got {shown(value)}")
    names = [str(name).strip() for name in value if is_given(name)]
    if not names:
        return {}
    on_delivery = any(word in name.lower() for name in names for word in one.own.cod)
    return {"payment_method": names[0][:64], "cod": on_delivery}


def is_history(one: ShopifyReading, created_ms: int, placed_ms: int) -> bool:
    return one.is_past or created_ms - placed_ms > _IMPORTED_MS


def checked(facts: OrderFacts) -> OrderFacts:
    check_order_facts(facts)
    return facts
