"""Geometry that the charts of several subjects share."""

from __future__ import annotations

from collections.abc import Iterable


def path_of(points: Iterable[tuple[float, float]]) -> str:
    """The path through the points, as SVG writes it."""
    return "".join(f"{'L' if i else 'M'}{px:.1f} {py:.1f}" for i, (px, py) in enumerate(points))
