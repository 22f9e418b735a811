"""What Shopee says: pushes, orders with details, returns, figures of ads, the shop's standing. Pure: (delivery, terms) → records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from scoring.funnel.units import DAY_MS, HOUR_MS
from scoring.records.raw_delivery import RawDelivery
from scoring.records.report_row import Period
from scoring.records.seller_metrics import TargetRule
from scoring.records.signal import SignalKind
from scoring.sources.json_values import UnreadableValueError, is_given, read_json
from scoring.sources.translated import ConnectionTerms, Translated
from streams.sources.json_object import JsonObject
from streams.sources.market_asking import bounds_of
from streams.sources.market_config import Country
from streams.sources.market_reading import (
    MarketReading,
    MarketTerms,
    Resource,
    Take,
    judged,
    rule_of,
    translated,
)


@dataclass(frozen=True, slots=True)
class ShopeeTerms(MarketTerms):
    """The store of each shop, and the clock and money of the reports."""

    site: Country


#: what a status says of an order that is not cash on delivery: paid, shipped, delivered, cancelled; None is not said
_Said = tuple[bool | None, bool | None, bool | None, bool | None]
STATUSES: dict[str, _Said] = {
    "UNPAID": (False, None, None, None),
    "PENDING": (None, None, None, None),
    "INVOICE_PENDING": (True, None, None, None),
    "READY_TO_SHIP": (True, None, None, None),
    "PROCESSED": (True, None, None, None),
    "RETRY_SHIP": (True, None, None, None),
    "SHIPPED": (True, True, None, None),
    "TO_CONFIRM_RECEIVE": (True, True, True, None),
    "COMPLETED": (True, True, True, None),
    "TO_RETURN": (True, True, None, None),
    "IN_CANCEL": (None, None, None, None),
    "CANCELLED": (None, None, None, True),
}
#: of a package: whether the carrier has it, and whether the buyer has
PARCELS: dict[str, tuple[bool, bool]] = {
    **dict.fromkeys(
        (
            *("LOGISTICS_NOT_START", "LOGISTICS_NOT_STARTED", "LOGISTICS_READY", "LOGISTICS_REQUEST_CREATED"),
            *(
                "LOGISTICS_PENDING_ARRANGE",
                "LOGISTICS_COD_REJECTED",
                "LOGISTICS_INVALID",
                "LOGISTICS_REQUEST_CANCELED",
            ),
            *("LOGISTICS_PICKUP_RETRY", "LOGISTICS_PICKUP_FAILED"),
        ),
        (False, False),
    ),
    **dict.fromkeys(("LOGISTICS_PICKUP_DONE", "LOGISTICS_DELIVERY_FAILED", "LOGISTICS_LOST"), (True, False)),
    "LOGISTICS_DELIVERY_DONE": (True, True),
}
#: what a return says of its money: True: it is given back
RETURNED: dict[str, bool] = {
    "ACCEPTED": True,
    **dict.fromkeys(("REQUESTED", "CANCELLED", "JUDGING", "CLOSED", "PROCESSING", "SELLER_DISPUTE"), False),
}
#: measure ← field of a row of ads
_ADS = {
    "impressions": "impression",
    "clicks": "clicks",
    "purchases": "broad_order",
    "units": "broad_item_sold",
}
_ADS_MONEY = {"revenue": "broad_gmv", "spend": "expense"}
_ADS_PART = {"traffic": "ads"}
#: units of metrics, by Shopee's number
_UNITS = {1: "number", 2: "percent", 3: "seconds", 4: "days", 5: "hours"}
#: what a metric must be to its target
_RULES = {rule.value: rule for rule in TargetRule}
_OPEN = frozenset({"NORMAL"})
_SHUT = frozenset({"BANNED", "FROZEN"})

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


def translate(delivery: RawDelivery, terms: ConnectionTerms) -> Translated:
    """All that a delivery says.

    Raises:
        TranslationError: it cannot be read at all.
    """
    return translated(delivery, terms, _TAKES, LEFT_OUT, lambda row: row.text("shop_id"), _pushed)


def _pushed(row: JsonObject) -> str:
    """The topic of a push, however it came."""
    return f"push {row.text('code')}" if "code" in row and "data" in row else ""


# ---------------------------------------------------------------- pushes


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
    _refunded(one, row)


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


# ---------------------------------------------------------------- orders and returns


def _order(one: MarketReading) -> None:
    row = one.row
    status = one.word(row.text("order_status"), "order_status", STATUSES)
    is_paid, is_shipped, is_delivered, is_cancelled = STATUSES.get(status, (None, None, None, None))
    is_cod, updated_ms = row.answer("cod"), row.moment("update_time")
    paid_ms, shipped_ms = row.moment("pay_time"), row.moment("pickup_done_time")
    if is_cod:
        # it may ship without being paid; the money is there once Shopee says when
        is_paid = True if paid_ms and shipped_ms else None
    elif paid_ms:
        is_paid = True
    one.order(
        row.text("order_sn"),
        as_of_ms=updated_ms,
        placed_ms=row.moment("create_time"),
        paid_ms=paid_ms,
        shipped_ms=shipped_ms,
        delivered_ms=updated_ms if status == "TO_CONFIRM_RECEIVE" else 0,
        cancelled_ms=updated_ms if is_cancelled else 0,
        is_paid=is_paid,
        is_shipped=True if shipped_ms else is_shipped,
        is_delivered=is_delivered,
        is_cancelled=is_cancelled,
        on_hold=status == "PENDING" or bool(row.at("pending_terms"))
        if "pending_terms" in row or status == "PENDING"
        else None,
        amount=row.money("total_amount"),
        currency=row.text("currency") or one.currency,
        units=sum(line.whole("model_quantity_purchased") for line in row.rows("item_list")),
        cod=is_cod,
        buyer=row.text("buyer_user_id"),
        country=row.text("recipient_address", "region") or row.text("region"),
        payment_method=row.text("payment_method")[:64],
        parcels=len(list(row.rows("package_list"))),
    )


def _return(one: MarketReading) -> None:
    _refunded(one, one.row)


def _refunded(one: MarketReading, row: JsonObject) -> None:
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


# ---------------------------------------------------------------- figures of ads


def _figures(row: JsonObject) -> dict[str, str]:
    return {measure: row.money(name) for measure, name in {**_ADS, **_ADS_MONEY}.items()}


def _ads_day(one: MarketReading) -> None:
    site = _site(one)
    day = datetime.strptime(one.row.text("date"), "%d-%m-%Y").date()  # noqa: DTZ007
    begin_ms, end_ms = bounds_of(day, site.zone)
    one.reports(_figures(one.row), (Period.DAY, begin_ms, end_ms), site.zone, _ADS_PART, site.currency)


def _ads_hours(one: MarketReading) -> None:
    """The hours of a day. An hour that has not begun is not there; it is not zero."""
    site = _site(one)
    begin = datetime.fromisoformat(one.row.text("day")).replace(tzinfo=ZoneInfo(site.zone))
    for row in one.row.rows("hours"):
        hour = row.whole("hour")
        if not 0 <= hour < 24:
            raise UnreadableValueError(f"`hour`: expected 0 to 23, got {hour}")
        begin_ms = round((begin + timedelta(hours=hour)).timestamp() * 1000)
        period = (Period.HOUR, begin_ms, begin_ms + HOUR_MS)
        is_over = one.received_ms >= begin_ms + 2 * HOUR_MS
        if one.received_ms >= begin_ms:
            one.reports(_figures(row), period, site.zone, _ADS_PART, site.currency, complete=is_over)


def _site(one: MarketReading) -> Country:
    terms: ShopeeTerms = one.terms.settings
    return terms.site


# ---------------------------------------------------------------- the shop's standing


def _day(one: MarketReading) -> tuple[int, int]:
    """The day on which something was asked for."""
    return bounds_of(datetime.fromisoformat(one.row.text("day")).date(), _site(one).zone)


def _performance(one: MarketReading) -> None:
    """Metrics with the target that the answer names. null is not measured: it is not zero."""
    begin_ms, end_ms = _day(one)
    for row in one.row.rows("metric_list"):
        if not is_given(row.at("current_period")):
            continue
        unit = row.whole("unit")
        if unit not in _UNITS:
            one.gap("value", "unit", str(unit))
        part = {"metric": row.text("metric_name") or row.text("metric_id"), "unit": _UNITS.get(unit, "")}
        part = {name: text for name, text in part.items() if text}
        rule = rule_of(one, row.text("target", "comparator"), "comparator", _RULES)
        said = row.money("current_period"), row.money("target", "value")
        judged(one, said, rule, (begin_ms, end_ms), _site(one).zone, part)


def _listing(one: MarketReading) -> None:
    begin_ms, end_ms = _day(one)
    one.signal(
        SignalKind.LISTING_ISSUE,
        one.row.text("item_id"),
        begin_ms,
        end_ms,
        {"reason": one.row.text("reason")},
    )


def _penalty(one: MarketReading) -> None:
    row = one.row
    details = {"points": row.text("latest_point_num"), "violation": row.text("violation_type")}
    at_ms = row.moment("issue_time")
    one.signal(SignalKind.ACCOUNT_AT_RISK, row.text("reference_id"), at_ms, at_ms, details)


def _punishment(one: MarketReading) -> None:
    row = one.row
    details = {"punishment": row.text("punishment_type"), "reason": row.text("reason")}
    begin_ms = row.moment("start_time") or row.moment("issue_time")
    about = row.text("reference_id")
    one.signal(SignalKind.ACCOUNT_AT_RISK, about, begin_ms, row.moment("end_time"), details)


def _shop(one: MarketReading) -> None:
    """When the authorisation ends, said from 30 days before on; and a shop that is shut."""
    ends_ms, status = one.row.moment("expire_time"), one.row.text("status")
    if ends_ms and ends_ms - one.received_ms <= 30 * DAY_MS:
        one.signal(SignalKind.AUTHORISATION_ENDS, "authorisation", ends_ms - 30 * DAY_MS, ends_ms)
    if one.word(status, "shop.status", _OPEN | _SHUT) in _SHUT:
        begin_ms, end_ms = _day(one)
        one.signal(SignalKind.SHOP_CLOSED, "shop", begin_ms, end_ms, {"status": status})


_TAKES: dict[str, Take] = {
    Resource.ORDERS: _order,
    Resource.RETURNS: _return,
    Resource.ADS_DAYS: _ads_day,
    Resource.ADS_HOURS: _ads_hours,
    Resource.PERFORMANCE: _performance,
    Resource.LISTINGS: _listing,
    Resource.PENALTIES: _penalty,
    Resource.PUNISHMENTS: _punishment,
    Resource.SHOP: _shop,
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
