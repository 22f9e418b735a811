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
from dataclasses import dataclass

import msgspec

from scoring.alerts.alert import AlertLabel

_DECIDED = 4.6
#: conversions over what the usual upstream leads to, if nothing but the upstream grew
_AS_USUAL = (0.75, 1.35)
#: expected conversions, and minutes, that it takes to say so
_MIN_USUAL, MIN_MINUTES = 20.0, 3
#: a rise against the hours before: standard deviations it takes, wobble of traffic and of rates from one hour to the next,
#: and minutes after which it is not asked
_RISE_Z, _TRAFFIC_WOBBLE, _RATE_WOBBLE, LATEST_MINUTES = 3.0, 0.1, 0.15, 30
#: standard deviations that conversions may be off what the hours before lead to, and how many that must be: with three, none
#: at all is too few
_EXPLAINED_Z, _MIN_BEFORE = 1.5, 3.0
#: a rise that a drop waits for, in times; and the share of those that came more who convert at most, if the mix is to explain it
RISEN, _WORSE_AT_MOST = 1.45, 0.6
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
    if minutes > LATEST_MINUTES:
        return False
    usual = expected / max(share_of_usual, 1.0)
    if usual < _MIN_USUAL or minutes < MIN_MINUTES:
        return None
    return _AS_USUAL[0] <= arrived / usual <= _AS_USUAL[1]


@dataclass(frozen=True, slots=True)
class Rise:
    """Conversions expected of the upstream events since a drop began, of those before it, and what is usual of their ratio."""

    expected: float
    before: float
    usual: float

    @property
    def times(self) -> float:
        """How many times as many came as is usual after what came before."""
        return self.expected / max(self.before * self.usual, 1e-9)

    def is_beyond_chance(self, rate: float) -> bool:
        """Whether chance and a good day do not bring such a rise: log u > 3·√(1/N + 1/N₀ + 0.1²), N = E/r, N₀ = E₀/r."""
        if min(self.expected, self.before, self.usual, rate) <= 0:
            return False
        doubt = math.sqrt(rate / self.expected + rate / self.before + _TRAFFIC_WOBBLE**2)
        return math.log(self.times) >= _RISE_Z * doubt


def beyond_as_before(arrived: float, rate: float, rise: Rise, minutes: int) -> float | None:
    """By how many standard deviations more converted than did before the rise; None where no rise shows.

    Against the hours before, a rise shows that is far below what distinguishes a promotion from a good day by the hour of week
    alone, and in a single segment too. With u = (E/E₀)/usual: (A − E/u)/√(E/u + (0.15·E/u)²).

    Args:
        arrived: arrivals A since the window that opened the alert.
        rate: r, conversions per upstream event.
        rise: E and E₀.
        minutes: how long the alert has been open; later than half an hour after, the hours before say nothing.
    """
    if not MIN_MINUTES <= minutes <= LATEST_MINUTES or not rise.is_beyond_chance(rate):
        return None
    as_before = rise.expected / max(rise.times, 1.0)
    if as_before < _MIN_BEFORE:
        return None
    return (arrived - as_before) / math.sqrt(as_before + (_RATE_WOBBLE * as_before) ** 2)


def label_of_rise(arrived: float, rate: float, rise: Rise, minutes: int) -> AlertLabel | None:
    """``inflated`` where those that came more convert not at all, ``mix`` where they convert, but worse; None where it is neither.

    They convert worse where fewer than ``_WORSE_AT_MOST`` of those do that would at the usual rate: what is lost beyond that is a drop on
    a busier day.
    """
    extra = beyond_as_before(arrived, rate, rise, minutes)
    if extra is None or extra <= -_EXPLAINED_Z:
        return None
    if extra < _EXPLAINED_Z:
        return AlertLabel.INFLATED
    as_before = rise.expected / max(rise.times, 1.0)
    is_risen = rise.times >= RISEN
    converting = (arrived - as_before) / max(rise.expected - as_before, 1e-9)
    return AlertLabel.MIX if is_risen and converting <= _WORSE_AT_MOST else None


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
