"""The periods before and of an alert on a report, as the judge saw them: for the picture of card, mail and page.

Before it: the versions of figures (``streams/incidents/report_course.py``). After it: the same file, which makes points of them.
Nothing is estimated here: what is expected of a period is what ``SeriesJudge`` judged it by.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from scoring.calendar.effects import DayRules
from scoring.detection.policy import DetectionPolicy
from scoring.funnel.period_notes import PeriodNote, parse_period_note, period_ms_of
from scoring.funnel.period_steps import PERIOD_STEP_BY_ID
from scoring.funnel.units import DAY_MS
from scoring.periods.book import PeriodBook
from scoring.periods.judging import PeriodScore
from scoring.periods.series import SeriesKey
from scoring.records.report_row import Period, ReportRow

#: periods of a picture: four weeks show the days of the week
SHOWN_PERIODS = 28


class OnReport(Protocol):
    """What is asked of an alert: the judge's own, or the row that a page reads."""

    @property
    def store_id(self) -> str:
        """Whose report it is on."""

    @property
    def step(self) -> str:
        """Of the report."""

    @property
    def note(self) -> str:
        """Which days it is about."""

    @property
    def opened_at_ms(self) -> int:
        """Begin of its first period."""

    @property
    def resolved_at_ms(self) -> int | None:
        """None while it is open."""

    @property
    def window_minutes(self) -> int:
        """Of the periods that it opened on."""


def course_end_ms(alert: OnReport) -> int | None:
    """Where the last day ends that an alert on a report is about; None for every other alert."""
    note = parse_period_note(alert.note)
    return _end_ms(note) if note is not None and alert.step in PERIOD_STEP_BY_ID else None


def course_of(
    alert: OnReport, versions: Iterable[ReportRow], policy: DetectionPolicy, rules: DayRules | None
) -> tuple[PeriodScore, ...]:
    """The last periods up to the alert's last one, oldest first; a period that was not reported is not among them.

    Args:
        alert: on a report; every other alert has none.
        versions: of the figures of its step, as the judge keeps them (``KEPT_DAYS``).
        policy: the judge's.
        rules: the judge's calendar; None for none.
    """
    note, end_ms = parse_period_note(alert.note), course_end_ms(alert)
    if note is None or end_ms is None:
        return ()
    if alert.resolved_at_ms is not None:
        end_ms = min(end_ms, alert.resolved_at_ms)
    book = PeriodBook(policy, rules)
    for version in versions:
        book.take(version)
    length_ms = period_ms_of(alert.window_minutes)
    period = Period.DAY if length_ms == DAY_MS else Period.HOUR
    key = SeriesKey(alert.store_id, alert.step, period.value, note.zone)
    scores = [score for score in book.scores(key) if score.start_ms < end_ms]
    if not scores:
        return ()
    # half a period of slack: a day that the clock changes on is an hour shorter or longer
    after_ms = scores[-1].start_ms - SHOWN_PERIODS * length_ms + length_ms // 2
    return tuple(score for score in scores if score.start_ms > after_ms)


def _end_ms(note: PeriodNote) -> int:
    midnight = datetime.combine(note.last + timedelta(days=1), time(), ZoneInfo(note.zone))
    return round(midnight.timestamp() * 1000)
