"""Scores against simulated stores whose truth is known: intervals hold what they state, volume does not move the mean."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scoring.evaluation.comparator import LEAST_RELIABILITY, ComparatorKind, comparator_of, hedges
from scoring.evaluation.figure import Figure
from scoring.evaluation.indicator import Direction
from scoring.evaluation.score import POINTS, USUAL, more_cases_needed, score_of
from scoring.funnel.units import Z90
from tests.fixtures.evaluation import rate_of

MU, RUNS = -2.2, 600


def members(count: int, spread: float, n: int, random: np.random.Generator) -> dict[str, Figure]:
    return {f"m{at:02}": rate_of(float(random.normal(MU, spread)), n, random) for at in range(count)}


def test_each_store_scored_by_its_truth_the_stated_interval_holds_nine_times_of_ten() -> None:
    """600 stores of random quality: the standard error of the share is 1.2 %, so that 86 to 94 % is within three of them."""
    random = np.random.default_rng(16)
    held = 0
    for _ in range(RUNS):
        comparator = comparator_of(ComparatorKind.PEERS, members(8, 0.5, 3000, random))
        assert comparator is not None
        quality = float(random.normal())
        figure = rate_of(MU + 0.5 * quality, 3000, random)
        score = score_of(figure, comparator, Direction.HIGHER)
        points = USUAL + POINTS * (figure.g - comparator.mu) / comparator.sigma
        held += abs(points - USUAL - POINTS * quality) <= Z90 * score.spread
    assert 0.86 <= held / RUNS <= 0.94


@pytest.mark.parametrize("quality", [-1.0, 0.0, 1.0])
def test_a_hundred_times_the_volume_moves_the_mean_score_by_at_most_a_point(quality: float) -> None:
    random = np.random.default_rng(7)
    comparator = comparator_of(ComparatorKind.PEERS, members(12, 0.5, 30_000, random))
    assert comparator is not None
    g = comparator.mu + quality * comparator.sigma
    mean = {
        n: np.mean([score_of(rate_of(g, n, random), comparator, Direction.HIGHER).value for _ in range(runs)])
        for n, runs in ((1000, 1500), (100_000, 100))
    }
    assert abs(mean[1000] - mean[100_000]) <= 1.0
    assert abs(mean[100_000] - USUAL - POINTS * quality) <= 1.0


def test_dividing_by_the_members_own_deviation_put_every_score_too_far_from_50() -> None:
    random = np.random.default_rng(3)
    plain, corrected = [], []
    for _ in range(1500):
        comparator = comparator_of(ComparatorKind.PEERS, members(6, 0.5, 30_000, random))
        assert comparator is not None
        z = (MU - 0.5 - comparator.mu) / comparator.sigma
        corrected.append(USUAL + POINTS * z)
        plain.append(USUAL + POINTS * z / comparator.inputs["correction"])
    truth = USUAL - POINTS
    assert abs(np.mean(corrected) - truth) < 1.0
    assert np.mean(plain) < truth - 2.0


def test_small_members_that_differ_by_counting_noise_alone_make_no_yardstick() -> None:
    random = np.random.default_rng(5)
    usable = 0
    for _ in range(200):
        comparator = comparator_of(ComparatorKind.OWN, members(13, 0.0, 300, random))
        assert comparator is not None
        usable += comparator.reliability >= LEAST_RELIABILITY
    assert usable <= 4


def test_a_store_too_small_for_its_yardstick_is_said_to_need_more_cases() -> None:
    random = np.random.default_rng(9)
    comparator = comparator_of(ComparatorKind.PEERS, members(12, 0.2, 100_000, random))
    assert comparator is not None
    small, large = (rate_of(MU, n, random) for n in (100, 10_000))
    more = more_cases_needed(small, comparator)
    assert more > 1
    assert more_cases_needed(large, comparator) <= 1
    assert more_cases_needed(rate_of(MU, math.ceil(100 * more * 1.5), random), comparator) <= 1


def test_the_correction_is_hedges() -> None:
    assert hedges(2.0) == pytest.approx(1 / math.sqrt(math.pi))
    assert hedges(7.0) == pytest.approx(1 - 3 / (4 * 7 - 1), abs=2e-3)  # his approximation
    assert hedges(400.0) == pytest.approx(1.0, abs=2e-3)
