"""What would supply what is missing, said by how much more of the weights it would measure: what to export or connect first."""

from __future__ import annotations

from collections.abc import Collection

from scoring.evaluation.dimensions.closing import closed_by
from scoring.evaluation.dimensions.registry import DIMENSIONS
from scoring.evaluation.evaluating import StoreEvaluation
from scoring.evaluation.weights import DIMENSION_WEIGHTS, INDICATOR_WEIGHTS
from scoring.wording.text import Text, joined
from streams.evaluation.wording import EvaluationReader
from streams.evaluation.words import WORDS


def closing_lines(
    evaluation: StoreEvaluation,
    wording: EvaluationReader,
    asked: Collection[str],
    platforms: Collection[str] = (),
) -> tuple[str, ...]:
    """What would supply what is missing on these platforms, by how much of the weights it would add, the most first."""
    language = wording.language
    by_supply: dict[Text, list[str]] = {}
    added: dict[Text, float] = {}
    for dimension in DIMENSIONS:
        whole = sum(INDICATOR_WEIGHTS[one.id].weight for one in dimension.indicators)
        part = DIMENSION_WEIGHTS[dimension.id].weight / sum(one.weight for one in DIMENSION_WEIGHTS.values())
        for one in dimension.indicators:
            supply = closed_by(one, platforms)
            if evaluation.indicator(one.id).figure is None and one.id in asked and supply is not None:
                by_supply.setdefault(supply, []).append(one.name(language))
                share = part * INDICATOR_WEIGHTS[one.id].weight / whole
                added[supply] = added.get(supply, 0.0) + share
    return tuple(
        WORDS["closes"](
            language,
            what=supply.begun()(language),
            names=joined(language, by_supply[supply]),
            share=wording.percent(added[supply]),
        )
        for supply in sorted(by_supply, key=lambda one: -added[one])
    )
