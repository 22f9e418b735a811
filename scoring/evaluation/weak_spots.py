"""Weak spots: what is clearly low, whatever the rules make of it, with whose it is and where to look first. No cause is claimed."""

from __future__ import annotations

from dataclasses import dataclass

from scoring.evaluation.comparator import ComparatorKind
from scoring.evaluation.duties import Duty, shares_of_step
from scoring.evaluation.evaluating import StoreEvaluation
from scoring.evaluation.figure import SourceRows
from scoring.evaluation.readings import STEP
from scoring.evaluation.rules import LOW
from scoring.evaluation.score import Score
from scoring.funnel.stages import STEP_BY_ID
from scoring.wording.checks import STEP_CHECKS
from scoring.wording.text import Text


@dataclass(frozen=True, slots=True)
class WeakSpot:
    """One indicator or step whose whole interval lies more than a standard deviation below the usual.

    Attributes:
        reading: id of the indicator, or ``step:ID``.
        owner: whose it is above all.
        checks: what to look at first.
    """

    reading: str
    score: Score
    owner: Duty
    checks: tuple[Text, ...]
    rows: tuple[SourceRows, ...]


def weak_spots(evaluation: StoreEvaluation, against: ComparatorKind) -> tuple[WeakSpot, ...]:
    """All weak spots, the lowest first; of equal ones by name."""
    found = [
        WeakSpot(
            one.indicator.id,
            one.scores[against],
            one.indicator.owner,
            (one.indicator.first,),
            one.figure.rows,
        )
        for one in evaluation.indicators
        if one.figure is not None and against in one.scores and one.scores[against].high <= LOW
    ]
    funnel = evaluation.funnel.get(against)
    for step in funnel.steps if funnel is not None else ():
        if step.score is not None and step.score.high <= LOW:
            shares = shares_of_step(STEP_BY_ID[step.step])
            owner = max(shares, key=lambda duty: shares[duty])
            checks = tuple(check.text for check in STEP_CHECKS.get(step.step, ()))
            found.append(WeakSpot(STEP + step.step, step.score, owner, checks, step.figure.rows))
    return tuple(sorted(found, key=lambda spot: (spot.score.value, spot.reading)))
