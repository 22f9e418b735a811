"""The smallest drop that a store could show within an hour: what its volume and its wobble allow, whatever the method."""

from __future__ import annotations

import numpy as np

from scoring.baselines.baseline import YOUNG_DAYS, StepBaseline
from scoring.baselines.wobble import (
    autocorrelation,
    carry_over,
    doubt_share,
    mean_variance,
    window_containment,
)
from scoring.detection.engine import MAX_BINOMIAL
from scoring.detection.policy import WINDOWS, DetectionPolicy, look_offset, volume_offset
from scoring.detection.tail import binomial_scale, lower_surprise

_BISECTIONS = 24


def smallest_drop(
    step: StepBaseline,
    policy: DetectionPolicy,
    expected_per_hour: float | None = None,
    looks: int = 1,
    minutes: int = 60,
    days: float = 28.0,
) -> float | None:
    """The smallest share d by which conversions would have to fall to open an alert within ``minutes``, on average.

    For each window of up to that length, with M expected in it and the filter in its steady state, the smallest d with
    surprise((1−d)·M) ≥ threshold; the least of them.

    Args:
        step: the baseline.
        policy: thresholds.
        expected_per_hour: arrivals expected in the hour looked at; by default the average hour's.
        looks: in how many steps the store is looked at.
        minutes: how soon.
        days: length of the store's history: in its first week only the page threshold opens alerts.

    Returns:
        d in (0, 1], or None where not even a full stop would show.
    """
    per_minute = (step.arrivals_per_hour if expected_per_hour is None else expected_per_hour) / 60
    if per_minute <= 0:
        return None
    sigma = max(step.sigma, policy.sigma_floor)
    binomial = min(step.rate, MAX_BINOMIAL)
    window = np.array([length for length in WINDOWS if length <= minutes])
    mean = per_minute * window
    k = carry_over(window, step.tau)
    known = _steady_variance(per_minute, sigma, step.tau, step.dispersion * (1 - binomial))
    variance = known * k**2 + sigma**2 * np.maximum(mean_variance(window, step.tau) - k**2, 0)
    variance += float(np.mean(step.profile_variance)) * doubt_share(window, step.tau) + policy.model_variance
    contained = np.array(
        [
            binomial * window_containment(step.kernel.pmf, int(length), step.kernel.slow_share)
            for length in window
        ]
    )
    opens_at = policy.notice if days >= YOUNG_DAYS else policy.page
    threshold = opens_at + look_offset(looks) + volume_offset(step.arrivals_per_hour)

    def would_open(drop: float) -> bool:
        fast = step.dispersion * binomial_scale(drop, contained)
        return bool(lower_surprise((1 - drop) * mean, mean, variance, fast).max() >= threshold)

    if not would_open(1.0):
        return None
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if would_open(middle) else (middle, high)
    return high


def _steady_variance(per_minute: float, sigma: float, tau: float, fast: float) -> float:
    """The Kalman filter's variance after an update once it has run in: the fixed point of its Riccati equation."""
    rho = float(autocorrelation(tau))
    q = sigma**2 * (1 - rho**2)
    noise = fast / per_minute
    variance = sigma**2
    for _ in range(2000):
        prior = variance * rho**2 + q
        new = prior * noise / (prior + noise)
        if abs(new - variance) < 1e-9 * sigma**2:
            break
        variance = new
    return variance
