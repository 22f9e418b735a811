"""Tails and intervals of the predictive distribution: a negative binomial with mean M and variance M·c + M²·V."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, log_ndtr

from scoring.funnel.arrays import Floats

LN10 = float(np.log(10.0))
#: 99 % two-sided
_Z99 = 2.5758293035489004


def lower_surprise(observed: ArrayLike, mean: ArrayLike, variance: ArrayLike, fast: ArrayLike) -> Floats:
    """−log10 P(X ≤ observed) for X negative binomial.

    In units of c (``fast``), X/c is taken as NB with size 1/V and mean M/c, whose lower tail is the regularised
    incomplete beta function I_{q}(1/V, A/c + 1) with q = (1/V)/(1/V + M/c).

    Args:
        observed: arrivals A in the window.
        mean: expected arrivals M, above 0.
        variance: V, the variance of the log of the mean.
        fast: c, variance of arrivals given the mean, in units of the mean.
    """
    units = np.asarray(fast, dtype=float)
    arrivals = np.asarray(observed, dtype=float) / units
    expected = np.asarray(mean, dtype=float) / units
    size = 1.0 / np.maximum(np.asarray(variance, dtype=float), 1e-7)
    tail = betainc(size, arrivals + 1.0, size / (size + expected))
    return np.asarray(-np.log10(np.maximum(tail, 1e-300)))


def binomial_scale(drop: ArrayLike, contained: ArrayLike) -> Floats:
    """The c for which a Poisson in units of c has the binomial's tail at this drop.

    Arrivals of n upstream events that convert with probability p are binomial, and a Poisson with variance M·(1−p) only
    matches them near the mean: P(0) is (1−p)^n and not exp(−M/(1−p)). Equating the two large-deviation rates,
    c = p·((1−d)ln(1−d) + d) / ((1−d)p·ln(1−d) + (1−(1−d)p)·ln((1−(1−d)p)/(1−p))); 1−p for small d, −p/ln(1−p) at d = 1.

    Args:
        drop: d, observed share missing, in [0, 1].
        contained: p, probability that an upstream event's conversion falls into the window, in [0, 1).
    """
    d = np.clip(np.asarray(drop, dtype=float), 1e-3, 1 - 1e-9)
    p = np.clip(np.asarray(contained, dtype=float), 1e-6, 0.95)
    left = 1 - d
    poisson = left * np.log(left) + d
    binomial = left * p * np.log(left) + (1 - left * p) * np.log((1 - left * p) / (1 - p))
    return np.asarray(p * poisson / binomial)


def normal_surprise(z: ArrayLike) -> Floats:
    """−log10 Φ(z): what is shown where a window is nowhere near a breach and the exact tail is not worth its time."""
    return np.asarray(-log_ndtr(np.asarray(z, dtype=float)) / LN10)


def predictive_interval(mean: Floats, variance: Floats, fast: Floats) -> tuple[Floats, Floats]:
    """The 99 % predictive interval of a count, by Cornish and Fisher's second-order expansion.

    Quantile = M + s·(z + γ(z²−1)/6) with s² = Mc + M²V and the skewness γ of the negative binomial,
    γ = (c + 2MV)/s (exact for c = 1); ends are rounded outwards to whole arrivals.
    """
    spread = np.sqrt(mean * fast + mean**2 * variance)
    skew = (fast + 2 * mean * variance) / np.maximum(spread, 1e-12)
    bend = skew * (_Z99**2 - 1) / 6
    low = np.maximum(np.floor(mean + spread * (bend - _Z99) + 0.5), 0.0)
    high = np.maximum(np.ceil(mean + spread * (bend + _Z99) - 0.5), 0.0)
    return low, high
