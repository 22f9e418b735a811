"""What a store's own past leads one to expect: chances that are as often so as they say, whatever the months do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t as student

from scoring.evaluation.chances import any_of, together
from scoring.evaluation.comparator import ComparatorKind, comparator_of
from scoring.evaluation.expecting import low_chance, low_chance_of
from scoring.evaluation.figure import Figure, IndicatorKind
from scoring.evaluation.indicator import Direction
from scoring.evaluation.score import Score
from tests.fixtures.evaluation import rows, usual

OWN, PEERS = ComparatorKind.OWN, ComparatorKind.PEERS


def figure(g: float, variance: float = 1e-9) -> Figure:
    return Figure(IndicatorKind.RATE, 0.5, g, variance, 1000, {"k": 1, "n": 2}, rows())


def chance(past: list[float], now: float, kind: ComparatorKind = OWN, variance: float = 1e-9) -> float:
    comparator = comparator_of(kind, {f"m{at:02}": figure(g, variance) for at, g in enumerate(past)})
    assert comparator is not None
    return low_chance(figure(now, variance), comparator, Direction.HIGHER)


def test_of_peers_it_is_students_chance_of_one_more_member() -> None:
    past = [0.1, -0.2, 0.4, 0.0, -0.3, 0.2]
    off = (-0.9 - np.mean(past)) / (np.std(past, ddof=1) * math.sqrt(1 + 1 / len(past)))
    assert chance(past, -0.9, PEERS) == pytest.approx(student.cdf(off, len(past) - 1), rel=1e-4)


@pytest.mark.parametrize("phi", [0.0, 0.6, 0.8])
@pytest.mark.parametrize("variance", [1e-9, 0.5])
def test_a_month_in_which_nothing_happened_is_as_seldom_low_as_is_said(phi: float, variance: float) -> None:
    """Months that stay near the one before, and counting noise, made every tenth month of a shop look clearly low."""
    random, runs = np.random.default_rng(12), 500
    found = []
    for _ in range(runs):
        months = [float(random.normal())]
        for _ in range(13):
            months.append(phi * months[-1] + math.sqrt(1 - phi**2) * float(random.normal()))
        seen = [month + math.sqrt(variance) * float(random.normal()) for month in months]
        found.append(chance(seen[:-1], seen[-1], variance=variance))
    for at in (0.05, 0.25, 0.75):
        assert np.mean([one <= at for one in found]) == pytest.approx(
            at, abs=4 * math.sqrt(at * (1 - at) / runs)
        )


def test_a_fall_from_where_a_growing_shop_had_got_to_was_hidden_by_its_smaller_past() -> None:
    growing = [0.1 * at for at in range(13)]
    assert chance(growing, 0.6) < 0.01 < chance(growing, 1.2)
    mixed = [growing[at] for at in (7, 1, 11, 4, 0, 9, 3, 12, 6, 2, 10, 5, 8)]
    assert chance(mixed, 0.6) > 0.3


def test_a_published_table_knows_no_months() -> None:
    table = usual(0.0, 1.0, ComparatorKind.BENCHMARK)
    assert low_chance(figure(-1.0), table, Direction.HIGHER) == pytest.approx(0.159, abs=0.001)
    assert low_chance(figure(-1.0), table, Direction.LOWER) == pytest.approx(0.841, abs=0.001)


def test_the_score_alone_says_nearly_the_same() -> None:
    assert low_chance_of(Score(50, 40, 60, 6)) == pytest.approx(0.5)
    assert low_chance_of(Score(20, 10, 30, 0.001)) == pytest.approx(0.0228, abs=1e-4)


def test_the_same_figure_under_two_names_counts_once() -> None:
    assert any_of([0.01, 0.01]) == pytest.approx(0.01)
    assert any_of([0.01, 0.012]) < 0.01
    assert any_of([0.01, 0.9]) > 0.01


def test_evidence_of_one_cause_weighs_less_than_independent_evidence() -> None:
    independent = together([0.01, 0.02], lambda _, __: 0.0)
    product = 0.01 * 0.02
    assert independent == pytest.approx(product * (1 - math.log(product)))
    assert independent < together([0.01, 0.02], lambda _, __: 0.8)
    assert together([], lambda _, __: 0.0) == 1.0
