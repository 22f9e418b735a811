"""Whether a drop is real or lost tracking: does the stage behind it miss the events that are missing?

If carts were not added, orders fall as well; if only their tracking was lost, orders go on as if every cart had been
seen. With g the gap (expected minus observed arrivals of the step in alert) and f, q, c the kernel, rate and factor of
the next step, the next stage expects µ under "real" and µ' = µ + q·c·Σ_d f[d]·g[t−d] under "tracking". The
log-likelihood ratio of the next stage's arrivals, Σ (a·log(µ'/µ) − (µ' − µ))/(1 + µ'·φ), tempered by the wobble φ of a
quarter of an hour, decides at 100 to 1 and says "unknown" until then.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from scoring.alerts import AlertLabel

_DECIDED = 4.6
#: gaps kept, in minutes: no kernel looks further back
_REACH = 120


class Suspicion(msgspec.Struct):
    """What is known so far of an open alert: the last minutes' gaps and the log-likelihood ratio for "tracking"."""

    gaps: list[float] = []
    ratio: float = 0.0

    def add_gap(self, gap: float) -> None:
        """Note what was missing in one minute."""
        self.gaps = [*self.gaps[-_REACH + 1 :], gap]

    def weigh(
        self, arrived: float, expected: float, rate: float, pmf: Sequence[float], wobble: float
    ) -> AlertLabel:
        """Count one minute of the next stage and give the verdict so far.

        Args:
            arrived: the next stage's arrivals of this minute.
            expected: µ, what the observed events of the step in alert lead to.
            rate: q·c of the next step.
            pmf: f, the next step's kernel.
            wobble: φ of the next step.
        """
        due = sum(share * gap for share, gap in zip(pmf, reversed(self.gaps), strict=False))
        low = max(expected, 1e-3)
        high = max(expected + rate * due, low)
        self.ratio += (arrived * math.log(high / low) - (high - low)) / (1 + high * wobble)
        if self.ratio >= _DECIDED:
            return AlertLabel.TRACKING
        return AlertLabel.REAL if self.ratio <= -_DECIDED else AlertLabel.UNKNOWN
