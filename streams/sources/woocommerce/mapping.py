"""What a delivery of WooCommerce says: webhooks and answers have the same rows. Pure: (delivery, terms) → records.

A shop's clock may be set to anything, so only times in GMT are read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from scoring.events.event import EventType
from scoring.records.order_facts import ALL_REFUNDS, OrderFacts, OrderKind, check_order_facts
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from scoring.records.report_row import BadRecordError
from scoring.records.signal import Signal, SignalKind, check_signal
from scoring.sources.json_mapping import LONGEST_PAYLOAD
from scoring.sources.json_values import (
    UnreadableValueError,
    is_given,
    json_text,
    moment_of,
    money_of,
    read_json,
    shown,
    text_of,
    whole_of,
)
from scoring.sources.translated import ConnectionTerms, MappingGap, SetAside, Translated, TranslationError

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


class _Reading:
    """A row with its delivery and its connection's terms."""

    def __init__(self, row: dict[str, Any], delivery: RawDelivery, terms: ConnectionTerms) -> None:
        self.row, self.delivery, self.terms, self.done = row, delivery, terms, Translated()
        self.store = terms.stores[0]

    def text(self, *names: str) -> str:
        found: Any = self.row
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return text_of(found, ".".join(names))

    def moment(self, name: str) -> int:
        return moment_of(self.row.get(name), name, "UTC")

    def money(self, name: str) -> str:
        return money_of(self.row.get(name), name)

    def rows(self, name: str) -> list[dict[str, Any]]:
        found = self.row.get(name)
        if not is_given(found):
            return []
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise UnreadableValueError(f"`{name}`: expected a list of objects, got {shown(found)}")
        return found

    def gap(self, what: str, name: str, value: str = "") -> None:
        self.done.gaps.append(MappingGap(what, name, value[:64]))

    def leave_out(self, why: str = "") -> None:
        self.done.left_out.append(f"{self.delivery.topic} {why}".strip())

    @property
    def number(self) -> str:
        number = self.text("id")
        if not number:
            raise UnreadableValueError("`id`: nothing is there; what has no number cannot be counted once")
        return number


def translate(delivery: RawDelivery, terms: ConnectionTerms) -> Translated:
    """All that a delivery says.

    Raises:
        TranslationError: it cannot be read at all.
    """
    try:
        document = read_json(delivery.body)
    except UnreadableValueError as error:
        raise TranslationError(str(error)) from error
    if not isinstance(document, dict):
        raise TranslationError(f"expected an object, got {shown(document)}")
    one = _Reading(document, delivery, terms)
    take = _TOPICS.get(delivery.topic)
    if take is None and delivery.topic in LEFT_OUT:
        one.leave_out()
        return one.done
    if take is None:
        one.gap("topic", delivery.topic or "-")
        return one.done
    try:
        take(one)
    except (UnreadableValueError, BadRecordError) as error:
        one.done.set_aside.append(SetAside(str(error), delivery.topic, json_text(document)[:LONGEST_PAYLOAD]))
    return one.done


# ---------------------------------------------------------------- orders


def _order(one: _Reading) -> None:
    number, status = one.number, one.text("status").lower()
    if status not in STATUSES:
        one.gap("value", "status", status or "-")
    is_paid, is_shipped, on_hold, is_cancelled = STATUSES.get(status, (None, None, None, None))
    method = one.text("payment_method")
    is_cod = method in one.terms.settings.cod if method else None
    modified_ms, completed_ms = one.moment("date_modified_gmt"), one.moment("date_completed_gmt")
    paid_ms = one.moment("date_paid_gmt") if is_paid else 0
    if is_cod:
        # WooCommerce writes a time of payment when it may be shipped; the shop says that it is done when it is completed
        is_paid, paid_ms = (True, completed_ms) if status == "completed" else (None, 0)
    amount = one.money("total")
    facts = OrderFacts(
        **_common(one, number),
        as_of_ms=modified_ms,
        placed_ms=one.moment("date_created_gmt"),
        paid_ms=paid_ms,
        shipped_ms=completed_ms if is_shipped else 0,
        cancelled_ms=modified_ms if is_cancelled else 0,
        on_hold=on_hold,
        is_paid=is_paid,
        is_shipped=is_shipped,
        is_cancelled=is_cancelled,
        amount=amount,
        currency=one.text("currency") or one.terms.currencies.get(one.store, ""),
        refunds=_refunds(one, status, amount),
        units=sum(whole_of(line.get("quantity"), "quantity") for line in one.rows("line_items")),
        cod=is_cod,
        kind=OrderKind.DRAFT if status in _DRAFTS else OrderKind.ORDINARY,
        buyer="" if one.text("customer_id") == "0" else one.text("customer_id"),
        country=one.text("shipping", "country") or one.text("billing", "country"),
        payment_method=method[:64],
        history=one.delivery.door is DeliveryDoor.BACKFILL,
    )
    check_order_facts(facts)
    one.done.orders.append(facts)
    if status == "failed":
        one.done.signals.append(_declined(one, number, facts))


def _common(one: _Reading, number: str) -> dict[str, Any]:
    return {
        "store_id": one.store,
        "order_id": number,
        "source": one.terms.source,
        "connection": one.terms.name,
        "told_at_ms": one.delivery.received_at_ms,
    }


def _refunds(one: _Reading, status: str, amount: str) -> dict[str, str]:
    """The refunds that the order lists; their times are in the list of refunds."""
    listed = {
        text_of(refund.get("id"), "refund.id"): money_of(refund.get("total"), "refund.total").removeprefix(
            "-"
        )
        for refund in one.rows("refunds")
    }
    found = {number: text for number, text in listed.items() if number and text and Decimal(text)}
    if not found and status == "refunded" and amount and Decimal(amount):
        return {ALL_REFUNDS: amount}
    return found


def _refund(one: _Reading) -> None:
    """A row of the list of refunds."""
    order, amount, at_ms = (
        one.text("parent_id"),
        one.money("amount").removeprefix("-"),
        one.moment("date_created_gmt"),
    )
    number = one.number
    if order in ("", "0") or not at_ms:
        raise UnreadableValueError("a refund without its order or time cannot be counted once")
    if not amount or not Decimal(amount):
        one.leave_out("no money")
        return
    facts = OrderFacts(
        **_common(one, order),
        as_of_ms=at_ms,
        refunds={number: amount},
        refund_times={number: at_ms},
        history=one.delivery.door is DeliveryDoor.BACKFILL,
    )
    check_order_facts(facts)
    one.done.orders.append(facts)


# ---------------------------------------------------------------- states


def _declined(one: _Reading, number: str, facts: OrderFacts) -> Signal:
    """A payment that failed: once an order, whatever is changed of it later. Its number distinguishes orders of one second."""
    since_ms = (facts.placed_ms or facts.as_of_ms or one.delivery.received_at_ms) // 1000 * 1000
    since_ms += int(number[-3:]) if number.isdigit() else 0
    method = facts.payment_method or "unknown"
    return _checked(one, SignalKind.PAYMENT_DECLINED, method, since_ms, since_ms, {"order": number})


def _coupon(one: _Reading) -> None:
    """A coupon: a promotion from its creation until it expires."""
    number, begun_ms, ends_ms = one.number, one.moment("date_created_gmt"), one.moment("date_expires_gmt")
    if not begun_ms:
        raise UnreadableValueError("a coupon without its time of creation cannot be kept")
    if (one.text("status") or "publish") != "publish":
        one.leave_out("not running")
        return
    details = {"type": one.text("discount_type"), "amount": one.money("amount")}
    until_ms = max(ends_ms, begun_ms) if ends_ms else 0
    one.done.signals.append(_checked(one, SignalKind.PROMOTION, number, begun_ms, until_ms, details))


def _checked(
    one: _Reading, kind: SignalKind, about: str, since_ms: int, until_ms: int, details: dict[str, str]
) -> Signal:
    signal = Signal(
        store_id=one.store,
        kind=kind,
        object=about,
        since_ms=since_ms,
        until_ms=until_ms,
        source=one.terms.source,
        details={name: value[:256] for name, value in details.items() if value},
        told_at_ms=one.delivery.received_at_ms,
        connection=one.terms.name,
    )
    check_signal(signal)
    return signal


def _product(one: _Reading) -> None:
    """What is in stock of a product, where the shop counts it."""
    number, at_ms, status = one.number, one.moment("date_modified_gmt"), one.text("stock_status").lower()
    if status and status not in _STOCK:
        one.gap("value", "stock_status", status)
    counted = one.row.get("stock_quantity")
    if not is_given(counted) and status != "outofstock":
        one.leave_out("stock is not counted")
        return
    at_ms = at_ms or one.delivery.received_at_ms
    name = "\0".join((one.store, EventType.STOCK.value, number, str(at_ms)))
    one.done.events.append(
        {
            "event_id": f"woocommerce-{hashlib.blake2b(name.encode(), digest_size=16).hexdigest()}",
            "store_id": one.store,
            "type": EventType.STOCK.value,
            "event_time_ms": at_ms,
            "product": number,
            "quantity": max(0, whole_of(counted, "stock_quantity")),
        }
    )


_TOPICS: dict[str, Callable[[_Reading], None]] = {
    **dict.fromkeys(("order.created", "order.updated", "order.restored", ORDERS), _order),
    REFUNDS: _refund,
    "product.created": _product,
    "product.updated": _product,
    **dict.fromkeys(("coupon.created", "coupon.updated", "coupon.restored"), _coupon),
}
#: topics to subscribe to
WANTED: tuple[str, ...] = tuple(topic for topic in _TOPICS if "." in topic)
