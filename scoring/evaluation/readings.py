"""Readings: what rules look at, each under one name, with the rows behind it.

``indicator ids`` as they are; ``step:ID`` for the conversion of a step; ``volume:STAGE`` for how much there was of a stage, against the
store's own past; ``fact:NAME`` for what is so or not. All scores count more as better, a volume more as more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scoring.evaluation.comparator import Comparator, ComparatorKind
from scoring.evaluation.duties import Duty
from scoring.evaluation.evaluating import IndicatorScore, StoreEvaluation
from scoring.evaluation.expecting import low_chance, low_chance_of
from scoring.evaluation.figure import Figure, SourceRows, exposed
from scoring.evaluation.indicator import Direction
from scoring.evaluation.report_figures import REPORTS
from scoring.evaluation.score import LEAST_EXPECTED, Score, Unscored, expected_cases, score_of
from scoring.evaluation.steps import JudgedStep
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
        by_chance: the chance that it comes out as low (``expecting.low_chance``); None: as the score alone says.
    """

    id: str
    score: Score | None
    holds: bool | None
    rows: tuple[SourceRows, ...]
    names: tuple[str, ...] = ()
    by_chance: float | None = None

    @property
    def low_chance(self) -> float:
        """The chance that a store which is as it always was has it as low as this; 1 of a fact."""
        if self.by_chance is not None:
            return self.by_chance
        return 1.0 if self.score is None else low_chance_of(self.score)


@dataclass(frozen=True, slots=True)
class Readings:
    """All readings of a store in a period, by id. ``against``: the comparator of indicators and steps without a past of their own."""

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
    headline = evaluation.headline or ComparatorKind.OWN
    found: dict[str, Reading] = {reading.id: reading for reading in facts}
    for against in dict.fromkeys(
        (headline, ComparatorKind.OWN)
    ):  # what changed is seen against the store's own past
        funnel = evaluation.funnel.get(against)
        known = [_of_indicator(one, against) for one in evaluation.indicators]
        known += [_of_step(step) for step in funnel.steps] if funnel is not None else []
        found |= {one.id: one for one in known if one is not None}
    for stage, (figure, comparator) in volumes.items():
        one = _reading(VOLUME + stage, figure, comparator, Direction.HIGHER, _reporters(figure))
        found |= {one.id: one} if one is not None else {}
    return Readings(headline, found)


def _of_indicator(one: IndicatorScore, against: ComparatorKind) -> Reading | None:
    """An indicator with enough cases. Where its past is mostly counting noise it has no score, and can be off nevertheless."""
    usual, lack = one.comparators.get(against), one.lacks.get(against)
    is_counted = one.figure is not None and exposed(one.figure) >= one.indicator.floor
    if one.figure is None or usual is None or not is_counted:
        return None
    if lack is not None and lack.reason is Unscored.NOT_DUE:
        return None
    return _reading(one.indicator.id, one.figure, usual, one.indicator.direction)


def _of_step(step: JudgedStep) -> Reading | None:
    if step.comparator is None:
        return None
    return _reading(STEP + step.step, step.figure, step.comparator, Direction.HIGHER)


def _reading(
    name: str, figure: Figure, usual: Comparator, direction: Direction, names: tuple[str, ...] = ()
) -> Reading | None:
    if expected_cases(figure, usual) < LEAST_EXPECTED:
        return None
    score, chance = score_of(figure, usual, direction), low_chance(figure, usual, direction)
    return Reading(name, score, None, figure.rows, names, chance)


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
