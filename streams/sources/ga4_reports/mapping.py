"""What a row of GA4's Data API says: report rows of a day or an hour of the property's clock. Pure: (delivery, terms) → records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from scoring.records.raw_delivery import RawDelivery
from scoring.sources.json_values import UnreadableValueError, money_of, shown
from scoring.sources.report_spans import DAY_OR_HOUR, read_span
from scoring.sources.translated import ConnectionTerms, Translated
from streams.sources.reading import DeliveryReading, row_of_delivery, take_row

#: the resources, the dimension of each, and what report rows of GA4 name as their source, by whichever way they come
DAYS, HOURS, PLATFORM = "days", "hours", "ga4"
DIMENSIONS: Mapping[str, str] = {DAYS: "date", HOURS: "dateHour"}
#: our measure → GA4's metric
MEASURES: Mapping[str, str] = {
    "sessions": "sessions",
    "engaged_sessions": "engagedSessions",
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
#: a fraction in the form that large and small ones are written in
_SCIENTIFIC = re.compile(r"[+-]?\d+(\.\d+)?[eE][+-]?\d+")


class Ga4Reading(DeliveryReading):
    """One row of the Data API."""

    @property
    def reported_by(self) -> str:
        return PLATFORM


def translate(delivery: RawDelivery, terms: ConnectionTerms) -> Translated:
    """All that a row says.

    Raises:
        TranslationError: it cannot be read at all.
    """
    one = Ga4Reading(row_of_delivery(delivery), delivery, terms, terms.stores[0], Translated())
    return take_row(one, delivery.topic, _reports if delivery.topic in DIMENSIONS else None, None)


def _reports(one: Ga4Reading) -> None:
    row, topic = one.row, one.delivery.topic
    zone, when = row.text("zone"), DAY_OR_HOUR.fullmatch(row.text("when"))
    if when is None or (when[2] is None) != (topic == DAYS):
        raise UnreadableValueError(f"`when`: expected {DIMENSIONS[topic]}, got {shown(row.at('when'))}")
    span = read_span(when[1], when[2], zone)
    values = {name: _figure(row.at(metric), metric) for name, metric in MEASURES.items()}
    partial = row.text("partial")
    one.figures(
        values,
        span,
        zone,
        currency=row.text("currency"),
        # a figure of a part of the events is kept and shown, and never judged as if it were all
        complete=row.at("complete") is True and not partial,
        in_money=("revenue",),
    )
    if partial:
        one.gap("figures of a part of the events", partial)


def _figure(value: Any, name: str) -> str:
    if isinstance(value, str) and _SCIENTIFIC.fullmatch(value):
        value = f"{float(value):.6f}"
    return money_of(value, name)
