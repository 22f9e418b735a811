"""The few numbers a business may choose about detection, and the constants it should not need to touch."""

from __future__ import annotations

from dataclasses import dataclass

#: look-back windows in minutes (Lai 1998: a window-limited scan loses little against all windows)
WINDOWS: tuple[int, ...] = (1, 2, 3, 5, 8, 12, 20, 30, 45, 60, 90, 120, 180, 240, 360, 540)
#: a store with less history than this, in days, is judged by the page threshold only
YOUNG_DAYS = 7.0


@dataclass(frozen=True, slots=True)
class DetectionPolicy:
    """Thresholds and limits of the detector.

    ``notice`` and ``page`` are thresholds of surprise (−log10 of the tail probability). They hold for a store as a
    whole: the surprise of a store that is looked at in several steps and segments is already reduced by log10 of
    how many looks that are, so that the budget of false alerts is per store-week and not per series.
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
