"""Orders, refunds and parcels of Shopify as facts, from webhooks, which have REST's names. Pure."""

from __future__ import annotations

from decimal import Decimal

from scoring.records.order_facts import OrderFacts
from streams.sources.json_object import JsonObject
from streams.sources.shopify.order_parts import (
    PAID,
    PARCEL_STATES,
    Parcel,
    Refund,
    checked,
    common_facts,
    gateways_of,
    is_history,
    order_number,
    refunds_of,
    shipping_of,
    times_of,
)
from streams.sources.shopify.reading import ShopifyReading

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
    return checked(
        OrderFacts(
            **common_facts(one, order_number(row, "id")),
            **times_of(row, "updated_at", "cancelled_at"),
            **shipping_of(row.text("fulfillment_status"), parcels, one),
            **refunds_of(refunds),
            placed_ms=placed_ms,
            paid_ms=paid_ms,
            is_paid=is_paid,
            amount=row.money("total_price"),
            currency=row.text("currency") or one.currency,
            units=sum(line.whole("quantity") for line in row.rows("line_items")),
            **gateways_of(row.at("payment_gateway_names"), one),
            test=row.answer("test"),
            channel=one.made_in(row.text("source_name")),
            buyer=row.text("customer", "id"),
            country=row.text("shipping_address", "country_code")
            or row.text("billing_address", "country_code"),
            history=is_history(one, row.moment("created_at"), placed_ms),
        )
    )


def webhook_refund(row: JsonObject, one: ShopifyReading) -> OrderFacts:
    """``refunds/create``: it is sent whether money moved or not, so the amount is what moved."""
    refund = _webhook_refund(row, one)
    as_of_ms = row.moment("processed_at") or row.moment("created_at")
    return checked(
        OrderFacts(
            **common_facts(one, order_number(row, "order_id")),
            as_of_ms=as_of_ms,
            **refunds_of([refund]),
            history=one.is_past,
        )
    )


def webhook_parcel(row: JsonObject, one: ShopifyReading) -> OrderFacts:
    """``fulfillments/*``: one parcel's record."""
    parcel = _webhook_parcel(row, one)
    return checked(
        OrderFacts(
            **common_facts(one, order_number(row, "order_id")),
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
    return checked(
        OrderFacts(
            **common_facts(one, order_number(row, "order_id")),
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
    number = order_number(row, "order_id")
    if status not in _ON_ITS_WAY:
        return None
    return checked(
        OrderFacts(
            **common_facts(one, number),
            as_of_ms=at_ms,
            is_shipped=True,
            delivered_ms=at_ms if status == "delivered" else 0,
            history=one.is_past,
        )
    )


def _webhook_parcel(row: JsonObject, one: ShopifyReading) -> Parcel:
    return Parcel(
        one.small_word(row.text("status"), "fulfillment.status", PARCEL_STATES),
        row.moment("created_at"),
        row.text("shipment_status").lower() == "delivered",
    )


def _webhook_refund(row: JsonObject, one: ShopifyReading) -> Refund:
    """A refund by the money that moved. What moved in another currency than the store's is left to the poll."""
    moved = Decimal(0)
    for transaction in row.rows("transactions"):
        if transaction.text("kind").lower() != "refund" or transaction.text("status").lower() != "success":
            continue
        currency = transaction.text("currency").upper()
        if currency and one.currency and currency != one.currency:
            return Refund(row.text("id"), "", 0)
        moved += Decimal(transaction.money("amount") or 0)
    return Refund(row.text("id"), format(moved, "f"), row.moment("processed_at") or row.moment("created_at"))
