"""What a row of TikTok's ads says: report rows of a day or an hour of one kind of campaigns. Pure: (delivery, terms) → records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scoring.records.measures import IN_MONEY
from scoring.records.raw_delivery import RawDelivery
from scoring.records.report_rules import is_complete
from scoring.sources.json_values import UnreadableValueError, shown
from scoring.sources.report_spans import DAY_OR_HOUR, read_span
from scoring.sources.translated import ConnectionTerms, Translated
from streams.sources.reading import DeliveryReading, row_of_delivery, take_row

#: the resources; and what report rows of TikTok name as their source, by whichever way they come
DAYS, HOURS, PLATFORM = "days", "hours", "tiktok_shop"


@dataclass(frozen=True, slots=True)
class CampaignKind:
    """One kind of campaigns: what GMV Max calls it (empty if it is not one), and its metrics by our measure."""

    promotion: str
    metrics: Mapping[str, str]


_GMV_MAX = {"spend": "cost", "purchases": "orders", "revenue": "gross_revenue"}
KINDS: Mapping[str, CampaignKind] = {
    "gmv_max_product": CampaignKind("PRODUCT", _GMV_MAX),
    "gmv_max_live": CampaignKind("LIVE", _GMV_MAX),
    "auction": CampaignKind("", {"spend": "spend", "impressions": "impressions", "clicks": "clicks"}),
}
KEPT: tuple[str, ...] = (
    *("when", "zone", "currency"),
    *dict.fromkeys(name for kind in KINDS.values() for name in kind.metrics.values()),
)


class TiktokAdsReading(DeliveryReading):
    """One row of TikTok's ads."""

    @property
    def reported_by(self) -> str:
        return PLATFORM


def translate(delivery: RawDelivery, terms: ConnectionTerms) -> Translated:
    """All that a row says.

    Raises:
        TranslationError: it cannot be read at all.
    """
    one = TiktokAdsReading(row_of_delivery(delivery), delivery, terms, terms.stores[0], Translated())
    topic, _, kind = delivery.topic.partition(".")
    is_known = topic in (DAYS, HOURS) and kind in KINDS
    return take_row(one, topic, (lambda reading: _reports(reading, topic, kind)) if is_known else None, None)


def _reports(one: TiktokAdsReading, topic: str, kind: str) -> None:
    row, name = one.row, one.row.text("zone")
    when = DAY_OR_HOUR.fullmatch(row.text("when"))
    if when is None or (when[2] is None) != (topic == DAYS):
        raise UnreadableValueError(f"`when`: expected a time of {topic}, got {shown(row.at('when'))}")
    span = read_span(when[1], when[2], name)
    values = {measure: row.money(field) for measure, field in KINDS[kind].metrics.items()}
    one.figures(
        values,
        span,
        name,
        {"traffic": "ads", "ads": kind},
        row.text("currency") or one.currency,
        complete=is_complete(PLATFORM, span.end_ms, one.received_ms),
        in_money=IN_MONEY,
    )
