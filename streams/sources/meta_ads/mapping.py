"""What a row of Meta's ads says: report rows of a day or an hour, or an ad that is rejected. Pure: (delivery, terms) → records."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from scoring.records.measures import IN_MONEY
from scoring.records.raw_delivery import RawDelivery
from scoring.records.signal import SignalKind
from scoring.sources.json_values import UnreadableValueError, is_given, money_of, shown, text_of
from scoring.sources.report_spans import ClockSpan, span_on_clock
from scoring.sources.translated import ConnectionTerms, Translated
from streams.sources.json_object import JsonObject
from streams.sources.reading import DeliveryReading, row_of_delivery, take_row

#: the resources; and what report rows of Meta name as their source, by whichever way they come
DAYS, HOURS, ADS, PLATFORM = "days", "hours", "rejected ads", "meta"
HOURLY = "hourly_stats_aggregated_by_advertiser_time_zone"
REJECTED = "DISAPPROVED"
#: our measure → Meta's field
MEASURES: Mapping[str, str] = {
    "spend": "spend",
    "impressions": "impressions",
    "clicks": "clicks",
    "link_clicks": "inline_link_clicks",
    "reach": "reach",
}
#: kinds of action that hold a purchase wherever it was made, the widest first: a narrower one is part of it
PURCHASES = ("omni_purchase", "purchase")
#: names of the fields that are kept; nothing of an ad's own text is
KEPT: tuple[str, ...] = (
    *MEASURES.values(),
    *("account_currency", "date_start", "date_stop", HOURLY, "zone", "complete"),
    *("actions", "action_values", "action_type", "value"),
    *("id", "effective_status", "updated_time", "since", "until", "policies"),
)
#: our measure → the list of actions that says it
_ACTIONS: Mapping[str, str] = {"purchases": "actions", "revenue": "action_values"}
_HOUR = re.compile(r"([01]\d|2[0-3]):00:00 - \1:59:59")


@dataclass(frozen=True, slots=True)
class MetaAdsTerms:
    """Of a connection: its account where its figures are not the whole store's; empty where they are."""

    account: str = ""


class MetaAdsReading(DeliveryReading):
    """One row of Meta's ads."""

    @property
    def reported_by(self) -> str:
        return PLATFORM


def translate(delivery: RawDelivery, terms: ConnectionTerms) -> Translated:
    """All that a row says.

    Raises:
        TranslationError: it cannot be read at all.
    """
    one = MetaAdsReading(row_of_delivery(delivery), delivery, terms, terms.stores[0], Translated())
    return take_row(one, delivery.topic, _TOPICS.get(delivery.topic), None)


def _reports(one: MetaAdsReading) -> None:
    own: MetaAdsTerms = one.terms.settings
    row = one.row
    span, zone = _span(row, one.delivery.topic)
    values = {name: row.money(field) for name, field in MEASURES.items()}
    values |= {name: _purchases(row.at(field), field) for name, field in _ACTIONS.items()}
    one.figures(
        values,
        span,
        zone,
        {"account": own.account} if own.account else {},
        row.text("account_currency") or one.currency,
        complete=row.at("complete") is True,
        in_money=IN_MONEY,
    )


def _span(row: JsonObject, topic: str) -> tuple[ClockSpan, str]:
    """The day or hour of the account's clock."""
    name = row.text("zone")
    try:
        zone, day = ZoneInfo(name), date.fromisoformat(row.text("date_start"))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UnreadableValueError(f"the period of a row cannot be read: {error}") from error
    if row.text("date_stop") not in ("", day.isoformat()):
        raise UnreadableValueError("a row of more than one day, where days were asked for")
    at = None
    if topic == HOURS:
        hour = _HOUR.fullmatch(row.text(HOURLY))
        if hour is None:
            raise UnreadableValueError(f"`{HOURLY}`: expected an hour such as 13:00:00 - 13:59:59")
        at = int(hour[1])
    return span_on_clock(day, at, zone), name


def _purchases(actions: Any, name: str) -> str:
    """What the list says of purchases; empty if it says nothing, which is not 0."""
    if not is_given(actions):
        return ""
    if not isinstance(actions, list) or not all(isinstance(one, dict) for one in actions):
        raise UnreadableValueError(f"`{name}`: expected a list of actions, got {shown(actions)}")
    by_type = {text_of(one.get("action_type"), "action_type"): one.get("value") for one in actions}
    kind = next((kind for kind in PURCHASES if is_given(by_type.get(kind))), "")
    return money_of(by_type[kind], name) if kind else ""


def _rejected(one: MetaAdsReading) -> None:
    ad, since_ms = one.row.text("id"), one.row.whole("since")
    if not ad or not since_ms:
        raise UnreadableValueError("a rejected ad without its number or without its time")
    policies = one.row.at("policies")
    said = ", ".join(str(one) for one in policies) if isinstance(policies, list) else ""
    one.signal(SignalKind.AD_REJECTED, ad, since_ms, one.row.whole("until"), {"policy": said})


_TOPICS: dict[str, Callable[[MetaAdsReading], None]] = {DAYS: _reports, HOURS: _reports, ADS: _rejected}
