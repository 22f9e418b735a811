"""What a delivery of Shopify says: by its topic, from a webhook's body or a polled row. Pure: (delivery, terms) → records.

Each topic is used, or left out by name with the reason; one that was never seen before is a gap, and its delivery is kept.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from scoring.records.raw_delivery import RawDelivery
from scoring.sources.translated import ConnectionTerms, Translated
from streams.sources.reading import row_of_delivery, take_row
from streams.sources.shopify import answered_orders, orders, states
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
    one = ShopifyReading(row_of_delivery(delivery), delivery, terms, terms.stores[0], Translated())
    _see_version(one)
    return take_row(
        one, delivery.topic, _TOPICS.get(delivery.topic), "" if delivery.topic in LEFT_OUT else None
    )


def _see_version(one: ShopifyReading) -> None:
    """Shopify serves a retired version's webhooks by the oldest that it supports: the header says which."""
    said = next((one.delivery.headers[name] for name in VERSION_HEADERS if name in one.delivery.headers), "")
    if said and said != one.own.version:
        one.gap("version of webhooks", said)


# ---------------------------------------------------------------- by topic


def _order(one: ShopifyReading) -> None:
    one.done.orders.append(orders.webhook_order(one.row, one))


def _polled_order(one: ShopifyReading) -> None:
    facts = answered_orders.graphql_order(one.row, one)
    one.done.orders.append(replace(facts, as_of_ms=one.known_as_of(facts.as_of_ms)))
    for transaction in one.row.rows("transactions"):
        states.declined(transaction, one)


def _refund(one: ShopifyReading) -> None:
    one.done.orders.append(orders.webhook_refund(one.row, one))


def _parcel(one: ShopifyReading) -> None:
    one.done.orders.append(orders.webhook_parcel(one.row, one))


def _milestone(one: ShopifyReading) -> None:
    found = orders.webhook_milestone(one.row, one)
    if found is not None:
        one.done.orders.append(found)
    else:
        one.leave_out("not on its way yet")


def _transaction(one: ShopifyReading) -> None:
    is_declined, facts = states.declined(one.row, one), orders.webhook_payment(one.row, one)
    if is_declined:
        return
    if facts is not None:
        one.done.orders.append(facts)
    else:
        one.leave_out("no payment")


def _discount(one: ShopifyReading) -> None:
    if not states.discount(one.row, one):
        one.leave_out("not running")


def _dispute(one: ShopifyReading) -> None:
    states.dispute(one.row, one)


def _uninstalled(one: ShopifyReading) -> None:
    states.uninstalled(one.row, one)


def _stock_level(one: ShopifyReading) -> None:
    states.stock_level(one.row, one)


def _product(one: ShopifyReading) -> None:
    if not states.stock_of_product(one.row, one):
        one.leave_out("not all variants")


def _cart(one: ShopifyReading) -> None:
    if one.own.has_carts:
        states.added_to_cart(one.row, one)
    else:
        one.leave_out("carts are off")


def _scopes(one: ShopifyReading) -> None:
    states.scopes(one.row, one)


def _shop(one: ShopifyReading) -> None:
    states.shop(one.row, one)


def _access(one: ShopifyReading) -> None:
    """The row of the resource ``access``: scopes, zone and currency as they are now."""
    _scopes(one)
    _shop(one)


_TOPICS: dict[str, Callable[[ShopifyReading], None]] = {
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
    "app/scopes_update": _scopes,
    "shop/update": _shop,
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
