"""What a history of some days may be taken for."""

from __future__ import annotations

import math

import numpy as np

from scoring.baselines import StoreHistory, fit_baselines
from scoring.funnel.stages import STAGE_INDEX

#: a Monday, 2026-01-05 00:00 UTC
START, DAY = 29_459_520, 1440


def wobbling_store(
    rng: np.random.Generator, number: int, days: int, sigma: float, tau: float
) -> StoreHistory:
    """A store of 300 clicks a minute whose rate wobbles about a fifth; carts come in the minute of their click."""
    rho = math.exp(-1 / tau)
    logs = sigma * rng.normal(size=days * DAY)
    for minute in range(1, len(logs)):
        logs[minute] = rho * logs[minute - 1] + math.sqrt(1 - rho**2) * logs[minute]
    counts = np.zeros((1, 7, days * DAY), dtype=np.uint16)
    clicks = rng.poisson(300, days * DAY)
    counts[0, STAGE_INDEX["click"]] = clicks
    counts[0, STAGE_INDEX["add_to_cart"]] = rng.binomial(clicks, 0.2 * np.exp(logs))
    return StoreHistory(f"s{number}", "UTC", START, ("",), counts)


def test_hours_seen_once_do_not_take_the_wobble_for_the_season() -> None:
    rng = np.random.default_rng(4)
    young = fit_baselines([wobbling_store(rng, number, 5, 0.15, 120.0) for number in range(5)], 0)
    steps = [store.steps["click_to_add_to_cart"] for store in young]
    assert min(step.sigma for step in steps) > 0.1
    assert min(step.tau for step in steps) > 60
    assert max(abs(value) for step in steps for value in step.profile) < 0.15
