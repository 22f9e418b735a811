"""A store's orders with all money in one currency, as far as there is a rate with its day; and those of the days of its ads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from scoring.evaluation.attribution.journeys import CameBy, OrderPath, last_said
from scoring.evaluation.attribution.lines import AttributionFacts


@dataclass(frozen=True, slots=True)
class OrdersMoney:
    """Orders with their money in one currency; ``money`` None: some are in a currency without a rate."""

    orders: int = 0
    unpriced: int = 0
    money: Decimal | None = Decimal(0)
    squares: Decimal = Decimal(0)
    cubes: Decimal = Decimal(0)

    def plus(self, path: OrderPath, rate: Decimal | None) -> OrdersMoney:
        if (rate is None and path.money) or self.money is None:
            return OrdersMoney(self.orders + path.orders, self.unpriced + path.unpriced, None)
        times = rate or Decimal(1)
        return OrdersMoney(
            self.orders + path.orders,
            self.unpriced + path.unpriced,
            self.money + path.money * times,
            self.squares + path.squares * times**2,
            self.cubes + path.cubes * times**3,
        )


@dataclass(slots=True)
class PricedFacts:
    """The facts with all money in one currency."""

    facts: AttributionFacts
    all: OrdersMoney = field(default_factory=OrdersMoney)
    known: OrdersMoney = field(default_factory=OrdersMoney)
    ways: list[OrderPath] = field(default_factory=list)
    in_ads: dict[CameBy, OrdersMoney] = field(default_factory=lambda: defaultdict(OrdersMoney))
    #: of the orders of the ads' days: all, and those with a way
    of_days: tuple[int, int] = (0, 0)

    def take(self, path: OrderPath) -> None:
        rate = self.rate(path.currency)
        self.all = self.all.plus(path, rate)
        if path.is_in_ads:
            self.of_days = (self.of_days[0] + path.orders, self.of_days[1] + path.orders * bool(path.places))
        if not path.places:
            return
        self.known = self.known.plus(path, rate)
        times = rate or Decimal(0)
        self.ways.append(
            replace(
                path,
                money=path.money * times,
                squares=path.squares * times**2,
                cubes=path.cubes * times**3,
                currency=self.facts.currency,
            )
        )
        if path.is_in_ads:
            place = last_said(path.places)
            self.in_ads[place] = self.in_ads[place].plus(path, rate)

    def rate(self, currency: str) -> Decimal | None:
        if currency in ("", self.facts.currency):
            return Decimal(1)
        known = self.facts.rates.get(currency)
        return known.rate if known else None

    def in_currency(self, amount: Decimal | None, currency: str) -> Decimal | None:
        rate = self.rate(currency)
        return None if amount is None or rate is None else amount * rate


def together(some: Iterable[OrdersMoney]) -> OrdersMoney:
    found = OrdersMoney()
    for one in some:
        money = None if one.money is None or found.money is None else found.money + one.money
        found = OrdersMoney(
            found.orders + one.orders,
            found.unpriced + one.unpriced,
            money,
            found.squares + one.squares,
            found.cubes + one.cubes,
        )
    return found
