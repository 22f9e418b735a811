"""What a delivery of WooCommerce says: webhooks and answers have the same rows. Pure: (delivery, terms) → records.

A shop's clock may be set to anything, so only times in GMT are read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from scoring.events.event import EventType
from scoring.records.order_facts import ALL_REFUNDS, OrderChannel, OrderKind
from scoring.records.raw_delivery import RawDelivery
from scoring.records.signal import SignalKind
from scoring.sources.json_values import (
    UnreadableValueError,
    is_given,
)
from scoring.sources.translated import ConnectionTerms, Translated
from streams.sources.reading import DeliveryReading, row_of_delivery, take_row

#: the resources that are asked for
ORDERS, REFUNDS = "orders", "refunds"
#: ids of people, and the parts of addresses that are kept
PEOPLE = ("customer_id",)
OPENED = ("billing.country", "shipping.country")
#: the fields that are kept; all others lose their values
_KEPT = """
id parent_id status currency created_via customer_id billing shipping country date_created_gmt date_modified_gmt date_paid_gmt
date_completed_gmt date_expires_gmt total amount payment_method line_items quantity product_id refunds discount_type stock_quantity
stock_status manage_stock
"""
KEPT: tuple[str, ...] = tuple(_KEPT.split())
#: what a status says: paid, shipped, on hold, cancelled; None is not said
_Said = tuple[bool | None, bool | None, bool, bool]
STATUSES: dict[str, _Said] = {
    "pending": (False, None, False, False),
    "failed": (False, None, False, False),
    "on-hold": (False, None, True, False),
    "processing": (True, None, False, False),
    "completed": (True, True, False, False),
    "refunded": (True, None, False, False),
    "cancelled": (None, None, False, True),
    "trash": (None, None, False, True),
    "checkout-draft": (False, None, False, False),
    "auto-draft": (False, None, False, False),
    "draft": (False, None, False, False),
}
#: where an order is made, by what it was created with; the REST API is used by shops of every kind
_CHANNELS = {
    "checkout": OrderChannel.PAGE,
    "store-api": OrderChannel.PAGE,
    "admin": OrderChannel.STAFF,
    "subscription": OrderChannel.SUBSCRIPTION,
    "pos-rest-api": OrderChannel.POS,
}
_DRAFTS = frozenset({"checkout-draft", "auto-draft", "draft"})
_STOCK = frozenset({"instock", "outofstock", "onbackorder"})

#: topics that are known and say nothing that is counted here, and why
LEFT_OUT: dict[str, str] = {
    "order.deleted": "holds the number alone; the order was cancelled or removed by the shop",
    "product.deleted": "the catalogue",
    "product.restored": "the catalogue",
    "coupon.deleted": "holds the number alone",
    **dict.fromkeys(
        ("customer.created", "customer.updated", "customer.deleted"),
        "people; repurchase follows from orders",
    ),
}


@dataclass(frozen=True, slots=True)
class WooTerms:
    """What of a connection's settings its mapping wants: ids of payment methods on delivery."""

    cod: tuple[str, ...]


class WooReading(DeliveryReading):
    """One delivery of WooCommerce. A connection is one shop, so its first store."""

    @property
    def number(self) -> str:
        number = self.row.text("id")
        if not number:
            raise UnreadableValueError("`id`: nothing is there; what has no number cannot be counted once")
        return number


def translate(delivery: RawDelivery, terms: ConnectionTerms) -> Translated:
    """All that a delivery says.

    Raises:
        TranslationError: it cannot be read at all.
    """
    one = WooReading(row_of_delivery(delivery), delivery, terms, terms.stores[0], Translated())
    return take_row(
        one, delivery.topic, _TOPICS.get(delivery.topic), "" if delivery.topic in LEFT_OUT else None
    )


# ---------------------------------------------------------------- orders


def _order(one: WooReading) -> None:
    number, status = one.number, one.row.text("status").lower()
    if status not in STATUSES:
        one.gap("value", "status", status or "-")
    is_paid, is_shipped, on_hold, is_cancelled = STATUSES.get(status, (None, None, None, None))
    method = one.row.text("payment_method")
    is_cod = method in one.terms.settings.cod if method else None
    modified_ms, completed_ms = one.row.moment("date_modified_gmt"), one.row.moment("date_completed_gmt")
    placed_ms = one.row.moment("date_created_gmt")
    paid_ms = one.row.moment("date_paid_gmt") if is_paid else 0
    if is_cod:
        # WooCommerce writes a time of payment when it may be shipped; the shop says that it is done when it is completed
        is_paid, paid_ms = (True, completed_ms) if status == "completed" else (None, 0)
    amount = one.row.money("total")
    one.order(
        number,
        as_of_ms=modified_ms,
        placed_ms=placed_ms,
        paid_ms=paid_ms,
        shipped_ms=completed_ms if is_shipped else 0,
        cancelled_ms=modified_ms if is_cancelled else 0,
        on_hold=on_hold,
        is_paid=is_paid,
        is_shipped=is_shipped,
        is_cancelled=is_cancelled,
        amount=amount,
        currency=one.row.text("currency") or one.currency,
        refunds=_refunds(one, status, amount),
        units=sum(line.whole("quantity") for line in one.row.rows("line_items")),
        cod=is_cod,
        channel=_CHANNELS.get(one.row.text("created_via"), OrderChannel.UNKNOWN),
        kind=OrderKind.DRAFT if status in _DRAFTS else OrderKind.ORDINARY,
        buyer="" if one.row.text("customer_id") == "0" else one.row.text("customer_id"),
        country=one.row.text("shipping", "country") or one.row.text("billing", "country"),
        payment_method=method[:64],
    )
    if status == "failed":
        _declined(one, number, method, placed_ms or modified_ms)


def _refunds(one: WooReading, status: str, amount: str) -> dict[str, str]:
    """The refunds that the order lists; their times are in the list of refunds."""
    listed = {
        refund.text("id"): refund.money("total").removeprefix("-") for refund in one.row.rows("refunds")
    }
    found = {number: text for number, text in listed.items() if number and text and Decimal(text)}
    if not found and status == "refunded" and amount and Decimal(amount):
        return {ALL_REFUNDS: amount}
    return found


def _refund(one: WooReading) -> None:
    """A row of the list of refunds."""
    order, amount, at_ms = (
        one.row.text("parent_id"),
        one.row.money("amount").removeprefix("-"),
        one.row.moment("date_created_gmt"),
    )
    number = one.number
    if order in ("", "0") or not at_ms:
        raise UnreadableValueError("a refund without its order or time cannot be counted once")
    if not amount or not Decimal(amount):
        one.leave_out("no money")
        return
    one.order(order, as_of_ms=at_ms, refunds={number: amount}, refund_times={number: at_ms})


# ---------------------------------------------------------------- states


def _declined(one: WooReading, number: str, method: str, at_ms: int) -> None:
    """A payment that failed: once an order, whatever is changed of it later. Its number distinguishes orders of one second."""
    since_ms = (at_ms or one.received_ms) // 1000 * 1000
    since_ms += int(number[-3:]) if number.isdigit() else 0
    one.signal(SignalKind.PAYMENT_DECLINED, method[:64] or "unknown", since_ms, since_ms, {"order": number})


def _coupon(one: WooReading) -> None:
    """A coupon: a promotion from its creation until it expires."""
    number, begun_ms, ends_ms = (
        one.number,
        one.row.moment("date_created_gmt"),
        one.row.moment("date_expires_gmt"),
    )
    if not begun_ms:
        raise UnreadableValueError("a coupon without its time of creation cannot be kept")
    if (one.row.text("status") or "publish") != "publish":
        one.leave_out("not running")
        return
    details = {"type": one.row.text("discount_type"), "amount": one.row.money("amount")}
    one.signal(SignalKind.PROMOTION, number, begun_ms, ends_ms, details)


def _product(one: WooReading) -> None:
    """What is in stock of a product, where the shop counts it."""
    number, at_ms, status = (
        one.number,
        one.row.moment("date_modified_gmt"),
        one.row.text("stock_status").lower(),
    )
    if status and status not in _STOCK:
        one.gap("value", "stock_status", status)
    if not is_given(one.row.at("stock_quantity")) and status != "outofstock":
        one.leave_out("stock is not counted")
        return
    one.event(
        EventType.STOCK,
        at_ms or one.received_ms,
        number,
        product=number,
        quantity=max(0, one.row.whole("stock_quantity")),
    )


_TOPICS: dict[str, Callable[[WooReading], None]] = {
    **dict.fromkeys(("order.created", "order.updated", "order.restored", ORDERS), _order),
    REFUNDS: _refund,
    "product.created": _product,
    "product.updated": _product,
    **dict.fromkeys(("coupon.created", "coupon.updated", "coupon.restored"), _coupon),
}
#: topics to subscribe to
WANTED: tuple[str, ...] = tuple(topic for topic in _TOPICS if "." in topic)
