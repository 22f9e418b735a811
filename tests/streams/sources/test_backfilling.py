"""The past of several resources: what fails waits, and keeps nothing else waiting."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from scoring.sources.backfills import BackfillProgress, BackfillWish
from scoring.sources.cursors import PollPlan, PollWindow
from streams.sources.asking import PlatformThrottledError, ScopeMissingError
from streams.sources.backfilling import Backfiller
from streams.sources.source import Poll, PollPage

pytestmark = pytest.mark.usefixtures("quiet")

DAY_MS = 86_400_000
WISH = BackfillWish("b", "", 100 * DAY_MS, 103 * DAY_MS)


class Poller:
    """One resource; ``error`` is raised as long as it is set."""

    def __init__(self, name: str, error: Exception | None = None) -> None:
        async def fetch(*_: Any) -> PollPage:
            return PollPage(())

        self.poll, self.error, self.read_parts = Poll(name, PollPlan(60.0), fetch), error, list[PollWindow]()

    async def read(self, part: PollWindow, *_: Any) -> tuple[Any, int, str]:
        self.read_parts.append(part)
        if self.error is not None:
            raise self.error
        return SimpleNamespace(rows=1), 0, ""


class Desk:
    """A backfiller on a clock that is set."""

    def __init__(self, *pollers: Poller) -> None:
        self.now_s = 1000.0
        api: Any = SimpleNamespace(now_ms=104 * DAY_MS)
        named: Any = {one.poll.resource: one for one in pollers}

        async def keep(_: BackfillProgress) -> None:
            """It is durable."""

        self.backfiller = Backfiller("c", named, api, keep, lambda: self.now_s)

    async def turns(self, count: int) -> list[bool]:
        return [await self.backfiller.turn([WISH]) for _ in range(count)]


async def test_a_resource_that_failed_kept_the_past_of_all_others_waiting() -> None:
    orders, returns = Poller("orders", ScopeMissingError("no permission")), Poller("returns")
    desk = Desk(orders, returns)
    assert await desk.turns(5) == [True, True, True, False, False]
    assert desk.backfiller.progress["b", "returns"].done_ms
    assert "no permission" in desk.backfiller.progress["b", "orders"].error
    orders.error, desk.now_s = None, desk.now_s + 3600
    assert True in await desk.turns(5)
    assert desk.backfiller.progress["b", "orders"].done_ms


async def test_a_part_that_is_rejected_was_asked_for_every_few_seconds_for_ever() -> None:
    orders = Poller("orders", ScopeMissingError("no permission"))
    desk = Desk(orders)
    for _ in range(720):  # an hour
        await desk.turns(1)
        desk.now_s += 5.0
    assert 5 <= len(orders.read_parts) <= 12


async def test_a_platform_that_asks_to_wait_is_waited_for() -> None:
    orders = Poller("orders", PlatformThrottledError("too many", 600.0))
    desk = Desk(orders)
    for _ in range(60):  # five minutes
        await desk.turns(1)
        desk.now_s += 5.0
    assert len(orders.read_parts) == 1
