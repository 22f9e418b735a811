"""What stores sold in a span of a day, and against the same span of the day and of the week before.

A comparison is over stores that are in both spans and were there before the earlier one began: a store that opened
yesterday afternoon has not grown, and a new one does not make the others rise.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

#: share of the orders that must have an amount before their sum is called sales
_LEAST_PRICED = 0.5


@dataclass(frozen=True, slots=True)
class Trade:
    """What one store did in one span.

    Attributes:
        visits: clicks; 0 where the store does not supply them.
        orders: paid orders, or placed ones where payments are not supplied.
        sales: what they brought, in the currency of the comparison; None where no order has an amount, or there is no rate.
        priced: the orders among them that have an amount.
        pageless: the orders among them that no page led to: they were sold, and are part of no conversion.
    """

    visits: float = 0.0
    orders: float = 0.0
    sales: float | None = None
    priced: float = 0.0
    pageless: float = 0.0

    @property
    def has_amounts(self) -> bool:
        """Whether most orders have one; free orders and gifts have none."""
        return self.priced >= _LEAST_PRICED * self.orders


@dataclass(frozen=True, slots=True)
class TradeFigure:
    """A number of today; ``day`` and ``week`` are its ratio to the day and to the week before, None where none is fair."""

    value: float | None
    day: float | None = None
    week: float | None = None


@dataclass(frozen=True, slots=True)
class TradeFigures:
    """The five numbers of a shop; ``order_value`` is what an order brought."""

    sales: TradeFigure
    orders: TradeFigure
    visits: TradeFigure
    conversion: TradeFigure
    order_value: TradeFigure


Trades = Mapping[str, Trade]


def _sales(trades: Iterable[Trade]) -> float | None:
    """What was sold, over the stores of whose orders most have an amount: else it is what a part of them brought."""
    known = [trade.sales for trade in trades if trade.sales is not None and trade.has_amounts]
    return sum(known) if known else None


def _orders(trades: Iterable[Trade]) -> float | None:
    return sum(trade.orders for trade in trades)


def _visits(trades: Iterable[Trade]) -> float | None:
    return sum(trade.visits for trade in trades) or None


def _conversion(trades: Iterable[Trade]) -> float | None:
    """Orders of a visit, over the stores whose visits are known; of the orders those that a page led to."""
    known = [trade for trade in trades if trade.visits > 0]
    visits = sum(trade.visits for trade in known)
    return sum(trade.orders - trade.pageless for trade in known) / visits if visits else None


def _order_value(trades: Iterable[Trade]) -> float | None:
    """Sales of an order, over the stores whose sales are known."""
    known = [trade for trade in trades if trade.sales is not None and trade.priced > 0]
    priced = sum(trade.priced for trade in known)
    return sum(trade.sales or 0.0 for trade in known) / priced if priced else None


def _ratio(
    of: Callable[[Iterable[Trade]], float | None], now: Trades, then: Trades, fair: Collection[str]
) -> float | None:
    both = [store for store in now if store in then and store in fair]
    before, after = of([then[store] for store in both]), of([now[store] for store in both])
    return after / before if before and after is not None else None


def trade_figures(
    now: Trades, day: Trades, week: Trades, day_fair: Collection[str], week_fair: Collection[str]
) -> TradeFigures:
    """The figures of some stores together.

    Args:
        now, day, week: what the stores did today, and in the same span of the day and of the week before.
        day_fair, week_fair: the stores that were there before the earlier span began.
    """

    def figure(of: Callable[[Iterable[Trade]], float | None]) -> TradeFigure:
        return TradeFigure(
            of(now.values()) if now else None,
            _ratio(of, now, day, day_fair),
            _ratio(of, now, week, week_fair),
        )

    return TradeFigures(
        figure(_sales), figure(_orders), figure(_visits), figure(_conversion), figure(_order_value)
    )
