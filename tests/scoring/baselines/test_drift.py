"""Slow changes: what whole days say where no window of hours is surprising."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.alerts.alert import DRIFT_SURPRISE
from scoring.baselines.baseline import StepDrift
from scoring.baselines.drift import DailyCounts, drifts_of
from scoring.funnel.stages import STAGE_INDEX, STEP_BY_ID

CLICK, CART = STAGE_INDEX["click"], STAGE_INDEX["add_to_cart"]
STEP = "click_to_add_to_cart"
SIZE = 56
#: 2026-01-05, a Monday
FIRST = 20458


def shop(
    factor: np.ndarray | float = 1.0,
    clicks: float = 2_000.0,
    days: int = SIZE,
    seed: int = 3,
    excluded: tuple[int, ...] = (),
) -> DailyCounts:
    """A shop that sells better at weekends, its rate strays by 4 % from day to day, times ``factor`` by day."""
    rng = np.random.default_rng(seed)
    weekend = (FIRST + 3 + np.arange(days)) % 7 >= 5
    counts = np.zeros((days, 7), dtype=np.int64)
    counts[:, CLICK] = rng.poisson(clicks * np.where(weekend, 1.4, 1.0))
    rate = 0.12 * np.where(weekend, 1.15, 1.0) * np.exp(rng.normal(0, 0.04, days)) * factor
    counts[:, CART] = rng.binomial(counts[:, CLICK], np.minimum(rate, 1.0))
    named = np.zeros(days, dtype=bool)
    named[list(excluded)] = True
    return DailyCounts(FIRST, counts, named)


def said(days: DailyCounts) -> StepDrift:
    (found,) = drifts_of(days, {STEP: STEP_BY_ID[STEP]})
    return found


def leaking(days: int, daily: float = 0.97) -> np.ndarray:
    """A rate that loses 3 % a day over the last ``days`` days."""
    return daily ** np.clip(np.arange(SIZE) - (SIZE - 1 - days), 0, days)


def test_three_percent_a_day_for_ten_days_drifts_though_no_single_day_shows_it() -> None:
    drift = said(shop(leaking(10)))
    assert drift.surprise > DRIFT_SURPRISE
    assert (drift.first_day, drift.last_day) == (FIRST + SIZE - 7, FIRST + SIZE - 1)
    assert 0.7 < drift.observed / drift.expected < 0.86
    assert drift.observed < drift.low < drift.expected < drift.high


@pytest.mark.parametrize("seed", range(8))
def test_a_shop_as_usual_or_better_does_not_drift(seed: int) -> None:
    assert said(shop(seed=seed)).surprise < DRIFT_SURPRISE
    assert said(shop(1 / leaking(10), seed=seed)).surprise == 0.0


def test_a_week_of_another_mix_of_weekdays_does_not_drift() -> None:
    """The last 7 days of a window may lack its weekend by the calendar; weekday is set against weekday."""
    assert said(shop(excluded=(SIZE - 1, SIZE - 2))).surprise < DRIFT_SURPRISE


def test_days_that_the_calendar_names_are_not_compared() -> None:
    factor = np.ones(SIZE)
    factor[-4:] = 0.5
    assert said(shop(factor)).surprise > DRIFT_SURPRISE
    assert drifts_of(shop(factor, excluded=(52, 53, 54, 55)), {STEP: STEP_BY_ID[STEP]})[0].surprise < 2.0


def test_a_small_loss_that_lasts_a_month_shows_in_the_month() -> None:
    factor = np.ones(SIZE)
    factor[-28:] = 0.88
    drift = said(shop(factor, clicks=6_000.0))
    assert drift.last_day - drift.first_day + 1 == 28
    assert drift.surprise > DRIFT_SURPRISE


def test_an_incident_of_a_day_in_the_weeks_before_does_not_make_a_usual_week_look_well() -> None:
    factor = leaking(10)
    factor[25] = 0.1
    assert said(shop(factor)).surprise > DRIFT_SURPRISE


@pytest.mark.parametrize("days", [0, 1, 20, 27])
def test_without_four_weeks_to_compare_with_nothing_is_said(days: int) -> None:
    assert drifts_of(shop(1.0, days=days), {STEP: STEP_BY_ID[STEP]}) == ()


def test_a_handful_of_conversions_a_week_says_nothing() -> None:
    assert drifts_of(shop(leaking(10), clicks=4.0), {STEP: STEP_BY_ID[STEP]}) == ()


def test_the_surprise_is_the_tail_of_the_ratio_taken_literally() -> None:
    """One number in ten lines of standard library: mean rate, no weekday effect left after shrinking, two windows."""
    drift = said(shop(leaking(10)))
    z = np.log((drift.observed + 0.5) / (drift.expected + 0.5)) / np.sqrt(drift.log_variance)
    from statistics import NormalDist

    assert 10**-drift.surprise == pytest.approx(NormalDist().cdf(z), rel=0.02)
