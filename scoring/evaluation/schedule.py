"""When a report is due: a fixed day after the end of its period, on one clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.spans import SpanLength, last_spans
from scoring.funnel.units import DAY_MS

#: how long after its moment a report is still sent; then the next one is waited for
CATCH_UP_MS = 14 * DAY_MS


@dataclass(frozen=True, slots=True)
class ReportSchedule:
    """When a report is sent: on ``day`` of the month after its period, at ``hour``:``minute`` of the clock of ``zone``."""

    length: SpanLength
    day: int
    hour: int
    minute: int
    zone: str


@dataclass(frozen=True, slots=True)
class DueReport:
    """One report: its period, and the moment from which it is sent."""

    span: EvaluationSpan
    at_ms: int


def due_report(schedule: ReportSchedule, now_ms: int) -> DueReport | None:
    """The newest report whose moment has come and that is not too late to send."""
    for span in last_spans(now_ms, schedule.zone, schedule.length, 2):
        at_ms = _moment(schedule, span)
        if at_ms <= now_ms:
            return DueReport(span, at_ms) if now_ms - at_ms <= CATCH_UP_MS else None
    return None


def next_report(schedule: ReportSchedule, now_ms: int) -> DueReport:
    """The first report whose moment has not come."""
    ahead = now_ms
    while True:
        span = last_spans(ahead, schedule.zone, schedule.length, 1)[0]
        at_ms = _moment(schedule, span)
        if at_ms > now_ms:
            return DueReport(span, at_ms)
        ahead += 27 * DAY_MS  # shorter than any month: no period is passed over


def _moment(schedule: ReportSchedule, span: EvaluationSpan) -> int:
    """The moment on the wall; where the clock skips it, the one an hour later."""
    end = datetime.fromtimestamp(span.end_ms / 1000, ZoneInfo(schedule.zone)).date()
    day = end + timedelta(days=schedule.day - 1)
    at = datetime.combine(day, time(schedule.hour, schedule.minute), ZoneInfo(schedule.zone))
    return round(at.astimezone(UTC).timestamp() * 1000)
