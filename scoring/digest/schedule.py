"""When a digest is due, and which days it covers: pure arithmetic on the subscriber's own clock.

An hour that the clock skips is taken at the next moment that exists; an hour that comes twice is taken the first time.
A digest whose hour passed while nobody ran is caught up within ``CATCH_UP_MS``; after that it is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from scoring.funnel.units import HOUR_MS


class DigestForm(StrEnum):
    """What a digest covers: the day before, or the seven days before."""

    DAILY = "daily"
    WEEKLY = "weekly"


#: how long after its hour a digest is still sent. A weekly one may wait for the weekend's end.
CATCH_UP_MS: Mapping[DigestForm, int] = {DigestForm.DAILY: 20 * HOUR_MS, DigestForm.WEEKLY: 68 * HOUR_MS}
#: later than this, a digest says that it is late
LATE_MS = 10 * 60_000
PERIOD_DAYS: Mapping[DigestForm, int] = {DigestForm.DAILY: 1, DigestForm.WEEKLY: 7}


@dataclass(frozen=True, slots=True)
class DigestSchedule:
    """When a subscriber reads. ``weekdays`` count from 0, Monday, on the subscriber's own calendar."""

    zone: str
    hour: int
    minute: int
    weekdays: frozenset[int]
    form: DigestForm = DigestForm.DAILY


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One digest: ``day`` on the reader's calendar, the moment ``at_ms``, and the whole days [from_ms, to_ms) it covers."""

    day: date
    at_ms: int
    first_day: date
    last_day: date
    from_ms: int
    to_ms: int


def wall_moment(day: date, at: time, zone: str) -> int | None:
    """The first moment (ms) at which a clock in ``zone`` shows ``at`` on ``day`` or, if it skips it, a later time of that day.

    None for a day that the zone left out (Samoa, 30 December 2011).
    """
    info = ZoneInfo(zone)
    wall = datetime.combine(day, at)
    while wall.date() == day:
        moment = wall.replace(tzinfo=info, fold=0).astimezone(UTC)
        if moment.astimezone(info).replace(tzinfo=None) == wall:
            return round(moment.timestamp() * 1000)
        wall = wall.replace(second=0) + timedelta(minutes=1)
    return None


def day_start(day: date, zone: str) -> int:
    """The first moment (ms) of ``day`` in ``zone``; of the next day that exists, if this one was left out."""
    while True:
        moment = wall_moment(day, time(0), zone)
        if moment is not None:
            return moment
        day += timedelta(days=1)


def local_day(at_ms: int, zone: str) -> date:
    """The day that a calendar in ``zone`` shows at ``at_ms``."""
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).date()


def occurrence(schedule: DigestSchedule, day: date) -> Occurrence | None:
    """The digest of ``day``, None if the subscriber wants none that day."""
    if day.weekday() not in schedule.weekdays:
        return None
    at_ms = wall_moment(day, time(schedule.hour, schedule.minute), schedule.zone)
    if at_ms is None:
        return None
    return _occurrence(schedule, day, at_ms)


def _occurrence(schedule: DigestSchedule, day: date, at_ms: int) -> Occurrence:
    first, last = day - timedelta(days=PERIOD_DAYS[schedule.form]), day - timedelta(days=1)
    return Occurrence(day, at_ms, first, last, day_start(first, schedule.zone), day_start(day, schedule.zone))


def occurrence_now(schedule: DigestSchedule, now_ms: int) -> Occurrence:
    """A digest made by hand: the same days as the one of today, whatever the weekday, at this moment."""
    return _occurrence(schedule, local_day(now_ms, schedule.zone), now_ms)


def days_before(when: Occurrence, zone: str, days: int) -> tuple[int, int]:
    """The span [from, to) of the same length, ``days`` days before by the calendar: its days may have other lengths."""
    back = timedelta(days=days)
    return day_start(when.first_day - back, zone), day_start(when.last_day + timedelta(days=1) - back, zone)


def due(schedule: DigestSchedule, now_ms: int) -> Occurrence | None:
    """The newest digest whose moment has come and that is not too late to send."""
    patience = CATCH_UP_MS[schedule.form]
    today = local_day(now_ms, schedule.zone)
    for back in range(patience // (24 * HOUR_MS) + 3):
        found = occurrence(schedule, today - timedelta(days=back))
        if found is not None and found.at_ms <= now_ms:
            return found if now_ms - found.at_ms <= patience else None
    return None


def upcoming(schedule: DigestSchedule, now_ms: int, most: int) -> list[Occurrence]:
    """The next ``most`` digests after ``now_ms``; fewer only if no weekday is wanted."""
    found: list[Occurrence] = []
    day = local_day(now_ms, schedule.zone)
    for _ in range(7 * (most + 2)):
        next_one = occurrence(schedule, day)
        if next_one is not None and next_one.at_ms > now_ms:
            found.append(next_one)
            if len(found) == most:
                break
        day += timedelta(days=1)
    return found
