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
from scoring.sources.json_values import UnreadableValueError, is_given
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
from streams.sources.shopee.pushes import LEFT_OUT, PUSHES, pushed, refunded
from streams.sources.shopee.statuses import STATUSES


@dataclass(frozen=True, slots=True)
class ShopeeTerms(MarketTerms):
    """The store of each shop, and the clock and money of the reports."""

    site: Country


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


def translate(delivery: RawDelivery, terms: ConnectionTerms) -> Translated:
    """All that a delivery says.

    Raises:
        TranslationError: it cannot be read at all.
    """
    return translated(delivery, terms, _TAKES, LEFT_OUT, lambda row: row.text("shop_id"), pushed)


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
    refunded(one, one.row)


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
    **PUSHES,
}
