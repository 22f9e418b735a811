"""Health: from scores of indicators to scores of dimensions to one number, each with what it covers.

    S = Σ wᵢSᵢ / Σ wᵢ over what is measured,   coverage = Σ w measured / Σ w of all

Taking a source away moves only the dimensions that used it, and coverage. No mean over what is measured can promise that a missing bad
result does not raise it, short of counting what is missing as 0, which it is not. So each score also carries ``at_least`` and
``at_most``: what it would be whatever the missing ones show (worst case bounds, Manski 1989). Taking data away never raises
``at_least`` and never lowers ``at_most``; whoever calls a store good calls it so by ``at_least``. And a change since an earlier period is
taken over what both periods measured (``change_since``), so that nothing is gained by losing a bad indicator.

The interval takes the sampling errors of different indicators for independent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scoring.evaluation.comparator import ComparatorKind
from scoring.evaluation.indicator import EvaluationDimension
from scoring.evaluation.score import Score, ScoreLack, Unscored, cut
from scoring.evaluation.weights import (
    DIMENSION_WEIGHTS,
    INDICATOR_WEIGHTS,
    LEAST_COVERAGE,
    LEAST_HEALTH_COVERAGE,
)
from scoring.funnel.units import Z90

_WORST, _BEST = 0.0, 100.0
#: id of the store's own score
HEALTH = "health"


@dataclass(frozen=True, slots=True)
class WeightedScore:
    """The score of a dimension, or of the store, against one comparator.

    Attributes:
        id: of the dimension; ``health`` for the store.
        comparator: which of them; scores against different ones are never mixed.
        score: None if too little is measured.
        lack: why, then.
        coverage: part of the weights that is measured, in [0, 1].
        at_least, at_most: what the score would be if all that is missing were worst, or best.
        parts: ids of what was measured, with their scores.
    """

    id: str
    comparator: ComparatorKind
    score: Score | None
    lack: ScoreLack | None
    coverage: float
    at_least: float
    at_most: float
    parts: Mapping[str, Score]


def weighted(
    name: str,
    comparator: ComparatorKind,
    parts: Mapping[str, Score],
    weights: Mapping[str, int],
    least_coverage: float,
) -> WeightedScore:
    """The weighted mean of ``parts``, and what it covers.

    Args:
        name: id of what they make up.
        comparator: against which all of them were scored.
        parts: scores by id, of what is measured; every id has a weight.
        weights: of all parts, measured or not.
        least_coverage: below it there is no score.
    """
    whole = sum(weights.values())
    known = {part: parts[part] for part in sorted(parts)}
    measured = sum(weights[part] for part in known)
    points = math.fsum(weights[part] * score.value for part, score in known.items())
    coverage = measured / whole
    missing = whole - measured
    score = lack = None
    if not measured or coverage < least_coverage:
        reason = Unscored.LOW_COVERAGE if measured else Unscored.NO_SOURCE
        lack = ScoreLack(reason, coverage, least_coverage)
    else:
        spread = math.sqrt(
            math.fsum((weights[part] * part_score.spread) ** 2 for part, part_score in known.items())
        )
        score = _interval(points / measured, spread / measured)
    return WeightedScore(
        name,
        comparator,
        score,
        lack,
        coverage,
        (points + missing * _WORST) / whole,
        (points + missing * _BEST) / whole,
        known,
    )


def _interval(points: float, spread: float) -> Score:
    return Score(points, cut(points - Z90 * spread), cut(points + Z90 * spread), spread)


def dimension_score(
    dimension: EvaluationDimension, comparator: ComparatorKind, scores: Mapping[str, Score]
) -> WeightedScore:
    """The score of a dimension from those of its indicators by id."""
    weights = {one.id: INDICATOR_WEIGHTS[one.id].weight for one in dimension.indicators}
    own = {name: score for name, score in scores.items() if name in weights}
    return weighted(dimension.id, comparator, own, weights, LEAST_COVERAGE)


def health_score(comparator: ComparatorKind, dimensions: Sequence[WeightedScore]) -> WeightedScore:
    """The store's health from its dimensions.

    Coverage is that of the indicators behind the dimensions that have a score: six dimensions that are each half covered make half a
    health and not a whole one. The bounds count every indicator, also of dimensions without a score.
    """
    weights = {name: weight.weight for name, weight in DIMENSION_WEIGHTS.items()}
    scored = {one.id: one.score for one in dimensions if one.score is not None}
    by_id = {one.id: one for one in dimensions}
    whole = sum(weights.values())

    def mean(of: Mapping[str, float], missing: float) -> float:
        return math.fsum(weight * of.get(name, missing) for name, weight in weights.items()) / whole

    coverage = mean({name: by_id[name].coverage for name in scored}, 0.0)
    health = weighted(HEALTH, comparator, scored, weights, least_coverage=0.0)
    is_enough = coverage >= LEAST_HEALTH_COVERAGE
    reason = Unscored.LOW_COVERAGE if scored else Unscored.NO_SOURCE
    return WeightedScore(
        health.id,
        comparator,
        health.score if is_enough else None,
        None if is_enough else ScoreLack(reason, coverage, LEAST_HEALTH_COVERAGE),
        coverage,
        mean({name: one.at_least for name, one in by_id.items()}, _WORST),
        mean({name: one.at_most for name, one in by_id.items()}, _BEST),
        health.parts,
    )


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """How a score moved between two periods over what both measured. ``only_now`` and ``only_then`` took no part in it.

    ``low`` and ``high`` are the 90 % interval of ``points``.
    """

    points: float
    low: float
    high: float
    compared: tuple[str, ...]
    only_now: tuple[str, ...]
    only_then: tuple[str, ...]


def change_since(now: WeightedScore, then: WeightedScore, weights: Mapping[str, int]) -> ScoreChange | None:
    """The change over the parts that both periods measured; None if there is none, or against different comparators."""
    both = sorted(now.parts.keys() & then.parts.keys())
    if not both or now.comparator is not then.comparator:
        return None
    measured = sum(weights[part] for part in both)
    points = (
        math.fsum(weights[part] * (now.parts[part].value - then.parts[part].value) for part in both)
        / measured
    )
    variance = math.fsum(
        (weights[part] * side.parts[part].spread) ** 2 for part in both for side in (now, then)
    )
    spread = Z90 * math.sqrt(variance) / measured
    return ScoreChange(
        points,
        points - spread,
        points + spread,
        tuple(both),
        tuple(sorted(now.parts.keys() - then.parts.keys())),
        tuple(sorted(then.parts.keys() - now.parts.keys())),
    )
