"""From what a store's sources say to the figures of an evaluation, the same for files and for a running instance.

Which source is taken where several could give an indicator is decided in ``suppliers.py``; for steps here: orders by cohort before
anything that was only counted, and one source for all periods of a number.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from scoring.evaluation.comparator import Comparator, ComparatorKind, comparator_of
from scoring.evaluation.evaluating import EvaluationSpan, StoreEvaluation, StoreFigures
from scoring.evaluation.figure import Figure, SourceRows, count_figure
from scoring.evaluation.findings import DecoyEvidence, FunnelFinding, find_all
from scoring.evaluation.order_figures import order_steps
from scoring.evaluation.readings import STEP, gap_facts, readings_of, target_facts
from scoring.evaluation.report_figures import ReportBook, reported_steps
from scoring.evaluation.reported_volumes import reported_volumes
from scoring.evaluation.rules import DecoyKind
from scoring.evaluation.spans import next_end_ms, span_name
from scoring.evaluation.steps import StepFigure, step_figure
from scoring.evaluation.suppliers import CountedRows, StoreSources, supplied
from scoring.funnel.stages import Stage, steps_of, supplied_stages
from scoring.funnel.units import DAY_MS


def store_figures(known: StoreSources, spans: Sequence[EvaluationSpan], each: float | None) -> StoreFigures:
    """The figures of a store in the first of ``spans``, and in those before it.

    Args:
        known: of the store.
        spans: the judged period first, then those it is compared with.
        each: the money that an order brings, None if unknown.
    """
    lines = supplied(known, spans)
    by_name = {name: line.figures for name, line in lines.items() if line.figures}
    by_step: dict[str, list[StepFigure | None]] = {}
    if known.counted_rows is not None:
        by_step |= _counted_steps(known, spans, known.counted_rows)
    reported = [known.rows.read(reported_steps, span) for span in spans]
    if reported[0] and not by_step:  # one source: the one with most visits; the same one in every period
        source = max(sorted(reported[0]), key=lambda name: reported[0][name].entered)
        by_step[reported[0][source].step] = [one.get(source) for one in reported]
    by_step |= order_steps(known.orders, spans)
    names = [span_name(span) for span in spans]
    return StoreFigures(
        known.store,
        spans[0],
        {name: found[0] for name, found in by_name.items() if found[0] is not None},
        {name: _members(names, found) for name, found in by_name.items()},
        steps=[found[0] for found in by_step.values() if found[0] is not None],
        own_steps={
            step: _members(names, [one.figure if one is not None else None for one in found])
            for step, found in by_step.items()
        },
        each=each,
        not_due=frozenset(name for name, line in lines.items() if not line.is_due),
    )


def stage_volumes(
    counts: Mapping[Stage, Sequence[int]],
    spans: Sequence[EvaluationSpan],
    rows: CountedRows,
    reports: ReportBook,
) -> dict[Stage, tuple[Figure, Comparator]]:
    """How much there was of each stage a day in the first span, and what is usual; nothing where the past is too short.

    Args:
        counts: by stage, in each span.
        spans: the judged period first.
        rows: where they are.
        reports: what platforms report: of a stage that nobody counted, it says how much there was.
    """
    found = reported_volumes(reports, spans)
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
    known: StoreSources, spans: Sequence[EvaluationSpan], rows: CountedRows
) -> dict[str, list[StepFigure | None]]:
    """The fast steps that the store's own events give. An event is not a person: one visitor may add to the cart twice."""
    by_span = [(known.counts.get(span, {}), known.pageless.get(span, {})) for span in spans]
    whole, apart = (
        {stage.value: float(sum(one[place].get(stage, 0) for one in by_span)) for stage in Stage}
        for place in (0, 1)
    )
    found: dict[str, list[StepFigure | None]] = {}
    for step in steps_of(supplied_stages(whole, apart)):
        if not step.is_fast:
            continue
        line: list[StepFigure | None] = []
        for span, (one, pageless) in zip(spans, by_span, strict=True):
            entered, advanced = one.get(step.upstream, 0), int(step.advanced(one, pageless))
            behind = rows((step.upstream, step.downstream), span, entered + advanced)
            line.append(
                step_figure(step.id, entered, advanced, (behind,), may_repeat=True) if entered else None
            )
        found[step.id] = line
    return found


def findings_in(
    evaluation: StoreEvaluation,
    volumes: Mapping[Stage, tuple[Figure, Comparator]],
    decoys: Sequence[DecoyEvidence],
    checked: Collection[DecoyKind],
) -> tuple[FunnelFinding, ...]:
    """What every rule came to for a store in a period.

    Args:
        evaluation: of the store.
        volumes: how much there was of each stage.
        decoys: what else may make it look so.
        checked: kinds of decoy that could be looked for.
    """
    facts = [gap_facts(evaluation)]
    if evaluation.targets:  # whose work nobody set one for says something only where targets are set at all
        steps = [of.removeprefix(STEP) for of in evaluation.step_targets]
        rows = SourceRows("targets", f"store_id = '{evaluation.store_id}'", len(evaluation.targets))
        facts.append(target_facts(evaluation, steps, rows))
    readings = readings_of(evaluation, volumes, facts)
    span = evaluation.span
    return find_all(evaluation.store_id, readings, decoys, checked, span.end_ms, next_end_ms(span))
