"""Orders, refunds and parcels of Shopify as facts: from webhooks, which have REST's names, and from GraphQL's answers. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from scoring.funnel.units import DAY_MS
from scoring.records.order_facts import OrderFacts, check_order_facts
from scoring.sources.json_values import UnreadableValueError, is_given, shown
from streams.sources.json_object import JsonObject
from streams.sources.shopify.reading import ShopifyReading, number_of

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
_PARCEL = frozenset({SENT, "pending", "open", "cancelled", "error", "failure"})
_GONE = frozenset({"cancelled", "error", "failure"})
#: how far an order's own time may lie before it was created and still be news: one that was imported is history
_IMPORTED_MS = DAY_MS
#: rows of the lists of one order that are asked for; a list as long as that may have been cut
TRANSACTIONS, REFUNDS, PARCELS = 50, 50, 50


# ---------------------------------------------------------------- webhooks


def webhook_order(row: JsonObject, one: ShopifyReading) -> OrderFacts:
    """An order as ``orders/*`` brings it."""
    status = one.small_word(row.text("financial_status"), "financial_status", PAID)
    placed_ms = row.moment("processed_at") or row.moment("created_at")
    is_paid, paid_ms = PAID.get(status), 0
    # a webhook has no time of payment: what is paid when it is created was paid then, and orders/paid comes when it is
    if is_paid and one.delivery.topic == "orders/create":
        paid_ms = placed_ms
    elif is_paid and one.delivery.topic == "orders/paid":
        paid_ms = row.moment("updated_at")
    parcels = [_webhook_parcel(parcel, one) for parcel in row.rows("fulfillments")]
    refunds = [_webhook_refund(refund, one) for refund in row.rows("refunds")]
    return _checked(
        OrderFacts(
            **_common(one, _order_number(row, "id")),
            **_times(row, "updated_at", "cancelled_at"),
            **_shipping(row.text("fulfillment_status"), parcels, one),
            **_refunds(refunds),
            placed_ms=placed_ms,
            paid_ms=paid_ms,
            is_paid=is_paid,
            amount=row.money("total_price"),
            currency=row.text("currency") or one.currency,
            units=sum(line.whole("quantity") for line in row.rows("line_items")),
            **_gateways(row.at("payment_gateway_names"), one),
            test=row.answer("test"),
            channel=one.made_in(row.text("source_name")),
            buyer=row.text("customer", "id"),
            country=row.text("shipping_address", "country_code")
            or row.text("billing_address", "country_code"),
            history=_is_history(one, row.moment("created_at"), placed_ms),
        )
    )


def webhook_refund(row: JsonObject, one: ShopifyReading) -> OrderFacts:
    """``refunds/create``: it is sent whether money moved or not, so the amount is what moved."""
    refund = _webhook_refund(row, one)
    as_of_ms = row.moment("processed_at") or row.moment("created_at")
    return _checked(
        OrderFacts(
            **_common(one, _order_number(row, "order_id")),
            as_of_ms=as_of_ms,
            **_refunds([refund]),
            history=one.is_past,
        )
    )


def webhook_parcel(row: JsonObject, one: ShopifyReading) -> OrderFacts:
    """``fulfillments/*``: one parcel's record."""
    parcel = _webhook_parcel(row, one)
    return _checked(
        OrderFacts(
            **_common(one, _order_number(row, "order_id")),
            as_of_ms=row.moment("updated_at") or row.moment("created_at"),
            shipped_ms=parcel.sent_ms,
            is_delivered=True if parcel.is_delivered else None,
            history=one.is_past,
        )
    )


def webhook_payment(row: JsonObject, one: ShopifyReading) -> OrderFacts | None:
    """``order_transactions/create`` of a payment that succeeded: when it was authorised, and by which gateway.

    Whether the order is paid by it is not said here: it may be a part of its amount.
    """
    kind = row.text("kind").lower()
    if row.text("status").lower() != "success" or kind not in ("authorization", "sale", "capture"):
        return None
    at_ms = row.moment("processed_at") or row.moment("created_at")
    return _checked(
        OrderFacts(
            **_common(one, _order_number(row, "order_id")),
            as_of_ms=at_ms,
            authorised_ms=at_ms if kind == "authorization" else 0,
            payment_method=row.text("gateway")[:64],
            test=True if row.answer("test") else None,
            history=one.is_past,
        )
    )


#: milestones of ``fulfillment_events/create`` of a parcel that is on its way
_ON_ITS_WAY = frozenset(
    {"carrier_picked_up", "in_transit", "out_for_delivery", "attempted_delivery", "delayed", "delivered"}
)
_MILESTONES = _ON_ITS_WAY | frozenset(
    {"label_purchased", "label_printed", "confirmed", "ready_for_pickup", "failure"}
)


def webhook_milestone(row: JsonObject, one: ShopifyReading) -> OrderFacts | None:
    """``fulfillment_events/create``: where a parcel is; None while it is not yet on its way."""
    at_ms = row.moment("happened_at") or row.moment("created_at")
    status = one.small_word(row.text("status"), "fulfillment_event.status", _MILESTONES)
    number = _order_number(row, "order_id")
    if status not in _ON_ITS_WAY:
        return None
    return _checked(
        OrderFacts(
            **_common(one, number),
            as_of_ms=at_ms,
            is_shipped=True,
            delivered_ms=at_ms if status == "delivered" else 0,
            history=one.is_past,
        )
    )


# ---------------------------------------------------------------- GraphQL


def graphql_order(row: JsonObject, one: ShopifyReading) -> OrderFacts:
    """An order as the GraphQL Admin API gives it (``queries.py``)."""
    status = one.small_word(row.text("displayFinancialStatus"), "displayFinancialStatus", PAID)
    placed_ms = row.moment("processedAt") or row.moment("createdAt")
    if not placed_ms:
        raise UnreadableValueError("`processedAt`: nothing is there; the order belongs to no day")
    transactions = list(row.rows("transactions"))
    parcels = [
        _Parcel(
            one.small_word(parcel.text("status"), "fulfillment.status", _PARCEL),
            parcel.moment("createdAt"),
            bool(parcel.moment("deliveredAt")),
            parcel.moment("deliveredAt"),
        )
        for parcel in row.rows("fulfillments")
    ]
    refunds = [
        _Refund(
            refund.text("legacyResourceId") or number_of(refund.text("id")),
            refund.money("totalRefundedSet", "shopMoney", "amount"),
            refund.moment("createdAt"),
        )
        for refund in row.rows("refunds")
    ]
    for name, known, most in (
        ("transactions", len(transactions), TRANSACTIONS),
        ("fulfillments", len(parcels), PARCELS),
        ("refunds", len(refunds), REFUNDS),
    ):
        if known >= most:
            one.gap("list may be cut", name)
    sent = [parcel for parcel in parcels if parcel.sent_ms]
    amount = row.money("totalPriceSet", "shopMoney", "amount")
    is_paid = PAID.get(status)
    return _checked(
        OrderFacts(
            **_common(one, row.text("legacyResourceId") or number_of(_order_number(row, "id"))),
            **_times(row, "updatedAt", "cancelledAt"),
            **_shipping(row.text("displayFulfillmentStatus"), parcels, one),
            **_refunds(refunds),
            placed_ms=placed_ms,
            authorised_ms=min(_succeeded(transactions, "authorization"), default=0),
            paid_ms=_paid_ms(transactions, amount) if is_paid else 0,
            is_paid=is_paid,
            delivered_ms=max((parcel.delivered_ms for parcel in sent), default=0)
            if all(parcel.is_delivered for parcel in sent)
            else 0,
            amount=amount,
            currency=row.text("totalPriceSet", "shopMoney", "currencyCode") or one.currency,
            units=row.whole("subtotalLineItemsQuantity"),
            **_gateways(row.at("paymentGatewayNames"), one),
            test=row.answer("test"),
            channel=one.made_in(row.text("sourceName")),
            buyer=row.text("customer", "legacyResourceId"),
            country=row.text("shippingAddress", "countryCodeV2"),
            history=_is_history(one, row.moment("createdAt"), placed_ms),
        )
    )


def _succeeded(transactions: Iterable[JsonObject], *kinds: str) -> list[int]:
    """When transactions of these kinds succeeded, in order."""
    return sorted(at for at, _ in _payments(transactions, *kinds))


def _payments(transactions: Iterable[JsonObject], *kinds: str) -> list[tuple[int, Decimal]]:
    return sorted(
        (at, Decimal(one.money("amountSet", "shopMoney", "amount") or 0))
        for one in transactions
        if one.text("kind").lower() in kinds
        and one.text("status").lower() == "success"
        and (at := one.moment("processedAt") or one.moment("createdAt"))
    )


def _paid_ms(transactions: Iterable[JsonObject], amount: str) -> int:
    """When the payments reached the amount; the last one where they do not (an edited order); 0 where there is none."""
    left, last_ms = Decimal(amount or 0), 0
    for at_ms, paid in _payments(transactions, "sale", "capture"):
        left, last_ms = left - paid, at_ms
        if left <= 0:
            break
    return last_ms


# ---------------------------------------------------------------- shared


@dataclass(frozen=True, slots=True)
class _Parcel:
    status: str
    created_ms: int
    is_delivered: bool = False
    delivered_ms: int = 0

    @property
    def sent_ms(self) -> int:
        return self.created_ms if self.status == SENT else 0


@dataclass(frozen=True, slots=True)
class _Refund:
    refund_id: str
    amount: str
    at_ms: int


def _order_number(row: JsonObject, name: str) -> str:
    number = row.text(name)
    if not number:
        raise UnreadableValueError(
            f"`{name}`: nothing is there; an order without its number cannot be counted once"
        )
    return number


def _common(one: ShopifyReading, number: str) -> dict[str, Any]:
    return {
        "store_id": one.store,
        "order_id": number,
        "source": one.terms.source,
        "connection": one.terms.name,
        "told_at_ms": one.received_ms,
    }


def _times(row: JsonObject, updated: str, cancelled: str) -> dict[str, Any]:
    """Times of change and of cancellation; that it is not cancelled is said only where the field is there."""
    at_ms = row.moment(cancelled)
    said = bool(at_ms) if cancelled in row else None
    return {"as_of_ms": row.moment(updated), "cancelled_ms": at_ms, "is_cancelled": said}


def _shipping(status: str, parcels: list[_Parcel], one: ShopifyReading) -> dict[str, Any]:
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


def _webhook_parcel(row: JsonObject, one: ShopifyReading) -> _Parcel:
    return _Parcel(
        one.small_word(row.text("status"), "fulfillment.status", _PARCEL),
        row.moment("created_at"),
        row.text("shipment_status").lower() == "delivered",
    )


def _webhook_refund(row: JsonObject, one: ShopifyReading) -> _Refund:
    """A refund by the money that moved. What moved in another currency than the store's is left to the poll."""
    moved = Decimal(0)
    for transaction in row.rows("transactions"):
        if transaction.text("kind").lower() != "refund" or transaction.text("status").lower() != "success":
            continue
        currency = transaction.text("currency").upper()
        if currency and one.currency and currency != one.currency:
            return _Refund(row.text("id"), "", 0)
        moved += Decimal(transaction.money("amount") or 0)
    return _Refund(row.text("id"), format(moved, "f"), row.moment("processed_at") or row.moment("created_at"))


def _refunds(refunds: list[_Refund]) -> dict[str, Any]:
    moved = [refund for refund in refunds if refund.refund_id and refund.amount and Decimal(refund.amount)]
    return {
        "refunds": {refund.refund_id: refund.amount for refund in moved},
        "refund_times": {refund.refund_id: refund.at_ms for refund in moved if refund.at_ms},
    }


def _gateways(value: Any, one: ShopifyReading) -> dict[str, Any]:
    if not is_given(value):
        return {}
    if not isinstance(value, list):
        raise UnreadableValueError(f"the names of gateways: expected a list, got {shown(value)}")
    names = [str(name).strip() for name in value if is_given(name)]
    if not names:
        return {}
    on_delivery = any(word in name.lower() for name in names for word in one.own.cod)
    return {"payment_method": names[0][:64], "cod": on_delivery}


def _is_history(one: ShopifyReading, created_ms: int, placed_ms: int) -> bool:
    return one.is_past or created_ms - placed_ms > _IMPORTED_MS


def _checked(facts: OrderFacts) -> OrderFacts:
    check_order_facts(facts)
    return facts
