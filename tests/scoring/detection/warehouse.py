"""A warehouse drawn at random: payments around the clock, fulfilled after a delay counted in its business hours."""

from __future__ import annotations

import numpy as np

from scoring.baselines.business import BusinessHours, wall_hours
from scoring.baselines.localtime import local_minutes
from scoring.funnel.stages import STAGE_INDEX

START = 29_459_520  # Monday 2026-01-05 00:00 UTC
DAY = 1440
ZONE = "Europe/Berlin"
#: Monday to Saturday, 9 to 18 o'clock
HOURS = BusinessHours(ZONE, tuple(day * 24 + hour for day in range(6) for hour in range(9, 18)))
PAYMENT, FULFILMENT = STAGE_INDEX["payment"], STAGE_INDEX["fulfilment"]


def draw_warehouse(
    days: int,
    per_hour: float = 60.0,
    mean: float = 12.0,
    stops: tuple[int, int] = (0, 0),
    kept: float = 0.0,
    seed: int = 3,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(7, minutes) counts, and the (pairs,) UTC minutes of payments and fulfilments.

    Args:
        days: length.
        per_hour: payments an hour.
        mean: mean delay in business hours; gamma with shape 2.
        stops: minutes from the first (included) to the last (excluded) in which only ``kept`` of the shipments leave.
        kept: share of them.
        seed: of the generator.
    """  # fmt: skip
    rng = np.random.default_rng(seed)
    size = days * DAY
    local = local_minutes(ZONE, START + np.arange(size, dtype=np.int64))
    wave = 1 + 0.6 * np.sin((local % DAY - 480) / DAY * 2 * np.pi)
    payments = rng.poisson(per_hour / 60 * wave)
    hours, bounds = wall_hours(ZONE, START, size)
    is_open = np.nonzero(HOURS.open_mask(hours))[0]
    paid = np.repeat(np.arange(size), payments)
    paid = paid[rng.random(len(paid)) < 0.97]
    hour_of = np.minimum(np.searchsorted(bounds, paid, side="right") - 1, len(hours) - 1)
    first = np.searchsorted(is_open, hour_of)
    wobble = np.exp(rng.normal(0, 0.05, len(is_open)))
    shipped = first + np.round(rng.gamma(2.0, mean / 2, len(paid)) * rng.choice(wobble, len(paid))).astype(
        int
    )
    done = shipped < len(is_open)
    paid, wall = paid[done], is_open[shipped[done]]
    minute = bounds[wall] + rng.integers(0, 60, len(wall)) % (bounds[wall + 1] - bounds[wall])
    minute = np.maximum(minute, np.minimum(paid, bounds[wall + 1] - 1))
    left = ~((minute >= stops[0]) & (minute < stops[1])) | (rng.random(len(minute)) < kept)
    counts = np.zeros((7, size), dtype=np.int64)
    counts[PAYMENT] = payments
    counts[FULFILMENT] = np.bincount(minute[left], minlength=size)
    return counts, START + paid[left], START + minute[left]
