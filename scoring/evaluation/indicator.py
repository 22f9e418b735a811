"""An indicator: one question about a store that can be answered from rows, and how its answer is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction

from scoring.evaluation.duties import Duty
from scoring.evaluation.figure import IndicatorKind, RatingScale
from scoring.wording.text import Text


class Direction(IntEnum):
    """Which way is better."""

    HIGHER = 1
    LOWER = -1


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator of a dimension.

    Attributes:
        id: the name others rely on, ``dimension.name``.
        kind: the sort of number.
        direction: which way is better.
        floor: least n (of a count: least exposure) below which there is no score.
        restated_days: days after a period in which its rows still change.
        name: for lists and axes.
        definition: what is counted over what: k of n, or which duration.
        first: where to look first when it is clearly low.
        closed_by: which export or connection supplies it, for whoever lacks it.
        shares: whose it is, adding up to 1.
        is_cohort: counted by the day on which its cases began, and corrected for what is not due yet.
        scale: of a rating.
        unit: of a duration or a count.
    """

    id: str
    kind: IndicatorKind
    direction: Direction
    floor: int
    restated_days: int
    name: Text
    definition: Text
    first: Text
    closed_by: Text
    shares: Mapping[Duty, Fraction]
    is_cohort: bool = False
    scale: RatingScale | None = None
    unit: Text | None = None

    @property
    def owner(self) -> Duty:
        """Whose it is above all: the largest share, the first of equals."""
        return max(self.shares, key=lambda duty: self.shares[duty])


@dataclass(frozen=True, slots=True)
class EvaluationDimension:
    """One axis of the evaluation: a folder below ``scoring/evaluation/dimensions`` and a line of its registry."""

    id: str
    name: Text
    question: Text
    indicators: tuple[Indicator, ...]
