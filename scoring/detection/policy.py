"""The few numbers a business may choose about detection, and the constants it should not need to touch."""

from __future__ import annotations

from dataclasses import dataclass
from math import log10

#: look-back windows in minutes (Lai 1998: a window-limited scan loses little against all windows)
WINDOWS: tuple[int, ...] = (1, 2, 3, 5, 8, 12, 20, 30, 45, 60, 90, 120, 180, 240, 360, 540)


def look_offset(steps: int, segments: int = 0) -> float:
    """By how much surprise is reduced where a store is looked at in ``steps`` steps, one of them in ``segments`` segments.

    log10(√steps·(1 + segments)). Bonferroni would take log10 of all looks; but arrivals thin out from step to step, and it
    is the first steps that breach: on whole funnels it left 0 false alerts of the 0.05 allowed, at the price of delay.
    """
    return 0.5 * log10(max(steps, 1)) + log10(1 + segments)


@dataclass(frozen=True, slots=True)
class DetectionPolicy:
    """Thresholds and limits of the detector.

    ``notice`` and ``page`` are thresholds of surprise (−log10 of the tail probability). They hold for a store as a
    whole: the surprise of a store that is looked at in several steps and segments is already reduced by ``look_offset``,
    so that the budget of false alerts is per store-week and not per series.
    """

    notice: float = 6.0
    page: float = 7.0
    #: log-likelihood that the store is healthy again before an alert closes (4.6 = 100 to 1)
    recovery: float = 4.6
    #: minutes for which recovery must have shown
    heal_minutes: int = 5
    #: after so long an open alert is closed as the new normal
    longest_open_minutes: int = 1440
    #: an alert that opens within so long of the last one's end is the same incident
    merge_minutes: int = 60
    #: never believe a wobble below this (log scale)
    sigma_floor: float = 0.03
    #: log variance that no amount of history removes: decides for very large stores
    model_variance: float = 0.02**2
    #: also score segments whose conversions could ever breach
    segments: bool = True
    #: log-likelihood from which a drop is said to sit in one segment (100 to 1)
    localise: float = 4.6

    def __post_init__(self) -> None:
        if not 0 < self.notice <= self.page:
            raise ValueError("thresholds must be 0 < notice <= page")
