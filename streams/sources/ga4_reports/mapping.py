"""What a row of GA4's Data API says: report rows of a day or an hour of the property's clock. Pure: (delivery, terms) → records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from scoring.records.raw_delivery import RawDelivery
from scoring.records.report_row import BadRecordError, ReportRow, check_report_row
from scoring.sources.json_mapping import LONGEST_PAYLOAD
from scoring.sources.json_values import (
    UnreadableValueError,
    is_given,
    json_text,
    money_of,
    read_json,
    shown,
    text_of,
)
from scoring.sources.report_spans import span_on_clock
from scoring.sources.translated import ConnectionTerms, MappingGap, SetAside, Translated, TranslationError

#: the resources, the dimension of each, and what report rows of GA4 name as their source, by whichever way they come
DAYS, HOURS, PLATFORM = "days", "hours", "ga4"
DIMENSIONS: Mapping[str, str] = {DAYS: "date", HOURS: "dateHour"}
#: our measure → GA4's metric
MEASURES: Mapping[str, str] = {
    "sessions": "sessions",
    "visitors": "activeUsers",
    "page_views": "screenPageViews",
    "impressions": "itemListViewEvents",
    "clicks": "itemViewEvents",
    "add_to_cart": "addToCarts",
    "checkouts": "checkouts",
    "orders": "ecommercePurchases",
    "revenue": "purchaseRevenue",
}
KEPT: tuple[str, ...] = (*MEASURES.values(), "when", "zone", "currency", "partial", "complete")
_WHEN = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:T([01]\d|2[0-3]))?")
#: a fraction in the form that large and small ones are written in
_SCIENTIFIC = re.compile(r"[+-]?\d+(\.\d+)?[eE][+-]?\d+")


def translate(delivery: RawDelivery, terms: ConnectionTerms) -> Translated:
    """All that a row says.

    Raises:
        TranslationError: it cannot be read at all.
    """
    try:
        row = read_json(delivery.body)
    except UnreadableValueError as error:
        raise TranslationError(str(error)) from error
    if not isinstance(row, dict):
        raise TranslationError(f"expected an object, got {shown(row)}")
    done = Translated()
    if delivery.topic not in DIMENSIONS:
        done.gaps.append(MappingGap("topic", delivery.topic or "-"))
        return done
    try:
        done.reports += _reports(row, delivery, terms)
        if why := text_of(row.get("partial"), "partial"):
            done.gaps.append(MappingGap("figures of a part of the events", why[:64]))
    except (UnreadableValueError, BadRecordError) as error:
        done.set_aside.append(SetAside(str(error), delivery.topic, json_text(row)[:LONGEST_PAYLOAD]))
    return done


def _reports(row: dict[str, Any], delivery: RawDelivery, terms: ConnectionTerms) -> list[ReportRow]:
    zone, when = text_of(row.get("zone"), "zone"), _WHEN.fullmatch(text_of(row.get("when"), "when"))
    if when is None or (when[4] is None) != (delivery.topic == DAYS):
        raise UnreadableValueError(
            f"`when`: expected {DIMENSIONS[delivery.topic]}, got {shown(row.get('when'))}"
        )
    try:
        day = date(int(when[1]), int(when[2]), int(when[3]))
        span = span_on_clock(day, None if when[4] is None else int(when[4]), ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UnreadableValueError(f"the period of a row cannot be read: {error}") from error
    values = {
        name: _figure(row[metric], metric) for name, metric in MEASURES.items() if is_given(row.get(metric))
    }
    if not values:
        raise UnreadableValueError("none of the figures that were asked for is there")
    currency = text_of(row.get("currency"), "currency")
    made = [
        ReportRow(
            store_id=terms.stores[0],
            source=PLATFORM,
            measure=name,
            period=span.period,
            period_start_ms=span.start_ms,
            period_end_ms=span.end_ms,
            zone=zone,
            value=value,
            currency=currency if name == "revenue" else "",
            # a figure of a part of the events is kept and shown, and never judged as if it were all
            complete=row.get("complete") is True and not is_given(row.get("partial")),
            told_at_ms=delivery.received_at_ms,
            connection=terms.name,
        )
        for name, value in values.items()
    ]
    for one in made:
        check_report_row(one)
    return made


def _figure(value: Any, name: str) -> str:
    if isinstance(value, str) and _SCIENTIFIC.fullmatch(value):
        value = f"{float(value):.6f}"
    return money_of(value, name)
