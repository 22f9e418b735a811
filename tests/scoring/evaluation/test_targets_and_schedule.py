"""Targets are met or missed without points, and a report is due on one day after its period."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scoring.evaluation.errors import EvaluationError
from scoring.evaluation.figure import rate_figure
from scoring.evaluation.schedule import ReportSchedule, due_report, next_report
from scoring.evaluation.spans import SpanLength, span_name
from scoring.evaluation.targets import StoreTarget, judge_targets, target_g
from tests.fixtures.evaluation import rows


def test_a_target_is_met_or_missed_and_sure_or_not() -> None:
    figures = {"returns.refunds": rate_figure(50, 1000, rows())}
    steps = {"order_to_payment": rate_figure(80, 100, rows())}
    targets = [
        StoreTarget("returns.refunds", 0.9),
        StoreTarget("returns.refunds", 0.02, "boss"),
        StoreTarget("step:order_to_payment", 0.81),
        StoreTarget("logistics.time_to_ship", 20),
    ]
    found = judge_targets(targets, figures, steps)
    assert set(found) == {"returns.refunds", "step:order_to_payment"}
    refunds, paying = found["returns.refunds"], found["step:order_to_payment"]
    assert (refunds.is_met, refunds.is_sure, refunds.set_by) == (False, True, "boss")
    assert refunds.gap == pytest.approx(0.03)
    assert (paying.is_met, paying.is_sure) == (False, False)


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, float("nan"), float("inf")])
def test_a_share_that_no_figure_can_have_is_not_a_target(value: float) -> None:
    with pytest.raises(EvaluationError, match="expected a value"):
        target_g(StoreTarget("returns.refunds", value))


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_duration_that_no_figure_can_have_is_not_a_target(value: float) -> None:
    with pytest.raises(EvaluationError, match="above 0"):
        target_g(StoreTarget("logistics.time_to_ship", value))


MONTHLY = ReportSchedule(SpanLength.MONTH, 3, 8, 0, "Asia/Shanghai")


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("now", "period"),
    [
        ("2026-03-02T23:59:59", ""),
        ("2026-03-03T00:00:00", "2026-02-01/2026-02-28"),
        ("2026-03-16T23:59:59", "2026-02-01/2026-02-28"),
        ("2026-03-17T00:00:01", ""),
        ("2026-04-02T12:00:00", ""),
    ],
)
def test_a_report_is_due_from_its_day_on_and_not_for_ever(now: str, period: str) -> None:
    found = due_report(MONTHLY, at(now))
    assert (span_name(found.span) if found else "") == period


def test_the_next_report_is_the_first_whose_moment_has_not_come() -> None:
    assert span_name(next_report(MONTHLY, at("2026-03-02T23:59:59")).span) == "2026-02-01/2026-02-28"
    found = next_report(MONTHLY, at("2026-03-03T00:00:00"))
    assert (span_name(found.span), found.at_ms) == ("2026-03-01/2026-03-31", at("2026-04-03T00:00:00"))
    quarterly = ReportSchedule(SpanLength.QUARTER, 5, 9, 30, "America/New_York")
    assert span_name(next_report(quarterly, at("2026-03-03T00:00:00")).span) == "2026-01-01/2026-03-31"
