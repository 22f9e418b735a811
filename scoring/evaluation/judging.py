"""Judging advice on its check date: did the reading come out better than it would have anyway?

A step is worked on when it is low, and a low one mostly comes back a little on its own: regression to the mean would make any advice
look good. So what came after is compared with what the step's own past says of it, an autoregression of order one around the usual:

    expected = 50 + φ·(before − 50),   variance = after² + φ²·before² + 15²·(1 − φ²)

with φ the lag-one correlation of the store's own periods. Without eight of them in a row φ is unknown, and so is whether it helped.
It helped if the 90 % interval of after − expected lies above 0; it did not if the interval leaves out even one standard deviation
(15 points); else nobody can say. Still no proof of a cause: something else may have happened in the same days.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from scoring.evaluation.score import POINTS, USUAL, Score
from scoring.funnel.units import Z90

#: consecutive periods that φ is taken from
LEAST_RUN = 8


class AdviceOutcome(StrEnum):
    """What became of a piece of advice that was done."""

    HELPED = "helped"
    DID_NOT = "did_not"
    CANNOT_SAY = "cannot_say"


@dataclass(frozen=True, slots=True)
class AdviceVerdict:
    """The verdict on one action: points gained over what was to be expected, with the 90 % interval; None where φ is unknown."""

    outcome: AdviceOutcome
    gained: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class HitRate:
    """How often a piece of advice helped, of those that could be judged; what could not is counted apart."""

    helped: int
    judged: int
    unclear: int


def persistence(values: Sequence[float]) -> float | None:
    """φ, within [0, 1], of a store's consecutive periods on the scale g, the oldest first; None with fewer than eight.

    The estimate is corrected by (1 + 3φ)/n for its known bias (Kendall 1954).
    """
    count = len(values)
    if count < LEAST_RUN:
        return None
    mean = math.fsum(values) / count
    square = math.fsum((value - mean) ** 2 for value in values)
    if square <= 0:
        return None
    cross = math.fsum((a - mean) * (b - mean) for a, b in itertools.pairwise(values))
    raw = cross / square
    return min(1.0, max(0.0, raw + (1 + 3 * raw) / count))


def judge_action(before: Score | None, after: Score | None, phi: float | None) -> AdviceVerdict:
    """Whether an action helped the reading it is judged by.

    Args:
        before, after: scores against the store's own past, the same comparator for both; None where there was none.
        phi: of ``persistence``.
    """
    if before is None or after is None or phi is None:
        return AdviceVerdict(AdviceOutcome.CANNOT_SAY)
    gained = after.value - (USUAL + phi * (before.value - USUAL))
    variance = after.spread**2 + (phi * before.spread) ** 2 + POINTS**2 * (1 - phi * phi)
    half = Z90 * math.sqrt(variance)
    low, high = gained - half, gained + half
    if low > 0:
        return AdviceVerdict(AdviceOutcome.HELPED, gained, low, high)
    outcome = AdviceOutcome.DID_NOT if high < POINTS else AdviceOutcome.CANNOT_SAY
    return AdviceVerdict(outcome, gained, low, high)


def hit_rate(verdicts: Sequence[AdviceVerdict]) -> HitRate:
    """How often a piece of advice helped."""
    count = {outcome: sum(one.outcome is outcome for one in verdicts) for outcome in AdviceOutcome}
    helped = count[AdviceOutcome.HELPED]
    return HitRate(helped, helped + count[AdviceOutcome.DID_NOT], count[AdviceOutcome.CANNOT_SAY])
