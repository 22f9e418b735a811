"""Stores whose platform does not supply a stage: the step over it is judged as any other."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.alerts.alert import AlertState, AlertTransition
from scoring.baselines import StoreBaseline, StoreHistory, fit_baselines
from scoring.detection import DetectionPolicy, Detector
from scoring.funnel.money import Worth, price
from scoring.funnel.scores import ScoreState
from scoring.funnel.stages import STAGE_INDEX

DAY = 1440
START = 29_459_520  # Monday 2026-01-05 00:00 UTC
TRAIN, DAYS = 15 * DAY, 17
FALL = TRAIN + 10 * 60


def counts_of(upstream: str, downstream: str, rate: float, tester: int = 0) -> np.ndarray:
    """(1, 7, minutes): a step over stages that are not supplied; from ``FALL`` on it converts at a fifth of ``rate``."""
    rng = np.random.default_rng(5)
    minutes = DAYS * DAY
    counts = np.zeros((1, 7, minutes), dtype=np.int64)
    counts[0, STAGE_INDEX[upstream]] = rng.poisson(30.0, minutes)
    chance = np.where(np.arange(minutes) < FALL, rate, rate / 5)
    arrived = rng.binomial(counts[0, STAGE_INDEX[upstream]], chance)
    counts[0, STAGE_INDEX[downstream], 2:] = arrived[:-2]
    counts[0, STAGE_INDEX["add_to_cart"], :tester] = 1
    return counts


def fitted(counts: np.ndarray) -> StoreBaseline:
    return fit_baselines([StoreHistory("shop", "UTC", START, ("",), counts[:, :, :TRAIN])], 1)[0]


def fired(counts: np.ndarray, baseline: StoreBaseline, minutes: int) -> list[AlertTransition]:
    detector = Detector(DetectionPolicy())
    detector.set_baseline(baseline)
    row = detector.row_of("shop", "")
    found: list[AlertTransition] = []
    for minute in range(TRAIN, TRAIN + minutes):
        block = np.zeros((row + 1, 7), dtype=np.int64)
        block[row] = counts[0, :, minute]
        found += detector.advance_matrix(START + minute, block)
    return [one for one in found if one.state is AlertState.FIRING and one.sequence == 1]


@pytest.mark.parametrize(
    ("upstream", "downstream"), [("click", "order"), ("impression", "order"), ("click", "payment")]
)
def test_a_fall_of_a_step_over_a_stage_opens_an_alert_that_has_a_price(
    upstream: str, downstream: str
) -> None:
    counts = counts_of(upstream, downstream, 0.1)
    baseline = fitted(counts)
    step = f"{upstream}_to_{downstream}"
    assert list(baseline.steps) == [step]
    (alert,) = fired(counts, baseline, 11 * 60 + 30)
    assert alert.step == step
    assert alert.opened_at_ms >= (START + FALL) * 60_000
    money = price(alert, Worth({upstream: 1000, downstream: 100}, {downstream: 20.0}, "USD"))
    assert money is not None
    assert money.lost == pytest.approx(20 * alert.lost)


def test_a_testers_carts_do_not_take_the_main_rate_of_a_marketplace_away() -> None:
    assert list(fitted(counts_of("click", "order", 0.1, tester=200)).steps) == ["click_to_order"]


def test_without_a_baseline_the_step_over_a_stage_is_the_one_that_waits_for_it() -> None:
    detector = Detector(DetectionPolicy())
    counts = [0] * 7
    counts[STAGE_INDEX["click"]], counts[STAGE_INDEX["order"]] = 30, 3
    rows = detector.advance(START, {"shop": {"": counts}}).scores
    assert [(row.step, row.state) for row in rows] == [("click_to_order", ScoreState.NO_BASELINE)]
