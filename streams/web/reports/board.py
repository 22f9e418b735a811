"""A store's reports as the page shows them: by source and zone, a small picture a measure and a table of days. No words, no colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from scoring.funnel.period_steps import PERIOD_STEPS
from scoring.records.measures import MEASURE_BY_NAME, MEASURES, Measure
from streams.web.reports.answers import ReportFigure, Reports

#: days that the pictures show, and the table
BOARD_DAYS = 28
_ORDER = {measure.name: place for place, measure in enumerate(MEASURES)}


@dataclass(frozen=True, slots=True)
class ReportCell:
    """A figure of a day; ``parts`` is of how many parts it is the sum, 0 for a figure of the whole store."""

    figure: ReportFigure
    parts: int = 0


@dataclass(frozen=True, slots=True)
class ReportBar:
    """A day of a picture: its place and height in percent; height None where nothing was reported."""

    day: str
    x: float
    width: float
    height: float | None
    is_complete: bool


@dataclass(frozen=True, slots=True)
class ReportMeasureLine:
    """One measure of one source: its days, newest first, and its picture. ``latest`` is the newest complete figure."""

    measure: Measure
    currency: str
    cells: dict[str, ReportCell]
    bars: tuple[ReportBar, ...]
    latest: ReportCell | None


@dataclass(frozen=True, slots=True)
class ReportRate:
    """A step that is judged by the report: its rate on the newest day that both figures are complete of."""

    step: str
    rate: float
    day: str


@dataclass(slots=True)
class ReportGroup:
    """The reports of one source, in the days of one zone."""

    source: str
    zone: str
    days: list[str] = field(default_factory=list)
    lines: list[ReportMeasureLine] = field(default_factory=list)
    rates: list[ReportRate] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ReportBoard:
    """All of it. ``longer`` are figures of weeks, months and other spans, newest first."""

    groups: tuple[ReportGroup, ...]
    longer: tuple[ReportFigure, ...]


def board_of(reports: Reports, sums: Iterable[tuple[ReportFigure, int]] = ()) -> ReportBoard:
    """The board of a store's reports.

    Args:
        reports: its figures without parts.
        sums: days that were added up from their parts; they are used where the whole is not reported.
    """
    cells: dict[tuple[str, str], dict[tuple[str, str], dict[str, ReportCell]]] = {}
    for figure in reports.figures:
        if figure.period == "day" and not figure.dimensions:
            _place(cells, ReportCell(figure))
    for figure, parts in sums:
        _place(cells, ReportCell(figure, parts))
    groups = []
    for (source, zone), measures in sorted(cells.items()):
        group = ReportGroup(source, zone)
        group.days = sorted({day for of_day in measures.values() for day in of_day}, reverse=True)[
            :BOARD_DAYS
        ]
        for (name, currency), of_day in sorted(
            measures.items(), key=lambda item: _ORDER.get(item[0][0], 999)
        ):
            if (measure := MEASURE_BY_NAME.get(name)) is not None:
                group.lines.append(_line(measure, currency, of_day, group.days))
        group.rates = _rates(group)
        groups.append(group)
    longer = [one for one in reports.figures if one.period not in ("day", "hour") and not one.dimensions]
    return ReportBoard(tuple(groups), tuple(longer[:BOARD_DAYS]))


def _rates(group: ReportGroup) -> list[ReportRate]:
    lines = {line.measure.name: line for line in group.lines}
    found = []
    for step in PERIOD_STEPS:
        up, down = lines.get(step.upstream), lines.get(step.downstream)
        if step.source != group.source or up is None or down is None:
            continue
        for day in group.days:
            rate = _rate(up.cells.get(day), down.cells.get(day))
            if rate is not None:
                found.append(ReportRate(step.id, rate, day))
                break
    return found


def _rate(up: ReportCell | None, down: ReportCell | None) -> float | None:
    """The rate of a day; None unless both figures are complete, of the whole store and of one report."""
    if up is None or down is None or up.parts or down.parts:
        return None
    ways = {(cell.figure.connection, cell.figure.import_id) for cell in (up, down)}
    if len(ways) > 1 or not (up.figure.complete and down.figure.complete) or float(up.figure.value) <= 0:
        return None
    return float(down.figure.value) / float(up.figure.value)


def _place(
    cells: dict[tuple[str, str], dict[tuple[str, str], dict[str, ReportCell]]], cell: ReportCell
) -> None:
    figure = cell.figure
    measures = cells.setdefault((figure.source, figure.zone), {})
    measures.setdefault((figure.measure, figure.currency), {}).setdefault(figure.day, cell)


def _line(
    measure: Measure, currency: str, of_day: dict[str, ReportCell], days: Sequence[str]
) -> ReportMeasureLine:
    complete = [cell for day in days if (cell := of_day.get(day)) is not None and cell.figure.complete]
    return ReportMeasureLine(
        measure, currency, of_day, _bars(of_day, days), complete[0] if complete else None
    )


def _bars(of_day: dict[str, ReportCell], days: Sequence[str]) -> tuple[ReportBar, ...]:
    """A bar a day from the first to the last day, a gap where nothing was reported."""
    first, last = date.fromisoformat(days[-1]), date.fromisoformat(days[0])
    shown = [last - timedelta(days=back) for back in range(min((last - first).days + 1, BOARD_DAYS))][::-1]
    tallest = max((float(cell.figure.value) for cell in of_day.values()), default=0.0)
    width = 100 / len(shown)
    bars = []
    for place, day in enumerate(shown):
        cell = of_day.get(day.isoformat())
        height = None
        if cell is not None:
            height = round(max(0.0, float(cell.figure.value)) / tallest * 100, 1) if tallest > 0 else 0.0
        bars.append(
            ReportBar(
                day.isoformat(),
                round(place * width + width * 0.12, 2),
                round(width * 0.76, 2),
                height,
                cell is not None and cell.figure.complete,
            )
        )
    return tuple(bars)
