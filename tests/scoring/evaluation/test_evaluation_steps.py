"""Steps: their losses add up to the whole, and those of roles to the step, to the last cent."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scoring.evaluation.duties import Duty, rounded_parts, share_out, shared, shares_of_step, steps_of_duty
from scoring.evaluation.errors import EvaluationError
from scoring.evaluation.score import Unscored
from scoring.evaluation.steps import EVENT_UNIT, FunnelLoss, judge_steps, step_figure
from scoring.funnel.stages import STEP_BY_ID
from scoring.wording.catalogue import OWNERS
from tests.fixtures.evaluation import STEP_LEVELS, funnel, rows, usual

COMPARATORS = {step: usual(level) for step, level in STEP_LEVELS.items()}
RATES = st.tuples(*(st.floats(0.02, 0.98) for _ in STEP_LEVELS))


def judged(rates: tuple[float, ...], each: float | None = 37.0) -> FunnelLoss:
    return judge_steps(funnel(1_000_000, *rates), COMPARATORS, each)


@given(RATES)
def test_the_losses_of_the_steps_add_up_to_what_the_traffic_would_have_brought(
    rates: tuple[float, ...],
) -> None:
    steps = funnel(1_000_000, *rates)
    whole = judge_steps(steps, COMPARATORS, 37.0)
    losses = [step.loss for step in whole.steps if step.loss is not None]
    assume(len(losses) == len(steps))
    usual_end = 1_000_000.0
    for step in whole.steps:
        usual_end *= step.usual or 0
    assert sum(loss.events for loss in losses) == whole.lost
    assert float(whole.lost) == pytest.approx(usual_end - steps[-1].advanced, abs=float(EVENT_UNIT))
    assert whole.money == sum((loss.money or Decimal(0) for loss in losses), Decimal(0))


@given(RATES)
def test_what_is_put_down_to_roles_adds_up_exactly(rates: tuple[float, ...]) -> None:
    whole = judged(rates)
    for step in whole.steps:
        if step.loss is not None:
            assert sum(step.loss.by_duty.values()) == step.loss.events
            assert sum((step.loss.money_by_duty or {}).values()) == step.loss.money
    assert sum(whole.by_duty.values(), Decimal(0)) == whole.lost
    assert sum((whole.money_by_duty or {}).values(), Decimal(0)) == (whole.money or 0)


@given(
    st.decimals(-10_000_000, 10_000_000, places=2),
    st.lists(st.integers(1, 50), min_size=1, max_size=8),
)
def test_a_sum_that_is_shared_out_keeps_its_last_cent(total: Decimal, parts: list[int]) -> None:
    shares = {at: Fraction(part, sum(parts)) for at, part in enumerate(parts)}
    shared_out = share_out(total, shares)
    assert sum(shared_out.values()) == total
    assert all(
        abs(part - total * share.numerator / share.denominator) < Decimal("0.01")
        for part, share in zip(shared_out.values(), shares.values(), strict=True)
    )


@given(st.lists(st.floats(-1e7, 1e7), min_size=1, max_size=8))
def test_parts_that_are_rounded_add_up_to_their_rounded_sum(parts: list[float]) -> None:
    unit = Decimal("0.1")
    found = rounded_parts(parts, unit)
    assert abs(sum(found) - sum(Decimal(part) for part in parts)) <= unit
    assert all(abs(whole - Decimal(part)) <= unit for whole, part in zip(found, parts, strict=True))


def test_shares_that_do_not_add_up_are_rejected() -> None:
    with pytest.raises(EvaluationError, match="ten tenths"):
        shared(design=4, support=5)
    with pytest.raises(EvaluationError, match="add up to 1"):
        share_out(Decimal(1), {"a": Fraction(1, 2)})


def test_every_step_belongs_to_roles_that_have_a_name_and_its_shares_add_up() -> None:
    for step in STEP_BY_ID.values():
        assert sum(shares_of_step(step).values()) == 1
    assert {duty.value for duty in Duty} <= set(OWNERS)
    assert [step.id for step in steps_of_duty(list(STEP_LEVELS), Duty.SUPPORT)] == [
        "add_to_cart_to_order",
        "order_to_payment",
    ]


def test_a_step_that_converts_as_usual_loses_nothing_and_a_better_one_gains() -> None:
    whole = judged((1 / (1 + 2.718281828459045**3), 0.5, 0.5, 0.9))
    by_step = {step.step: step.loss for step in whole.steps}
    first, second = by_step["impression_to_click"], by_step["click_to_add_to_cart"]
    assert first is not None
    assert first.low < 0 < first.high
    assert second is not None
    assert second.high < 0


def test_a_step_without_a_comparator_has_no_score_and_no_loss_and_the_whole_speaks_of_the_others() -> None:
    left = {step: one for step, one in COMPARATORS.items() if step != "click_to_add_to_cart"}
    whole = judge_steps(funnel(1_000_000, 0.04, 0.1, 0.4, 0.8), left, 37.0)
    silent = next(step for step in whole.steps if step.step == "click_to_add_to_cart")
    assert (silent.score, silent.loss, silent.usual) == (None, None, None)
    assert silent.lack is not None
    assert silent.lack.reason is Unscored.NO_COMPARATOR
    assert whole.lost == sum(step.loss.events for step in whole.steps if step.loss is not None)
    assert whole.lost > 0


def test_nobody_knows_what_an_order_brings_so_no_money_is_named() -> None:
    whole = judged((0.04, 0.1, 0.4, 0.8), None)
    assert whole.money is None
    assert whole.money_by_duty is None
    assert whole.lost > 0


def test_a_late_parcel_is_not_a_lost_order() -> None:
    slow = step_figure("payment_to_fulfilment", 10_000, 5_000, rows())
    whole = judge_steps(
        (*funnel(1_000_000, 0.04, 0.1, 0.4, 0.8), slow), {**COMPARATORS, slow.step: usual(2.0)}, 37.0
    )
    assert whole.steps[-1].score is not None
    assert whole.steps[-1].loss is None
    assert whole.stage == "payment"


def test_a_step_that_is_none_or_has_more_out_than_in_is_rejected_unless_it_may_repeat() -> None:
    with pytest.raises(EvaluationError, match="unknown step"):
        step_figure("order_to_click", 2, 1, rows())
    with pytest.raises(EvaluationError, match="is not a rate"):
        step_figure("click_to_order", 2, 3, rows())
    assert step_figure("click_to_order", 2, 3, rows(), may_repeat=True).figure.value == 1.5
