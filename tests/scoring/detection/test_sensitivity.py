"""The smallest drop that is said to show within an hour is the one that does."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.baselines.baseline import Kernel, StepBaseline
from scoring.detection.engine import SeriesEngine, SeriesParameters
from scoring.detection.policy import DetectionPolicy
from scoring.detection.sensitivity import smallest_drop
from scoring.funnel.units import HOURS_A_WEEK

POLICY = DetectionPolicy()
SERIES, RUN_IN, TAU = 300, 400, 90.0


def step_of(per_hour: float, rate: float, sigma: float) -> StepBaseline:
    nothing = (0.0,) * HOURS_A_WEEK
    return StepBaseline(
        "click_to_add_to_cart", "click", "add_to_cart", rate, 0.0, Kernel((1.0,)), nothing, nothing,
        0.0, 0.0, sigma, TAU, 1.0, per_hour,
    )  # fmt: skip


def share_found(step: StepBaseline, drop: float) -> float:
    """Of many stores alike, the share whose alert opens within an hour of a drop; all run in for hours before it."""
    rng = np.random.default_rng(41)
    engine = SeriesEngine(POLICY)
    for _ in range(SERIES):
        engine.add(SeriesParameters(step.sigma, TAU, step.rate, 1.0, (1.0,), 0.0, POLICY.notice))
    rho = np.exp(-1 / TAU)
    wobble = rng.normal(0, step.sigma, SERIES)
    before, found = np.zeros(SERIES, dtype=bool), np.zeros(SERIES, dtype=bool)
    for minute in range(RUN_IN + 60):
        wobble = rho * wobble + step.sigma * np.sqrt(1 - rho**2) * rng.normal(size=SERIES)
        clicks = rng.poisson(step.arrivals_per_hour / 60 / step.rate, SERIES)
        kept = 1 - drop * (minute >= RUN_IN)
        arrived = rng.binomial(clicks, np.clip(step.rate * np.exp(wobble) * kept, 0, 1)).astype(float)
        opened = engine.step(arrived, clicks * step.rate, np.zeros(SERIES)).opened
        before |= opened & (minute < RUN_IN)
        found |= opened & (minute >= RUN_IN)
    return float(found[~before].mean())


@pytest.mark.parametrize(
    ("per_hour", "rate", "sigma"), [(60.0, 0.12, 0.07), (1500.0, 0.12, 0.07), (200.0, 0.85, 0.05)]
)
def test_the_smallest_drop_shows_within_an_hour_in_about_one_of_two(
    per_hour: float, rate: float, sigma: float
) -> None:
    step = step_of(per_hour, rate, sigma)
    drop = smallest_drop(step, POLICY)
    assert drop is not None
    assert share_found(step, 0.75 * drop) < 0.3
    assert 0.3 < share_found(step, drop) < 0.75
    assert share_found(step, min(1.25 * drop, 1.0)) > 0.75


def test_where_not_even_a_full_stop_shows_nothing_is_promised() -> None:
    assert smallest_drop(step_of(6.0, 0.12, 0.07), POLICY) is None


def test_a_store_in_its_first_week_shows_only_larger_drops() -> None:
    step = step_of(300.0, 0.12, 0.07)
    young, grown = smallest_drop(step, POLICY, days=3.0), smallest_drop(step, POLICY, days=30.0)
    assert young is not None
    assert grown is not None
    assert young > grown
