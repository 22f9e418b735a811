"""Orders of Shopify as facts, from the answers of its GraphQL Admin API (``queries.py``). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from scoring.records.order_facts import OrderFacts
from scoring.sources.json_values import UnreadableValueError
from streams.sources.json_object import JsonObject
from streams.sources.shopify.order_parts import (
    PAID,
    PARCEL_STATES,
    PARCELS,
    REFUNDS,
    TRANSACTIONS,
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
from streams.sources.shopify.reading import ShopifyReading, number_of


def graphql_order(row: JsonObject, one: ShopifyReading) -> OrderFacts:
    """An order as the GraphQL Admin API gives it (``queries.py``)."""
    status = one.small_word(row.text("displayFinancialStatus"), "displayFinancialStatus", PAID)
    placed_ms = row.moment("processedAt") or row.moment("createdAt")
    if not placed_ms:
        raise UnreadableValueError("`processedAt`: nothing is there; the order belongs to no day")
    transactions = list(row.rows("transactions"))
    parcels = [
        Parcel(
            one.small_word(parcel.text("status"), "fulfillment.status", PARCEL_STATES),
            parcel.moment("createdAt"),
            bool(parcel.moment("deliveredAt")),
            parcel.moment("deliveredAt"),
        )
        for parcel in row.rows("fulfillments")
    ]
    refunds = [
        Refund(
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
    return checked(
        OrderFacts(
            **common_facts(one, row.text("legacyResourceId") or number_of(order_number(row, "id"))),
            **times_of(row, "updatedAt", "cancelledAt"),
            **shipping_of(row.text("displayFulfillmentStatus"), parcels, one),
            **refunds_of(refunds),
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
            **gateways_of(row.at("paymentGatewayNames"), one),
            test=row.answer("test"),
            channel=one.made_in(row.text("sourceName")),
            buyer=row.text("customer", "legacyResourceId"),
            country=row.text("shippingAddress", "countryCodeV2"),
            history=is_history(one, row.moment("createdAt"), placed_ms),
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
