"""What an evaluation is answered with by API.

Points lie in [0, 100], shares in [0, 1]; None always means that there is none, never zero, and ``reason`` says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from scoring.digest.values import StoreHealth
from scoring.evaluation.comparator import ComparatorKind
from scoring.evaluation.evaluating import IndicatorScore, StoreEvaluation
from scoring.evaluation.figure import Figure, SourceRows, exposed, to_value
from scoring.evaluation.findings import FunnelFinding
from scoring.evaluation.health import WeightedScore
from scoring.evaluation.rules import looked_at
from scoring.evaluation.score import Score, ScoreLack
from scoring.evaluation.sentences import reading_name, say_difference, say_ranking
from scoring.evaluation.spans import SpanLength
from scoring.evaluation.steps import JudgedStep
from scoring.evaluation.texts import HEALTH
from scoring.wording.catalogue import step_name
from scoring.wording.text import Language
from streams.evaluation.advice_lines import AdviceLine
from streams.evaluation.advised import AdviceLife
from streams.evaluation.grouped import StoreGroup


class EvaluatedScore(msgspec.Struct, frozen=True):
    """Points with their 90 % interval; 50 is usual, 15 points are one standard deviation, more is better."""

    value: float
    low: float
    high: float


class FigureRows(msgspec.Struct, frozen=True):
    """Where a number comes from: ``SELECT * FROM relation WHERE condition``. ``counted_by`` says what counts it."""

    relation: str
    condition: str
    count: int
    counted_by: str


class EvaluatedIndicator(msgspec.Struct, frozen=True):
    """One indicator. ``n`` is the number of cases; ``usual`` is what the comparator holds for usual."""

    id: str
    kind: str
    value: float | None
    n: float | None
    usual: float | None
    score: EvaluatedScore | None
    reason: str
    rows: tuple[FigureRows, ...]
    name: str = ""


class EvaluatedStep(msgspec.Struct, frozen=True):
    """One step. ``lost`` is decimal text, in events of ``EvaluationAnswer.lost_stage``; it and ``money`` are below 0 where the step gained.

    ``kind``: a rate, or a count per one that entered, where one visitor may go on twice.
    """

    step: str
    entered: float
    value: float
    usual: float | None
    score: EvaluatedScore | None
    reason: str
    lost: str | None
    lost_low: float | None
    lost_high: float | None
    money: str | None
    by_duty: dict[str, str]
    rows: tuple[FigureRows, ...]
    kind: str
    name: str = ""


class EvaluatedPart(msgspec.Struct, frozen=True):
    """A dimension, or the health. Whatever the rest shows, the score lies between ``at_least`` and ``at_most``."""

    id: str
    score: EvaluatedScore | None
    reason: str
    coverage: float
    at_least: float
    at_most: float
    name: str = ""


class EvaluatedTarget(msgspec.Struct, frozen=True):
    """A target: ``of`` an indicator or ``step:ID``. ``gap`` is value − target; sure: the 90 % interval of the value leaves it out."""

    of: str
    target: float
    value: float
    gap: float
    met: bool
    sure: bool
    set_by: str


class EvaluatedByPlatform(msgspec.Struct, frozen=True):
    """A platform's own figure with its target: decimal text in ``unit``, as said on the day that begins at ``day_ms``. ``comparator`` is what the
    value must be to the target; where it is empty nobody says, and ``met`` is None. No indicator is counted alike, and no points come of it."""

    of: str
    name: str
    source: str
    unit: str
    value: str
    comparator: str
    target: str
    gap: str
    met: bool | None
    day_ms: int
    rows: tuple[FigureRows, ...]


class EvaluatedFinding(msgspec.Struct, frozen=True):
    """What a rule came to: found, replaced by what else it may be (``instead``), not_enough to say, or absent. ``strength`` in [0, 1] counts
    noise alone. ``evidence``, ``against`` and ``unknown`` are readings: ids of indicators, ``step:ID``, ``volume:STAGE``. No cause is claimed."""

    rule: str
    name: str
    standing: str
    strength: float
    evidence: tuple[str, ...]
    against: tuple[str, ...]
    unknown: tuple[str, ...]
    instead: tuple[str, ...]
    also_possible: tuple[str, ...]


class EvaluatedAdvice(msgspec.Struct, frozen=True):
    """A piece of advice by its key, and what became of it: ``state`` is open, accept, decline or done. ``outcome`` is helped, did_not or
    cannot_say once it was judged; ``gained`` are points over what was to be expected anyway, with the 90 % interval."""

    advice: str
    text: str
    check_ms: int
    state: str
    who: str = ""
    at_ms: int | None = None
    reason: str = ""
    outcome: str = ""
    gained: float | None = None
    low: float | None = None
    high: float | None = None


class EvaluationAnswer(msgspec.Struct, frozen=True):
    """The evaluation of a store in a period, [from_ms, to_ms) of days of ``zone``, against one comparator. No score claims a cause.
    Every ``name`` is in the language of ``lang``."""

    store_id: str
    period: SpanLength
    from_ms: int
    to_ms: int
    zone: str
    known_until_ms: int
    against: ComparatorKind
    available: tuple[ComparatorKind, ...]
    peers: tuple[str, ...]
    weights_version: int
    health: EvaluatedPart
    dimensions: tuple[EvaluatedPart, ...]
    indicators: tuple[EvaluatedIndicator, ...]
    steps: tuple[EvaluatedStep, ...]
    lost_stage: str
    lost: str
    currency: str
    targets: tuple[EvaluatedTarget, ...] = ()
    findings: tuple[EvaluatedFinding, ...] = ()
    platform_targets: tuple[EvaluatedByPlatform, ...] = ()


class EvaluationRows(msgspec.Struct, frozen=True):
    """Rows behind a number, as the tables have them; every value is text. ``truncated``: there are more."""

    of: str
    sql: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    truncated: bool


class ComparedFigure(msgspec.Struct, frozen=True):
    """One store's number: ``value`` over ``n`` cases."""

    store_id: str
    value: float
    n: float
    rows: tuple[FigureRows, ...]


class ComparedNumbers(msgspec.Struct, frozen=True):
    """One number of several stores. ``unlike`` says in words why they must not be compared; empty: they may."""

    id: str
    figures: tuple[ComparedFigure, ...]
    unlike: tuple[str, ...]
    name: str = ""


class ComparedHealth(msgspec.Struct, frozen=True):
    """The health of one store in the period of its group, as it was evaluated last; no score where too little is measured."""

    store_id: str
    score: EvaluatedScore | None
    coverage: float
    against: ComparatorKind


class ComparedGroup(msgspec.Struct, frozen=True):
    """Stores of one kind in their last complete period.

    ``ranking`` says it in words: groups of equals, the best first, or why there is no rank. ``left_out`` are stores of which the
    period is not known.
    """

    platform: str
    country: str
    category: str
    zone: str
    period: SpanLength | None
    from_ms: int | None
    to_ms: int | None
    stores: tuple[str, ...]
    left_out: tuple[str, ...]
    ranking: tuple[str, ...]
    numbers: tuple[ComparedNumbers, ...]
    health: tuple[ComparedHealth, ...] = ()


def group_of(group: StoreGroup, healths: Mapping[str, StoreHealth], language: Language) -> ComparedGroup:
    """A group of stores."""
    known = [healths[store] for store in group.stores if store in healths]
    return ComparedGroup(
        group.platform,
        group.country,
        group.category,
        group.zone,
        group.length,
        group.span.start_ms if group.span else None,
        group.span.end_ms if group.span else None,
        group.compared,
        tuple(group.left_out),
        say_ranking(group.ranking, language) if group.ranking else (),
        tuple(
            ComparedNumbers(
                one.id,
                tuple(
                    ComparedFigure(store, figure.value, exposed(figure), rows_of(figure))
                    for store, figure in one.figures.items()
                ),
                tuple(say_difference(difference, language) for difference in one.differences),
                reading_name(one.id, language),
            )
            for one in group.numbers
        ),
        tuple(
            ComparedHealth(one.store_id, points_of(one.now.health), one.now.coverage, one.comparator)
            for one in known
        ),
    )


def part_of(one: WeightedScore, language: Language) -> EvaluatedPart:
    """A dimension, or the health."""
    return EvaluatedPart(
        one.id,
        points_of(one.score),
        _reason(one.lack),
        one.coverage,
        one.at_least,
        one.at_most,
        HEALTH(language) if one.id == "health" else reading_name(one.id, language),
    )


def findings_of(findings: Sequence[FunnelFinding], language: Language) -> tuple[EvaluatedFinding, ...]:
    """What every rule came to."""
    return tuple(
        EvaluatedFinding(
            one.scenario.id,
            one.scenario.title(language),
            one.standing.value,
            one.strength,
            looked_at(one.evidence),
            looked_at(one.against),
            looked_at(one.unknown),
            tuple(decoy.kind.value for decoy in one.instead),
            tuple(decoy.kind.value for decoy in one.also_possible),
        )
        for one in findings
    )


def indicators_of(
    evaluation: StoreEvaluation, kind: ComparatorKind, language: Language
) -> tuple[EvaluatedIndicator, ...]:
    """All indicators, measured or not."""
    return tuple(
        EvaluatedIndicator(
            one.indicator.id,
            one.indicator.kind.value,
            one.figure.value if one.figure else None,
            exposed(one.figure) if one.figure else None,
            _usual(one, kind),
            points_of(one.scores.get(kind)),
            _reason(one.lacks.get(kind)),
            rows_of(one.figure),
            one.indicator.name(language),
        )
        for one in evaluation.indicators
    )


def advice_of(line: AdviceLine, life: AdviceLife | None) -> EvaluatedAdvice:
    """A piece of advice."""
    if life is None or life.kind is None:
        return EvaluatedAdvice(line.key, line.text, line.check_ms, "open")
    found = EvaluatedAdvice(
        line.key, line.text, line.check_ms, life.kind.value, life.who, life.at_ms, life.text
    )
    if life.verdict is None:
        return found
    verdict = life.verdict
    return msgspec.structs.replace(
        found, outcome=verdict.outcome.value, gained=verdict.gained, low=verdict.low, high=verdict.high
    )


def targets_of(evaluation: StoreEvaluation) -> tuple[EvaluatedTarget, ...]:
    """How its targets came out."""
    return tuple(
        EvaluatedTarget(of, one.target, one.value, one.gap, one.is_met, one.is_sure, one.set_by)
        for of, one in evaluation.targets.items()
    )


def step_of(step: JudgedStep, language: Language) -> EvaluatedStep:
    """A step."""
    loss = step.loss
    return EvaluatedStep(
        step.step,
        exposed(step.figure),
        step.figure.value,
        step.usual,
        points_of(step.score),
        _reason(step.lack),
        str(loss.events) if loss else None,
        loss.low if loss else None,
        loss.high if loss else None,
        str(loss.money) if loss and loss.money is not None else None,
        {duty.value: str(part) for duty, part in loss.by_duty.items()} if loss else {},
        rows_of(step.figure),
        step.figure.kind.value,
        step_name(step.step, language),
    )


def rows_of(figure: Figure | None) -> tuple[FigureRows, ...]:
    """The rows behind a figure."""
    if figure is None:
        return ()
    return tuple(map(rows_behind, figure.rows))


def rows_behind(one: SourceRows) -> FigureRows:
    """One relation and condition of them."""
    return FigureRows(one.relation, one.condition, one.count, one.counted_by)


def _usual(one: IndicatorScore, kind: ComparatorKind) -> float | None:
    comparator = one.comparators.get(kind)
    return None if comparator is None else to_value(comparator.mu, one.indicator.kind, one.indicator.scale)


def points_of(score: Score | None) -> EvaluatedScore | None:
    """A score; None for none."""
    return None if score is None else EvaluatedScore(score.value, score.low, score.high)


def _reason(lack: ScoreLack | None) -> str:
    return "" if lack is None else lack.reason.value
