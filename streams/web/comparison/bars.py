"""The bar of a change as geometry."""

from __future__ import annotations

from dataclasses import dataclass

#: the scale of a change runs from minus to plus this
CHANGE_SPAN = 0.5


@dataclass(frozen=True, slots=True)
class ChangeBar:
    """A bar from the expectation (at 50) to what was observed, in percent of the width."""

    start: float
    width: float


def change_bar(observed: float, expected: float) -> ChangeBar:
    """Observed against expected on a scale of ±``CHANGE_SPAN``; what lies beyond ends at the edge."""
    change = max(-1.0, min(1.0, (observed / expected - 1) / CHANGE_SPAN))
    return ChangeBar(round(50 + min(0.0, 50 * change), 1), round(abs(50 * change), 1))
