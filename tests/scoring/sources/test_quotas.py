"""Ninety days of fifty shops read next to live work within what platforms allow: nearly as fast as can be, never throttled, never late."""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter
from dataclasses import dataclass

import pytest

from scoring.sources.budget import BudgetRate, BudgetTicket, FairBudget, Urgency

LIVE_EVERY_S = 300.0


@dataclass(frozen=True)
class Allowed:
    """What a platform allows an app and each of its shops, and the requests that 90 days of a shop's orders take."""

    app: BudgetRate
    shop: BudgetRate
    requests: int


#: as published; where a platform publishes nothing, the rate that connections have by default
PLATFORMS = {
    "amazon": Allowed(BudgetRate(), BudgetRate(0.0056, 20), 36),
    "ga4": Allowed(BudgetRate(1400 / 3600, 140), BudgetRate(1, 40), 90),
    "lazada": Allowed(BudgetRate(115, 115), BudgetRate(5, 5), 400),
    "shopee": Allowed(BudgetRate(), BudgetRate(5, 5), 300),
    "shopify": Allowed(BudgetRate(), BudgetRate(2.5, 50), 180),
    "tiktok_shop": Allowed(BudgetRate(), BudgetRate(50, 50), 400),
}


class Platform:
    """The other side: counts for itself what it lets through."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        self._left: dict[str, tuple[float, float]] = {}
        self.throttled = self.asked = 0

    def ask(self, shop: str, now_s: float) -> None:
        self.asked += 1
        for name, rate in (("", self._allowed.app), (shop, self._allowed.shop)):
            left, at_s = self._left.get(name, (rate.burst, now_s))
            if not math.isinf(rate.per_second):
                left = min(rate.burst, left + (now_s - at_s) * rate.per_second)
                self.throttled += left < 1 - 1e-6
                self._left[name] = max(left - 1, 0.0), now_s


@dataclass
class Course:
    """How it went: when each shop's past was read, and the longest that live work waited."""

    done_s: float = 0.0
    longest_s: float = 0.0


def read(allowed: Allowed, shops: int, platform: Platform) -> Course:
    """Each shop asks for its past page after page, and every five minutes for what is new, until all pasts are read."""
    budget, course, chance = FairBudget(allowed.app, allowed.shop), Course(), random.Random(5)
    left = Counter({f"shop-{number}": allowed.requests for number in range(shops)})
    live = [(chance.random() * LIVE_EVERY_S, shop) for shop in left]
    heapq.heapify(live)
    asked: dict[int, float] = {}
    for shop in left:
        budget.ask(shop, urgency=Urgency.BACKFILL)
    now_s = 0.0
    while left:
        while live[0][0] <= now_s:
            at_s, shop = heapq.heapreplace(live, (live[0][0] + LIVE_EVERY_S, live[0][1]))
            asked[budget.ask(shop).number] = at_s
        for ticket in budget.take(now_s):
            platform.ask(ticket.shop, now_s)
            _answered(ticket, budget, left, asked, course, now_s)
        now_s = max(min(live[0][0], budget.next_at(now_s)), now_s + 1e-6)
    return course


def _answered(
    ticket: BudgetTicket, budget: FairBudget, left: Counter[str], asked: dict[int, float], course: Course, now_s: float
) -> None:  # fmt: skip
    if ticket.urgency is Urgency.LIVE:
        course.longest_s = max(course.longest_s, now_s - asked.pop(ticket.number))
        return
    course.done_s = now_s
    left[ticket.shop] -= 1
    if left[ticket.shop]:
        budget.ask(ticket.shop, urgency=Urgency.BACKFILL)
    else:
        del left[ticket.shop]


def shortest_s(allowed: Allowed, shops: int) -> float:
    """The least time in which the platform lets all of it through, live work included."""
    live = 1 / LIVE_EVERY_S
    of_shop = (allowed.requests - allowed.shop.burst) / (allowed.shop.per_second - live)
    of_app = (shops * allowed.requests - allowed.app.burst) / (allowed.app.per_second - shops * live)
    return max(of_shop, of_app)


def check(name: str, shops: int) -> None:
    allowed = PLATFORMS[name]
    platform = Platform(allowed)
    course = read(allowed, shops, platform)
    assert course.done_s <= 1.1 * shortest_s(allowed, shops)
    assert platform.throttled <= platform.asked // 1000
    assert course.longest_s <= 5.0


@pytest.mark.parametrize("name", sorted(PLATFORMS))
def test_the_past_of_some_shops_is_read_nearly_as_fast_as_can_be_and_live_work_does_not_wait(
    name: str,
) -> None:
    check(name, 4)


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(PLATFORMS))
def test_the_past_of_fifty_shops_is_read_nearly_as_fast_as_can_be_and_live_work_does_not_wait(
    name: str,
) -> None:
    check(name, 50)


def test_a_backfill_took_the_last_turn_and_live_work_waited_minutes_for_the_next() -> None:
    budget = FairBudget(BudgetRate(), BudgetRate(0.0056, 20))
    for _ in range(40):
        budget.ask("shop", urgency=Urgency.BACKFILL)
    assert len(list(budget.take(0.0))) == 19
    budget.ask("shop")
    assert [ticket.urgency for ticket in budget.take(1.0)] == [Urgency.LIVE]
