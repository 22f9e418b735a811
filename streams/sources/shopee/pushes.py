"""What Shopee's pushes say. Pure: (delivery, terms) → records."""

from __future__ import annotations

from scoring.funnel.units import DAY_MS
from scoring.records.signal import SignalKind
from scoring.sources.json_values import UnreadableValueError, is_given, read_json
from streams.sources.json_object import JsonObject
from streams.sources.market_reading import MarketReading, Take
from streams.sources.shopee.statuses import PARCELS, RETURNED, STATUSES

#: pushes that are known and say nothing that is counted here, and why
LEFT_OUT: dict[str, str] = {
    "push 1": "a shop was authorised; who authorised it added the connection",
    "push 5": "news of Shopee",
    "push 8": "reserved stock is not sold out",
    "push 10": "chat",
    "push 11": "videos",
    "push 13": "brands",
    "push 15": "papers of a parcel",
}


def pushed(row: JsonObject) -> str:
    """The topic of a push, however it came."""
    return f"push {row.text('code')}" if "code" in row and "data" in row else ""


def _data(one: MarketReading) -> JsonObject:
    """What a push is about; older pushes hold it as text."""
    found = one.row.at("data")
    return JsonObject(read_json(found) if isinstance(found, str) else found)


def _number(row: JsonObject) -> str:
    return row.text("ordersn") or row.text("order_sn")


def _order_push(one: MarketReading) -> None:
    """Push 3: a status. Whether it is cash on delivery is not said, so what it says of payment is left to the order itself."""
    row = _data(one)
    status = one.word(row.text("status") or row.text("order_status"), "status", STATUSES)
    at_ms = row.moment("update_time") or one.row.moment("timestamp")
    is_paid, is_shipped, is_delivered, is_cancelled = STATUSES.get(status, (None, None, None, None))
    one.order(
        _number(row),
        as_of_ms=at_ms,
        is_paid=is_paid if is_paid is False else None,
        is_shipped=is_shipped,
        is_delivered=is_delivered,
        is_cancelled=is_cancelled,
        shipped_ms=at_ms if status == "SHIPPED" else 0,
        delivered_ms=at_ms if status == "TO_CONFIRM_RECEIVE" else 0,
        cancelled_ms=at_ms if is_cancelled else 0,
    )


def _parcel_push(one: MarketReading) -> None:
    """Push 30: a package's status. Push 4 gives its number, which is not a handover."""
    row = _data(one)
    names = ("package_status", "fulfillment_status", "logistics_status", "status")
    status = one.word(
        next((text for name in names if (text := row.text(name))), ""), "package_status", PARCELS
    )
    has_carrier, has_buyer = PARCELS.get(status, (False, False))
    at_ms = row.moment("update_time") or one.row.moment("timestamp")
    one.order(
        _number(row),
        as_of_ms=at_ms,
        shipped_ms=at_ms if has_carrier and not has_buyer else 0,
        is_shipped=has_carrier or None,
        delivered_ms=at_ms if has_buyer else 0,
        parcels=1,
    )


def _tracking_push(one: MarketReading) -> None:
    row = _data(one)
    one.order(_number(row), as_of_ms=row.moment("update_time") or one.row.moment("timestamp"), parcels=1)


def _return_push(one: MarketReading) -> None:
    """Push 29. It seldom says the money, which the list of returns does."""
    row = _data(one)
    if not is_given(row.at("refund_amount")):
        one.leave_out("without money: the list of returns says it")
        return
    refunded(one, row)


def _ends_push(one: MarketReading) -> None:
    """Push 12: the authorisation ends in a week."""
    row = _data(one)
    ends_ms = row.moment("expire_before") or one.row.moment("timestamp") + 7 * DAY_MS
    one.signal(SignalKind.AUTHORISATION_ENDS, "authorisation", ends_ms - 30 * DAY_MS, ends_ms)


def _revoked_push(one: MarketReading) -> None:
    one.signal(SignalKind.ACCESS_REVOKED, "app", one.row.moment("timestamp") or one.received_ms)


def _violation_push(one: MarketReading) -> None:
    """Pushes 6 and 16: a listing is banned, or breaks a rule."""
    row, about = _data(one), one.row.text("data", "item_id")
    at_ms = row.moment("update_time") or one.row.moment("timestamp") or one.received_ms
    one.signal(SignalKind.LISTING_SUPPRESSED, about, at_ms, at_ms)


def _promotion_push(one: MarketReading) -> None:
    """Pushes 7 and 9: a promotion of a listing changed."""
    row = _data(one)
    at_ms = row.moment("update_time") or one.row.moment("timestamp") or one.received_ms
    one.signal(SignalKind.PROMOTION, row.text("item_id"), at_ms, at_ms)


def refunded(one: MarketReading, row: JsonObject) -> None:
    """Money that a return gives back, once."""
    number, at_ms = row.text("return_sn"), row.moment("update_time")
    status = one.word(row.text("status"), "return_status", RETURNED)
    if not number or not at_ms:
        raise UnreadableValueError("a return without its number or time cannot be counted once")
    if not RETURNED.get(status, False):
        one.leave_out(f"{status or 'unknown'}: no money was given back")
        return
    one.order(
        _number(row),
        as_of_ms=at_ms,
        refunds={number: row.money("refund_amount")},
        refund_times={number: at_ms},
    )


PUSHES: dict[str, Take] = {
    "push 2": _revoked_push,
    "push 3": _order_push,
    "push 4": _tracking_push,
    "push 6": _violation_push,
    "push 7": _promotion_push,
    "push 9": _promotion_push,
    "push 12": _ends_push,
    "push 16": _violation_push,
    "push 29": _return_push,
    "push 30": _parcel_push,
}
