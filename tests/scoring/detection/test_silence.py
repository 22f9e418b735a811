"""Small and young stores of which nothing comes any more: reported as soon as chance no longer explains it."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.baselines import StoreBaseline, StoreHistory, fit_baselines
from scoring.detection import DetectionPolicy
from scoring.detection.traffic import Traffic
from scoring.funnel.stages import STAGE_INDEX

DAY = 1440
START = 29_459_520  # Monday 2026-01-05 00:00 UTC
CLICK = STAGE_INDEX["click"]


def history(per_hour: float, days: int, clump: int = 1, seed: int = 4) -> StoreHistory:
    counts = np.zeros((1, 7, days * DAY), dtype=np.int64)
    counts[0, CLICK] = clump * np.random.default_rng(seed).poisson(per_hour / clump / 60, days * DAY)
    return StoreHistory("shop", "UTC", START, ("",), counts)


def fitted(per_hour: float, days: int, clump: int = 1) -> StoreBaseline:
    return fit_baselines([history(per_hour, days, clump)], 1)[0]


def reported_after(baseline: StoreBaseline, per_hour: float, seed: int = 9) -> int:
    """Minutes of a complete outage after which it is reported; the outage begins on a Monday at ten."""
    traffic = Traffic(DetectionPolicy())
    traffic.set_baseline(baseline)
    rng, start = np.random.default_rng(seed), START + 28 * DAY
    for minute in range(600):
        came = rng.poisson(per_hour / 60, 1).astype(float)
        assert traffic.advance(start + minute, came, np.array([False])) == []
    for minute in range(600, 1200):
        if traffic.advance(start + minute, np.zeros(1), np.array([False])):
            return minute - 600 + 1
    return 10_000


@pytest.mark.parametrize("per_hour", [5, 20, 60, 180])
def test_an_outage_is_reported_once_some_fifteen_events_are_overdue(per_hour: int) -> None:
    overdue = reported_after(fitted(per_hour, 28), per_hour) * per_hour / 60
    assert overdue <= 20


def test_a_store_of_a_week_is_alerted_to_an_outage_of_hours() -> None:
    assert reported_after(fitted(30.0, 8), 30.0) <= 120


def test_under_a_week_nothing_is_usual_yet() -> None:
    assert fit_baselines([history(30.0, 6)], 1) == []


def test_events_that_come_in_clumps_make_a_silence_say_less() -> None:
    single, clumped = fitted(20.0, 28).traffic, fitted(20.0, 28, clump=5).traffic
    assert single is not None
    assert clumped is not None
    assert single.dispersion < 1.3
    assert 3.5 < clumped.dispersion < 7
