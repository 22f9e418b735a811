"""What a row of Meta's ads says: report rows of a day or an hour, or an ad that is rejected. Pure: (delivery, terms) → records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from scoring.records.raw_delivery import RawDelivery
from scoring.records.report_row import BadRecordError, ReportRow, check_report_row
from scoring.records.signal import Signal, SignalKind, check_signal
from scoring.sources.json_mapping import LONGEST_PAYLOAD
from scoring.sources.json_values import (
    UnreadableValueError,
    is_given,
    json_text,
    money_of,
    read_json,
    shown,
    text_of,
    whole_of,
)
from scoring.sources.report_spans import ClockSpan, span_on_clock
from scoring.sources.translated import ConnectionTerms, MappingGap, SetAside, Translated, TranslationError

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
_HOUR = re.compile(r"([01]\d|2[0-3]):00:00 - \1:59:59")


@dataclass(frozen=True, slots=True)
class MetaAdsTerms:
    """Of a connection: its account where its figures are not the whole store's; empty where they are."""

    account: str = ""


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
    try:
        if delivery.topic in (DAYS, HOURS):
            done.reports += _reports(row, delivery, terms)
        elif delivery.topic == ADS:
            done.signals.append(_signal(row, delivery, terms))
        else:
            done.gaps.append(MappingGap("topic", delivery.topic or "-"))
    except (UnreadableValueError, BadRecordError) as error:
        done.set_aside.append(SetAside(str(error), delivery.topic, json_text(row)[:LONGEST_PAYLOAD]))
    return done


def _reports(row: dict[str, Any], delivery: RawDelivery, terms: ConnectionTerms) -> list[ReportRow]:
    own: MetaAdsTerms = terms.settings
    span, zone = _span(row, delivery.topic)
    currency = text_of(row.get("account_currency"), "account_currency") or terms.currencies.get(
        terms.stores[0], ""
    )
    values = {
        name: money_of(row[field], field) for name, field in MEASURES.items() if is_given(row.get(field))
    }
    values |= {
        name: value
        for name, field in (("purchases", "actions"), ("revenue", "action_values"))
        if (value := _purchases(row.get(field), field))
    }
    if not values:
        raise UnreadableValueError("none of the figures that were asked for is there")
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
            dimensions={"account": own.account} if own.account else {},
            currency=currency if name in ("spend", "revenue") else "",
            complete=row.get("complete") is True,
            told_at_ms=delivery.received_at_ms,
            connection=terms.name,
        )
        for name, value in values.items()
    ]
    for one in made:
        check_report_row(one)
    return made


def _span(row: dict[str, Any], topic: str) -> tuple[ClockSpan, str]:
    """The day or hour of the account's clock."""
    name = text_of(row.get("zone"), "zone")
    try:
        zone, day = ZoneInfo(name), date.fromisoformat(text_of(row.get("date_start"), "date_start"))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UnreadableValueError(f"the period of a row cannot be read: {error}") from error
    if text_of(row.get("date_stop"), "date_stop") not in ("", day.isoformat()):
        raise UnreadableValueError("a row of more than one day, where days were asked for")
    at = None
    if topic == HOURS:
        hour = _HOUR.fullmatch(text_of(row.get(HOURLY), HOURLY))
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


def _signal(row: dict[str, Any], delivery: RawDelivery, terms: ConnectionTerms) -> Signal:
    ad, since_ms = text_of(row.get("id"), "id"), whole_of(row.get("since"), "since")
    if not ad or not since_ms:
        raise UnreadableValueError("a rejected ad without its number or without its time")
    policies = row.get("policies")
    said = ", ".join(str(one) for one in policies) if isinstance(policies, list) else ""
    signal = Signal(
        store_id=terms.stores[0],
        kind=SignalKind.AD_REJECTED,
        object=ad,
        since_ms=since_ms,
        until_ms=whole_of(row.get("until"), "until"),
        source=PLATFORM,
        details={"policy": said[:300]} if said else {},
        told_at_ms=delivery.received_at_ms,
        connection=terms.name,
    )
    check_signal(signal)
    return signal
