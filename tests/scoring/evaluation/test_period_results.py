"""What came out next to what came out before: the period before and the same one a year ago, and which gaps are beyond counting noise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scoring.evaluation.evaluating import EvaluationSpan, StoreFigures
from scoring.evaluation.figure import SourceRows, rate_figure
from scoring.evaluation.results import (
    ORDERS,
    SALES,
    EarlierResult,
    SoldOrders,
    earlier_spans,
    period_results,
)
from scoring.evaluation.spans import SpanLength, last_spans, next_end_ms, span_name
from scoring.evaluation.steps import StepFigure

ROWS = SourceRows("orders", "store_id = 'a'", 10)
#: 2026-12-01 10:00 in Berlin
NOW_MS = 1_796_115_600_000


def spans(length: SpanLength, count: int = 14) -> tuple[EvaluationSpan, ...]:
    return last_spans(NOW_MS, "Europe/Berlin", length, count)


@pytest.mark.parametrize(
    ("length", "last", "year"),
    [
        (SpanLength.MONTH, "2026-10-01/2026-10-31", "2025-11-01/2025-11-30"),
        (SpanLength.QUARTER, "2026-04-01/2026-06-30", "2025-07-01/2025-09-30"),
        (SpanLength.WEEK, "2026-11-16/2026-11-22", None),
        (SpanLength.DAY, "2026-11-29/2026-11-29", None),
    ],
)
def test_a_month_and_a_quarter_know_the_same_one_a_year_ago(
    length: SpanLength, last: str, year: str | None
) -> None:
    found = earlier_spans(spans(length))
    assert [one and span_name(one) for one in found] == [last, year]


def test_a_gap_in_the_past_is_not_taken_for_the_period_before() -> None:
    now, _, *rest = spans(SpanLength.MONTH)
    assert earlier_spans((now, *rest))[0] is None
    assert earlier_spans((now,)) == (None, None)


def known(k: int, before: int, n: int = 1000) -> StoreFigures:
    now, last = spans(SpanLength.WEEK)[:2]
    figure = rate_figure(k, n, (ROWS,))
    return StoreFigures(
        "a",
        now,
        steps=[StepFigure("order_to_payment", n, k, figure)],
        own_steps={"order_to_payment": {span_name(last): rate_figure(before, n, (ROWS,))}},
    )


@pytest.mark.parametrize(("before", "is_beyond"), [(500, False), (520, False), (600, True)])
def test_only_a_gap_beyond_counting_noise_is_called_one(before: int, is_beyond: bool) -> None:
    # two rates of 1,000 near a half: standard error of the difference 2.2 points, 90 % interval ± 3.7
    result = period_results(known(500, before), spans(SpanLength.WEEK), {})["step:order_to_payment"]
    assert result.last == EarlierResult(before / 1000, is_beyond)
    assert (result.value, result.year, result.rows) == (0.5, None, (ROWS,))


def test_sums_are_compared_in_one_currency_and_never_judged() -> None:
    now, last, *_ = some = spans(SpanLength.MONTH)
    euros = SoldOrders(100, 5000.0, "EUR", ROWS)
    sold = {
        now: euros,
        last: replace(euros, orders=80, amount=4400.0),
        some[12]: replace(euros, currency="USD"),
    }
    found = period_results(known(1, 1), some, sold)
    assert (found[ORDERS].value, found[ORDERS].last) == (100, EarlierResult(80, None))
    assert (found[SALES].value, found[SALES].last, found[SALES].year) == (
        5000.0,
        EarlierResult(4400.0, None),
        None,
    )
    assert ORDERS not in period_results(known(1, 1), some, {last: euros})


@pytest.mark.parametrize("length", SpanLength)
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Los_Angeles"])
def test_an_action_is_checked_no_earlier_than_the_next_period_is_over(length: SpanLength, zone: str) -> None:
    newest_first = last_spans(1_772_400_000_000, zone, length, 20)
    assert [next_end_ms(one) for one in newest_first[1:]] == [one.end_ms for one in newest_first[:-1]]
