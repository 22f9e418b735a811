"""False alerts and delay of slow changes, on simulated days: ``python tests/bench/detection/drifts.py``, a few minutes.

Shops of 20 to 30,000 clicks an hour whose rate strays from day to day, wanders from week to week and differs by weekday; judged each
night by the product's own code with the eight weeks before. Nothing is written: the figures go into README.md by hand.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from scoring.alerts.alert import DRIFT_SURPRISE
from scoring.baselines.drift import DailyCounts, drifts_of
from scoring.funnel.stages import STAGE_INDEX, STEP_BY_ID

STEP = "click_to_add_to_cart"
UP, DOWN = STAGE_INDEX["click"], STAGE_INDEX["add_to_cart"]
#: a surprise below this ends an alert, as in ``scoring/detection/drifts.py``
OVER = 1.0
BEGIN, KEPT = 35, 56


def draw(
    rng: np.random.Generator, clicks: float, drift: np.ndarray, day: float, week: float, rho: float = 0.3
) -> np.ndarray:
    """(days, 7): ``day`` is the deviation of a day's log rate, ``week`` of the steps from week to week."""
    days = len(drift)
    weekend = (3 + np.arange(days)) % 7 >= 5
    stray = np.zeros(days)
    for at in range(days):
        stray[at] = (rho * stray[at - 1] if at else 0) + rng.normal() * day * np.sqrt(1 - rho**2)
    walk = np.repeat(np.cumsum(rng.normal(size=days // 7 + 1) * week), 7)[:days]
    counts = np.zeros((days, 7), dtype=np.int64)
    counts[:, UP] = rng.poisson(clicks * 24 * np.exp(rng.normal(size=days) * 0.1 + 0.2 * weekend))
    rate = 0.12 * np.exp(0.08 * weekend + stray + walk + drift)
    counts[:, DOWN] = rng.binomial(counts[:, UP], np.minimum(rate, 1.0))
    return counts


def alerts(counts: np.ndarray) -> list[int]:
    """The days on whose eve an alert opened."""
    opened, is_open = [], False
    for until in range(BEGIN, len(counts) + 1):
        kept = counts[max(0, until - KEPT) : until]
        (said,) = drifts_of(DailyCounts(0, kept, np.zeros(len(kept), dtype=bool)), {STEP: STEP_BY_ID[STEP]})
        if not is_open and said.surprise >= DRIFT_SURPRISE and said.observed <= 0.95 * said.expected:
            is_open = True
            opened.append(until)
        elif is_open and said.surprise < OVER:
            is_open = False
    return opened


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stores", type=int, default=60)
    parser.add_argument("--seed", type=int, default=5)
    given = parser.parse_args()
    for week in (0.0, 0.02, 0.04):
        for day in (0.03, 0.06, 0.10):
            rng = np.random.default_rng(given.seed)
            found = [
                len(alerts(draw(rng, 10 ** rng.uniform(1.3, 4.5), np.zeros(BEGIN + 84), day, week)))
                for _ in range(given.stores)
            ]
            print(
                f"clean, day {day}, week {week}: {sum(found) / (12 * given.stores):.4f} alerts a week and step"
            )
    shapes: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "-3 % a day for ten days": lambda at: np.log(0.97) * np.clip(at - 49, 0, 10),
        "-8 %": lambda at: np.log(0.92) * (at >= 49),
        "-15 %": lambda at: np.log(0.85) * (at >= 49),
        "-25 %": lambda at: np.log(0.75) * (at >= 49),
    }
    for name, shape in shapes.items():
        for clicks in (50.0, 500.0, 5000.0):
            rng = np.random.default_rng(given.seed + 2)
            delays = []
            for _ in range(given.stores):
                opened = alerts(draw(rng, clicks, shape(np.arange(49 + 28)), 0.05, 0.02))
                delays += [at - 49 for at in opened if at > 49][:1]
            middle = np.median(delays) if delays else np.nan
            print(
                f"{name}, {clicks:.0f} clicks an hour: {len(delays)} of {given.stores}, median {middle:.0f} days"
            )


if __name__ == "__main__":
    main()
