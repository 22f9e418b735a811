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

from scoring.alerts.alert import AlertLabel

_DECIDED = 4.6
#: conversions over what the usual upstream leads to, if nothing but the upstream grew
_AS_USUAL = (0.75, 1.35)
#: expected conversions, and minutes, that it takes to say so
_MIN_USUAL, _MIN_MINUTES = 20.0, 3
#: a rise against the hours before: standard deviations it takes, wobble of traffic and of rates from one hour to the next,
#: and minutes after which it is not asked
_RISE_Z, _TRAFFIC_WOBBLE, _RATE_WOBBLE, _LATEST_MINUTES = 3.0, 0.1, 0.15, 30
#: standard deviations that conversions may be off what the hours before lead to, and how many that must be: with three, none
#: at all is too few
_EXPLAINED_Z, _MIN_BEFORE = 1.5, 3.0
#: gaps kept, in minutes: no kernel looks further back
_REACH = 120


def is_inflated(arrived: float, expected: float, share_of_usual: float, minutes: int) -> bool | None:
    """Whether a drop comes of upstream events that lead to nothing: bots, repeated reports.

    With u the upstream's share of its usual (above 1), the usual upstream would have led to E/u. If that is what arrived,
    nothing is lost: only the upstream grew.

    Args:
        arrived: arrivals A since the window that opened the alert.
        expected: what the observed upstream would lead to, E.
        share_of_usual: u.
        minutes: how long the alert has been open.

    Returns:
        None while there is too little to say. After half an hour no: what has not shown by then is a busy day's milder drop.
    """
    if minutes > _LATEST_MINUTES:
        return False
    usual = expected / max(share_of_usual, 1.0)
    if usual < _MIN_USUAL or minutes < _MIN_MINUTES:
        return None
    return _AS_USUAL[0] <= arrived / usual <= _AS_USUAL[1]


def is_sudden_inflation(
    arrived: float, expected: float, rate: float, before: float, usual: float, minutes: int
) -> bool:
    """Whether upstream events rose as conversions per event fell, and conversions stayed as many as they were.

    Against the hours just before, a rise shows that is far below what distinguishes a promotion from a good day by the hour of week
    alone, and in a single segment too. With u = (E/E₀)/usual, N = E/r and N₀ = E₀/r upstream events, the rise counts where
    log u > 3·√(1/N + 1/N₀ + 0.1²), and explains the drop where |E/u − A| < 1.5·√(E/u + (0.15·E/u)²).

    Args:
        arrived: arrivals A since the window that opened the alert.
        expected: what the observed upstream would lead to, E.
        rate: r, conversions per upstream event.
        before: E₀, the same of the hours before that window.
        usual: what the hours of the week let expect of E/E₀.
        minutes: how long the alert has been open; later than half an hour after, the hours before say nothing.
    """
    if not _MIN_MINUTES <= minutes <= _LATEST_MINUTES or min(expected, before, usual, rate) <= 0:
        return False
    rise = expected / before / usual
    doubt = math.sqrt(rate / expected + rate / before + _TRAFFIC_WOBBLE**2)
    as_before = expected / max(rise, 1.0)
    if as_before < _MIN_BEFORE or math.log(rise) < _RISE_Z * doubt:
        return False
    return abs(as_before - arrived) < _EXPLAINED_Z * math.sqrt(as_before + (_RATE_WOBBLE * as_before) ** 2)


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
