"""Which steps a store has: each leads to the next stage that is supplied, over those that are not."""

from __future__ import annotations

import itertools

import pytest

from scoring.funnel.stages import (
    FAST_STEPS,
    STAGES,
    STEP_BY_ID,
    STEPS,
    Stage,
    steps_of,
    steps_to_show,
    supplied_stages,
)


def ids(stages: list[str]) -> list[str]:
    return [step.id for step in steps_of(stages)]


def test_a_store_with_every_stage_has_the_steps_between_neighbours() -> None:
    assert steps_of(STAGES) == STEPS


def test_a_marketplace_without_carts_is_judged_from_click_to_order() -> None:
    assert ids(["click", "order", "payment", "fulfilment"]) == [
        "click_to_order",
        "order_to_payment",
        "payment_to_fulfilment",
    ]
    assert ids(["impression", "order"]) == ["impression_to_order"]
    assert ids(["order", "fulfilment", "repurchase"]) == ["order_to_fulfilment", "fulfilment_to_repurchase"]


def test_a_store_with_one_stage_has_no_step() -> None:
    assert [ids([stage]) for stage in STAGES] == [[]] * len(STAGES)


def test_every_step_that_any_choice_of_stages_gives_is_known_by_its_id() -> None:
    for number in range(len(STAGES) + 1):
        for chosen in itertools.combinations(STAGES, number):
            found = steps_of(chosen)
            assert all(STEP_BY_ID[step.id] == step for step in found)
            assert [step.downstream for step in found] == sorted(
                {step.downstream for step in found}, key=STAGES.index
            )
            fast = [stage for stage in chosen if STAGES.index(stage) <= STAGES.index(Stage.PAYMENT)]
            assert sum(step.is_fast for step in found) == max(len(fast) - 1, 0)


@pytest.mark.parametrize(
    ("carts", "expected"),
    [
        (0, ["click", "order", "payment"]),
        (3, ["click", "order", "payment"]),
        (900, ["click", "add_to_cart", "order", "payment"]),
    ],
)
def test_a_few_carts_of_a_tester_do_not_come_between_clicks_and_orders(
    carts: int, expected: list[str]
) -> None:
    assert list(supplied_stages({"click": 40_000, "add_to_cart": carts, "order": 1_000, "payment": 900})) == (
        expected
    )


def test_a_stage_behind_payment_is_supplied_as_soon_as_it_was_seen() -> None:
    assert list(supplied_stages({"order": 1_000, "fulfilment": 2, "repurchase": 500})) == [
        "order",
        "fulfilment",
        "repurchase",
    ]


def test_people_see_one_step_to_each_stage_and_the_one_that_is_judged_first() -> None:
    shown = steps_to_show(["click", "order"])
    assert [step.downstream for step in shown] == list(STAGES[1:])
    assert shown[2].id == "click_to_order"
    assert steps_to_show([], ["click_to_order", "add_to_cart_to_order"])[2].id == "add_to_cart_to_order"
    assert steps_to_show([]) == STEPS
    assert steps_to_show(STAGES)[: len(FAST_STEPS)] == FAST_STEPS
