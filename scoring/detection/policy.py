"""The few numbers a business may choose about detection, and the constants it should not need to touch."""

from __future__ import annotations

from dataclasses import dataclass
from math import log10

from scoring.alerts.alert import DRIFT_SURPRISE, Level

#: look-back windows in minutes (Lai 1998: a window-limited scan loses little against all windows)
WINDOWS: tuple[int, ...] = (1, 2, 3, 5, 8, 12, 20, 30, 45, 60, 90, 120, 180, 240, 360, 540)

#: how far above the page threshold the surprise of missing visitors and of rises must be
EXTRA_SURPRISE = 1.0
#: expected arrivals that a window needs before a full stop of it reaches a surprise of 6 (6·ln 10)
_SHOWS_A_STOP = 13.8
#: how far a series' looks move its threshold: of log10, at least, at most; and the looks a minute of a middling store
_VOLUME_SHARE, _VOLUME_RANGE, _MIDDLING = 0.55, (-1.5, 0.1), 0.95


def look_offset(steps: int, segments: int = 0) -> float:
    """By how much surprise is reduced where a store is looked at in ``steps`` steps, one of them in ``segments`` segments.

    log10(√steps·(1 + segments)). Bonferroni would take log10 of all looks; but arrivals thin out from step to step, and it
    is the first steps that breach: on whole funnels it left 0 false alerts of the 0.05 allowed, at the price of delay.
    """
    return 0.5 * log10(max(steps, 1)) + log10(1 + segments)


def volume_offset(arrivals_per_hour: float) -> float:
    """By how much surprise is reduced for a series' volume, so that no volume pays for another in false alerts.

    A window of L minutes gives 1/L independent looks a minute, but none where even a full stop would not show: a large
    store has 2.5, a small one 0.002. Windows overlap and tails are discrete, so a part of log10 is taken:
    0.55·log10(Σ 1/L over windows with enough evidence / 0.95), between −1.5 and 0.1. Of Poisson arrivals without any fault that is less
    than 0.01 false alerts a store-week at 2, 8, 32 and 128 arrivals an hour alike; with 0.4 and −0.7 a store of two arrivals an hour had
    0.0015 and found, for that, a sixth less (``tests/bench/detection/README.md``, 2026-12-01).
    """
    looks = sum(1 / length for length in WINDOWS if arrivals_per_hour * length / 60 >= _SHOWS_A_STOP)
    low, high = _VOLUME_RANGE
    return min(max(_VOLUME_SHARE * log10(looks / _MIDDLING), low), high) if looks else low


@dataclass(frozen=True, slots=True)
class DetectionPolicy:
    """Thresholds and limits of the detector.

    ``notice`` and ``page`` are thresholds of surprise (−log10 of the tail probability). They hold for a store as a
    whole: the surprise of a store that is looked at in several steps and segments is already reduced by ``look_offset``
    and ``volume_offset``, so that the budget of false alerts is per store-week, whatever its size.
    """

    notice: float = 6.0
    page: float = 7.0
    #: threshold of surprise for a slow change over whole days
    drift: float = DRIFT_SURPRISE
    #: log-likelihood that the store is healthy again before an alert closes (4.6 = 100 to 1)
    recovery: float = 4.6
    #: minutes for which recovery must have shown
    heal_minutes: int = 5
    #: after this long an open alert is closed as the new normal
    longest_open_minutes: int = 1440
    #: an alert that opens within this long of the last one's end is the same incident
    merge_minutes: int = 60
    #: never believe a wobble below this (log scale)
    sigma_floor: float = 0.03
    #: log variance that no amount of history removes: decides for very large stores
    model_variance: float = 0.02**2
    #: also score segments whose conversions could ever breach
    segments: bool = True
    #: log-likelihood from which a drop is said to sit in one segment (100 to 1)
    localise: float = 4.6

    def level(self, surprise: float) -> Level:
        """What an alert of that surprise is."""
        return Level.PAGE if surprise >= self.page else Level.NOTICE

    def __post_init__(self) -> None:
        if not 0 < self.notice <= self.page:
            raise ValueError("thresholds must be 0 < notice <= page")
