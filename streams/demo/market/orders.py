"""Orders as a platform knows them: each with its times, found by time of change or of making."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Answer = tuple[int, dict[str, Any]]


class Sold(Protocol):
    """What the state of an order follows from. 0: has not happened."""

    @property
    def number(self) -> str: ...
    @property
    def paid_ms(self) -> int: ...
    @property
    def shipped_ms(self) -> int: ...
    @property
    def cancelled_ms(self) -> int: ...


@dataclass(slots=True)
class SoldOrder:
    """One order."""

    number: str
    placed_ms: int
    amount: str
    currency: str
    buyer: str
    method: str = ""
    paid_ms: int = 0
    shipped_ms: int = 0
    cancelled_ms: int = 0

    @property
    def updated_ms(self) -> int:
        """When it changed last."""
        return max(self.placed_ms, self.paid_ms)


@dataclass(slots=True)
class Sales:
    """The orders of one shop."""

    orders: dict[str, SoldOrder] = field(default_factory=dict)

    def take(self, event: Mapping[str, Any]) -> SoldOrder:
        """Note an order, or its payment. A payment of an order from before is all that is known of it."""
        at_ms, number = event["event_time_ms"], event["order_id"]
        order = self.orders.get(number)
        if order is None:
            words = (event["amount"], event["currency"], event["buyer"], event["payment_method"])
            order = self.orders[number] = SoldOrder(number, at_ms, *words)
        if event["type"] == "payment":
            order.paid_ms = at_ms
        return order

    def changed(self, from_ms: int, until_ms: int) -> list[SoldOrder]:
        """Those whose last change lies in a span, both ends included, the oldest first."""
        found = (one for one in self.orders.values() if from_ms <= one.updated_ms <= until_ms)
        return sorted(found, key=lambda one: (one.updated_ms, one.number))

    def placed(self, from_ms: int, until_ms: int) -> list[SoldOrder]:
        """Those made in a span, both ends included."""
        found = (one for one in self.orders.values() if from_ms <= one.placed_ms <= until_ms)
        return sorted(found, key=lambda one: (one.placed_ms, one.number))

    def named(self, numbers: list[str]) -> Iterator[SoldOrder]:
        """Those of these numbers that are known."""
        return (self.orders[number] for number in numbers if number in self.orders)


def word_of(order: Sold, now_ms: int, words: Mapping[str, str]) -> str:
    """The platform's word for an order's state: of ``unpaid``, ``paid``, ``shipped`` and ``cancelled``."""
    times = (
        ("shipped", order.shipped_ms),
        ("paid", order.paid_ms),
        ("cancelled", order.cancelled_ms),
    )
    return words[next((name for name, at_ms in times if 0 < at_ms <= now_ms), "unpaid")]
