"""What is true at a fake platform: the lives of its orders, drawn from a seed before time begins; what can be seen follows from the clock."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from tests.fakes.lies import Lie

ZONE = ZoneInfo("Asia/Shanghai")
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


_CHANGES = ("paid_ms", "shipped_ms", "cancelled_ms", "restated_ms")


@dataclass(slots=True)
class LedgerOrder:
    """The life of one order. 0: never."""

    number: str
    placed_ms: int
    paid_ms: int
    shipped_ms: int
    cancelled_ms: int
    cents: int
    currency: str
    restated_ms: int = 0
    restated_cents: int = 0
    _moments: tuple[int, ...] = field(default=(), repr=False, compare=False)
    #: assignments to fields of any order: an index of orders holds as long as nobody writes
    writes: ClassVar[int] = 0

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if name != "_moments":
            LedgerOrder.writes += 1
            object.__setattr__(self, "_moments", ())

    def moments(self) -> tuple[int, ...]:
        """When something of it changed, the first time first."""
        if not self._moments:
            happened = (self.placed_ms, self.paid_ms, self.shipped_ms, self.cancelled_ms, self.restated_ms)
            self._moments = tuple(sorted(at for at in happened if at > 0))
        return self._moments

    def as_of(self, now_ms: int) -> LedgerOrder:
        """The order as it was at a moment, for ever."""
        writes = LedgerOrder.writes
        found = replace(self, _moments=())
        for name in _CHANGES:
            if getattr(self, name) > now_ms:
                setattr(found, name, 0)
        LedgerOrder.writes = writes  # nothing that is indexed
        return found

    def amount(self, now_ms: int) -> Decimal:
        restated = self.restated_ms and now_ms >= self.restated_ms
        return Decimal(self.restated_cents if restated else self.cents).scaleb(-2)

    def updated_ms(self, now_ms: int) -> int:
        return next((at for at in reversed(self.moments()) if at <= now_ms), 0)


class _LedgerIndex:
    """Orders by number, and by each moment at which something of them changed."""

    def __init__(self, key: tuple[int, int], orders: Sequence[LedgerOrder]) -> None:
        self.key = key
        self.by_number = {one.number: one for one in orders}
        self.moments = sorted((at_ms, at) for at, one in enumerate(orders) for at_ms in one.moments())
        #: the last question for what changed, and its answer: the pages of a window ask the same
        self.asked: tuple[object, list[LedgerOrder]] = (None, [])

    def happened(self, now_ms: int) -> int:
        """How much has happened by a moment: as long as that is the same, so is everything."""
        return bisect_right(self.moments, (now_ms, len(self.by_number)))


@dataclass
class Ledger:
    """What is true."""

    orders: list[LedgerOrder] = field(default_factory=list)
    _index: _LedgerIndex | None = field(default=None, repr=False, compare=False)

    def _indexed(self) -> _LedgerIndex:
        """The index of what is there now."""
        key = (len(self.orders), LedgerOrder.writes)
        if self._index is None or self._index.key != key:
            self._index = _LedgerIndex(key, self.orders)
        return self._index

    def named(self, number: str) -> LedgerOrder:
        """The order of a number."""
        return self._indexed().by_number[number]

    def near(self, from_ms: int, to_ms: int) -> list[LedgerOrder]:
        """The orders of which something changed in a span, or up to an hour before or after it, in their order."""
        index = self._indexed()
        begin = bisect_left(index.moments, (from_ms - HOUR_MS, 0))
        end = bisect_left(index.moments, (to_ms + HOUR_MS + 1, 0))
        return [self.orders[at] for at in sorted({at for _, at in index.moments[begin:end]})]

    def changed(
        self, from_ms: int, to_ms: int, seen_ms: int, lie: Lie | None = None, *, end: bool = False
    ) -> list[LedgerOrder]:
        """The orders by their last change as a lying platform finds them, the oldest first.

        Args:
            from_ms, to_ms: the window; ``end``: its end belongs to it.
            seen_ms: the moment whose state is seen.
            lie: what is wrong.
        """
        index = self._indexed()
        known = index.happened(seen_ms), index.happened(seen_ms - HOUR_MS)
        key = (from_ms, to_ms, known, lie, end)
        if index.asked[0] == key:
            return index.asked[1]
        ahead_ms, young_ms = HOUR_MS * (lie is Lie.CLOCK), HOUR_MS * (lie is Lie.LATE_ROWS)
        found = []
        for order in self.near(from_ms, to_ms):
            updated_ms = order.updated_ms(seen_ms)
            shown_ms = updated_ms + ahead_ms
            is_inside = from_ms <= shown_ms < to_ms or (end and shown_ms == to_ms)
            at_edge = shown_ms == from_ms and lie is Lie.EDGE
            if updated_ms and is_inside and not at_edge and updated_ms + young_ms <= seen_ms:
                found.append((updated_ms, order.number, order))
        index.asked = key, [order for _, _, order in sorted(found, key=lambda one: one[:2])]
        return index.asked[1]

    @classmethod
    def drawn(cls, seed: int, begin_ms: int, days: int, per_day: int = 24) -> Ledger:
        """Orders of some days. Some are placed in the same second, some at the very edge of an hour."""
        chance, orders = random.Random(seed), []
        for number in range(days * per_day):
            at_ms = begin_ms + chance.randrange(days * DAY_MS) // 1000 * 1000
            if orders and chance.random() < 0.15:
                at_ms = orders[-1].placed_ms
            elif chance.random() < 0.1:
                at_ms -= at_ms % HOUR_MS
            orders.append(_drawn_order(chance, f"N{seed}-{number:05d}", at_ms))
        return cls(sorted(orders, key=lambda one: (one.placed_ms, one.number)))

    def figures(self, days: Iterable[date], now_ms: int) -> dict[str, dict[str, Decimal]]:
        """Orders, paid ones and money of each day."""
        found: dict[str, Counter[str]] = {day.isoformat(): Counter(orders=0, paid=0) for day in days}
        for order in self.orders:
            placed, paid = day_of(order.placed_ms), day_of(order.paid_ms) if order.paid_ms else ""
            if placed in found and order.placed_ms <= now_ms:
                found[placed]["orders"] += 1
                found[placed][f"money {order.currency}"] += order.amount(now_ms)  # type: ignore[assignment]
            if paid in found and order.paid_ms <= now_ms:
                found[paid]["paid"] += 1
        return {day: {name: Decimal(value) for name, value in one.items()} for day, one in found.items()}


def _drawn_order(chance: random.Random, number: str, at_ms: int) -> LedgerOrder:
    paid = at_ms + chance.randrange(1, 3600) * 1000 if chance.random() < 0.8 else 0
    return LedgerOrder(
        number=number,
        placed_ms=at_ms,
        paid_ms=paid,
        shipped_ms=paid + chance.randrange(1, 40) * HOUR_MS if paid and chance.random() < 0.7 else 0,
        cancelled_ms=at_ms + chance.randrange(60, 600) * 60_000 if not paid and chance.random() < 0.5 else 0,
        cents=chance.randrange(100, 50_000),
        currency="CNY",
    )


@cache
def figure_of(name: str) -> int:
    """The figure that is drawn for an hour, by its name: always the same."""
    return random.Random(name).randrange(100, 900)


def day_of(at_ms: int) -> str:
    """The day in the shop's zone."""
    return datetime.fromtimestamp(at_ms / 1000, ZONE).date().isoformat()
