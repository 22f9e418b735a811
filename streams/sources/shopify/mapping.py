"""What a delivery of Shopify says: by its topic, from a webhook's body or a polled row. Pure: (delivery, terms) → records.

Each topic is used, or left out by name with the reason; one that was never seen before is a gap, and its delivery is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scoring.records.raw_delivery import RawDelivery
from scoring.records.report_row import BadRecordError
from scoring.sources.json_mapping import LONGEST_PAYLOAD
from scoring.sources.json_values import UnreadableValueError, json_text, read_json, shown
from scoring.sources.translated import ConnectionTerms, SetAside, Translated, TranslationError
from streams.sources.json_object import JsonObject
from streams.sources.shopify import orders, states
from streams.sources.shopify.reading import ShopifyReading

#: the resources that are asked for; their rows have GraphQL's names
ORDERS, ACCESS = "orders", "access"
#: header of a webhook that says its version
VERSION_HEADERS = ("X-Shopify-API-Version", "Shopify-API-Version")


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
    one = ShopifyReading(delivery, terms, Translated())
    _see_version(one)
    take = _TOPICS.get(delivery.topic)
    if take is None and delivery.topic in LEFT_OUT:
        one.leave_out()
        return one.done
    if take is None:
        one.gap("topic", delivery.topic or "-")
        return one.done
    try:
        take(JsonObject(document), one)
    except (UnreadableValueError, BadRecordError) as error:
        one.done.set_aside.append(SetAside(str(error), delivery.topic, json_text(document)[:LONGEST_PAYLOAD]))
    return one.done


def _see_version(one: ShopifyReading) -> None:
    """Shopify serves a retired version's webhooks by the oldest that it supports: the header says which."""
    said = next((one.delivery.headers[name] for name in VERSION_HEADERS if name in one.delivery.headers), "")
    if said and said != one.own.version:
        one.gap("version of webhooks", said)


# ---------------------------------------------------------------- by topic


def _order(row: JsonObject, one: ShopifyReading) -> None:
    one.done.orders.append(orders.webhook_order(row, one))


def _polled_order(row: JsonObject, one: ShopifyReading) -> None:
    one.done.orders.append(orders.graphql_order(row, one))
    found = (states.declined(transaction, one) for transaction in row.rows("transactions"))
    one.done.signals += [signal for signal in found if signal is not None]


def _refund(row: JsonObject, one: ShopifyReading) -> None:
    one.done.orders.append(orders.webhook_refund(row, one))


def _parcel(row: JsonObject, one: ShopifyReading) -> None:
    one.done.orders.append(orders.webhook_parcel(row, one))


def _milestone(row: JsonObject, one: ShopifyReading) -> None:
    found = orders.webhook_milestone(row, one)
    if found is not None:
        one.done.orders.append(found)
    else:
        one.leave_out("not on its way yet")


def _transaction(row: JsonObject, one: ShopifyReading) -> None:
    found, facts = states.declined(row, one), orders.webhook_payment(row, one)
    if found is not None:
        one.done.signals.append(found)
    elif facts is not None:
        one.done.orders.append(facts)
    else:
        one.leave_out("no payment")


def _discount(row: JsonObject, one: ShopifyReading) -> None:
    found = states.discount(row, one)
    if found is not None:
        one.done.signals.append(found)
    else:
        one.leave_out("not running")


def _dispute(row: JsonObject, one: ShopifyReading) -> None:
    one.done.signals.append(states.dispute(row, one))


def _uninstalled(row: JsonObject, one: ShopifyReading) -> None:
    one.done.signals.append(states.uninstalled(row, one))


def _stock_level(row: JsonObject, one: ShopifyReading) -> None:
    one.done.events.append(states.stock_level(row, one))


def _product(row: JsonObject, one: ShopifyReading) -> None:
    found = states.stock_of_product(row, one)
    if found is not None:
        one.done.events.append(found)
    else:
        one.leave_out("not all variants")


def _cart(row: JsonObject, one: ShopifyReading) -> None:
    if one.own.has_carts:
        one.done.events += states.added_to_cart(row, one)
    else:
        one.leave_out("carts are off")


def _access(row: JsonObject, one: ShopifyReading) -> None:
    """The row of the resource ``access``: scopes, zone and currency as they are now."""
    states.scopes(row, one)
    states.shop(row, one)


_TOPICS: dict[str, Callable[[JsonObject, ShopifyReading], Any]] = {
    **dict.fromkeys(
        (
            "orders/create",
            "orders/updated",
            "orders/paid",
            "orders/cancelled",
            "orders/fulfilled",
            "orders/partially_fulfilled",
        ),
        _order,
    ),
    ORDERS: _polled_order,
    ACCESS: _access,
    "refunds/create": _refund,
    "fulfillments/create": _parcel,
    "fulfillments/update": _parcel,
    "fulfillment_events/create": _milestone,
    "order_transactions/create": _transaction,
    "discounts/create": _discount,
    "discounts/update": _discount,
    "disputes/create": _dispute,
    "disputes/update": _dispute,
    "inventory_levels/update": _stock_level,
    "products/create": _product,
    "products/update": _product,
    "carts/create": _cart,
    "carts/update": _cart,
    "app/uninstalled": _uninstalled,
    "app/scopes_update": states.scopes,
    "shop/update": states.shop,
}

#: topics that are known and say nothing that is counted here, and why
LEFT_OUT: dict[str, str] = {
    **dict.fromkeys(
        ("checkouts/create", "checkouts/update", "checkouts/delete"),
        "a stage begins with the order, which follows",
    ),
    **dict.fromkeys(
        ("draft_orders/create", "draft_orders/update", "draft_orders/delete"), "drafts are not orders"
    ),
    **dict.fromkeys(
        (
            "returns/approve",
            "returns/cancel",
            "returns/close",
            "returns/decline",
            "returns/process",
            "returns/reopen",
            "returns/request",
            "returns/update",
        ),
        "money moves with the refund",
    ),
    **dict.fromkeys(
        (
            "customers/create",
            "customers/update",
            "customers/delete",
            "customers/disable",
            "customers/enable",
            "customers/merge",
            "customers/purchasing_summary",
        ),
        "people; repurchase follows from orders",
    ),
    **dict.fromkeys(
        ("customers/data_request", "customers/redact", "shop/redact"), "only pseudonyms are kept here"
    ),
    **dict.fromkeys(
        (
            "product_feeds/create",
            "product_feeds/update",
            "product_feeds/full_sync",
            "product_feeds/full_sync_finish",
            "product_feeds/incremental_sync",
            "products/delete",
            "inventory_levels/connect",
            "inventory_levels/disconnect",
        ),
        "the catalogue",
    ),
    **dict.fromkeys(
        ("discounts/delete", "discounts/redeemcode_added", "discounts/redeemcode_removed"),
        "does not say when the discount began",
    ),
    **dict.fromkeys(
        (
            "orders/edited",
            "orders/delete",
            "orders/risk_assessment_changed",
            "orders/shopify_protect_eligibility_changed",
            "orders/link_requested",
        ),
        "orders/updated brings the order itself",
    ),
    "tender_transactions/create": "order_transactions/create says more",
    "fulfillment_events/delete": "the parcel's own update follows",
}

#: topics to subscribe to: those that are used
WANTED: tuple[str, ...] = tuple(topic for topic in _TOPICS if "/" in topic)
