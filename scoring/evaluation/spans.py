"""The periods that are evaluated: whole days, weeks, months or quarters of a zone, half-open, and those before them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from scoring.evaluation.comparator import LEAST_OWN_PERIODS
from scoring.evaluation.evaluating import EvaluationSpan
from scoring.funnel.units import DAY_MS


class SpanLength(StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


_MONTHS = {SpanLength.MONTH: 1, SpanLength.QUARTER: 3}


def last_spans(until_ms: int, zone: str, length: SpanLength, count: int) -> tuple[EvaluationSpan, ...]:
    """The last ``count`` complete periods that end by ``until_ms``, the newest first.

    Args:
        until_ms: up to here everything is known.
        zone: IANA name of the store's clock.
        length: of each.
        count: how many.
    """
    day = datetime.fromtimestamp(until_ms / 1000, ZoneInfo(zone)).date()
    end = _begin(day, length)
    found = []
    for _ in range(count):
        start = _begin(end - timedelta(days=1), length)
        found.append(EvaluationSpan(_midnight_ms(start, zone), _midnight_ms(end, zone), zone))
        end = start
    return tuple(found)


def covered_spans(
    first_ms: int, until_ms: int, zone: str, length: SpanLength, count: int
) -> tuple[EvaluationSpan, ...]:
    """The last complete periods that are known from their first day on, the newest first.

    Args:
        first_ms: from here on something is known. That day may be cut off; the period must begin by its end.
        until_ms, zone, length, count: see ``last_spans``.
    """
    spans = last_spans(until_ms, zone, length, count)
    return tuple(span for span in spans if first_ms < span.start_ms + DAY_MS)


def longest_with_past(first_ms: int, until_ms: int, zone: str) -> SpanLength:
    """The longest of month, week and day with a complete period and enough of a past to compare it with.

    Args:
        first_ms, until_ms: from when to when something is known.
        zone: IANA name of the store's clock.
    """
    for length in (SpanLength.MONTH, SpanLength.WEEK):
        if len(covered_spans(first_ms, until_ms, zone, length, LEAST_OWN_PERIODS + 1)) > LEAST_OWN_PERIODS:
            return length
    return SpanLength.DAY


def span_name(span: EvaluationSpan) -> str:
    """The days of a period, both included, for example ``2026-10-01/2026-10-31``: sorts by time."""
    first, last = (
        datetime.fromtimestamp(at / 1000, ZoneInfo(span.zone)).date()
        for at in (span.start_ms, span.end_ms - 1)
    )
    return f"{first}/{last}"


def next_end_ms(span: EvaluationSpan) -> int:
    """The end of the period of the same length after this one: by then there is something to compare with it."""
    zone = ZoneInfo(span.zone)
    first, end = (datetime.fromtimestamp(at / 1000, zone).date() for at in (span.start_ms, span.end_ms))
    months = 12 * (end.year - first.year) + end.month - first.month
    if first.day != 1 or end.day != 1 or not months:
        return _midnight_ms(end + (end - first), span.zone)
    years, month = divmod(end.month - 1 + months, 12)
    return _midnight_ms(date(end.year + years, month + 1, 1), span.zone)


def _begin(day: date, length: SpanLength) -> date:
    """The first day of the period that holds ``day``."""
    if length is SpanLength.DAY:
        return day
    if length is SpanLength.WEEK:
        return day - timedelta(days=day.weekday())
    months = _MONTHS[length]
    return day.replace(month=(day.month - 1) // months * months + 1, day=1)


def _midnight_ms(day: date, zone: str) -> int:
    at = datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    return round(at.timestamp() * 1000)
