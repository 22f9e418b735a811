"""What Amazon says: orders, sales by hour, sales and traffic by day. Pure: (delivery, terms) → records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from scoring.funnel.units import DAY_MS, HOUR_MS
from scoring.records.order_facts import OrderKind
from scoring.records.raw_delivery import RawDelivery
from scoring.records.report_row import Period
from scoring.records.seller_metrics import TargetRule
from scoring.records.signal import SignalKind
from scoring.sources.json_values import UnreadableValueError, is_given, money_of
from scoring.sources.translated import ConnectionTerms, Translated
from streams.sources.amazon.notices import LEFT_OUT, NOTICES, marketplace_of
from streams.sources.json_object import JsonObject
from streams.sources.market_asking import bounds_of
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
class AmazonTerms(MarketTerms):
    """The store of each marketplace, and the zone of its reports' days."""

    zones: dict[str, str]


#: what a status says: paid, shipped, on hold, cancelled; None is not said
_Said = tuple[bool | None, bool | None, bool | None, bool | None]
STATUSES: dict[str, _Said] = {
    "PENDING_AVAILABILITY": (False, None, True, None),
    "PENDING": (False, None, None, None),
    "UNSHIPPED": (True, None, False, None),
    "PARTIALLY_SHIPPED": (True, True, False, None),
    "SHIPPED": (True, True, False, None),
    "CANCELLED": (None, None, None, True),
    "UNFULFILLABLE": (None, None, None, None),
}
_OWN_CHANNEL = "AMAZON"
_METRICS = {"orders": "orderCount", "order_items": "orderItemCount", "units": "unitCount"}
_SALES = {
    "units": "unitsOrdered", "order_items": "totalOrderItems", "refunded_units": "unitsRefunded", "shipped_units": "unitsShipped",
    "shipped_orders": "ordersShipped",
}  # fmt: skip
_MONEY = {"revenue": "orderedProductSales", "shipped_revenue": "shippedProductSales"}
#: a status of the account, and whether it is at risk: SUSPENDED is in Amazon's own sample, though not in its list
#: what a metric must be to its target, to stay in good status
_RULES = {"GREATER_THAN": TargetRule.ABOVE, "LESS_THAN": TargetRule.BELOW, "EQUALS": TargetRule.EQUAL}
_ACCOUNT = {"NORMAL": False, "AT_RISK": True, "DEACTIVATED": True, "SUSPENDED": True}
_TRAFFIC = {"sessions": "sessions", "page_views": "pageViews"}


def translate(delivery: RawDelivery, terms: ConnectionTerms) -> Translated:
    """All that a delivery says.

    Raises:
        TranslationError: it cannot be read at all.
    """
    return translated(delivery, terms, _TAKES, LEFT_OUT, _shop_of, lambda row: row.text("notificationType"))


def _shop_of(row: JsonObject) -> str:
    return row.text("salesChannel", "marketplaceId") or marketplace_of(row) or row.text("marketplaceId")


# ---------------------------------------------------------------- orders


def _order(one: MarketReading) -> None:
    row = one.row
    channel = row.text("salesChannel", "channelName").upper()
    if channel and channel != _OWN_CHANNEL:
        one.leave_out("of another channel, which Amazon only sends out")
        return
    status = one.word(row.text("fulfillment", "fulfillmentStatus"), "fulfillmentStatus", STATUSES)
    is_paid, is_shipped, on_hold, is_cancelled = STATUSES.get(status, (None, None, None, None))
    number, placed_ms, updated_ms = (
        row.text("orderId"),
        row.moment("createdTime"),
        row.moment("lastUpdatedTime"),
    )
    if is_paid and placed_ms:
        # Amazon does not say when: no earlier than it was placed, and whatever says it better is newer
        one.order(number, as_of_ms=placed_ms, paid_ms=placed_ms)
    sent = [at_ms for parcel in row.rows("packages") if (at_ms := parcel.moment("shipTime"))]
    one.order(
        number,
        as_of_ms=updated_ms,
        placed_ms=placed_ms,
        # it leaves PENDING once its payment is authorised
        paid_ms=updated_ms if status == "UNSHIPPED" else 0,
        shipped_ms=min(sent) if sent else updated_ms if is_shipped else 0,
        cancelled_ms=updated_ms if is_cancelled else 0,
        is_paid=is_paid,
        is_shipped=is_shipped,
        is_cancelled=is_cancelled,
        on_hold=on_hold,
        amount=row.money("proceeds", "grandTotal", "amount"),
        currency=row.text("proceeds", "grandTotal", "currencyCode") or one.currency,
        units=sum(line.whole("quantityOrdered") for line in row.rows("orderItems")),
        kind=_kind(row),
        parcels=len(list(row.rows("packages"))),
    )


def _kind(row: JsonObject) -> OrderKind:
    kinds = [other.text("associationType").upper() for other in row.rows("associatedOrders")]
    if any("REPLACEMENT" in kind for kind in kinds):
        return OrderKind.REPLACEMENT
    return OrderKind.EXCHANGE if any("EXCHANGE" in kind for kind in kinds) else OrderKind.ORDINARY


# ---------------------------------------------------------------- reports


def _zone(one: MarketReading) -> str:
    terms: AmazonTerms = one.terms.settings
    return terms.zones[one.shop]


def _sales(one: MarketReading) -> None:
    """The sales of an interval, which Amazon may still add to for two days."""
    row = one.row
    begin_ms, end_ms = _interval(row.text("interval"))
    lasts_ms = end_ms - begin_ms
    kind = (
        Period.HOUR
        if lasts_ms == HOUR_MS
        else Period.DAY
        if abs(lasts_ms - DAY_MS) <= HOUR_MS
        else Period.RANGE
    )
    period, zone = (kind, begin_ms, end_ms), _zone(one)
    one.reports({measure: row.money(name) for measure, name in _METRICS.items()}, period, zone)
    money, currency = row.money("totalSales", "amount"), row.text("totalSales", "currencyCode")
    if money:
        one.reports({"revenue": money}, period, zone, currency=currency or one.currency)


def _interval(text: str) -> tuple[int, int]:
    """``2026-11-28T08:00Z--2026-11-28T09:00Z``.

    Raises:
        UnreadableValueError: it is none, or ends before it begins: what cannot be placed in time cannot be counted.
    """
    try:
        begin, end = (datetime.fromisoformat(part) for part in text.split("--"))
        begin_ms, end_ms = (round(one.timestamp() * 1000) for one in (begin, end))
    except ValueError:
        raise UnreadableValueError(
            f"`interval`: expected two times with -- between, got {text[:64]!r}"
        ) from None
    if begin.tzinfo is None or end.tzinfo is None or end_ms <= begin_ms:
        raise UnreadableValueError(
            f"`interval`: {text[:64]!r} ends before it begins, or its times have no offset"
        )
    return begin_ms, end_ms


def _percent(row: JsonObject, *names: str) -> str:
    """A share, which Amazon writes in hundredths."""
    return money_of(row.at(*names), ".".join(names), decimals=2)


def _traffic(one: MarketReading) -> None:
    """One day of the report."""
    period = (Period.DAY, *bounds_of(date.fromisoformat(one.row.text("date")), _zone(one)))
    _day(one, period, "salesByDate", "trafficByDate")


def _kiosk(one: MarketReading) -> None:
    """One day of Data Kiosk, of the account or of a product."""
    row, zone = one.row, _zone(one)
    first, last = (date.fromisoformat(row.text(name)) for name in ("startDate", "endDate"))
    if first != last:
        raise UnreadableValueError("figures of more than one day, where days were asked for")
    product = row.text("childAsin")
    _day(
        one,
        (Period.DAY, *bounds_of(first, zone)),
        "sales",
        "traffic",
        {"product": product} if product else {},
    )


def _day(
    one: MarketReading,
    period: tuple[Period, int, int],
    sales: str,
    traffic: str,
    part: Mapping[str, str] | None = None,
) -> None:
    """Sales and traffic. Sessions come days after sales: none of them, where there are orders, is "not yet" and not zero."""
    row, zone = one.row, _zone(one)
    figures = {measure: row.money(sales, name) for measure, name in _SALES.items()}
    seen = {measure: row.money(traffic, name) for measure, name in _TRAFFIC.items()}
    seen["featured_offer_share"] = _percent(row, traffic, "buyBoxPercentage")
    if row.whole(sales, "totalOrderItems") and not row.whole(traffic, "sessions"):
        one.leave_out("sessions are not there yet")
        seen = {}
    one.reports(figures | seen, period, zone, part)
    for measure, name in _MONEY.items():
        if is_given(row.at(sales, name, "amount")):
            currency = row.text(sales, name, "currencyCode") or one.currency
            one.reports({measure: row.money(sales, name, "amount")}, period, zone, part, currency)


def _health(one: MarketReading) -> None:
    """How Amazon judges the account. A metric without a rate is a count of defects; one without either is not measured."""
    row, zone = one.row, _zone(one)
    day = bounds_of(date.fromisoformat(row.text("day")), zone)
    for metric in row.rows("metrics"):
        has_rate = is_given(metric.at("rate"))
        value = metric.money("rate" if has_rate else "defectsCount")
        if value:
            part = {"metric": metric.text("metric"), "unit": "share" if has_rate else "number"}
            rule = rule_of(one, metric.text("targetCondition").upper(), "targetCondition", _RULES)
            judged(one, (value, metric.money("targetValue")), rule, day, zone, part)
    status = one.word(row.text("status").upper(), "status", _ACCOUNT)
    if _ACCOUNT.get(status):
        one.signal(SignalKind.ACCOUNT_AT_RISK, "account", *day, {"status": status})


def _feedback(one: MarketReading) -> None:
    """What the reviews of half a year speak of. The spans of two days overlap: shares and mentions are never added."""
    row = one.row
    span = row.moment("startDate"), row.moment("endDate")
    if not span[0] or span[1] <= span[0]:
        raise UnreadableValueError("topics without the time that they are of cannot be kept")
    for topic in row.rows("topics"):
        figures = {
            "review_mentions": topic.money("numberOfMentions"),
            "review_topic_share": _percent(topic, "occurrencePercentage"),
        }
        part = {
            "product": row.text("asin"),
            "topic": topic.text("topic"),
            "sentiment": topic.text("sentiment"),
        }
        one.reports(figures, (Period.RANGE, *span), "UTC", part, complete=True)


_TAKES: dict[str, Take] = {
    Resource.ORDERS: _order,
    Resource.SALES_HOURS: _sales,
    Resource.TRAFFIC_DAYS: _traffic,
    Resource.KIOSK_DAYS: _kiosk,
    Resource.KIOSK_PRODUCTS: _kiosk,
    Resource.HEALTH: _health,
    Resource.FEEDBACK: _feedback,
    **NOTICES,
}
