"""The line of the last hours as geometry: paths and positions, no colours and no words.

Paths are drawn in a box of ``WIDTH`` by ``HEIGHT`` that the browser stretches to the width it has; labels are placed in
percent of it, so that they keep their size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby

from streams.web.frame.svg import path_of
from streams.web.store.answers import Series

WIDTH = 1000.0
HEIGHT = 200.0
#: steps of a time axis, in minutes
TIME_STEPS = (10, 15, 30, 60, 120, 180, 240, 360, 720, 1440)


@dataclass(frozen=True, slots=True)
class AxisTick:
    """A label of an axis and its position, in percent of the box."""

    value: float
    percent: float


@dataclass(frozen=True, slots=True)
class Dot:
    """A point to mark, in percent of the box."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class LineChart:
    """What the template draws. ``values`` are rows [at_ms, observed, expected, low, high] for the reader's cursor."""

    observed: str
    expected: str
    band: str
    x_ticks: tuple[AxisTick, ...]
    y_ticks: tuple[AxisTick, ...]
    breaches: tuple[Dot, ...]
    mark: float | None
    values: tuple[tuple[float | None, ...], ...]
    top: float


def nice_top(value: float) -> float:
    """The smallest of 1, 2, 4, 5, 8 times a power of ten (at least 4) that is not below ``value``."""
    if value <= 4:
        return 4.0
    power = 10 ** math.floor(math.log10(value))
    return float(next(power * m for m in (1, 2, 4, 5, 8, 10) if power * m >= value))


def line_chart(series: Series, mark_ms: int | None = None, offset_ms: int = 0) -> LineChart:
    """The geometry of a series; ``mark_ms`` is a moment to mark, ``offset_ms`` the reader's offset from UTC (for round ticks)."""
    span = max(1, series.to_ms - series.from_ms)
    middle = series.resolution_minutes * 30_000
    points = series.points
    tallest = max([p.observed for p in points] + [p.high or 0.0 for p in points], default=0.0)
    top = nice_top(tallest)

    def x(at_ms: float) -> float:
        return (at_ms + middle - series.from_ms) / span * WIDTH

    def y(value: float) -> float:
        return HEIGHT - min(value, top) / top * HEIGHT

    runs = [list(run) for known, run in groupby(points, key=lambda p: p.expected is not None) if known]
    band = "".join(
        path_of(
            [(x(p.at_ms), y(p.high or 0.0)) for p in run]
            + [(x(p.at_ms), y(p.low or 0.0)) for p in reversed(run)]
        )
        + "Z"
        for run in runs
    )
    step = next((s for s in TIME_STEPS if span / 60_000 / s <= 6), TIME_STEPS[-1]) * 60_000
    first = -(-(series.from_ms + offset_ms) // step) * step - offset_ms
    return LineChart(
        observed=path_of([(x(p.at_ms), y(p.observed)) for p in points]),
        expected="".join(path_of([(x(p.at_ms), y(p.expected or 0.0)) for p in run]) for run in runs),
        band=band,
        x_ticks=tuple(
            AxisTick(at, round((at - series.from_ms) / span * 100, 2))
            for at in range(first, series.to_ms + 1, step)
        ),
        y_ticks=tuple(AxisTick(top * part / 4, 100 - part * 25) for part in (0, 1, 2, 3, 4)),
        breaches=tuple(
            Dot(round(x(p.at_ms) / WIDTH * 100, 2), round(y(p.observed) / HEIGHT * 100, 2))
            for p in points
            if p.state == "breach"
        ),
        mark=None
        if mark_ms is None or not series.from_ms <= mark_ms < series.to_ms
        else round((mark_ms - series.from_ms) / span * 100, 2),
        values=tuple(
            (p.at_ms, p.observed, _short(p.expected), _short(p.low), _short(p.high)) for p in points
        ),
        top=top,
    )


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
