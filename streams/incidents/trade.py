"""What stores sold in spans of time, from the counts and the amounts of their orders: for the overview's day and the morning mail.

A comparison is of the first span with those before it; what is fair to compare is decided in ``scoring/funnel/trade.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scoring.funnel.segment_names import takes_part_sql
from scoring.funnel.stages import STAGE_INDEX, Stage
from scoring.funnel.trade import Trade, TradeFigures, trade_figures
from scoring.funnel.units import DAY_MS
from streams.config.model import Config
from streams.incidents.worth import WorthReader

Row = Mapping[str, Any]
#: the first and the last second of a span; the last is that of its last minute's beginning
Span = Mapping[str, int]
_DAY_S = DAY_MS // 1000

COUNTS = """
SELECT store_id, sumForEach(counts) AS totals, sumForEach(pageless) AS apart
FROM count_sums(first = {from_s:Int64}, last = {to_s:Int64})
GROUP BY store_id
LIMIT 10000
"""

#: which stores were there in the day before a span
BEFORE = """
SELECT DISTINCT store_id
FROM count_sums(first = {from_s:Int64}, last = {to_s:Int64})
LIMIT 10000
"""

AMOUNTS = f"""
SELECT store_id, toString(type) AS kind, toString(currency) AS money, sum(toFloat64(amount)) AS total, count() AS priced
FROM events
WHERE type IN ('order', 'payment') AND {takes_part_sql(Stage.ORDER)} AND amount > 0
  AND event_time >= toDateTime({{from_s:Int64}}, 'UTC') AND event_time < toDateTime({{to_s:Int64}} + 60, 'UTC')
GROUP BY store_id, kind, money
LIMIT 50000
"""


@dataclass(frozen=True, slots=True)
class Traded:
    """What the stores did in each span, by store: counts of orders and visits, and sales in each store's own currency.

    ``fair`` are, for each span but the first, the stores that were there before it began.
    """

    spans: tuple[Mapping[str, Trade], ...]
    fair: tuple[frozenset[str], ...]

    def of(self, stores: Iterable[str]) -> Traded:
        """The same of some stores alone."""
        chosen = set(stores)
        return Traded(
            tuple({store: trade for store, trade in span.items() if store in chosen} for span in self.spans),
            self.fair,
        )

    def figures(self) -> TradeFigures:
        """The figures of these stores together, if they sell in one currency. The spans are now, the day and the week before."""
        return trade_figures(*self.spans, *self.fair)


@dataclass(frozen=True, slots=True)
class TradeSum:
    """The figures of some stores together; ``currency`` is theirs if they share one, else the base currency.

    ``without_rate`` are the currencies that are not in the sum, because there is no rate for them.
    """

    figures: TradeFigures
    currency: str
    without_rate: tuple[str, ...]


class TradeReader:
    """Asks for spans and adds them up."""

    def __init__(self, rows: Callable[..., Awaitable[Sequence[Row]]], config: Config) -> None:
        self._rows, self._config = rows, config
        self._worth = WorthReader(rows, config)

    async def traded(self, spans: Sequence[Span]) -> Traded:
        """What all stores did in each span."""
        rows = self._rows
        counts, amounts, before = await asyncio.gather(
            asyncio.gather(*(rows(COUNTS, **span) for span in spans)),
            asyncio.gather(*(rows(AMOUNTS, **span) for span in spans)),
            asyncio.gather(
                *(rows(BEFORE, from_s=s["from_s"] - _DAY_S, to_s=s["from_s"] - 60) for s in spans[1:])
            ),
        )
        paying = {
            row["store_id"] for day in counts for row in day if row["totals"][STAGE_INDEX[Stage.PAYMENT]]
        }
        found = tuple(
            self._trades(totals, sums, paying) for totals, sums in zip(counts, amounts, strict=True)
        )
        return Traded(found, tuple(frozenset(row["store_id"] for row in day) for day in before))

    async def together(self, traded: Traded) -> TradeSum:
        """The figures of all stores of ``traded``, in one currency."""
        selling = {
            self._currency(store)
            for span in traded.spans
            for store, trade in span.items()
            if trade.sales is not None
        }
        base = next(iter(selling)) if len(selling) == 1 else self._config.alerting.base_currency
        rates = {currency: await self._rate(currency, base) for currency in sorted(selling)}
        spans = tuple(
            {store: _converted(trade, rates.get(self._currency(store))) for store, trade in span.items()}
            for span in traded.spans
        )
        missing = tuple(currency for currency, rate in rates.items() if rate is None)
        return TradeSum(Traded(spans, traded.fair).figures(), base, missing)

    def _currency(self, store_id: str) -> str:
        store = self._config.store(store_id)
        return store.currency if store else "USD"

    async def _rate(self, currency: str, base: str) -> float | None:
        if currency == base:
            return 1.0
        found = await self._worth.rate(currency)
        return found.value if found else None

    def _trades(self, counts: Sequence[Row], amounts: Sequence[Row], paying: set[str]) -> Mapping[str, Trade]:
        sales = {
            (row["store_id"], row["kind"]): (float(row["total"]), float(row["priced"]))
            for row in amounts
            if row["money"] == self._currency(row["store_id"])
        }
        trades = {}
        for row in counts:
            store, totals = row["store_id"], row["totals"]
            kind = Stage.PAYMENT if store in paying else Stage.ORDER
            brought, priced = sales.get((store, kind.value), (None, 0.0))
            trades[store] = Trade(
                visits=float(totals[STAGE_INDEX[Stage.CLICK]]),
                orders=float(totals[STAGE_INDEX[kind]]),
                sales=brought,
                priced=priced,
                pageless=float(row["apart"][STAGE_INDEX[kind]]),
            )
        return trades


def _converted(trade: Trade, rate: float | None) -> Trade:
    sales = None if trade.sales is None or rate is None else trade.sales * rate
    return replace(trade, sales=sales)
