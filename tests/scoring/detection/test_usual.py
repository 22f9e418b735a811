"""What shops usually set up, as scores: they see a drop, know nothing of what comes later, and open no more than is allowed."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.calendar.effects import DAY
from scoring.detection.usual import NO_SCORE, USUAL, StepStream, UsualMethod, openings, threshold_for

TRAINED, JUDGED = 28 * DAY, 2 * DAY
DROP = slice(TRAINED + 600, TRAINED + 900)


def stream(seed: int = 5, drop: slice | None = None, minutes: int = TRAINED + JUDGED) -> StepStream:
    """Some forty clicks a minute, a fifth of which convert; in the drop a fifth of those."""
    rng = np.random.default_rng(seed)
    up = rng.poisson(40 * (1 + 0.4 * np.sin(np.arange(minutes) / DAY * 2 * np.pi)))
    down = rng.binomial(up, 0.2)
    if drop is not None:
        down[drop] = rng.binomial(down[drop], 0.2)
    hours = np.arange(minutes, dtype=np.intp) // 60 % 168
    return StepStream(up.astype(float), down.astype(float), hours, min(TRAINED, minutes - JUDGED))


@pytest.mark.parametrize("method", UsualMethod)
def test_every_method_scores_a_drop_above_all_that_came_before(method: UsualMethod) -> None:
    score = USUAL[method](stream(drop=DROP))
    assert len(score) == JUDGED
    assert score[600:900].max() > score[:600].max()


@pytest.mark.parametrize("method", UsualMethod)
def test_a_score_knows_nothing_of_later_minutes(method: UsualMethod) -> None:
    calm, broken = USUAL[method](stream()), USUAL[method](stream(drop=slice(TRAINED + 602, None)))
    np.testing.assert_array_equal(calm[:602], broken[:602])
    assert (calm[602:] != broken[602:]).any()


@pytest.mark.parametrize("method", UsualMethod)
def test_a_history_of_a_day_and_no_whole_hours_can_be_scored(method: UsualMethod) -> None:
    score = USUAL[method](stream(minutes=JUDGED + DAY + 37))
    assert len(score) == JUDGED
    assert np.isfinite(score).all()


@pytest.mark.parametrize("method", UsualMethod)
def test_a_step_without_any_event_scores_nothing_to_be_afraid_of(method: UsualMethod) -> None:
    empty = np.zeros(TRAINED + JUDGED)
    hours = np.arange(len(empty), dtype=np.intp) // 60 % 168
    score = USUAL[method](StepStream(empty, empty, hours, TRAINED))
    assert np.isfinite(score).all()
    assert not len(openings(score, 1.0))


def test_alerts_within_an_hour_are_one() -> None:
    score = np.zeros(300)
    score[[10, 40, 100, 161, 250]] = 5.0
    assert openings(score, 5.0).tolist() == [10, 161, 250]


@pytest.mark.parametrize("allowed", [0, 1, 3, 10])
def test_the_threshold_is_the_lowest_that_opens_no_more_than_is_allowed(allowed: int) -> None:
    rng = np.random.default_rng(allowed)
    scores = [rng.normal(size=20_000), np.concatenate([rng.normal(size=9_000), np.full(500, NO_SCORE)])]

    def opened(threshold: float) -> int:
        return sum(len(openings(score, threshold)) for score in scores)

    threshold = threshold_for(scores, allowed)
    assert opened(threshold) <= allowed
    lower = [value for score in scores for value in score if value < threshold]
    assert opened(sorted(lower)[-3]) > 0
    assert opened(threshold - 0.5) > allowed


def test_without_any_score_nothing_opens() -> None:
    nothing = [np.full(100, NO_SCORE)]
    assert not len(openings(nothing[0], threshold_for(nothing, 5)))
    assert np.isfinite(threshold_for([], 5)), "a file of orders alone has no step to score"
