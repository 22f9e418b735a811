"""What Shopify says besides orders: declined payments, discounts, disputes, stock, carts, access. Pure."""

from __future__ import annotations

from scoring.events.event import EventType
from scoring.records.signal import SignalKind
from scoring.sources.json_values import UnreadableValueError
from scoring.sources.translated import SCOPE_MISSING
from scoring.wording.text import Text
from streams.sources.json_object import JsonObject
from streams.sources.shopify.reading import ShopifyReading, number_of

#: scopes without which something is missing, and what
SCOPES: dict[str, Text] = {
    "read_orders": Text("订单、支付、退款", "orders, payments, refunds"),
    "read_customers": Text("复购", "repurchase"),
    "read_fulfillments": Text("包裹的 Webhook", "parcels by webhook"),
    "read_all_orders": Text("60 天以前的订单", "orders older than 60 days"),
    "read_inventory": Text("库存", "stock"),
    "read_products": Text("商品的库存", "stock of products"),
    "read_discounts": Text("折扣的开始和结束", "discounts on and off"),
}
_FAILED = frozenset({"failure", "error"})
_STATUSES = frozenset({*_FAILED, "success", "pending", "awaiting_response", "unknown"})
_DISCOUNTS = frozenset({"active", "expired", "scheduled"})
_OVER = frozenset({"won", "lost", "charge_refunded", "accepted", "prevented"})


def declined(row: JsonObject, one: ShopifyReading) -> bool:
    """Whether a transaction failed (``order_transactions/create``, or one of an order's): a signal by its code.

    Shopify's times have whole seconds. The last digits of its number distinguish payments that were declined in one second.
    """
    if not row.text("status"):
        raise UnreadableValueError("a transaction without its status says nothing")
    status = one.small_word(row.text("status"), "transaction.status", _STATUSES)
    kind = row.text("kind").lower()
    if status not in _FAILED or kind in ("refund", "void") or row.answer("test"):
        return False
    number = number_of(row.text("id"))
    at_ms = _either(row, "processed_at", "processedAt") or _either(row, "created_at", "createdAt")
    if not at_ms or not number:
        raise UnreadableValueError("a transaction without its number or time cannot be counted once")
    code = (row.text("error_code") or row.text("errorCode") or "unknown").lower()
    details = {
        "code": code,
        "status": status,
        "kind": kind,
        "gateway": row.text("gateway"),
        "method": row.text("payment_details", "payment_method_name"),
        "wallet": row.text("payment_details", "credit_card_wallet"),
        "company": row.text("payment_details", "credit_card_company"),
    }
    since_ms = at_ms - at_ms % 1000 + int(number[-3:]) if number.isdigit() else at_ms
    one.signal(SignalKind.PAYMENT_DECLINED, code, since_ms, since_ms, details)
    return True


def _either(row: JsonObject, first: str, second: str) -> int:
    return row.moment(first) or row.moment(second)


def discount(row: JsonObject, one: ShopifyReading) -> bool:
    """``discounts/create`` and ``discounts/update``: a promotion from its creation on until it is expired. False if it never ran.

    The body does not say when it begins; its creation is what all of its messages agree on.
    """
    status = one.small_word(row.text("status"), "discount.status", _DISCOUNTS)
    name, begun_ms = row.text("admin_graphql_api_id"), row.moment("created_at")
    if not name or not begun_ms:
        raise UnreadableValueError("a discount without its id or time of creation cannot be kept")
    if status not in ("active", "expired"):
        return False
    until_ms = max(row.moment("updated_at"), begun_ms) if status == "expired" else 0
    details = {"status": status, "type": name.split("/")[-2] if "/" in name else ""}
    one.signal(SignalKind.PROMOTION, number_of(name), begun_ms, until_ms, details)
    return True


def dispute(row: JsonObject, one: ShopifyReading) -> None:
    """``disputes/*``: a buyer disputes a payment, until it is decided."""
    number, begun_ms = row.text("id"), row.moment("initiated_at")
    if not number or not begun_ms:
        raise UnreadableValueError("a dispute without its id or beginning cannot be kept")
    status = row.text("status").lower()
    until_ms = row.moment("finalized_on") or (one.received_ms if status in _OVER else 0)
    details = {
        "order": row.text("order_id"),
        "type": row.text("type"),
        "reason": row.text("reason"),
        "status": status,
        "amount": row.money("amount"),
        "currency": row.text("currency"),
    }
    one.signal(SignalKind.DISPUTE, number, begun_ms, until_ms, details)


def uninstalled(row: JsonObject, one: ShopifyReading) -> None:
    """``app/uninstalled``: nothing comes any more. The body is the shop, and has no time of it."""
    one.signal(SignalKind.ACCESS_REVOKED, "app", one.received_ms, details={"shop": row.text("domain")})


def scopes(row: JsonObject, one: ShopifyReading) -> None:
    """``app/scopes_update``: each scope that is missing is named."""
    current = row.at("current")
    if not isinstance(current, list):
        raise UnreadableValueError("`current`: the list of scopes is missing")
    for scope in missing_scopes([str(name) for name in current]):
        one.gap(SCOPE_MISSING, scope, SCOPES[scope].en)


def missing_scopes(given: list[str]) -> list[str]:
    """Scopes that are not given; who may write may read."""
    held = {name.replace("write_", "read_", 1) for name in given}
    return [scope for scope in SCOPES if scope not in held]


def shop(row: JsonObject, one: ShopifyReading) -> None:
    """``shop/update``: a zone or a currency that is not the store's is named, for days and money depend on them."""
    zone, currency = row.text("iana_timezone"), row.text("currency")
    if zone and zone != one.terms.zones.get(one.store, zone):
        one.gap("zone of the shop differs", "iana_timezone", zone)
    if currency and currency != (one.currency or currency):
        one.gap("currency of the shop differs", "currency", currency)


# ---------------------------------------------------------------- events that are not stages, and carts


def stock_level(row: JsonObject, one: ShopifyReading) -> None:
    """``inventory_levels/update``: what is available of an item at a place."""
    # a level said twice is the same level, so where Shopify gives no time, that of the delivery is good enough
    item, at_ms = row.text("inventory_item_id"), row.moment("updated_at") or one.received_ms
    if not item:
        raise UnreadableValueError("a stock level without its item says nothing")
    place = row.text("location_id")
    one.event(
        EventType.STOCK,
        at_ms,
        f"{item} {place}",
        quantity=max(0, row.whole("available")),
        attributes={"inventory_item": item, "location": place},
    )


def stock_of_product(row: JsonObject, one: ShopifyReading) -> bool:
    """``products/create`` and ``products/update``: what is in stock of a product, over its variants. False if not all are there."""
    number, at_ms = row.text("id"), row.moment("updated_at")
    if not number or not at_ms:
        raise UnreadableValueError("a product without its id or time of change cannot be counted once")
    stocks = [max(0, variant.whole("inventory_quantity")) for variant in row.rows("variants")]
    if not stocks or len(list(row.rows("variant_gids"))) > len(stocks):
        return False  # the body has no variants, or only the first of them: their sum would be too small
    one.event(
        EventType.STOCK,
        at_ms,
        number,
        product=number,
        quantity=sum(stocks),
        attributes={"variants": str(len(stocks))},
    )
    return True


def added_to_cart(row: JsonObject, one: ShopifyReading) -> None:
    """``carts/*`` say what is in a cart, not what was added: each product of a cart counts once, when it is first seen there."""
    cart = row.text("id")
    at_ms = row.moment("updated_at") or row.moment("created_at")
    if not cart or not at_ms:
        raise UnreadableValueError("a cart without its id or time cannot be counted once")
    lines = row.rows("line_items")
    for product in dict.fromkeys(line.text("product_id") or line.text("variant_id") for line in lines):
        if product:
            one.event(EventType.ADD_TO_CART, at_ms, f"{cart} {product}", is_once=True, product=product)
