"""Turns within the budgets of apps and shops: ``scoring/sources/budget.py`` decides, this waits.

Connections of one app are spread over processes: each has the part of the app's budget that its connections are of all.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field

from scoring.sources.budget import BudgetRate, BudgetTicket, FairBudget, Urgency


@dataclass(slots=True)
class _Desk:
    """The budget of one app, those who wait for it, and the timer for the next turn."""

    budget: FairBudget
    rate: BudgetRate
    waiting: dict[int, asyncio.Future[None]] = field(default_factory=dict)
    timer: asyncio.TimerHandle | None = None


class Budgets:
    """The budgets of all apps in this process. Uses the event loop's clock."""

    def __init__(self) -> None:
        self._desks: dict[str, _Desk] = {}
        self._shares: dict[str, float] = {}

    async def turn(
        self,
        app: str,
        shop: str,
        rates: tuple[BudgetRate, BudgetRate],
        urgency: Urgency,
        cost: float = 1.0,
    ) -> None:
        """Wait until ``shop`` may ask ``app`` once."""
        desk = self._desk(app, rates)
        ticket = desk.budget.ask(shop, cost, urgency)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        desk.waiting[ticket.number] = turn
        self._serve(desk)
        try:
            await turn
        finally:
            self._forget(desk, ticket)

    def close(self, app: str, shop: str | None, wait_s: float) -> None:
        """Ask nothing for ``wait_s``: of one shop, or of the whole app (None)."""
        desk = self._desks.get(app)
        if desk is not None:
            desk.budget.close(self._now_s + wait_s, shop)
            self._serve(desk)

    def learn(self, app: str, shop: str, left: float) -> None:
        """The server says how many requests a shop has left."""
        desk = self._desks.get(app)
        if desk is not None:
            desk.budget.learn(shop, left, self._now_s)

    def share(self, app: str, part: float) -> None:
        """The part of the app's budget that is ours, in (0, 1]."""
        self._shares[app] = part
        desk = self._desks.get(app)
        if desk is not None:
            desk.budget.share(self._part_of(app, desk.rate))
            self._serve(desk)

    @property
    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()

    def _desk(self, app: str, rates: tuple[BudgetRate, BudgetRate]) -> _Desk:
        desk = self._desks.get(app)
        if desk is None:
            desk = _Desk(FairBudget(self._part_of(app, rates[0]), rates[1]), rates[0])
            self._desks[app] = desk
        return desk

    def _part_of(self, app: str, rate: BudgetRate) -> BudgetRate:
        part = self._shares.get(app, 1.0)
        return BudgetRate(rate.per_second * part, max(1.0, rate.burst * part))

    def _serve(self, desk: _Desk) -> None:
        """Give turns to those who may have one, and look again when the next may."""
        now_s = self._now_s
        for ticket in desk.budget.take(now_s):
            turn = desk.waiting.pop(ticket.number, None)
            if turn is not None and not turn.done():
                turn.set_result(None)
        if desk.timer is not None:
            desk.timer.cancel()
            desk.timer = None
        next_s = desk.budget.next_at(now_s)
        if not math.isinf(next_s):
            # no sooner than a clock can distinguish: sums of floats miss a turn by less, and would look for it without end
            desk.timer = asyncio.get_running_loop().call_at(max(next_s, now_s + 1e-6), self._serve, desk)

    def _forget(self, desk: _Desk, ticket: BudgetTicket) -> None:
        if desk.waiting.pop(ticket.number, None) is not None:
            desk.budget.drop(ticket)
