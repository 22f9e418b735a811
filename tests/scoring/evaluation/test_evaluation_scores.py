"""Scores of indicators, dimensions and the store: what moves them, what does not, and when there is none."""

from __future__ import annotations

import dataclasses
import random as stdlib_random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.evaluation.comparator import (
    LEAST_OWN_PERIODS,
    BenchmarkFigure,
    ComparatorKind,
    benchmark_comparator,
    comparator_of,
)
from scoring.evaluation.dimensions.registry import DIMENSIONS, INDICATOR_BY_ID
from scoring.evaluation.errors import EvaluationError
from scoring.evaluation.evaluating import StoreEvaluation, StoreFigures, evaluate_store
from scoring.evaluation.figure import joined, rate_figure
from scoring.evaluation.health import change_since
from scoring.evaluation.indicator import Direction
from scoring.evaluation.score import Unscored, against_target, lack_of, score_of
from scoring.evaluation.weights import INDICATOR_WEIGHTS
from scoring.funnel.units import DAY_MS
from tests.fixtures.evaluation import rows, store_of, usual

OWN = ComparatorKind.OWN
STORE = store_of(1)
EVALUATION = evaluate_store(STORE)
NAMES = sorted(INDICATOR_BY_ID)
WEIGHTS = {name: weight.weight for name, weight in INDICATOR_WEIGHTS.items()}
REFUNDS = INDICATOR_BY_ID["returns.refunds"]


def without(store: StoreFigures, names: set[str]) -> StoreFigures:
    figures = {name: figure for name, figure in store.figures.items() if name not in names}
    return dataclasses.replace(store, figures=figures)


def points(evaluation: StoreEvaluation, kind: ComparatorKind = OWN) -> dict[str, float | None]:
    """Every score by name: indicators, dimensions, health."""
    found: dict[str, float | None] = {
        one.indicator.id: one.scores[kind].value if kind in one.scores else None
        for one in evaluation.indicators
    }
    weighted = (*evaluation.dimensions[kind], evaluation.health[kind])
    return found | {one.id: one.score.value if one.score else None for one in weighted}


def test_a_store_with_everything_has_every_score_and_leads_each_back_to_rows() -> None:
    assert None not in points(EVALUATION).values()
    assert EVALUATION.headline is ComparatorKind.PEERS
    for one in EVALUATION.indicators:
        assert one.figure is not None
        assert all(row.count > 0 for row in one.figure.rows)
        assert all(comparator.rows for comparator in one.comparators.values())


def test_as_usual_is_50_and_a_standard_deviation_is_15_points_in_the_good_direction() -> None:
    figure = rate_figure(1000, 10_000, rows())
    at = usual(figure.g)
    below = usual(figure.g + 0.2)
    assert score_of(figure, at, Direction.HIGHER).value == 50
    assert score_of(figure, below, Direction.HIGHER).value == pytest.approx(35)
    assert score_of(figure, below, Direction.LOWER).value == pytest.approx(65)


def test_scores_and_intervals_end_at_0_and_100() -> None:
    score = score_of(rate_figure(1, 10_000, rows()), usual(0.0), Direction.HIGHER)
    assert (score.value, score.low, score.high) == (0, 0, 0)


@given(st.permutations(NAMES), st.randoms())
def test_the_order_in_which_anything_comes_changes_nothing(
    order: list[str], random: stdlib_random.Random
) -> None:
    def shuffled(values: dict) -> dict:  # type: ignore[type-arg]
        names = list(values)
        random.shuffle(names)
        return {name: values[name] for name in names}

    again = dataclasses.replace(
        STORE,
        figures={name: STORE.figures[name] for name in order},
        own={name: shuffled(dict(STORE.own[name])) for name in order},
        peers={name: shuffled(dict(STORE.peers[name])) for name in reversed(order)},
        steps=tuple(reversed(STORE.steps)),
    )
    assert points(evaluate_store(again)) == points(EVALUATION)
    assert evaluate_store(again).funnel[OWN].lost == EVALUATION.funnel[OWN].lost


@given(st.sampled_from([name for name in NAMES if "k" in STORE.figures[name].inputs]), st.integers(1, 3000))
def test_raising_an_indicator_in_its_good_direction_lowers_no_score(name: str, more: int) -> None:
    figure, direction = STORE.figures[name], INDICATOR_BY_ID[name].direction
    k = int(figure.inputs["k"]) + direction * more
    n = int(figure.inputs.get("n", 0))
    k = max(0, min(k, n) if n else k)
    raised = (
        rate_figure(k, n, figure.rows)
        if n
        else dataclasses.replace(figure, g=figure.g + direction * more / 10_000)
    )
    after = points(evaluate_store(dataclasses.replace(STORE, figures={**STORE.figures, name: raised})))
    before = points(EVALUATION)
    lowered = {key for key in before if (after[key] or 0) < (before[key] or 0) - 1e-9}
    assert lowered == set()


@given(st.sets(st.sampled_from(NAMES), min_size=1))
def test_data_that_is_missing_never_raises_what_a_store_has_for_certain(gone: set[str]) -> None:
    less = evaluate_store(without(STORE, gone))
    pairs = [
        *zip(EVALUATION.dimensions[OWN], less.dimensions[OWN], strict=True),
        (EVALUATION.health[OWN], less.health[OWN]),
    ]
    for full, part in pairs:
        assert part.at_least <= full.at_least + 1e-9
        assert part.at_most >= full.at_most - 1e-9
        assert part.coverage <= full.coverage + 1e-9
        if part.score is not None:
            assert part.at_least - 1e-9 <= part.score.value <= part.at_most + 1e-9
    assert all(points(less)[name] is None for name in gone)


@given(st.sampled_from(DIMENSIONS))
def test_a_source_that_is_taken_away_moves_only_the_dimensions_that_used_it(dimension: object) -> None:
    names = {one.id for one in dimension.indicators}  # type: ignore[attr-defined]
    less, before = points(evaluate_store(without(STORE, names))), points(EVALUATION)
    moved = {name for name in before if before[name] != less[name]}
    assert moved <= names | {dimension.id, "health"}  # type: ignore[attr-defined]


@given(st.sets(st.sampled_from(NAMES), min_size=1, max_size=len(NAMES) - 1))
def test_nothing_is_gained_since_the_last_period_by_losing_a_bad_indicator(gone: set[str]) -> None:
    """The plain difference of two means would be one."""
    less = evaluate_store(without(STORE, gone))
    for now, then in zip(less.dimensions[OWN], EVALUATION.dimensions[OWN], strict=True):
        change = change_since(now, then, WEIGHTS)
        assert (change is None) == (not now.parts)
        assert change is None or (change.points == pytest.approx(0) and change.only_now == ())


def test_under_half_of_a_dimension_there_is_no_score_of_it_and_it_is_not_a_low_one() -> None:
    names = {"service.answered_in_time", "service.unanswered"}
    service = next(
        one for one in evaluate_store(without(STORE, names)).dimensions[OWN] if one.id == "service"
    )
    assert (service.score, service.coverage) == (None, 0.4)
    assert service.lack is not None
    assert service.lack.reason is Unscored.LOW_COVERAGE
    assert service.at_least < 50 < service.at_most


def test_six_dimensions_that_are_each_half_covered_make_no_health() -> None:
    gone = {
        one.id for dimension in DIMENSIONS for one in dimension.indicators[: len(dimension.indicators) // 2]
    }
    less = evaluate_store(without(STORE, gone)).health[OWN]
    assert less.coverage < 0.6
    assert less.score is None


def test_without_a_past_and_without_peers_there_is_no_score() -> None:
    few = {name: dict(list(past.items())[: LEAST_OWN_PERIODS - 1]) for name, past in STORE.own.items()}
    alone = evaluate_store(dataclasses.replace(STORE, own=few, peers={}, own_steps={}))
    assert set(points(alone).values()) == {None}
    assert alone.headline is None
    assert all(one.lacks[OWN].reason is Unscored.NO_COMPARATOR for one in alone.indicators)
    assert all(step.loss is None for step in alone.funnel[OWN].steps)
    assert alone.funnel[OWN].money is None


def test_below_the_floor_it_is_said_how_many_more_days_it_takes() -> None:
    few = dataclasses.replace(STORE, figures={"logistics.shipped_in_time": rate_figure(9, 10, rows())})
    lack = evaluate_store(few).indicator("logistics.shipped_in_time").lacks[OWN]
    assert (lack.reason, lack.have, lack.need) == (Unscored.BELOW_FLOOR, 10, 30)
    assert lack.days == 60  # 30 days brought 10 of 30


def test_the_floor_looks_at_what_was_exposed_and_not_at_what_was_found() -> None:
    """A floor on refunds found would leave out every store that has none."""
    comparator = usual(-2.0, 0.5)
    lacks = [lack_of(REFUNDS, rate_figure(k, 400, rows()), comparator) for k in (2, 60, 200)]
    assert lacks == [None, None, None]
    assert lack_of(REFUNDS, rate_figure(60, 99, rows()), comparator) is not None


def test_what_is_not_due_yet_has_no_score() -> None:
    young = dataclasses.replace(STORE, not_due=frozenset({"returns.refunds"}))
    refunds = evaluate_store(young).indicator("returns.refunds")
    assert refunds.scores == {}
    assert {lack.reason for lack in refunds.lacks.values()} == {Unscored.NOT_DUE}


def test_members_too_few_or_too_small_make_no_comparator() -> None:
    members = dict(STORE.own["returns.refunds"])
    assert comparator_of(OWN, dict(list(members.items())[:3])) is None
    assert comparator_of(ComparatorKind.PEERS, dict(list(members.items())[:4])) is None
    small = {name: rate_figure(5, 50, rows()) for name in members}
    tiny = evaluate_store(dataclasses.replace(STORE, own={"returns.refunds": small}))
    assert tiny.indicator("returns.refunds").lacks[OWN].reason is Unscored.NO_COMPARATOR


def test_an_indicator_nobody_knows_or_a_figure_of_another_kind_is_rejected() -> None:
    figure = rate_figure(1, 2, rows())
    with pytest.raises(EvaluationError, match="unknown indicator"):
        evaluate_store(dataclasses.replace(STORE, figures={"service.smiles": figure}))
    with pytest.raises(EvaluationError, match="is a duration, got a rate"):
        evaluate_store(dataclasses.replace(STORE, figures={"logistics.time_to_ship": figure}))


def test_a_target_is_met_or_missed_surely_or_not_and_gives_no_points() -> None:
    figure = rate_figure(90, 100, rows())
    target = rate_figure(9500, 10_000, rows())
    missed = against_target(figure, 0.95, target.g, Direction.HIGHER, "amazon")
    assert (missed.is_met, missed.gap) == (False, pytest.approx(-0.05))
    assert against_target(figure, 0.9, figure.g, Direction.HIGHER, "us").is_met
    assert against_target(figure, 0.95, target.g, Direction.LOWER, "us").is_met
    many = joined([figure] * 100)
    assert against_target(many, 0.95, target.g, Direction.HIGHER, "amazon").is_sure
    assert not against_target(rate_figure(19, 20, rows()), 0.96, 3.18, Direction.HIGHER, "us").is_sure


def test_a_benchmark_is_the_curve_through_its_percentiles_and_one_percentile_is_none() -> None:
    def point(share: float) -> BenchmarkFigure:
        return BenchmarkFigure(0.0, share, "orders with a refund ÷ paid orders", 400, "somebody", "CC BY 4.0")

    points_of = [(point(0.1), -2.5, -1.2816), (point(0.5), -2.0, 0.0), (point(0.9), -1.5, 1.2816)]
    comparator = benchmark_comparator(points_of, rows("benchmark.csv", 3))
    assert comparator is not None
    assert comparator.mu == pytest.approx(-2.0)
    assert comparator.sigma == pytest.approx(0.5 / 1.2816)
    assert benchmark_comparator(points_of[:1], rows()) is None
    falling = [(point(0.1), -1.0, -1.28), (point(0.9), -2.0, 1.28)]
    assert benchmark_comparator(falling, rows()) is None


def test_a_period_that_was_split_and_put_together_is_scored_the_same() -> None:
    name = "returns.refunds"
    inputs = STORE.figures[name].inputs
    k, n = int(inputs["k"]), int(inputs["n"])
    halves = joined([rate_figure(k // 2, n // 2, rows()), rate_figure(k - k // 2, n - n // 2, rows())])
    again = evaluate_store(dataclasses.replace(STORE, figures={**STORE.figures, name: halves}))
    assert points(again) == points(EVALUATION)


def test_another_order_of_comparators_changes_what_is_shown_first_and_no_score() -> None:
    other = evaluate_store(STORE, (OWN, ComparatorKind.PEERS))
    assert other.headline is OWN
    assert points(other) == points(EVALUATION)
    assert STORE.span.end_ms - STORE.span.start_ms == 30 * DAY_MS


def test_a_result_was_too_good_to_be_scored() -> None:
    """Without one cancellation the error of the rate is large: the score was left out, and the dimension fell."""
    none = rate_figure(0, 20_000, rows())
    best = dataclasses.replace(STORE, figures={**STORE.figures, "logistics.seller_cancellations": none})
    scores = evaluate_store(best).indicator("logistics.seller_cancellations").scores
    assert scores[OWN].value == 100
