"""The picture of an alert on a report as geometry: the same points as on its card, in a box that the browser stretches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scoring.wording.card import CardCurve, CurvePoint
from streams.channels.picture import curve_runs
from streams.web.frame.svg import path_of
from streams.web.store.chart import HEIGHT, WIDTH, AxisTick, Dot, nice_top


@dataclass(frozen=True, slots=True)
class ReportChart:
    """What the template draws: paths in the box, the rest in percent of it; ``marked`` are left edges of columns ``width`` wide."""

    observed: str
    expected: str
    band: str
    marked: tuple[float, ...]
    width: float
    dots: tuple[Dot, ...]
    below: tuple[Dot, ...]
    y_ticks: tuple[AxisTick, ...]
    x_ticks: tuple[AxisTick, ...]
    curve: CardCurve


def report_chart(curve: CardCurve) -> ReportChart:
    """The geometry of a report's picture."""
    points, period_ms = curve.points, curve.period_ms or 1
    span = points[-1].at_ms - points[0].at_ms + period_ms
    top = nice_top(max(max(p.observed, p.high) for p in points))

    def x(point: CurvePoint) -> float:
        return (point.at_ms - points[0].at_ms + period_ms / 2) / span * WIDTH

    def path(run: Sequence[CurvePoint], value: Callable[[CurvePoint], float]) -> str:
        return path_of([(x(p), HEIGHT - value(p) / top * HEIGHT) for p in run])

    def dot(point: CurvePoint) -> Dot:
        return Dot(round(x(point) / WIDTH * 100, 2), round(100 - point.observed / top * 100, 2))

    known = curve_runs(curve, lambda point: point.expected is not None)
    width = period_ms / span * 100
    step = max(1, (len(points) - 1) // 3)
    return ReportChart(
        observed="".join(path(run, lambda p: p.observed) for run in curve_runs(curve, lambda _: True)),
        expected="".join(path(run, lambda p: p.expected or 0.0) for run in known),
        band="".join(_band(path(run, lambda p: p.high), path(run[::-1], lambda p: p.low)) for run in known),
        marked=tuple(round(x(p) / WIDTH * 100 - width / 2, 2) for p in points if p.is_marked),
        width=round(width, 2),
        dots=tuple(dot(p) for p in points if not _is_below(p)),
        below=tuple(dot(p) for p in points if _is_below(p)),
        y_ticks=tuple(AxisTick(top * part / 4, 100 - part * 25) for part in range(5)),
        x_ticks=tuple(AxisTick(p.at_ms, round(x(p) / WIDTH * 100, 2)) for p in points[step // 2 :: step]),
        curve=curve,
    )


def _band(above: str, below: str) -> str:
    return f"{above}L{below[1:]}Z"


def _is_below(point: CurvePoint) -> bool:
    return point.expected is not None and point.observed < point.low
