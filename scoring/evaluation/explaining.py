"""The explanation of an evaluation: every input of every score as plain data, so that a stranger recomputes it.

``deploy/docs/recompute.py`` does so with the standard library alone; a test runs it. Numbers are written whole, not rounded, and in the
order in which they are added up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scoring.evaluation.comparator import Comparator
from scoring.evaluation.evaluating import SCORED_AGAINST, IndicatorScore, StoreEvaluation
from scoring.evaluation.figure import Figure, SourceRows
from scoring.evaluation.health import WeightedScore
from scoring.evaluation.score import Score, ScoreLack
from scoring.evaluation.weights import DIMENSION_WEIGHTS, INDICATOR_WEIGHTS


def explain(evaluation: StoreEvaluation) -> dict[str, Any]:
    """All that a store's scores were worked out from, as what JSON can hold."""
    return {
        "store": evaluation.store_id,
        "period": [evaluation.span.start_ms, evaluation.span.end_ms, evaluation.span.zone],
        "weights_version": evaluation.weights_version,
        "dimension_weights": {name: weight.weight for name, weight in DIMENSION_WEIGHTS.items()},
        "indicator_weights": {name: weight.weight for name, weight in INDICATOR_WEIGHTS.items()},
        "indicators": {one.indicator.id: _indicator(one) for one in evaluation.indicators},
        "scores": {
            kind.value: {
                one.id: _weighted(one) for one in (*evaluation.dimensions[kind], evaluation.health[kind])
            }
            for kind in SCORED_AGAINST
        },
    }


def _indicator(one: IndicatorScore) -> dict[str, Any]:
    return {
        "kind": one.indicator.kind.value,
        "direction": int(one.indicator.direction),
        "figure": None if one.figure is None else _figure(one.figure),
        "against": {
            kind.value: {
                "comparator": _comparator(one.comparators.get(kind)),
                "score": _score(one.scores.get(kind)),
                "lack": _lack(one.lacks.get(kind)),
            }
            for kind in SCORED_AGAINST
        },
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {**_numbers(figure.inputs), "g": figure.g, "variance": figure.variance, "rows": _rows(figure.rows)}


def _comparator(comparator: Comparator | None) -> dict[str, Any] | None:
    if comparator is None:
        return None
    return {
        **_numbers(comparator.inputs),
        "mu": comparator.mu,
        "sigma": comparator.sigma,
        "mu_variance": comparator.mu_variance,
        "sigma_variance": comparator.sigma_variance,
        "names": list(comparator.members),
        "rows": _rows(comparator.rows),
    }


def _weighted(one: WeightedScore) -> dict[str, Any]:
    return {
        "score": _score(one.score),
        "coverage": one.coverage,
        "at_least": one.at_least,
        "at_most": one.at_most,
        "parts": list(one.parts),
        "lack": _lack(one.lack),
    }


def _score(score: Score | None) -> dict[str, float] | None:
    if score is None:
        return None
    return {"value": score.value, "low": score.low, "high": score.high, "spread": score.spread}


def _lack(lack: ScoreLack | None) -> dict[str, Any] | None:
    if lack is None:
        return None
    return {"reason": lack.reason.value, "have": lack.have, "need": lack.need, "days": lack.days}


def _rows(rows: tuple[SourceRows, ...]) -> list[list[Any]]:
    return [[row.relation, row.condition, row.count] for row in rows]


def _numbers(inputs: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in inputs.items()}
