"""Figures: the value, its scale and its error; whence it comes; the parts of a period add up to the whole."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.evaluation.errors import EvaluationError
from scoring.evaluation.figure import (
    Figure,
    IndicatorKind,
    RatingScale,
    SourceRows,
    count_figure,
    joined,
    logs_figure,
    rate_figure,
    rating_figure,
    to_value,
)
from tests.fixtures.evaluation import rows

STARS = RatingScale(1.0, 5.0)


def test_a_rate_is_the_logit_with_a_half_added_to_hits_and_misses() -> None:
    figure = rate_figure(3, 10, rows())
    assert figure.value == 0.3
    assert figure.g == pytest.approx(math.log(3.5 / 7.5))
    assert figure.variance == pytest.approx(1 / 3.5 + 1 / 7.5)


def test_nothing_of_many_and_all_of_many_have_a_value_with_an_error() -> None:
    none, every = rate_figure(0, 40, rows()), rate_figure(40, 40, rows())
    assert none.g == pytest.approx(-every.g)
    assert none.variance == pytest.approx(every.variance)


@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5), (0, 0)])
def test_what_is_not_a_part_of_a_whole_is_not_a_rate(k: int, n: int) -> None:
    with pytest.raises(EvaluationError, match="is not a rate"):
        rate_figure(k, n, rows())


def test_a_number_that_leads_back_to_no_row_cannot_be_made() -> None:
    with pytest.raises(EvaluationError, match="from which rows"):
        rate_figure(1, 2, ())
    with pytest.raises(EvaluationError, match="rows need a relation"):
        SourceRows("orders", "", 3)


def test_a_duration_is_the_geometric_mean_of_its_values() -> None:
    logs = [math.log(value) for value in (10.0, 20.0, 40.0)]
    figure = logs_figure(3, sum(logs), sum(log * log for log in logs), rows())
    assert figure.value == pytest.approx(20.0)
    assert figure.variance == pytest.approx(np.var(logs, ddof=1) / 3)


def test_values_that_are_all_alike_are_not_taken_for_known_without_error() -> None:
    assert logs_figure(4, 4.0, 4.0, rows()).variance > 0
    with pytest.raises(EvaluationError, match="no spread"):
        logs_figure(1, 1.0, 1.0, rows())


def test_ratings_that_are_all_the_best_have_a_value_with_an_error() -> None:
    figure = rating_figure({5.0: 30}, STARS, rows())
    assert figure.value == 5.0
    assert math.isfinite(figure.g)
    assert figure.variance > rating_figure({5.0: 300}, STARS, rows()).variance


def test_ratings_outside_their_scale_are_rejected() -> None:
    with pytest.raises(EvaluationError, match="between 1 and 5"):
        rating_figure({0.0: 3}, STARS, rows())


def count_of(k: int, n: int) -> Figure:
    return count_figure(k, float(n), rows())


def rating_of(k: int, n: int) -> Figure:
    return rating_figure({5.0: k, 2.0: n - k + 1}, STARS, rows())


def logs_of(k: int, n: int) -> Figure:
    return logs_figure(n + 1, float(k), float(k * k + 1), rows())


@pytest.mark.parametrize("make", [lambda k, n: rate_figure(k, n, rows()), count_of, rating_of, logs_of])
@given(
    parts=st.lists(st.tuples(st.integers(0, 40), st.integers(41, 90)), min_size=1, max_size=6),
    seed=st.randoms(),
)
def test_splitting_a_period_changes_nothing_whatever_the_order_of_its_parts(
    make: Callable[[int, int], Figure], parts: list[tuple[int, int]], seed: object
) -> None:
    figures = [make(k, n) for k, n in parts]
    whole = joined(figures)
    seed.shuffle(figures)  # type: ignore[attr-defined]
    again = joined([joined(figures[:1]), *figures[1:]])
    assert (again.value, again.g, again.variance, again.n) == pytest.approx(
        (whole.value, whole.g, whole.variance, whole.n)
    )
    assert sum(row.count for row in whole.rows) == sum(row.count for one in figures for row in one.rows)


def test_parts_of_different_kinds_or_scales_are_not_put_together() -> None:
    with pytest.raises(EvaluationError, match="of one kind"):
        joined([rate_figure(1, 2, rows()), count_of(1, 2)])
    with pytest.raises(EvaluationError, match="different scales"):
        joined([rating_of(1, 2), rating_figure({5.0: 1}, RatingScale(0.0, 10.0), rows())])


@given(st.integers(0, 500), st.integers(1, 500))
def test_one_more_hit_never_lowers_a_rate_and_more_cases_never_widen_it(k: int, more: int) -> None:
    n = k + more
    assert rate_figure(k + 1, n, rows()).g > rate_figure(k, n, rows()).g
    assert rate_figure(2 * k, 2 * n, rows()).variance < rate_figure(k, n, rows()).variance


def test_a_value_is_found_again_from_its_scale() -> None:
    assert to_value(math.log(0.2 / 0.8), IndicatorKind.RATE) == pytest.approx(0.2)
    assert to_value(math.log(3), IndicatorKind.DURATION) == pytest.approx(3)
    assert to_value(0.0, IndicatorKind.RATING, STARS) == pytest.approx(3)
