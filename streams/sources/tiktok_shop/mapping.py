"""What TikTok Shop says: pushes, orders, returns, cancellations, analytics by day, LIVE sessions, customer service. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from scoring.funnel.units import DAY_MS
from scoring.records.order_facts import OrderChannel, OrderKind
from scoring.records.raw_delivery import RawDelivery
from scoring.records.report_row import Period
from scoring.records.signal import SignalKind
from scoring.sources.json_values import UnreadableValueError, is_given
from scoring.sources.translated import ConnectionTerms, Translated
from streams.sources.json_object import JsonObject
from streams.sources.market_asking import bounds_of
from streams.sources.market_reading import MarketReading, Resource, Take, translated

#: what a status says of an order that is not cash on delivery: paid, shipped, delivered, cancelled; None is not said
_Said = tuple[bool | None, bool | None, bool | None, bool | None]
_CANCELLED: _Said = (None, None, None, True)
STATUSES: dict[str, _Said] = {
    "UNPAID": (False, None, None, None),
    "ON_HOLD": (None, None, None, None),
    "AWAITING_SHIPMENT": (True, None, None, None),
    "PARTIALLY_SHIPPING": (True, True, None, None),
    "AWAITING_COLLECTION": (True, None, None, None),
    "IN_TRANSIT": (True, True, None, None),
    "DELIVERED": (True, True, True, None),
    "COMPLETED": (True, True, True, None),
    # the push has the first spelling, the API the second
    "CANCEL": _CANCELLED,
    "CANCELLED": _CANCELLED,
}
#: what a return or cancellation says of its money: True: it is given back
RETURNS: dict[str, bool] = {
    **dict.fromkeys(
        (
            *(
                "RETURN_OR_REFUND_REQUEST_SUCCESS",
                "RETURN_OR_REFUND_REQUEST_COMPLETE",
                "REPLACEMENT_REQUEST_REFUND_SUCCESS",
            ),
            *("CANCELLATION_REQUEST_SUCCESS", "CANCELLATION_REQUEST_COMPLETE"),
        ),
        True,
    ),
    **dict.fromkeys(
        (
            *(
                "AWAITING_BUYER_SHIP",
                "AWAITING_BUYER_RESPONSE",
                "BUYER_SHIPPED_ITEM",
                "REFUND_OR_RETURN_REQUEST_REJECT",
            ),
            *(
                "REJECT_RECEIVE_PACKAGE",
                "REPLACEMENT_REQUEST_CANCEL",
                "REPLACEMENT_REQUEST_COMPLETE",
                "REPLACEMENT_REQUEST_PENDING",
            ),
            *(
                "REPLACEMENT_REQUEST_REJECT",
                "RETURN_OR_REFUND_REQUEST_PENDING",
                "RETURN_OR_REFUND_REQUEST_REJECT",
            ),
            *(
                "RETURN_OR_REFUND__REQUEST_CANCELLED",
                "RETURN_OR_REFUND_REQUEST_CANCEL",
                "RETURN_OR_REFUND_CANCEL",
            ),
            *(
                "CANCELLATION_REQUEST_PENDING",
                "CANCELLATION_REQUEST_CANCELLED",
                "CANCELLATION_REQUEST_CANCEL",
            ),
        ),
        False,
    ),
}
_DAY = {
    "orders": "orders", "sku_orders": "sku_orders", "units": "units_sold", "buyers": "buyers",
    "impressions": "product_impressions", "page_views": "product_page_views",
}  # fmt: skip
_DAY_PARTS = {"impressions": "product_impression_breakdowns", "page_views": "product_page_view_breakdowns"}
_LIVE_SALES = {
    "sku_orders": "created_sku_orders",
    "paid_orders": "sku_orders",
    "units": "unit_sold",
    "buyers": "customers",
}
_LIVE_SEEN = {
    "impressions": "product_impressions",
    "clicks": "product_clicks",
    "viewers": "viewers",
    "views": "views",
}
_SERVICE = {
    "support_session_count": "number", "response_percentage": "percent", "satisfaction_percentage": "percent",
    "response_time_mins": "minutes",
}  # fmt: skip

#: pushes that are known and say nothing that is counted here, and why
LEFT_OUT: dict[str, str] = {
    "push 3": "an address",
    "push 4": "a parcel changed; the order says when it was collected",
    "push 13": "chat; its figures are asked for",
    "push 14": "chat; its figures are asked for",
    **dict.fromkeys(("push 15", "push 16"), "the catalogue"),
    **dict.fromkeys([f"push {number}" for number in range(17, 26)], "not about orders"),
    **dict.fromkeys(
        [f"push {number}" for number in (33, 35, 36, 38, 42, 46, 51, 52, 55)], "not about orders"
    ),
}


def translate(delivery: RawDelivery, terms: ConnectionTerms) -> Translated:
    """All that a delivery says.

    Raises:
        TranslationError: it cannot be read at all.
    """
    return translated(delivery, terms, _TAKES, LEFT_OUT, lambda row: row.text("shop_id"))


# ---------------------------------------------------------------- pushes


def _data(one: MarketReading) -> tuple[JsonObject, int]:
    """What a push is about, and when."""
    row = JsonObject(one.row.at("data"))
    return row, row.moment("update_time") or one.row.moment("timestamp") or one.received_ms


def _order_push(one: MarketReading) -> None:
    """Push 1: a status. Whether it is cash on delivery is not said, so what it says of payment is left to the order itself."""
    row, at_ms = _data(one)
    status = one.word(row.text("order_status"), "order_status", STATUSES)
    is_paid, is_shipped, is_delivered, is_cancelled = STATUSES.get(status, (None, None, None, None))
    one.order(
        row.text("order_id"),
        as_of_ms=at_ms,
        on_hold=row.answer("is_on_hold_order"),
        is_paid=is_paid if is_paid is False else None,
        is_shipped=is_shipped,
        is_delivered=is_delivered,
        is_cancelled=is_cancelled,
        shipped_ms=at_ms if status == "IN_TRANSIT" else 0,
        delivered_ms=at_ms if status == "DELIVERED" else 0,
        cancelled_ms=at_ms if is_cancelled else 0,
    )


def _after_sale_push(one: MarketReading) -> None:
    """Pushes 11 and 12: without money, which the lists of cancellations and returns say."""
    row, _ = _data(one)
    one.word(row.text("cancel_status") or row.text("return_status"), "status", RETURNS)
    one.leave_out("without money: the lists of returns and cancellations say it")


def _product_push(one: MarketReading) -> None:
    """Pushes 5 and 37: a listing's status, or what its audit came to."""
    row, at_ms = _data(one)
    names = ("suspended_reason", "status", "audit_status", "product_audit_status")
    status = next((text for name in names if (text := row.text(name))), "")
    small = status.upper()
    if any(word in small for word in ("FAIL", "REJECT", "SUSPEND", "FREEZE", "DEACTIVAT")):
        one.signal(SignalKind.LISTING_SUPPRESSED, row.text("product_id"), at_ms, at_ms, {"status": status})
    else:
        one.leave_out(status)


def _stock_push(one: MarketReading) -> None:
    """Push 27: stock is low or out, or will be."""
    row, at_ms = _data(one)
    status = row.text("inventory_status") or row.text("status") or row.text("type")
    about = row.text("sku_id") or row.text("product_id")
    small = status.upper()
    if "OUT" in small and "PREDICT" not in small:
        one.signal(SignalKind.STOCK_OUT, about, at_ms, 0, {"status": status})
    elif "LOW" in small or "PREDICT" in small:
        one.signal(SignalKind.STOCK_LOW, about, at_ms, at_ms, {"status": status})
    else:
        one.gap("value", "inventory_status", status or "-")


def _promotion_push(one: MarketReading) -> None:
    """Push 39: a promotion starts or stops."""
    row, at_ms = _data(one)
    status = (row.text("promotion_status") or row.text("status")).upper()
    about = row.text("activity_id") or row.text("promotion_id")
    begin_ms = row.moment("begin_time") or at_ms
    is_over = any(word in status for word in ("STOP", "END", "EXPIRE", "DEACTIV"))
    one.signal(
        SignalKind.PROMOTION,
        about,
        begin_ms,
        max(at_ms, begin_ms) if is_over else row.moment("end_time"),
        {"status": status},
    )


def _revoked_push(one: MarketReading) -> None:
    one.signal(SignalKind.ACCESS_REVOKED, "app", one.row.moment("timestamp") or one.received_ms)


def _ends_push(one: MarketReading) -> None:
    """Push 7: comes each day from 30 days before the end on."""
    row, at_ms = _data(one)
    ends_ms = row.moment("expiration_time") or row.moment("expire_time") or at_ms + 30 * DAY_MS
    one.signal(SignalKind.AUTHORISATION_ENDS, "authorisation", ends_ms - 30 * DAY_MS, ends_ms)


# ---------------------------------------------------------------- orders and what follows them


def _order(one: MarketReading) -> None:
    row = one.row
    status = one.word(row.text("status"), "status", STATUSES)
    is_paid, is_shipped, is_delivered, is_cancelled = STATUSES.get(status, (None, None, None, None))
    is_cod, updated_ms, paid_ms = row.answer("is_cod"), row.moment("update_time"), row.moment("paid_time")
    shipped_ms, delivered_ms = row.moment("collection_time"), row.moment("delivery_time")
    if is_cod:
        is_paid = True if paid_ms and 0 < shipped_ms <= paid_ms else None
    elif paid_ms:
        is_paid = True
    one.order(
        row.text("id"),
        as_of_ms=updated_ms,
        placed_ms=row.moment("create_time"),
        paid_ms=paid_ms,
        shipped_ms=shipped_ms,
        delivered_ms=delivered_ms,
        cancelled_ms=(row.moment("cancel_time") or updated_ms) if is_cancelled else 0,
        is_paid=is_paid,
        is_shipped=True if shipped_ms else is_shipped,
        is_delivered=True if delivered_ms else is_delivered,
        is_cancelled=is_cancelled,
        on_hold=True if status == "ON_HOLD" else row.answer("is_on_hold_order"),
        amount=row.money("payment", "total_amount"),
        currency=row.text("payment", "currency") or one.currency,
        units=len(list(row.rows("line_items"))),
        cod=is_cod,
        kind=_kind(row),
        # orders of one buyer that a LIVE session brought together; of others TikTok does not say where they were made
        channel=OrderChannel.LIVE if row.text("auto_combine_group_id") else one.channel,
        buyer=row.text("user_id"),
        country=row.text("recipient_address", "region_code"),
        payment_method=row.text("payment_method_name")[:64],
        parcels=len(list(row.rows("packages"))),
    )


def _kind(row: JsonObject) -> OrderKind:
    if row.answer("is_replacement_order"):
        return OrderKind.REPLACEMENT
    return OrderKind.EXCHANGE if row.answer("is_exchange_order") else OrderKind.ORDINARY


def _given_back(one: MarketReading, number: str, status: str, name: str) -> None:
    """Money that a return or a cancellation gives back, once."""
    row, at_ms = one.row, one.row.moment("update_time")
    word = one.word(status, name, RETURNS)
    if not number or not at_ms:
        raise UnreadableValueError("what is given back cannot be counted once without its number and time")
    amount = row.money("refund_amount", "refund_total")
    if not RETURNS.get(word, False) or not amount or not Decimal(amount):
        one.leave_out(f"{word or 'unknown'}: no money was given back")
        return
    one.order(row.text("order_id"), as_of_ms=at_ms, refunds={number: amount}, refund_times={number: at_ms})


def _return(one: MarketReading) -> None:
    _given_back(one, one.row.text("return_id"), one.row.text("return_status"), "return_status")


def _cancellation(one: MarketReading) -> None:
    _given_back(one, one.row.text("cancel_id"), one.row.text("cancel_status"), "cancel_status")


# ---------------------------------------------------------------- reports


def _figures(row: JsonObject, names: Mapping[str, str], *path: str) -> dict[str, str]:
    return {measure: row.money(*path, name) for measure, name in names.items()}


def _traffic(one: MarketReading) -> None:
    """One day. A day after the last one that is whole is not there yet; it is not zero."""
    row, zone = one.row, one.zone
    day, latest = (date.fromisoformat(row.text(name)) for name in ("start_date", "latest_available_date"))
    if day > latest:
        one.leave_out("not yet available")
        return
    period = (Period.DAY, *bounds_of(day, zone))
    one.reports(_figures(row, _DAY), period, zone, complete=True)
    money = {"revenue": row.money("gmv", "amount"), "refunded_amount": row.money("refunds", "amount")}
    currency = row.text("gmv", "currency") or one.currency
    one.reports(money, period, zone, currency=currency, complete=True)
    for measure, name in _DAY_PARTS.items():
        for part in row.rows(name):
            if part.text("type"):
                part_of_it = {"traffic": part.text("type").lower()}
                one.reports({measure: part.money("amount")}, period, zone, part_of_it, complete=True)


def _live(one: MarketReading) -> None:
    """A LIVE session is a funnel of its own: shown, clicked, ordered (unpaid ones too), paid."""
    row, zone = one.row, one.zone
    start_ms, end_ms = row.moment("start_time"), row.moment("end_time")
    if not start_ms or end_ms <= start_ms:
        one.leave_out("still running")
        return
    period, part = (Period.RANGE, start_ms, end_ms), {"live": row.text("id")}
    latest_ms = bounds_of(date.fromisoformat(row.text("latest_available_date")), zone)[1]
    is_whole = end_ms <= latest_ms
    seen = _figures(row, _LIVE_SEEN, "interaction_performance")
    one.reports(seen | _figures(row, _LIVE_SALES, "sales_performance"), period, zone, part, complete=is_whole)
    money = {"revenue": row.money("sales_performance", "gmv", "amount")}
    currency = row.text("sales_performance", "gmv", "currency") or one.currency
    one.reports(money, period, zone, part, currency, complete=is_whole)


def _service(one: MarketReading) -> None:
    day = bounds_of(date.fromisoformat(one.row.text("day")), one.zone)
    for name, unit in _SERVICE.items():
        if is_given(one.row.at(name)):
            part = {"metric": name, "unit": unit}
            one.reports({"seller_metric": one.row.money(name)}, (Period.DAY, *day), one.zone, part)


_TAKES: dict[str, Take] = {
    Resource.ORDERS: _order,
    Resource.RETURNS: _return,
    Resource.CANCELLATIONS: _cancellation,
    Resource.TRAFFIC_DAYS: _traffic,
    Resource.LIVES: _live,
    Resource.SERVICE: _service,
    "push 1": _order_push,
    "push 5": _product_push,
    "push 6": _revoked_push,
    "push 7": _ends_push,
    "push 11": _after_sale_push,
    "push 12": _after_sale_push,
    "push 27": _stock_push,
    "push 37": _product_push,
    "push 39": _promotion_push,
}
