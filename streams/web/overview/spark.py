"""The sparkline of a tile as geometry: paths, no colours and no words."""

from __future__ import annotations

from dataclasses import dataclass

from streams.web.frame.svg import path_of
from streams.web.grid.answers import SparkPoint


@dataclass(frozen=True, slots=True)
class Spark:
    """A sparkline in a box of 100 by 24."""

    observed: str
    expected: str


def spark(points: tuple[SparkPoint, ...]) -> Spark | None:
    """The sparkline of a tile; None with fewer than two points."""
    if len(points) < 2:
        return None
    first, last = points[0].at_ms, points[-1].at_ms
    top = max(max(p.observed, p.expected or 0.0) for p in points) or 1.0

    def place(at_ms: int, value: float) -> tuple[float, float]:
        return (at_ms - first) / max(1, last - first) * 100, 23 - value / top * 22

    return Spark(
        observed=path_of([place(p.at_ms, p.observed) for p in points]),
        expected=path_of([place(p.at_ms, p.expected) for p in points if p.expected is not None]),
    )
