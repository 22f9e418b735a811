"""Alerts on slow changes: the days that were compared, each with its rate, as people check them by hand."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from scoring.alerts.alert import DRIFT_SURPRISE, AlertKind
from scoring.funnel.drift_notes import parse_drift_note
from scoring.funnel.stages import STEP_BY_ID
from scoring.funnel.units import DAY_MS
from streams.clickhouse.daily import DAILY_COUNTS, counted_between
from streams.clickhouse.reader import Database
from streams.web.alerts.answers import Alert

#: days before the compared ones that they are compared with
_BEFORE = 28
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class DayOfStep:
    """One whole day of a step (``at_ms``: its date at midnight UTC): what came in, what came of it, and whether it is one of the days that converted less."""

    at_ms: int
    upstream: int
    downstream: int
    is_compared: bool

    @property
    def rate(self) -> float | None:
        """Downstream per upstream event; None on a day without upstream events."""
        return self.downstream / self.upstream if self.upstream else None


@dataclass(frozen=True, slots=True)
class DriftSaid:
    """What a page shows of a slow change. ``bars`` are heights in percent of the best day's rate, one for each of ``days``."""

    first_ms: int
    last_ms: int
    threshold: float
    days: tuple[DayOfStep, ...]
    bars: tuple[float, ...]


async def drift_said(database: Database, alert: Alert, zone: str) -> DriftSaid | None:
    """What to show of an alert on a slow change, None for every other alert."""
    step, note = STEP_BY_ID.get(alert.step), parse_drift_note(alert.note)
    if alert.kind != AlertKind.DRIFT or step is None or note is None:
        return None
    first = note.first - timedelta(days=_BEFORE)
    span = counted_between(zone, [alert.store_id], first, note.last + timedelta(days=1))
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    pageless: dict[int, dict[str, int]] = defaultdict(dict)
    for row in await database.rows(DAILY_COUNTS, **span):
        counts[int(row["day"])][row["stage_name"]] = int(row["counted"])
        pageless[int(row["day"])][row["stage_name"]] = int(row["pageless"])
    days = []
    for number in range((note.last - first).days + 1):
        at = (first - _EPOCH).days + number
        up, down = counts[at].get(step.upstream.value, 0), int(step.advanced(counts[at], pageless[at]))
        days.append(DayOfStep(at * DAY_MS, up, down, at >= (note.first - _EPOCH).days))
    best = max((day.rate or 0.0 for day in days), default=0.0) or 1.0
    bars = tuple(round(100 * (day.rate or 0.0) / best, 1) for day in days)
    return DriftSaid(_ms(note.first), _ms(note.last), DRIFT_SURPRISE, tuple(days), bars)


def _ms(day: date) -> int:
    return (day - _EPOCH).days * DAY_MS
