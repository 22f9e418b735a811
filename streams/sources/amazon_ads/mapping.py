"""What Amazon's ads say: a campaign's day, an addition to a campaign's hour, a budget that is used up. Pure: (delivery, terms) → records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scoring.funnel.units import HOUR_MS
from scoring.records.measures import IN_MONEY
from scoring.records.raw_delivery import RawDelivery
from scoring.records.report_row import Period
from scoring.records.report_rules import is_complete
from scoring.records.signal import SignalKind
from scoring.sources.json_values import UnreadableValueError
from scoring.sources.report_spans import read_span
from scoring.sources.translated import ConnectionTerms, Translated
from streams.sources.reading import DeliveryReading, row_of_delivery, take_row

#: the resources; and what report rows of Amazon name as their source, by whichever way they come
DAYS, STREAM, PLATFORM = "days", "stream", "amazon"
#: percent of a budget from which on it is used up
_USED_UP = 100


@dataclass(frozen=True, slots=True)
class AdKind:
    """One kind of ads: what Amazon calls it and its report, and its columns by our measure."""

    name: str
    report: str
    columns: Mapping[str, str]


_SEEN = {"impressions": "impressions", "clicks": "clicks", "spend": "cost"}
#: of a click within seven days, and of the others within fourteen
_SEVEN = {"purchases": "purchases7d", "revenue": "sales7d", "units": "unitsSoldClicks7d"}
_FOURTEEN = {"purchases": "purchases", "revenue": "sales", "units": "unitsSold"}
KINDS: Mapping[str, AdKind] = {
    "sponsored_products": AdKind("SPONSORED_PRODUCTS", "spCampaigns", _SEEN | _SEVEN),
    "sponsored_brands": AdKind("SPONSORED_BRANDS", "sbCampaigns", _SEEN | _FOURTEEN),
    "sponsored_display": AdKind("SPONSORED_DISPLAY", "sdCampaigns", _SEEN | _FOURTEEN),
}
#: of a message: the first letters of its data set, and which kind of ads that is
_SETS = {"sp": "sponsored_products", "sb": "sponsored_brands", "sd": "sponsored_display"}
_ATTRIBUTED = {"sponsored_products": "7d", "sponsored_brands": "14d", "sponsored_display": "14d"}

DAY_FIELDS: tuple[str, ...] = (
    *("row", "date", "campaignId", "zone", "currency"),
    *dict.fromkeys(column for kind in KINDS.values() for column in kind.columns.values()),
)
STREAM_FIELDS: tuple[str, ...] = (
    *("message", "datasetid", "marketplaceid", "currency", "campaignid", "timewindowstart"),
    *("impressions", "clicks", "cost"),
    *(
        f"attributed{name}{days}"
        for days in ("7d", "14d")
        for name in ("conversions", "sales", "unitsordered")
    ),
    *("budgetscopeid", "budgetscopetype", "budgetusagepercentage", "usageupdatedtimestamp"),
)


def spelled(name: str) -> str:
    """A name of Marketing Stream in one spelling: its data sets have ``time_window_start`` and ``timeWindowStart``."""
    return name.replace("_", "").lower()


class AdsReading(DeliveryReading):
    """One row of Amazon's ads."""

    @property
    def reported_by(self) -> str:
        return PLATFORM


def translate(delivery: RawDelivery, terms: ConnectionTerms) -> Translated:
    """All that a row says.

    Raises:
        TranslationError: it cannot be read at all.
    """
    one = AdsReading(row_of_delivery(delivery), delivery, terms, terms.stores[0], Translated())
    topic, _, kind = delivery.topic.partition(".")
    if topic == DAYS and kind in KINDS:
        return take_row(one, topic, lambda reading: _day(reading, kind), None)
    return take_row(one, topic, _message if topic == STREAM else None, None)


def _part(kind: str, campaign: str) -> dict[str, str]:
    if not campaign:
        raise UnreadableValueError("figures of ads without their campaign cannot be kept apart")
    return {"traffic": "ads", "ads": kind, "campaign": campaign}


def _day(one: AdsReading, kind: str) -> None:
    """A campaign's day. A campaign without anything has no row, which is not 0."""
    row, name = one.row, one.row.text("zone")
    span = read_span(row.text("date"), None, name)
    values = {measure: row.money(column) for measure, column in KINDS[kind].columns.items()}
    one.figures(
        values,
        span,
        name,
        _part(kind, row.text("campaignId")),
        row.text("currency") or one.currency,
        complete=is_complete(PLATFORM, span.end_ms, one.received_ms),
        in_money=IN_MONEY,
    )


def _message(one: AdsReading) -> None:
    """A message, by its data set: ``sp-traffic``, ``sb-conversion``, ``budget-usage``. Others are named."""
    name = one.row.text("datasetid").lower()
    take = _BY_SET.get(name.rpartition("-")[2]) if name.partition("-")[0] in _SETS else None
    if name == "budget-usage" or name.endswith("-budget-usage"):
        _budget(one)
    elif take is not None:
        take(one)
    else:
        one.gap("value", "dataset_id", name or "-")


def _addition(one: AdsReading, columns: Mapping[str, str]) -> None:
    """What is added to an hour: corrections of clicks that do not count have a minus. Each message is a part of its own."""
    row, kind = one.row, _SETS[one.row.text("datasetid").lower().partition("-")[0]]
    begin_ms = row.moment("timewindowstart")
    if not begin_ms:
        raise UnreadableValueError("an addition to an hour that is not named cannot be counted")
    begin_ms -= begin_ms % HOUR_MS
    values = {measure: row.money(column) for measure, column in columns.items()}
    part = _part(kind, row.text("campaignid")) | {"message": row.text("message")}
    period, currency = (Period.HOUR, begin_ms, begin_ms + HOUR_MS), row.text("currency") or one.currency
    values = {measure: value for measure, value in values.items() if value and float(value)}
    if not values:
        one.leave_out("nothing is added")
        return
    one.reports(values, period, "UTC", part, currency, complete=True, in_money=IN_MONEY)


def _traffic(one: AdsReading) -> None:
    _addition(one, _SEEN)


def _conversion(one: AdsReading) -> None:
    days = _ATTRIBUTED[_SETS[one.row.text("datasetid").lower().partition("-")[0]]]
    names = {"purchases": "conversions", "revenue": "sales", "units": "unitsordered"}
    _addition(one, {measure: f"attributed{name}{days}" for measure, name in names.items()})


def _budget(one: AdsReading) -> None:
    """A budget that is used up: its ads are not shown until the next day."""
    row = one.row
    at_ms, percent = (
        row.moment("usageupdatedtimestamp") or one.received_ms,
        row.money("budgetusagepercentage"),
    )
    if not percent:
        raise UnreadableValueError("the use of a budget without its share says nothing")
    if float(percent) < _USED_UP:
        one.leave_out("a budget is not used up")
        return
    details = {"scope": row.text("budgetscopetype").lower(), "percent": percent}
    one.signal(SignalKind.AD_BUDGET_SPENT, row.text("budgetscopeid"), at_ms, at_ms, details)


_BY_SET: Mapping[str, Callable[[AdsReading], None]] = {"traffic": _traffic, "conversion": _conversion}
