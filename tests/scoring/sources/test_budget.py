"""A budget per app and per shop: kept, fair between shops, live before backfill. Days of asking pass at once: time is an argument."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.sources.budget import BudgetRate, FairBudget, Urgency


def run(budget: FairBudget, until_s: float) -> list[tuple[float, str]]:
    """Who had a turn and when, with everybody asking before the beginning."""
    turns: list[tuple[float, str]] = []
    now_s = 0.0
    while now_s <= until_s and not math.isinf(now_s):
        turns += [(now_s, ticket.shop) for ticket in budget.take(now_s)]
        later_s = budget.next_at(now_s)
        assert later_s > now_s or not len(budget)
        now_s = later_s
    return turns


def test_fifty_shops_of_one_app_have_the_same_share_whatever_each_asks_for() -> None:
    budget = FairBudget(BudgetRate(10, 10), BudgetRate(5, 5))
    for number in range(50):
        for _ in range(1000 if number == 0 else 40):
            budget.ask(f"shop-{number}")
    turns = Counter(shop for _, shop in run(budget, 100))
    assert max(turns.values()) - min(turns.values()) <= 1
    assert sum(turns.values()) == 10 + 1000


def test_a_shop_that_asks_for_one_page_does_not_wait_behind_another_s_thousand() -> None:
    budget = FairBudget(BudgetRate(1, 1), BudgetRate())
    for _ in range(1000):
        budget.ask("large")
    taken = list(budget.take(0.0))
    assert [ticket.shop for ticket in taken] == ["large"]
    budget.ask("small")
    second = [shop for _, shop in run(budget, 2.0)]
    assert "small" in second[:2]


@given(
    st.floats(0.1, 20), st.floats(1, 30), st.lists(st.integers(0, 4), min_size=1, max_size=120),
    st.floats(0.1, 20),
)  # fmt: skip
def test_no_span_of_time_holds_more_turns_than_rate_and_burst_allow(
    per_second: float, burst: float, asks: list[int], shop_rate: float
) -> None:
    budget = FairBudget(BudgetRate(per_second, burst), BudgetRate(shop_rate, 2))
    for shop in asks:
        budget.ask(str(shop))
    turns = run(budget, 1e6)
    assert len(turns) == len(asks)
    by_shop = defaultdict(list)
    for at_s, shop in turns:
        by_shop[shop].append(at_s)
    for moments, rate, most in (
        ([at_s for at_s, _ in turns], per_second, burst),
        *((moments, shop_rate, 2.0) for moments in by_shop.values()),
    ):
        for first in range(len(moments)):
            span = moments[-1] - moments[first]
            assert len(moments) - first <= most + rate * span + 1e-6


def test_a_backfill_takes_what_live_work_leaves() -> None:
    budget = FairBudget(BudgetRate(1, 1), BudgetRate())
    for number in range(5):
        budget.ask("old", urgency=Urgency.BACKFILL)
        budget.ask(f"live-{number}")
    order = [shop for _, shop in run(budget, 100)]
    assert order == [f"live-{number}" for number in range(5)] + ["old"] * 5


def test_a_shop_that_was_asked_to_wait_holds_up_no_other_and_goes_on_then() -> None:
    budget = FairBudget(BudgetRate(), BudgetRate())
    budget.close(30.0, "a")
    budget.ask("a")
    budget.ask("b")
    assert [ticket.shop for ticket in budget.take(0.0)] == ["b"]
    assert budget.next_at(0.0) == 30.0
    assert [ticket.shop for ticket in budget.take(30.0)] == ["a"]


def test_an_app_that_was_asked_to_wait_asks_nothing() -> None:
    budget = FairBudget(BudgetRate(), BudgetRate())
    budget.close(10.0)
    budget.ask("a")
    assert list(budget.take(9.9)) == []
    assert len(list(budget.take(10.0))) == 1


def test_what_the_server_says_is_left_is_believed_where_it_is_less() -> None:
    budget = FairBudget(BudgetRate(), BudgetRate(1, 10))
    budget.learn("a", 1, 0.0)
    for _ in range(3):
        budget.ask("a")
    assert [at_s for at_s, _ in run(budget, 10)] == pytest.approx([0.0, 1.0, 2.0])


def test_who_does_not_wait_any_more_takes_nobody_s_turn() -> None:
    budget = FairBudget(BudgetRate(1, 1), BudgetRate())
    first, second = budget.ask("a"), budget.ask("b")
    budget.drop(first)
    assert list(budget.take(0.0)) == [second]
    assert math.isinf(budget.next_at(0.0))


def test_the_share_of_a_process_can_change_while_it_runs() -> None:
    budget = FairBudget(BudgetRate(10, 1), BudgetRate())
    for _ in range(4):
        budget.ask("a")
    list(budget.take(0.0))
    budget.share(BudgetRate(1, 1))
    assert [at_s for at_s, _ in run(budget, 10)] == pytest.approx([1.0, 2.0, 3.0], abs=0.11)
