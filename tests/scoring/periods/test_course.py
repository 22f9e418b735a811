"""The picture of an alert on a report: its periods as the judge saw them, and nothing estimated a second time."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from scoring.alerts.alert import AlertTransition
from scoring.detection.policy import DetectionPolicy
from scoring.funnel.units import DAY_MS
from scoring.periods.book import PeriodBook, judge_history
from scoring.periods.course import SHOWN_PERIODS, course_of
from scoring.periods.judging import PeriodScore
from scoring.records.report_row import ReportRow
from tests.scoring.periods.reports import START_MS, shop

POLICY = DetectionPolicy()


def opened(days: list[list[ReportRow]]) -> AlertTransition:
    """The first transition of days that are reported one after the other."""
    book = PeriodBook(POLICY)
    for rows in days:
        for row in rows:
            book.take(row)
        made = book.judge().transitions
        if made:
            return made[0]
    raise AssertionError("nothing was reported")


def drawn(alert: AlertTransition, days: list[list[ReportRow]]) -> tuple[PeriodScore, ...]:
    return course_of(alert, itertools.chain.from_iterable(days), POLICY, None)


def test_an_alert_on_a_report_had_no_picture_and_its_day_is_expected_what_the_judge_expected() -> None:
    days = shop(50, 30, 34)
    alert = opened(days)
    course = drawn(alert, days[:31])
    assert len(course) == SHOWN_PERIODS
    last = course[-1]
    assert last.start_ms == alert.opened_at_ms == START_MS + 30 * DAY_MS
    assert (last.observed, last.expected, last.low, last.high) == (
        alert.observed,
        alert.expected,
        alert.low,
        alert.high,
    )
    assert sum(score.observed >= score.low for score in course[:-1] if score.expected is not None) >= 12


def test_days_of_an_open_incident_were_expected_what_was_usual_before_it() -> None:
    days = shop(50, 30, 34)
    (alert,) = judge_history(itertools.chain.from_iterable(days), POLICY).alerts
    course = {score.start_ms: score for score in drawn(alert, days)}
    fallen = [course[START_MS + day * DAY_MS] for day in range(30, 34)]
    assert all(score.expected is not None and score.observed < 0.5 * score.expected for score in fallen)


def test_what_came_later_changes_nothing_of_an_earlier_day() -> None:
    days = shop(60)
    alert = opened(shop(50, 30, 34))
    early = drawn(alert, days[:31])
    assert drawn(alert, days) == early


def test_of_days_before_enough_are_known_nothing_is_expected() -> None:
    days = shop(50, 16, 20)
    course = drawn(opened(days), days)
    assert [score.expected is None for score in course[:14]] == [True] * 14
    assert all(score.expected is not None for score in course[14:])


def test_a_day_that_was_not_reported_is_not_drawn_as_zero() -> None:
    days = shop(50, 30, 34)
    alert = opened(days)
    course = drawn(alert, days[:25] + days[26:])
    assert START_MS + 25 * DAY_MS not in [score.start_ms for score in course]
    assert len(course) == SHOWN_PERIODS - 1


def test_an_alert_on_minutes_has_no_periods() -> None:
    alert = msgspec.structs.replace(opened(shop(50, 30, 34)), step="order_to_payment", note="")
    assert drawn(alert, shop(50)) == ()


@pytest.mark.parametrize("day", [20, 26])
def test_a_period_s_score_says_none_rather_than_zero_where_nobody_came(day: int) -> None:
    days = shop(50, 30, 34)
    days[day] = [msgspec.structs.replace(row, value="0") for row in days[day]]
    course = {score.start_ms: score for score in drawn(opened(days), days)}
    assert course[START_MS + day * DAY_MS].expected is None
    assert course[START_MS + day * DAY_MS].observed == 0.0
