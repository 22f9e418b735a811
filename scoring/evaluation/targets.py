"""Targets: what somebody wants an indicator or a step to reach. Met, or missed by how much, and whether that is sure; no points."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scoring.evaluation.dimensions.registry import INDICATOR_BY_ID
from scoring.evaluation.errors import EvaluationError
from scoring.evaluation.figure import Figure, IndicatorKind, RatingScale
from scoring.evaluation.indicator import Direction
from scoring.evaluation.readings import STEP
from scoring.evaluation.score import TargetResult, against_target


@dataclass(frozen=True, slots=True)
class StoreTarget:
    """One target of one store.

    Attributes:
        of: id of an indicator, or ``step:ID``.
        value: as people read it.
        set_by: who set it; empty: nobody says.
    """

    of: str
    value: float
    set_by: str = ""


def target_g(target: StoreTarget) -> float:
    """The target on the scale of what it is of.

    Raises:
        EvaluationError: no figure could have that value.
    """
    indicator = INDICATOR_BY_ID.get(target.of)
    kind = indicator.kind if indicator is not None else IndicatorKind.RATE
    scale = (
        indicator.scale if indicator is not None and indicator.scale is not None else RatingScale(0.0, 1.0)
    )
    value = target.value
    if kind in (IndicatorKind.RATE, IndicatorKind.RATING):
        low, high = (0.0, 1.0) if kind is IndicatorKind.RATE else (scale.worst, scale.best)
        if not low < value < high:
            raise EvaluationError(
                f"target of {target.of}: expected a value between {low:g} and {high:g}, not {value:g}"
            )
        return math.log((value - low) / (high - value))
    if not 0 < value < math.inf:
        raise EvaluationError(f"target of {target.of}: expected a value above 0, not {value:g}")
    return math.log(value)


def judge_targets(
    targets: Sequence[StoreTarget], figures: Mapping[str, Figure], steps: Mapping[str, Figure]
) -> dict[str, TargetResult]:
    """How each target came out, by what it is of; what nothing was measured of is left out. The last of several holds.

    Args:
        targets: of the store.
        figures: by indicator.
        steps: by id of the step.
    """
    found = {}
    for target in targets:
        figure = figures.get(target.of) or steps.get(target.of.removeprefix(STEP))
        if figure is None:
            continue
        indicator = INDICATOR_BY_ID.get(target.of)
        if indicator is None and figure.kind is not IndicatorKind.RATE:
            g = math.log(target.value)
        else:
            g = target_g(target)
        direction = indicator.direction if indicator is not None else Direction.HIGHER
        found[target.of] = against_target(figure, target.value, g, direction, target.set_by)
    return found
