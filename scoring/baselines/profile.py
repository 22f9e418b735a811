"""The hour-of-week profile in three levels, each fitted on the residual of the one before.

(i) 48 cells (weekday or weekend × hour) pooled over all stores (weights 1/(v+0.04)), (ii) the same cells by store, (iii) 168 hours by store.
A cell's y = log((A+½)/(M+½)) has variance v = 1/(M+½) + v_hour/weeks; it is shrunk by t²/(t²+v), t² = the weighted mean
of y² − v over all stores and cells, weights 1/(v+0.02)². An hour of the week seen once has none of its own. Hours further than four standard deviations from the fit (an
incident, an unknown promotion) are left out, in three passes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.baselines.level import LARGEST_Z
from scoring.funnel.arrays import Floats
from scoring.funnel.units import HOURS_A_WEEK

_PASSES = 3
#: log variance of a weekend before the first one (0.15 squared)
UNSEEN_VARIANCE = 0.15**2
#: an hour of the week that was seen less often cannot be distinguished from the wobble of that day: believing it would take the wobble
#: out of the residuals and make the store look calm. Its own deviation is left at zero, with a variance of 0.05 squared
_MIN_WEEKS, _NEW_VARIANCE, _UNKNOWN = 2, 0.05**2, 1e6
_HOURS = np.arange(HOURS_A_WEEK)
#: which of the 48 day-type cells an hour of the week belongs to
_CELL = (_HOURS // 24 >= 5) * 24 + _HOURS % 24
_TO_CELL = np.zeros((HOURS_A_WEEK, 48))
_TO_CELL[_HOURS, _CELL] = 1.0


@dataclass(frozen=True, slots=True)
class Profile:
    """Log factor by hour of week and its posterior variance, (stores, 168), and which training hours were kept."""

    logs: Floats
    variance: Floats
    kept: NDArray[np.bool_]


def fit_profile(arrivals: Floats, expected: Floats, hour_variance: Floats) -> Profile:
    """The profile of every store.

    Args:
        arrivals: (stores, weeks, 168) A by local hour.
        expected: (stores, weeks, 168) µ before season; 0 where there is no history.
        hour_variance: (stores,) variance of an hour's mean wobble.
    """
    wobble = hour_variance[:, None]
    known = expected > 0
    kept = known.copy()
    logs, variance = np.zeros_like(expected[:, 0]), np.zeros_like(expected[:, 0])
    for _ in range(_PASSES):
        a, m = (arrivals * kept).sum(1), (expected * kept).sum(1)
        weeks = kept.sum(1).astype(float)
        logs = np.repeat(np.log((a.sum(1) + 0.5) / (m.sum(1) + 0.5))[:, None], HOURS_A_WEEK, 1)
        cells_a, cells_n = a @ _TO_CELL, weeks @ _TO_CELL
        y, v = _residual(cells_a, (m * np.exp(logs)) @ _TO_CELL, cells_n, wobble)
        pooled, pooled_left = _pool(y, v)
        logs = logs + pooled[_CELL]
        y, v = _residual(cells_a, (m * np.exp(logs)) @ _TO_CELL, cells_n, wobble)
        shrunk, left = _shrink(y, v)
        logs, variance = logs + shrunk[:, _CELL], left[:, _CELL] + pooled_left[_CELL]
        y, v = _residual(a, m * np.exp(logs), weeks, wobble)
        is_new = weeks < _MIN_WEEKS
        shrunk, left = _shrink(y, np.where(is_new, _UNKNOWN, v))
        logs, variance = logs + shrunk, variance + np.where(is_new, np.maximum(left, _NEW_VARIANCE), left)
        fitted = expected * np.exp(logs)[:, None]
        spread = np.sqrt(fitted + fitted**2 * (wobble + variance)[:, None] + 1e-9)
        kept = known & (np.abs(arrivals - fitted) / spread < LARGEST_Z)
    # a day type that no store has lived through yet may differ from the others by this much
    unseen = (known.any(axis=(0, 1)).astype(float) @ _TO_CELL == 0)[_CELL]
    return Profile(logs, variance + unseen * UNSEEN_VARIANCE, kept)


def _pool(y: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """The cells' mean over stores, shrunk by what its own uncertainty leaves: few or small stores know no season."""
    weight = 1 / (variance + 0.04)
    mean = (weight * y).sum(0) / weight.sum(0)
    uncertainty = (weight**2 * variance).sum(0) / weight.sum(0) ** 2
    spread = max(float(np.mean(mean**2 - uncertainty)), 1e-5)
    return mean * spread / (spread + uncertainty), spread * uncertainty / (spread + uncertainty)


def _residual(arrivals: Floats, expected: Floats, weeks: Floats, wobble: Floats) -> tuple[Floats, Floats]:
    y = np.log((arrivals + 0.5) / (expected + 0.5))
    return y, 1 / (expected + 0.5) + wobble / np.maximum(weeks, 0.25)


def _shrink(y: Floats, variance: Floats) -> tuple[Floats, Floats]:
    weight = 1 / (variance + 0.02) ** 2
    spread = max(float((weight * (y * y - variance)).sum() / weight.sum()), 1e-5)
    return y * spread / (spread + variance), spread * variance / (spread + variance)
