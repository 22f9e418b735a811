"""Days of reports as platforms give them: a part at first, more a day later, complete when the platform says so, and restated after that."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from scoring.alerts.alert import AlertState
from scoring.detection.policy import DetectionPolicy
from scoring.funnel.period_steps import PERIOD_STEPS, PeriodStep
from scoring.funnel.units import DAY_MS, HOUR_MS
from scoring.periods.book import PeriodBook
from scoring.periods.expecting import LEAST_DAYS
from scoring.records.report_row import Period, ReportRow
from scoring.records.report_rules import is_complete, rule_of
from tests.bench.periods.simulator import START_MS, days_of, draw_store

#: weeks of each store in which it is judged
WEEKS = 8
#: hours after a day's end by which so much of its visits and of its orders is there; what follows comes with the restatement
_PARTS = ((2, 0.9, 0.05), (26, 1.0, 0.6), (50, 1.0, 0.85))
_AT_COMPLETE, _RESTATED_DAYS = 0.98, 6


def reports(step: PeriodStep, seed: int, weeks: int, *, is_late: bool) -> dict[int, list[ReportRow]]:
    """By the day on which they come, the figures of a store without any fall."""
    rng = np.random.default_rng(seed)
    complete_h = rule_of(step.source).complete_after_ms // HOUR_MS
    parts = [part for part in _PARTS if part[0] < complete_h] if is_late else []
    whole = _AT_COMPLETE if is_late else 1.0
    ways = [*parts, (complete_h + 1, 1.0, whole), (complete_h + 24 * _RESTATED_DAYS, 1.0, 1.0)]
    found: dict[int, list[ReportRow]] = defaultdict(list)
    for point in days_of(rng, draw_store(rng, 0.0), LEAST_DAYS + 7 * weeks):
        for hours, visits, orders in ways:
            came_ms = point.end_ms + hours * HOUR_MS
            for measure, value in (
                (step.upstream, point.upstream * visits),
                (step.downstream, point.downstream * orders),
            ):
                row = ReportRow(
                    store_id=f"s{seed}",
                    source=step.source,
                    measure=measure,
                    period=Period.DAY,
                    period_start_ms=point.start_ms,
                    period_end_ms=point.end_ms,
                    zone="UTC",
                    value=f"{int(value)}",
                    complete=is_complete(step.source, point.end_ms, came_ms),
                    told_at_ms=came_ms,
                    connection="shop",
                )
                found[(came_ms - START_MS) // DAY_MS].append(row)
    return found


def alerts(step: PeriodStep, seed: int, weeks: int, *, is_late: bool) -> set[int]:
    """The days of the alerts of a store whose reports are judged each day as they come."""
    book, found = PeriodBook(DetectionPolicy()), set()
    for day, rows in sorted(reports(step, seed, weeks, is_late=is_late).items()):
        for row in rows:
            book.take(row)
        if day < LEAST_DAYS:
            continue
        found |= {
            (one.opened_at_ms - START_MS) // DAY_MS
            for one in book.judge().transitions
            if one.state is AlertState.FIRING
        }
    return found


def stores(count: int) -> list[tuple[PeriodStep, int]]:
    """Stores of all platforms in turn."""
    return [(PERIOD_STEPS[seed % len(PERIOD_STEPS)], seed) for seed in range(count)]


def without_cause(count: int, weeks: int) -> list[tuple[str, int, set[int]]]:
    """Alerts of so many stores that are there only because figures come late."""
    found = [
        (step.id, seed, alerts(step, seed, weeks, is_late=True) - alerts(step, seed, weeks, is_late=False))
        for step, seed in stores(count)
    ]
    return [one for one in found if one[2]]


def test_what_is_not_there_yet_is_not_a_fall() -> None:
    assert without_cause(1, 1) == []


def test_the_same_parts_taken_for_whole_days_would_be_falls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoring.periods.series.is_complete", lambda source, end_ms, read_at_ms: True)
    monkeypatch.setattr(f"{__name__}.is_complete", lambda source, end_ms, read_at_ms: True)
    assert without_cause(1, 1) != []


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_thousand_store_weeks_of_late_and_restated_reports_give_no_alert_for_not_yet() -> None:
    assert without_cause(1000 // WEEKS, WEEKS) == []
