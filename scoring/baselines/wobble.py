"""The AR(1) wobble of a conversion rate: what the mean of a window inherits from the state before it.

The log rate deviates from its baseline by x_t, an AR(1) process with standard deviation sigma and time constant tau
minutes: corr(x_t, x_{t+L}) = ρ^L, ρ = exp(−1/τ).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from scoring.funnel.arrays import Floats

#: minutes after which one hour's error of a season says nothing of another's
_HOURS_APART = 120.0


def autocorrelation(tau: ArrayLike) -> Floats:
    """ρ = exp(−1/τ), the correlation from one minute to the next; ``tau`` in minutes."""
    return np.asarray(np.exp(-1.0 / np.asarray(tau, dtype=float)))


def carry_over(length: ArrayLike, tau: ArrayLike) -> Floats:
    """k = mean of ρ^j for j = 1..L: how much of the state before a window is, on average, still in it."""
    rho = autocorrelation(tau)
    span = np.asarray(length, dtype=float)
    return np.asarray(rho * (1 - rho**span) / (span * (1 - rho)))


def mean_variance(length: ArrayLike, tau: ArrayLike) -> Floats:
    """G = variance of the mean of L consecutive values of a unit AR(1) process.

    G = (1/L)·(1 + 2·(ρ/(1−ρ) − ρ(1−ρ^L)/(L(1−ρ)²))).
    """
    rho = autocorrelation(tau)
    span = np.asarray(length, dtype=float)
    inner = rho / (1 - rho) - rho * (1 - rho**span) / (span * (1 - rho) ** 2)
    return np.where(span > 1, (1 + 2 * inner) / span, 1.0)


def doubt_share(length: ArrayLike, tau: ArrayLike) -> Floats:
    """Of the variance that an hour's baseline has, the share that is left in a window of L minutes.

    What the state before a window has already taken in of it is (1−k)². A season is fitted hour by hour: what is wrong with one hour
    is hardly wrong with one two hours later, and the mean of a long window is wrong by less. With a correlation that falls in
    a straight line to none after T = 120 minutes, the variance of the mean is T/L − T²/(3L²) for L above T. The smaller of the two.
    """
    span = np.asarray(length, dtype=float)
    apart = np.minimum(_HOURS_APART / np.maximum(span, _HOURS_APART), 1.0)
    averaged = np.where(span > _HOURS_APART, apart - apart**2 / 3, 1.0)
    return np.minimum((1 - carry_over(span, tau)) ** 2, averaged)


def window_containment(pmf: ArrayLike, length: int, slow_share: float = 0.0) -> float:
    """κ_L = E[P²]/E[P], P the probability that a click's conversion falls into a window of L minutes.

    It tends to 1 for long windows. The variance of arrivals given the clicks is M·(1 − p·κ_L), because clicks whose
    conversions certainly fall into the window make it binomial while those on its edge make it Poisson. The slow
    share of a kernel hardly ever falls within the same window as its click and counts as edge.

    Args:
        pmf: shares by delay in minutes.
        length: L, in minutes.
        slow_share: share of conversions slower than ``pmf`` knows.
    """
    shares = np.asarray(pmf, dtype=float)
    cumulative = np.concatenate([[0.0], np.cumsum(shares)])
    offsets = np.arange(-len(shares), length)
    upper = cumulative[np.clip(length - offsets, 0, len(shares))]
    lower = cumulative[np.clip(-offsets, 0, len(shares))]
    inside = upper - lower
    total = inside.sum() + slow_share * length
    return float((inside**2).sum() / total) if total > 0 else 0.0
