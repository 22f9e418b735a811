"""From figures to an evaluation: scores against every comparator, dimensions, health, steps. It puts together and decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scoring.evaluation.comparator import HEADLINE_ORDER, Comparator, ComparatorKind, comparator_of
from scoring.evaluation.dimensions.registry import DIMENSIONS, INDICATOR_BY_ID
from scoring.evaluation.errors import EvaluationError
from scoring.evaluation.figure import Figure, exposed
from scoring.evaluation.health import WeightedScore, dimension_score, health_score
from scoring.evaluation.indicator import Indicator
from scoring.evaluation.score import (
    Score,
    ScoreLack,
    TargetResult,
    Unscored,
    days_until,
    lack_of,
    score_of,
)
from scoring.evaluation.steps import FunnelLoss, StepFigure, judge_steps
from scoring.evaluation.weights import VERSION

#: comparators that give points
SCORED_AGAINST = (ComparatorKind.OWN, ComparatorKind.PEERS, ComparatorKind.BENCHMARK)


@dataclass(frozen=True, slots=True)
class EvaluationSpan:
    """A period, half-open, of the days of a zone."""

    start_ms: int
    end_ms: int
    zone: str

    def __post_init__(self) -> None:
        if self.end_ms <= self.start_ms:
            raise EvaluationError("a period must end after it starts")


@dataclass(frozen=True, slots=True)
class StoreFigures:
    """What is known of a store, worked out from rows by whoever reads them.

    Attributes:
        store_id: of the store.
        span: the period that is evaluated.
        figures: of the period, by the id of the indicator. What no source supplies is not in it.
        own, peers: figures of the store's earlier periods, and of other stores in this period, by indicator and then by name.
        benchmarks: comparators of an uploaded table, by indicator.
        targets: results against targets, by indicator.
        steps: what went through each step.
        own_steps, peer_steps: the same of earlier periods, and of other stores, by step and then by name.
        each: what one event of the last fast stage brings.
        step_targets: results against targets, by step.
        not_due: indicators whose cohorts of the period are not due yet.
    """

    store_id: str
    span: EvaluationSpan
    figures: Mapping[str, Figure] = field(default_factory=dict)
    own: Mapping[str, Mapping[str, Figure]] = field(default_factory=dict)
    peers: Mapping[str, Mapping[str, Figure]] = field(default_factory=dict)
    benchmarks: Mapping[str, Comparator] = field(default_factory=dict)
    targets: Mapping[str, TargetResult] = field(default_factory=dict)
    steps: Sequence[StepFigure] = ()
    own_steps: Mapping[str, Mapping[str, Figure]] = field(default_factory=dict)
    peer_steps: Mapping[str, Mapping[str, Figure]] = field(default_factory=dict)
    each: float | None = None
    not_due: frozenset[str] = frozenset()
    step_targets: Mapping[str, TargetResult] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IndicatorScore:
    """An indicator of a store: its figure, and its score against each comparator, or why there is none."""

    indicator: Indicator
    figure: Figure | None
    comparators: Mapping[ComparatorKind, Comparator]
    scores: Mapping[ComparatorKind, Score]
    lacks: Mapping[ComparatorKind, ScoreLack]
    target: TargetResult | None


@dataclass(frozen=True, slots=True)
class StoreEvaluation:
    """The evaluation of a store in a period.

    Attributes:
        indicators: all that there are, measured or not, in the order of the registry.
        dimensions, health: against each comparator.
        funnel: against each comparator.
        headline: the comparator whose scores are shown first; None where nothing could be scored.
        step_targets: results against targets, by step.
        weights_version: of ``weights.py``; scores of different versions make no line.
    """

    store_id: str
    span: EvaluationSpan
    indicators: tuple[IndicatorScore, ...]
    dimensions: Mapping[ComparatorKind, tuple[WeightedScore, ...]]
    health: Mapping[ComparatorKind, WeightedScore]
    funnel: Mapping[ComparatorKind, FunnelLoss]
    headline: ComparatorKind | None
    step_targets: Mapping[str, TargetResult] = field(default_factory=dict)
    weights_version: int = VERSION

    @property
    def targets(self) -> dict[str, TargetResult]:
        """Results against targets, of indicators and of steps (``step:ID``)."""
        own = {one.indicator.id: one.target for one in self.indicators if one.target is not None}
        return {**own, **self.step_targets}

    def indicator(self, name: str) -> IndicatorScore:
        """The indicator of that id."""
        return next(one for one in self.indicators if one.indicator.id == name)


def evaluate_store(
    known: StoreFigures, headline_order: Sequence[ComparatorKind] = HEADLINE_ORDER
) -> StoreEvaluation:
    """The evaluation that follows from figures.

    Args:
        known: figures with the rows behind them.
        headline_order: which comparator's scores to show first, if there are any.

    Raises:
        EvaluationError: a figure of an indicator that is not in the registry, or of another kind than it.
    """
    _check(known)
    indicators = tuple(_indicator_score(indicator, known) for indicator in INDICATOR_BY_ID.values())
    dimensions: dict[ComparatorKind, tuple[WeightedScore, ...]] = {}
    for kind in SCORED_AGAINST:
        scores = {one.indicator.id: one.scores[kind] for one in indicators if kind in one.scores}
        dimensions[kind] = tuple(dimension_score(dimension, kind, scores) for dimension in DIMENSIONS)
    health = {kind: health_score(kind, dimensions[kind]) for kind in SCORED_AGAINST}
    funnel = {
        kind: judge_steps(known.steps, _step_comparators(kind, known), known.each)
        for kind in (ComparatorKind.OWN, ComparatorKind.PEERS)
    }
    return StoreEvaluation(
        known.store_id,
        known.span,
        indicators,
        dimensions,
        health,
        funnel,
        _headline(headline_order, indicators, health),
        known.step_targets,
    )


def _check(known: StoreFigures) -> None:
    named = {*known.figures, *known.own, *known.peers, *known.benchmarks, *known.targets, *known.not_due}
    unknown = sorted(named - INDICATOR_BY_ID.keys())
    if unknown:
        raise EvaluationError(
            f"unknown indicator {unknown[0]!r}; those there are, are in the registry of dimensions"
        )
    for name in sorted(named):
        figures = [*known.own.get(name, {}).values(), *known.peers.get(name, {}).values()]
        figures += [known.figures[name]] if name in known.figures else []
        wrong = [figure.kind for figure in figures if figure.kind is not INDICATOR_BY_ID[name].kind]
        if wrong:
            raise EvaluationError(f"{name} is a {INDICATOR_BY_ID[name].kind}, got a {wrong[0]}")


def _comparators(indicator: Indicator, known: StoreFigures) -> dict[ComparatorKind, Comparator]:
    made = {
        ComparatorKind.OWN: comparator_of(
            ComparatorKind.OWN, _above_floor(indicator, known.own.get(indicator.id, {}))
        ),
        ComparatorKind.PEERS: comparator_of(
            ComparatorKind.PEERS, _above_floor(indicator, known.peers.get(indicator.id, {}))
        ),
        ComparatorKind.BENCHMARK: known.benchmarks.get(indicator.id),
    }
    return {kind: comparator for kind, comparator in made.items() if comparator is not None}


def _above_floor(indicator: Indicator, members: Mapping[str, Figure]) -> dict[str, Figure]:
    """Members with enough cases; by what was exposed, so that nobody is left out for a result."""
    return {name: figure for name, figure in members.items() if exposed(figure) >= indicator.floor}


def _step_comparators(kind: ComparatorKind, known: StoreFigures) -> dict[str, Comparator]:
    members = known.own_steps if kind is ComparatorKind.OWN else known.peer_steps
    made = {step: comparator_of(kind, figures) for step, figures in members.items()}
    return {step: comparator for step, comparator in made.items() if comparator is not None}


def _indicator_score(indicator: Indicator, known: StoreFigures) -> IndicatorScore:
    figure = known.figures.get(indicator.id)
    comparators = _comparators(indicator, known)
    scores: dict[ComparatorKind, Score] = {}
    lacks: dict[ComparatorKind, ScoreLack] = {}
    for kind in SCORED_AGAINST:
        comparator = comparators.get(kind)
        if indicator.id in known.not_due:
            lacks[kind] = ScoreLack(Unscored.NOT_DUE)
            continue
        lack = lack_of(indicator, figure, comparator)
        if lack is not None:
            lacks[kind] = days_until(lack, known.span.end_ms - known.span.start_ms)
        elif figure is not None and comparator is not None:
            scores[kind] = score_of(figure, comparator, indicator.direction)
    return IndicatorScore(indicator, figure, comparators, scores, lacks, known.targets.get(indicator.id))


def _headline(
    order: Sequence[ComparatorKind],
    indicators: Sequence[IndicatorScore],
    health: Mapping[ComparatorKind, WeightedScore],
) -> ComparatorKind | None:
    """The first comparator with a health; else the first with any score."""
    whole = [kind for kind in order if kind in health and health[kind].score is not None]
    some = [kind for kind in order if any(kind in one.scores for one in indicators)]
    return next(iter([*whole, *some]), None)
