"""A score: where a figure lies among what is usual. 50 is usual, 15 points are one standard deviation, more is better.

    z = direction · (g − μ)/σ,   S = 50 + 15·z, cut to [0, 100]
    Var(z) = (Var(g) + Var(μ))/σ² + z²·Var(ln σ),   90 % interval: S ± 1.645 · 15 · √Var(z)

S is linear in g, so that noise does not push it up or down: a small store of the same true quality has the same mean score and a wider
interval. The last term of the variance says how well the yardstick is known: far from 50 it matters most.

The floor is on what was exposed, never on what was found: n, and for a rate the hits and misses that the comparator would expect of n.
A floor on the hits found would leave out bad results of a good thing, and good ones of a bad thing. And a score whose interval would
take up most of the scale is not given.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from scoring.evaluation.comparator import LEAST_RELIABILITY, Comparator
from scoring.evaluation.figure import Figure, IndicatorKind, exposed, to_value
from scoring.evaluation.indicator import Direction, Indicator
from scoring.funnel.units import DAY_MS, Z90

#: the usual, and points a standard deviation
USUAL, POINTS = 50.0, 15.0
#: points: with a standard error above it a score does not separate good from bad (90 % interval of more than ± 33 points)
WIDEST = 20.0
#: hits and misses that must be expected of a rate (events of a count): with fewer the logit is skewed
LEAST_EXPECTED = 10.0


class Unscored(StrEnum):
    """Why there is no score. None of these is a low score."""

    NO_SOURCE = "no_source"
    BELOW_FLOOR = "below_floor"
    NOT_DUE = "not_due"
    NO_COMPARATOR = "no_comparator"
    ALL_NOISE = "all_noise"
    LOW_COVERAGE = "low_coverage"


@dataclass(frozen=True, slots=True)
class ScoreLack:
    """Why there is no score, and what would make one.

    Attributes:
        have, need: cases that there are and that are needed, or shares of what is; 0 where numbers do not matter.
        days: more days until there are enough at the present rate, 0 if unknown.
    """

    reason: Unscored
    have: float = 0.0
    need: float = 0.0
    days: int = 0


@dataclass(frozen=True, slots=True)
class Score:
    """Points with their 90 % interval. ``spread`` is the standard deviation in points, before anything is cut to [0, 100]."""

    value: float
    low: float
    high: float
    spread: float

    @property
    def uncut(self) -> float:
        """The points before they were cut to [0, 100], as far as they follow from the end of the interval that was not cut."""
        if self.value <= 0 < self.high:
            return min(self.value, self.high - Z90 * self.spread)
        if self.low < 100 <= self.value:
            return max(self.value, self.low + Z90 * self.spread)
        return self.value


def cut(points: float) -> float:
    """Within [0, 100]."""
    return min(100.0, max(0.0, points))


def score_of(figure: Figure, comparator: Comparator, direction: Direction) -> Score:
    """The score of a figure against what is usual."""
    z = direction * (figure.g - comparator.mu) / comparator.sigma
    unknown = (figure.variance + comparator.mu_variance) / comparator.sigma**2
    spread = POINTS * math.sqrt(unknown + z * z * comparator.sigma_variance)
    points = USUAL + POINTS * z
    return Score(cut(points), cut(points - Z90 * spread), cut(points + Z90 * spread), spread)


def lack_of(indicator: Indicator, figure: Figure | None, comparator: Comparator | None) -> ScoreLack | None:
    """Why an indicator has no score; None if it has one.

    Args:
        indicator: what is asked.
        figure: None where no source supplies it.
        comparator: None where nothing is known to be usual.
    """
    if figure is None:
        return ScoreLack(Unscored.NO_SOURCE)
    cases = exposed(figure)
    if cases < indicator.floor:
        return ScoreLack(Unscored.BELOW_FLOOR, cases, indicator.floor)
    if comparator is None:
        return ScoreLack(Unscored.NO_COMPARATOR)
    if comparator.reliability < LEAST_RELIABILITY:
        return ScoreLack(Unscored.ALL_NOISE, comparator.reliability, LEAST_RELIABILITY)
    more = more_cases_needed(figure, comparator)
    return ScoreLack(Unscored.BELOW_FLOOR, cases, math.ceil(cases * more)) if more > 1 else None


def more_cases_needed(figure: Figure, comparator: Comparator) -> float:
    """How many times as many cases a score would take: 1 or less if there are enough.

    Enough are those of which the comparator expects ten hits and ten misses, and that would leave a standard error of 20 points at most.
    Both by what is expected of that many cases and not by what was found: else a result could be too good to be scored.
    """
    skewed = LEAST_EXPECTED / max(expected_cases(figure, comparator), 1e-9)
    wide = _expected_variance(figure, comparator) / (comparator.sigma * WIDEST / POINTS) ** 2
    return max(skewed, wide)


def _expected_variance(figure: Figure, comparator: Comparator) -> float:
    """The sampling variance that that many cases have as a rule; 0 where neither members nor the kind say."""
    if comparator.case_variance:
        return comparator.case_variance / exposed(figure)
    if figure.kind is IndicatorKind.RATE:
        rate = to_value(comparator.mu, figure.kind)
        return 1 / (figure.n * rate * (1 - rate))
    return 1 / expected_cases(figure, comparator)


def expected_cases(figure: Figure, comparator: Comparator) -> float:
    """How many hits, or misses if they are fewer, the comparator expects; infinite for what is not counted."""
    if figure.kind is IndicatorKind.RATE:
        rate = to_value(comparator.mu, figure.kind)
        return figure.n * min(rate, 1 - rate)
    if figure.kind is IndicatorKind.COUNT:
        return exposed(figure) * math.exp(comparator.mu)
    return math.inf


def days_until(lack: ScoreLack, period_ms: int) -> ScoreLack:
    """The same with the days until there are enough cases, at the rate of the period."""
    if lack.reason is not Unscored.BELOW_FLOOR or lack.have <= 0:
        return lack
    more = (lack.need - lack.have) / lack.have * period_ms / DAY_MS
    return ScoreLack(lack.reason, lack.have, lack.need, math.ceil(more))


@dataclass(frozen=True, slots=True)
class TargetResult:
    """A figure against a target: no points.

    Attributes:
        target, value: as people read them.
        is_met: the value is on the good side, or exactly at it.
        is_sure: the 90 % interval of the value leaves out the target.
        gap: value − target.
        set_by: who set it.
        kind: of the figure, by which the three are written.
    """

    target: float
    value: float
    is_met: bool
    is_sure: bool
    gap: float
    set_by: str
    kind: IndicatorKind


#: how a target came out, as the tables say it: one of the first two, with the third where too few cases leave it open
TARGET_WAS_MET, TARGET_WAS_MISSED, TARGET_UNSURE = "met", "missed", "_unsure"


def target_outcome(result: TargetResult) -> str:
    """How a target came out, as the tables say it."""
    return (TARGET_WAS_MET if result.is_met else TARGET_WAS_MISSED) + (
        "" if result.is_sure else TARGET_UNSURE
    )


def against_target(
    figure: Figure, target: float, target_g: float, direction: Direction, set_by: str
) -> TargetResult:
    """Whether a target is met, by how much, and whether that is sure.

    Args:
        figure: of the period.
        target, target_g: the target as people read it, and on the scale g.
        direction: which way is better.
        set_by: the platform, or a person.
    """
    gap = figure.value - target
    is_sure = abs(figure.g - target_g) > Z90 * math.sqrt(figure.variance)
    return TargetResult(target, figure.value, direction * gap >= 0, is_sure, gap, set_by, figure.kind)
