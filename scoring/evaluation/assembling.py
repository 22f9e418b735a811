"""From what a store's sources say to the figures of an evaluation, the same for files and for a running instance.

Which source is taken where several could give a number is decided here: orders by cohort before anything that was only counted, a
platform's report before counted events for what both measures of the report say, and one source for all periods of a number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from scoring.evaluation.comparator import Comparator, ComparatorKind, comparator_of
from scoring.evaluation.evaluating import EvaluationSpan, StoreFigures
from scoring.evaluation.figure import Figure, SourceRows, count_figure
from scoring.evaluation.order_figures import CountedOrders, order_figures
from scoring.evaluation.report_figures import click_through, featured_offer, reported_steps
from scoring.evaluation.spans import span_name
from scoring.evaluation.steps import StepFigure, step_figure
from scoring.funnel.stages import Stage, steps_of, supplied_stages
from scoring.funnel.units import DAY_MS
from scoring.records.report_row import ReportRow

#: the rows behind counts of two stages in a period
CountedRows = Callable[[Sequence[Stage], EvaluationSpan, int], SourceRows]
_REPORTED = {"traffic_quality.click_through": click_through, "price.featured_offer": featured_offer}
FROM_REPORTS = frozenset(_REPORTED)


def store_figures(
    store: str,
    orders: CountedOrders,
    rows: Sequence[ReportRow],
    spans: Sequence[EvaluationSpan],
    each: float | None,
    counts: Sequence[Mapping[str, int]] = (),
    counted_rows: CountedRows | None = None,
    *,
    ship_within_days: int | None = None,
) -> StoreFigures:
    """The figures of a store in the first of ``spans``, and in those before it.

    Args:
        store: its id.
        orders: its orders.
        rows: what platforms report of it.
        spans: the judged period first, then those it is compared with.
        each: the money that an order brings, None if unknown.
        counts: events by stage in each span; empty where events are not counted.
        counted_rows: where those are.
        ship_within_days: what the store promises, None if nothing.
    """
    indicators, ordered, not_due = order_figures(orders, spans, ship_within_days)
    by_name: dict[str, list[Figure | None]] = dict(indicators)
    for name, read in _REPORTED.items():
        by_name[name] = [read(rows, span) for span in spans]
    by_step: dict[str, list[StepFigure | None]] = {}
    if counted_rows is not None:
        by_step |= _counted_steps(counts, spans, counted_rows)
    reported = [reported_steps(rows, span) for span in spans]
    if reported[0] and not by_step:  # one source: the one with most visits; the same one in every period
        source = max(sorted(reported[0]), key=lambda name: reported[0][name].entered)
        by_step[reported[0][source].step] = [one.get(source) for one in reported]
    by_step |= ordered
    names = [span_name(span) for span in spans]
    return StoreFigures(
        store,
        spans[0],
        {name: found[0] for name, found in by_name.items() if found[0] is not None},
        {name: _members(names, found) for name, found in by_name.items()},
        steps=[found[0] for found in by_step.values() if found[0] is not None],
        own_steps={
            step: _members(names, [one.figure if one is not None else None for one in found])
            for step, found in by_step.items()
        },
        each=each,
        not_due=not_due,
    )


def stage_volumes(
    counts: Mapping[Stage, Sequence[int]], spans: Sequence[EvaluationSpan], rows: CountedRows
) -> dict[Stage, tuple[Figure, Comparator]]:
    """How much there was of each stage a day in the first span, and what is usual; nothing where the past is too short.

    Args:
        counts: by stage, in each span.
        spans: the judged period first.
        rows: where they are.
    """
    found = {}
    for stage, numbers in counts.items():
        if not any(numbers):
            continue
        figures = {
            span_name(span): count_figure(
                number, (span.end_ms - span.start_ms) / DAY_MS, (rows((stage,), span, number),)
            )
            for span, number in zip(spans, numbers, strict=True)
        }
        now = figures.pop(span_name(spans[0]))
        comparator = comparator_of(ComparatorKind.OWN, figures)
        if comparator is not None:
            found[stage] = (now, comparator)
    return found


def _members(names: Sequence[str], found: Sequence[Figure | None]) -> dict[str, Figure]:
    """What the judged period is compared with: those before it."""
    return {name: figure for name, figure in zip(names[1:], found[1:], strict=True) if figure is not None}


def _counted_steps(
    counts: Sequence[Mapping[str, int]], spans: Sequence[EvaluationSpan], rows: CountedRows
) -> dict[str, list[StepFigure | None]]:
    """The fast steps that the store's own events give. An event is not a person: one visitor may add to the cart twice."""
    whole = {stage.value: float(sum(one.get(stage, 0) for one in counts)) for stage in Stage}
    found: dict[str, list[StepFigure | None]] = {}
    for step in steps_of(supplied_stages(whole)):
        if not step.is_fast:
            continue
        line: list[StepFigure | None] = []
        for span, one in zip(spans, counts, strict=True):
            entered, advanced = one.get(step.upstream, 0), one.get(step.downstream, 0)
            behind = rows((step.upstream, step.downstream), span, entered + advanced)
            line.append(
                step_figure(step.id, entered, advanced, (behind,), may_repeat=True) if entered else None
            )
        found[step.id] = line
    return found
