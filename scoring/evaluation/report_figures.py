"""Figures that platforms' reports give: clicks per impression, orders per visitor, each from one source's own two measures.

A rate takes both measures from the same rows: one source, one period, one zone, the same part of the store. A day on which only one of
the two was reported is in neither. What counts people is never added over days to one number of people: of visitors the sum over days
is an exposure (visits of people by day), and orders per visitor-day is a count per exposure, not a share of people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.figure import Figure, SourceRows, rate_figure
from scoring.evaluation.steps import StepFigure, step_figure
from scoring.funnel.period_steps import PERIOD_STEPS
from scoring.funnel.stages import STEP_BY_ID, Stage
from scoring.records.measures import measure_of
from scoring.records.report_row import Period, ReportRow, newest

#: a source's measures, the most trusted first, that click-through is made of: both count events
_SHOWN, _CLICKED = ("impressions",), ("clicks", "link_clicks")
_VIEWED, _HELD = "page_views", "featured_offer_share"
#: all measures that figures are made of
MEASURES_USED = tuple(
    sorted(
        {*_SHOWN, *_CLICKED, _VIEWED, _HELD}
        | {m for step in PERIOD_STEPS for m in (step.upstream, step.downstream)}
    )
)


def _days(
    rows: Iterable[ReportRow], span: EvaluationSpan
) -> dict[tuple[str, str, int], dict[str, ReportRow]]:
    """Whole-store rows of complete days within the period: by source, zone and day, then by measure."""
    found: dict[tuple[str, str, int], dict[str, ReportRow]] = {}
    for row in newest(rows).values():
        if row.period is not Period.DAY or row.dimensions or not row.complete:
            continue
        if span.start_ms <= row.period_start_ms and row.period_end_ms <= span.end_ms:
            key = (row.source, row.zone, row.period_start_ms)
            found.setdefault(key, {})[row.measure] = row
    return found


def _pair(
    days: Mapping[tuple[str, str, int], Mapping[str, ReportRow]], source: str, up: str, down: str
) -> tuple[int, int, int]:
    """Sums of both measures over the days that have both, and how many rows they are."""
    pairs = [
        (Decimal(day[up].value), Decimal(day[down].value))
        for (name, _, _), day in days.items()
        if name == source and up in day and down in day
    ]
    entered, advanced = (sum((pair[at] for pair in pairs), Decimal(0)) for at in (0, 1))
    return int(entered), int(advanced), 2 * len(pairs)


def _store_of(rows: Sequence[ReportRow]) -> str:
    return rows[0].store_id.replace("\\", "\\\\").replace("'", "\\'")


def _rows(
    store: str, source: str, measures: tuple[str, str], span: EvaluationSpan, count: int
) -> tuple[SourceRows, ...]:
    condition = (
        f"store_id = '{store}' AND source = '{source}' AND measure IN {measures} AND period = 'day' AND empty(dimensions) AND complete"
        f" AND period_start >= toDateTime({span.start_ms // 1000}, 'UTC')"
        f" AND period_end <= toDateTime({span.end_ms // 1000}, 'UTC')"
    )
    return (SourceRows("report_rows", condition, count, f"{source}: {measures[0]}, {measures[1]}"),)


def click_through(rows: Sequence[ReportRow], span: EvaluationSpan) -> Figure | None:
    """Clicks of impressions from the source that reports most impressions; None if none reports both.

    Sources are never added: two that count the same impressions would count them twice.
    """
    days = _days(rows, span)
    found = []
    for source in sorted({name for name, _, _ in days}):
        for up in _SHOWN:
            for down in _CLICKED:
                shown, clicked, count = _pair(days, source, up, down)
                if count and 0 <= clicked <= shown and shown:
                    found.append((shown, source, up, down, clicked, count))
    if not found:
        return None
    shown, source, up, down, clicked, count = max(found, key=lambda one: (one[0], one[3] == _CLICKED[0]))
    return rate_figure(clicked, shown, _rows(_store_of(rows), source, (up, down), span, count))


def featured_offer(rows: Sequence[ReportRow], span: EvaluationSpan) -> Figure | None:
    """Views during which the shop held the featured offer, of all: the share of each day, weighed by that day's page views."""
    found = []
    for (source, _, _), day in _days(rows, span).items():
        if _HELD in day and _VIEWED in day:
            viewed = int(Decimal(day[_VIEWED].value))
            found.append((source, viewed, round(viewed * float(day[_HELD].value))))
    if not found:
        return None
    source = max(sorted({one for one, _, _ in found}), key=lambda name: _views(found, name))
    viewed, held = _views(found, source), sum(part for name, _, part in found if name == source)
    if not 0 <= held <= viewed or not viewed:
        return None
    days = sum(name == source for name, _, _ in found)
    return rate_figure(held, viewed, _rows(_store_of(rows), source, (_VIEWED, _HELD), span, 2 * days))


def _views(found: Iterable[tuple[str, int, int]], source: str) -> int:
    return sum(viewed for name, viewed, _ in found if name == source)


def reported_steps(rows: Sequence[ReportRow], span: EvaluationSpan) -> dict[str, StepFigure]:
    """The step from visits to orders of each source that reports both, by source."""
    days = _days(rows, span)
    step = next(
        one.id for one in STEP_BY_ID.values() if (one.upstream, one.downstream) == (Stage.CLICK, Stage.ORDER)
    )
    found = {}
    for known in PERIOD_STEPS:
        entered, advanced, count = _pair(days, known.source, known.upstream, known.downstream)
        if count and entered > 0 and measure_of(known.downstream).stage is Stage.ORDER:
            behind = _rows(_store_of(rows), known.source, (known.upstream, known.downstream), span, count)
            found[known.source] = step_figure(step, entered, advanced, behind, may_repeat=True)
    return found
