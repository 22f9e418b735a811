"""The span of a report's day or hour as its platform's clock shows it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from scoring.records.report_row import Period
from scoring.sources.json_values import UnreadableValueError

#: how a poll writes the day or the hour of a row: 2026-11-28, or 2026-11-28T13
DAY_OR_HOUR = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T([01]\d|2[0-3]))?")


@dataclass(frozen=True, slots=True)
class ClockSpan:
    """Half-open."""

    period: Period
    start_ms: int
    end_ms: int


def span_on_clock(day: date, hour: int | None, zone: ZoneInfo) -> ClockSpan:
    """A day, or its hour. On the clock, so that a day on which it changes is as long as it was, and an hour that comes twice is two."""
    begins, length = datetime.combine(day, time(hour or 0), zone), timedelta(days=1)
    if hour is not None:
        length = timedelta(hours=1)
    start_ms, end_ms = (round(one.timestamp() * 1000) for one in (begins, begins + length))
    return ClockSpan(Period.DAY if hour is None else Period.HOUR, start_ms, end_ms)


def read_span(day: str, hour: str | None, zone: str) -> ClockSpan:
    """The day (ISO 8601), or its hour, as it is written in a row.

    Raises:
        UnreadableValueError: there is no such day, or no such zone.
    """
    try:
        return span_on_clock(date.fromisoformat(day), None if hour is None else int(hour), ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UnreadableValueError(f"the period of a row cannot be read: {error}") from error
