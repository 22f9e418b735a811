"""The steps of the funnel: the score of each, and what was lost at it against what is usual.

Had every judged step converted as usual, the traffic N₀ would have ended in N* = N₀·Π rᵢ* instead of N = N₀·Π rᵢ. The loss N* − N is
shared among the steps by the logarithmic mean L (``scoring/funnel/algebra.py``; Ang 2005):

    lossᵢ = L(N*, N) · ln(rᵢ*/rᵢ),   Σ lossᵢ = N* − N without a rest

in events of the last judged fast stage, rounded so that the parts shown add up to the whole shown. A step that converted better than
usual has a loss below 0. A step without a comparator has none: nothing is expected of it, and the whole speaks of the others.
Slow steps (fulfilment, repurchase) are scored by cohorts; what is late there is not a lost order, so they have no part in the whole.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from scoring.evaluation.comparator import LEAST_RELIABILITY, Comparator
from scoring.evaluation.duties import Duty, rounded_parts, share_out, shares_of_step
from scoring.evaluation.errors import EvaluationError
from scoring.evaluation.figure import Figure, IndicatorKind, SourceRows, count_figure, rate_figure, to_value
from scoring.evaluation.indicator import Direction
from scoring.evaluation.score import Score, ScoreLack, Unscored, more_cases_needed, score_of
from scoring.funnel.algebra import HALF, logarithmic_mean
from scoring.funnel.stages import STAGE_INDEX, STEP_BY_ID
from scoring.funnel.units import Z90

#: losses are shown to a tenth of an event and a hundredth of the currency
EVENT_UNIT, MONEY_UNIT = Decimal("0.1"), Decimal("0.01")


@dataclass(frozen=True, slots=True)
class StepFigure:
    """What went through one step in a period, by cohort: of those who entered in it, how many advanced.

    Attributes:
        step: id.
        entered, advanced: events.
        figure: the rate (or, where one who entered may advance more than once, the count) on the scale g.
    """

    step: str
    entered: int
    advanced: int
    figure: Figure


def step_figure(
    step: str, entered: int, advanced: int, rows: tuple[SourceRows, ...], *, may_repeat: bool = False
) -> StepFigure:
    """The figure of a step.

    Args:
        step: id of the step.
        entered, advanced: events of the two stages.
        rows: where both come from.
        may_repeat: one visitor may order twice: then it is a count per exposure and not a rate.

    Raises:
        EvaluationError: no such step, nobody entered, or more advanced than entered where that cannot be.
    """
    if step not in STEP_BY_ID:
        raise EvaluationError(f"unknown step {step[:64]!r}")
    figure = count_figure(advanced, entered, rows) if may_repeat else rate_figure(advanced, entered, rows)
    return StepFigure(step, entered, advanced, figure)


@dataclass(frozen=True, slots=True)
class Loss:
    """What a step lost: usual − observed, in events of the last stage; below 0 if it gained. 90 % interval from counting.

    ``money`` is in the store's currency, None where nobody knows what an event brings. ``by_duty`` adds up to ``events``,
    ``money_by_duty`` to ``money``, both exactly.
    """

    events: Decimal
    low: float
    high: float
    money: Decimal | None
    by_duty: Mapping[Duty, Decimal]
    money_by_duty: Mapping[Duty, Decimal] | None


@dataclass(frozen=True, slots=True)
class JudgedStep:
    """A step's score and loss. ``usual`` is the rate that the comparator holds for usual."""

    step: str
    figure: Figure
    comparator: Comparator | None
    usual: float | None
    score: Score | None
    lack: ScoreLack | None
    loss: Loss | None


@dataclass(frozen=True, slots=True)
class FunnelLoss:
    """All steps, and the whole that their losses add up to.

    Attributes:
        steps: in the order of the funnel.
        stage: whose events the losses count; empty without a judged fast step.
        lost: the sum of the losses of the steps, exactly.
        money: the same in money, None where nobody knows what an event brings.
        by_duty, money_by_duty: the sums over the steps.
    """

    steps: tuple[JudgedStep, ...]
    stage: str
    lost: Decimal
    money: Decimal | None
    by_duty: Mapping[Duty, Decimal]
    money_by_duty: Mapping[Duty, Decimal] | None


def judge_steps(
    figures: Sequence[StepFigure], comparators: Mapping[str, Comparator], each: float | None
) -> FunnelLoss:
    """The score and the loss of each step, and the whole.

    Args:
        figures: one a step, of neighbours in what the store supplies.
        comparators: by the id of the step, all of one kind.
        each: the money that one event of the last fast stage brings (``scoring/funnel/money.py``), None if unknown.
    """
    ordered = sorted(figures, key=lambda one: STAGE_INDEX[STEP_BY_ID[one.step].downstream])
    judged = [_scored(one, comparators.get(one.step)) for one in ordered]
    losses, stage = _losses(ordered, judged, each)
    steps = tuple(_with_loss(step, losses.get(step.step)) for step in judged)
    known = [step.loss for step in steps if step.loss is not None]
    money = [loss.money for loss in known if loss.money is not None]
    return FunnelLoss(
        steps,
        stage,
        sum((loss.events for loss in known), Decimal(0)),
        sum(money, Decimal(0)) if money else None,
        _summed([loss.by_duty for loss in known]),
        _summed([loss.money_by_duty for loss in known if loss.money_by_duty is not None]) if money else None,
    )


def _scored(one: StepFigure, comparator: Comparator | None) -> JudgedStep:
    if comparator is None:
        return JudgedStep(one.step, one.figure, None, None, None, ScoreLack(Unscored.NO_COMPARATOR), None)
    usual = to_value(comparator.mu, one.figure.kind)
    lack = None
    if comparator.reliability < LEAST_RELIABILITY:
        lack = ScoreLack(Unscored.ALL_NOISE, comparator.reliability, LEAST_RELIABILITY)
    elif (more := more_cases_needed(one.figure, comparator)) > 1:
        lack = ScoreLack(Unscored.BELOW_FLOOR, one.entered, math.ceil(one.entered * more))
    if lack is not None:
        return JudgedStep(one.step, one.figure, comparator, usual, None, lack, None)
    score = score_of(one.figure, comparator, Direction.HIGHER)
    return JudgedStep(one.step, one.figure, comparator, usual, score, None, None)


def _with_loss(step: JudgedStep, loss: Loss | None) -> JudgedStep:
    return JudgedStep(step.step, step.figure, step.comparator, step.usual, step.score, step.lack, loss)


def _losses(
    figures: Sequence[StepFigure], judged: Sequence[JudgedStep], each: float | None
) -> tuple[dict[str, Loss], str]:
    fast = [(one, step) for one, step in zip(figures, judged, strict=True) if STEP_BY_ID[one.step].is_fast]
    with_score = [
        (one, step, step.usual, step.comparator)
        for one, step in fast
        if step.score is not None and step.usual is not None and step.comparator is not None
    ]
    if not with_score:
        return {}, ""
    end = fast[-1][0]
    observed = max(float(end.advanced), HALF)
    logs = [math.log(usual / (max(one.advanced, HALF) / one.entered)) for one, _, usual, _ in with_score]
    per_log = logarithmic_mean(observed * math.exp(math.fsum(logs)), observed)
    exact = [log * per_log for log in logs]
    events = rounded_parts(exact, EVENT_UNIT)
    money = rounded_parts([part * each for part in exact], MONEY_UNIT) if each is not None else None
    found = {}
    for at, (one, _, usual, comparator) in enumerate(with_score):
        half = Z90 * per_log * math.sqrt(_log_variance(one.figure, usual, comparator))
        shares = shares_of_step(STEP_BY_ID[one.step])
        worth = money[at] if money is not None else None
        found[one.step] = Loss(
            events[at],
            exact[at] - half,
            exact[at] + half,
            worth,
            share_out(events[at], shares),
            share_out(worth, shares) if worth is not None else None,
        )
    return found, STEP_BY_ID[end.step].downstream.value


def _log_variance(figure: Figure, usual: float, comparator: Comparator) -> float:
    """Variance of ln(r*/r). On the logit scale a change of ln r is the (1 − r)-th part (delta method)."""
    if figure.kind is not IndicatorKind.RATE:
        return figure.variance + comparator.mu_variance
    return (1 - figure.value) ** 2 * figure.variance + (1 - usual) ** 2 * comparator.mu_variance


def _summed(parts: Sequence[Mapping[Duty, Decimal]]) -> dict[Duty, Decimal]:
    return {
        duty: sum((part[duty] for part in parts if duty in part), Decimal(0))
        for duty in Duty
        if any(duty in part for part in parts)
    }
