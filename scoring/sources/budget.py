"""Whose turn it is to ask: a budget per app and per shop, fair between shops, live before backfill.

Each shop has a bucket of its own, all shops of an app share another. Who waits is served in the order of virtual start times (start-time
fair queueing: P. Goyal, H. Vin, H. Cheng, SIGCOMM 1996): a shop that asks for a thousand pages delays one that asks for a single one
by no more than the other shops do. A backfill takes what live work leaves, and leaves a turn for live work that comes: where a turn takes
minutes to come back, what is live would wait for it. Time is an argument, so that days pass in a test at once.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

#: shares of a cost that count as affordable: sums of floats miss by less
_ALMOST = 1e-9


class Urgency(IntEnum):
    """What goes first."""

    LIVE = 0
    BACKFILL = 1


@dataclass(frozen=True, slots=True)
class BudgetRate:
    """How often may be asked: ``per_second`` on average, ``burst`` at once. Infinite for none known."""

    per_second: float = math.inf
    burst: float = 1.0


@dataclass(slots=True)
class _Tank:
    """A token bucket that knows when it will have enough."""

    rate: BudgetRate
    tokens: float = -1.0
    at_s: float = -math.inf
    closed_until_s: float = -math.inf

    def fill(self, now_s: float) -> None:
        if math.isinf(self.rate.per_second) or (self.tokens < 0 and math.isinf(self.at_s)):
            self.tokens = self.rate.burst
        else:
            self.tokens = min(self.rate.burst, self.tokens + (now_s - self.at_s) * self.rate.per_second)
        self.at_s = now_s

    def ready_at(self, cost: float, now_s: float) -> float:
        """When ``cost`` can be paid; now, if it can be."""
        self.fill(now_s)
        needed = min(cost, self.rate.burst) - self.tokens
        wait_s = 0.0 if needed <= _ALMOST else needed / self.rate.per_second
        return max(now_s + wait_s, self.closed_until_s)

    def pay(self, cost: float) -> None:
        if not math.isinf(self.rate.per_second):
            self.tokens -= cost


@dataclass(order=True, slots=True)
class BudgetTicket:
    """One request that waits for its turn."""

    urgency: Urgency
    start: float
    number: int
    shop: str = field(compare=False)
    cost: float = field(compare=False, default=1.0)

    @property
    def needed(self) -> float:
        """What must be there: its cost, and for a backfill another turn's, as far as a burst holds that much."""
        return self.cost + (self.urgency is Urgency.BACKFILL)


class FairBudget:
    """The budget of one app and all its shops in this process.

    Args:
        app: of the app as a whole.
        shop: of each shop.
    """

    def __init__(self, app: BudgetRate, shop: BudgetRate) -> None:
        self._app, self._shop_rate = _Tank(app), shop
        self._shops: dict[str, _Tank] = {}
        self._finish: dict[tuple[str, Urgency], float] = {}
        self._virtual = dict.fromkeys(Urgency, 0.0)
        #: those who wait, each shop's in the order of asking
        self._queues: dict[tuple[Urgency, str], deque[BudgetTicket]] = {}
        self._number = 0

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def ask(self, shop: str, cost: float = 1.0, urgency: Urgency = Urgency.LIVE) -> BudgetTicket:
        """A ticket that ``take`` gives back when its turn has come."""
        start = max(self._virtual[urgency], self._finish.get((shop, urgency), 0.0))
        self._finish[shop, urgency] = start + cost
        self._number += 1
        ticket = BudgetTicket(urgency, start, self._number, shop, cost)
        self._queues.setdefault((urgency, shop), deque()).append(ticket)
        return ticket

    def drop(self, ticket: BudgetTicket) -> None:
        """Forget a ticket whose owner does not wait any more."""
        queue = self._queues.get((ticket.urgency, ticket.shop))
        if queue is not None and ticket in queue:
            queue.remove(ticket)
            self._tidy(ticket)

    def take(self, now_s: float) -> Iterator[BudgetTicket]:
        """The tickets whose turn it is, paid for. A shop that has to wait holds up no other one."""
        heads = [queue[0] for queue in self._queues.values()]
        heapq.heapify(heads)
        blocked: set[str] = set()
        while heads:
            ticket = heapq.heappop(heads)
            shop = self._shop(ticket.shop)
            if ticket.shop in blocked or shop.ready_at(ticket.needed, now_s) > now_s:
                blocked.add(ticket.shop)
                continue
            if self._app.ready_at(ticket.needed, now_s) > now_s:
                return
            self._app.pay(ticket.cost)
            shop.pay(ticket.cost)
            self._virtual[ticket.urgency] = max(self._virtual[ticket.urgency], ticket.start)
            queue = self._queues[ticket.urgency, ticket.shop]
            queue.popleft()
            if queue:
                heapq.heappush(heads, queue[0])
            self._tidy(ticket)
            yield ticket

    def next_at(self, now_s: float) -> float:
        """When ``take`` may give something; infinite if nobody waits. No earlier turn is missed by sleeping until then."""
        return min(
            (
                max(
                    self._app.ready_at(queue[0].needed, now_s),
                    self._shop(shop).ready_at(queue[0].needed, now_s),
                )
                for (_, shop), queue in self._queues.items()
            ),
            default=math.inf,
        )

    def _tidy(self, ticket: BudgetTicket) -> None:
        if not self._queues[ticket.urgency, ticket.shop]:
            del self._queues[ticket.urgency, ticket.shop]

    def close(self, until_s: float, shop: str | None = None) -> None:
        """Ask nothing before ``until_s``: of a shop that was asked to wait, or of all (None)."""
        tank = self._app if shop is None else self._shop(shop)
        tank.closed_until_s = max(tank.closed_until_s, until_s)

    def learn(self, shop: str, left: float, now_s: float) -> None:
        """The server says how much a shop has left: believe it where it is less than we think."""
        tank = self._shop(shop)
        tank.fill(now_s)
        tank.tokens = min(tank.tokens, left)

    def share(self, app: BudgetRate) -> None:
        """The part of the app's budget that this process has, as connections move between processes."""
        self._app.rate = app

    def _shop(self, name: str) -> _Tank:
        return self._shops.setdefault(name, _Tank(self._shop_rate))
