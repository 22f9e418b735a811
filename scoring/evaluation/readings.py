"""Readings: what rules look at, each under one name, with the rows behind it.

``indicator ids`` as they are; ``step:ID`` for the conversion of a step; ``volume:STAGE`` for how much there was of a stage, against the
store's own past; ``fact:NAME`` for what is so or not. All scores count more as better, a volume more as more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scoring.evaluation.comparator import LEAST_RELIABILITY, Comparator, ComparatorKind
from scoring.evaluation.duties import Duty
from scoring.evaluation.evaluating import StoreEvaluation
from scoring.evaluation.figure import Figure, SourceRows
from scoring.evaluation.indicator import Direction
from scoring.evaluation.report_figures import REPORTS
from scoring.evaluation.score import Score, more_cases_needed, score_of
from scoring.funnel.stages import STEP_BY_ID, Stage

STEP, VOLUME, FACT = "step:", "volume:", "fact:"
NO_BASIS, GAPS, DIFFER = (FACT + name for name in ("duties_without_target", "report_gaps", "stores_differ"))


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that a rule looks at.

    Attributes:
        id: see above.
        score: with its interval; None for a fact.
        holds: of a fact, whether it is so; None for a score.
        rows: where it comes from.
        names: of a fact, what it is about: duties, dimensions, stores; of a volume, whose report it is of.
    """

    id: str
    score: Score | None
    holds: bool | None
    rows: tuple[SourceRows, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Readings:
    """All readings of a store in a period, by id. ``against`` is the comparator of indicators and steps; volumes are against ``own``."""

    against: ComparatorKind
    by_id: Mapping[str, Reading] = field(default_factory=dict)


def readings_of(
    evaluation: StoreEvaluation,
    volumes: Mapping[Stage, tuple[Figure, Comparator]],
    facts: Sequence[Reading] = (),
) -> Readings:
    """What rules can look at of a store.

    Args:
        evaluation: its scores.
        volumes: count per day of each stage in the period, and what is usual of the store itself.
        facts: of ``target_facts``, ``gap_facts`` and of comparing.
    """
    against = evaluation.headline or ComparatorKind.OWN
    found: dict[str, Reading] = {reading.id: reading for reading in facts}
    for one in evaluation.indicators:
        score = one.scores.get(against)
        if score is not None and one.figure is not None:
            found[one.indicator.id] = Reading(one.indicator.id, score, None, one.figure.rows)
    funnel = evaluation.funnel.get(against)
    for step in funnel.steps if funnel is not None else ():
        if step.score is not None:
            found[STEP + step.step] = Reading(STEP + step.step, step.score, None, step.figure.rows)
    for stage, (figure, comparator) in volumes.items():
        if comparator.reliability >= LEAST_RELIABILITY and more_cases_needed(figure, comparator) <= 1:
            score = score_of(figure, comparator, Direction.HIGHER)
            found[VOLUME + stage] = Reading(VOLUME + stage, score, None, figure.rows, _reporters(figure))
    return Readings(against, found)


def _reporters(figure: Figure) -> tuple[str, ...]:
    """Whose report a volume is of; nothing where it was counted."""
    return tuple(row.counted_by.partition(":")[0] for row in figure.rows if row.relation == REPORTS)


def target_facts(evaluation: StoreEvaluation, step_targets: Sequence[str], rows: SourceRows) -> Reading:
    """Whose work nobody set a target for, though losses that are more than noise are put down to them.

    Args:
        evaluation: of the store.
        step_targets: ids of steps that have a target.
        rows: of the table of targets.
    """
    held = {duty for one in evaluation.indicators if one.target is not None for duty in one.indicator.shares}
    funnel = evaluation.funnel.get(evaluation.headline or ComparatorKind.OWN)
    steps = funnel.steps if funnel is not None else ()
    held |= {
        duty
        for step in steps
        if step.step in step_targets and step.loss is not None
        for duty in step.loss.by_duty
    }
    owing = {
        duty for step in steps if step.loss is not None and step.loss.low > 0 for duty in step.loss.by_duty
    }
    without = tuple(duty.value for duty in Duty if duty in owing - held)
    return Reading(NO_BASIS, None, bool(without), (rows,), without)


def gap_facts(evaluation: StoreEvaluation) -> Reading:
    """Which dimensions a report could say nothing about."""
    kind = evaluation.headline or ComparatorKind.OWN
    silent = tuple(one.id for one in evaluation.dimensions.get(kind, ()) if one.score is None)
    rows = tuple(
        row for one in evaluation.indicators if one.figure is not None for row in one.figure.rows
    ) or (SourceRows("indicators", f"store_id = '{evaluation.store_id}'", 0),)
    return Reading(GAPS, None, bool(silent), rows, silent)


def steps_into(stage: Stage) -> tuple[str, ...]:
    """The readings of all steps that lead to a stage: whichever the store has."""
    return tuple(STEP + step.id for step in STEP_BY_ID.values() if step.downstream is stage)
