"""Made report series: a store's days of visits and orders, with season, drift, a wobble that lasts over neighbours, and what is asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scoring.funnel.units import DAY_MS
from scoring.periods.series import PeriodPoint

START_MS = 1_764_547_200_000  # Monday 2025-12-01 00:00 UTC
DAYS_A_WEEK = 7


@dataclass(frozen=True, slots=True)
class Store:
    """One store.

    Attributes:
        per_day: visits of a middling day.
        rate: orders per visit.
        sigma: wobble of the log rate from day to day (AR(1) with 0.5).
        clump: variance of orders beyond Poisson, in units of their mean squared (negative binomial); 0 for Poisson.
    """

    per_day: float
    rate: float
    sigma: float
    clump: float = 0.0


def draw_store(rng: np.random.Generator, clump: float) -> Store:
    """A store of any size: 100 to 50,000 visits a day, by the logarithm."""
    return Store(
        per_day=float(np.exp(rng.uniform(np.log(100), np.log(50_000)))),
        rate=float(rng.beta(4, 40)),
        sigma=float(np.exp(rng.normal(np.log(0.08), 0.4))),
        clump=clump,
    )


def days_of(
    rng: np.random.Generator, store: Store, days: int, fall: tuple[int, int, float] | None = None
) -> list[PeriodPoint]:
    """Complete days of a store; ``fall`` is first day, days, and the share of orders that is lost."""
    season = rng.normal(0, 0.12, DAYS_A_WEEK)
    drift = rng.normal(0, 0.04 / DAYS_A_WEEK**0.5, days).cumsum()
    wobble, found = 0.0, []
    for day in range(days):
        wobble = 0.5 * wobble + rng.normal(0, store.sigma * 0.75**0.5)
        visits = rng.poisson(store.per_day * np.exp(rng.normal(0, 0.15) + season[day % DAYS_A_WEEK]))
        mean = visits * store.rate * np.exp(wobble + drift[day] + 0.3 * season[(day + 3) % DAYS_A_WEEK])
        if fall is not None and fall[0] <= day < fall[0] + fall[1]:
            mean *= 1 - fall[2]
        if store.clump:
            mean = rng.gamma(1 / store.clump, mean * store.clump)
        start = START_MS + day * DAY_MS
        found.append(
            PeriodPoint(start, start + DAY_MS, float(visits), float(rng.poisson(mean)), start + 4 * DAY_MS)
        )
    return found
