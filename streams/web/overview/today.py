"""What the stores did today up to now, and in the same span of yesterday and of a week ago: the first line of the overview.

Today begins at the reader's midnight, for all stores: one sum of one span. Asked once a minute for everyone of a zone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scoring.funnel.stages import STAGE_INDEX, Stage
from scoring.funnel.trade import Trade, TradeFigures, trade_figures
from scoring.funnel.units import MINUTE_MS
from streams.clickhouse.reader import Database, Row
from streams.config.model import Config
from streams.incidents.worth import WorthReader
from streams.web.frame.queries import store_or_bare

SUMMED_FOR_S = 60.0
#: days before today that it is compared with
DAYS_BACK = (0, 1, 7)

COUNTS = """
SELECT store_id, sumForEach(counts) AS totals
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

AMOUNTS = """
SELECT store_id, toString(type) AS kind, toString(currency) AS money, sum(toFloat64(amount)) AS total
FROM events
WHERE type IN ('order', 'payment') AND amount > 0 AND set_apart = ''
  AND event_time >= toDateTime({from_s:Int64}, 'UTC') AND event_time < toDateTime({to_s:Int64} + 60, 'UTC')
GROUP BY store_id, kind, money
LIMIT 50000
"""


@dataclass(frozen=True, slots=True)
class TradedDays:
    """What the stores did, by store: counts of orders and visits, and sales in each store's own currency."""

    days: tuple[Mapping[str, Trade], ...]
    fair: tuple[frozenset[str], ...]
    to_ms: int

    def orders_of(self, store_id: str) -> tuple[float, float | None] | None:
        """The orders of one store today, and their ratio to those of yesterday; None where it had no event."""
        now, then = self.days[0].get(store_id), self.days[1].get(store_id)
        if now is None:
            return None
        is_fair = then is not None and then.orders > 0 and store_id in self.fair[0]
        return now.orders, now.orders / then.orders if is_fair and then is not None else None


@dataclass(frozen=True, slots=True)
class Today:
    """The figures of some stores together; ``currency`` is theirs if they share one, else the base currency.

    ``without_rate`` are the currencies that are not in the sum, because there is no rate for them.
    """

    figures: TradeFigures
    currency: str
    without_rate: tuple[str, ...]
    to_ms: int


class TodayQueries:
    """Asks for the days and adds them up."""

    def __init__(self, database: Database, config: Config) -> None:
        self._database, self._config = database, config
        self._worth = WorthReader(database.rows, config)

    async def days(self, zone: str, at_ms: int) -> TradedDays:
        """What all stores did today in ``zone``, yesterday and a week ago, up to the last whole minute."""
        minute_ms = at_ms // MINUTE_MS * MINUTE_MS
        return await self._database.shared(
            ("today", zone, minute_ms), SUMMED_FOR_S, lambda: self._days(zone, minute_ms)
        )

    async def _days(self, zone: str, minute_ms: int) -> TradedDays:
        spans = [day_so_far(zone, minute_ms, back) for back in DAYS_BACK]
        rows = self._database.rows
        counts, amounts, before = await asyncio.gather(
            asyncio.gather(*(rows(COUNTS, **span) for span in spans)),
            asyncio.gather(*(rows(AMOUNTS, **span) for span in spans)),
            asyncio.gather(
                *(rows(BEFORE, from_s=s["from_s"] - 86_400, to_s=s["from_s"] - 60) for s in spans[1:])
            ),
        )
        paying = {
            row["store_id"] for day in counts for row in day if row["totals"][STAGE_INDEX[Stage.PAYMENT]]
        }
        days = tuple(
            _trades(totals, sums, paying, self._currency)
            for totals, sums in zip(counts, amounts, strict=True)
        )
        return TradedDays(days, tuple(frozenset(row["store_id"] for row in day) for day in before), minute_ms)

    def _currency(self, store_id: str) -> str:
        return store_or_bare(self._config, store_id).currency

    async def together(self, traded: TradedDays, stores: Iterable[str]) -> Today:
        """The figures of ``stores`` together, in one currency."""
        chosen = set(stores)
        days = [{store: trade for store, trade in day.items() if store in chosen} for day in traded.days]
        selling = {
            self._currency(store) for day in days for store, trade in day.items() if trade.sales is not None
        }
        base = next(iter(selling)) if len(selling) == 1 else self._config.alerting.base_currency
        rates = {currency: await self._rate(currency, base) for currency in sorted(selling)}
        now, day, week = (
            {store: _converted(trade, rates.get(self._currency(store))) for store, trade in one.items()}
            for one in days
        )
        missing = tuple(currency for currency, rate in rates.items() if rate is None)
        return Today(trade_figures(now, day, week, *traded.fair), base, missing, traded.to_ms)

    async def _rate(self, currency: str, base: str) -> float | None:
        if currency == base:
            return 1.0
        found = await self._worth.rate(currency)
        return found.value if found else None


def day_so_far(zone: str, minute_ms: int, days_back: int) -> dict[str, int]:
    """The day so far, ``days_back`` days ago by the calendar: the same hours on the clock, also when the clock was changed between."""
    clock = ZoneInfo(zone)
    now = datetime.fromtimestamp(minute_ms / 1000, UTC).astimezone(clock)
    day = now.date() - timedelta(days=days_back)
    first = datetime.combine(day, time(), clock)
    last = datetime.combine(day, now.time(), clock)
    return {"from_s": int(first.timestamp()), "to_s": max(int(first.timestamp()), int(last.timestamp()) - 60)}


def _trades(
    counts: Sequence[Row], amounts: Sequence[Row], paying: set[str], currency_of: Callable[[str], str]
) -> Mapping[str, Trade]:
    sales: dict[tuple[str, str], float] = {}
    for row in amounts:
        if row["money"] == currency_of(row["store_id"]):
            sales[row["store_id"], row["kind"]] = float(row["total"])
    trades = {}
    for row in counts:
        store, totals = row["store_id"], row["totals"]
        kind = Stage.PAYMENT if store in paying else Stage.ORDER
        trades[store] = Trade(
            visits=float(totals[STAGE_INDEX[Stage.CLICK]]),
            orders=float(totals[STAGE_INDEX[kind]]),
            sales=sales.get((store, kind.value)),
        )
    return trades


def _converted(trade: Trade, rate: float | None) -> Trade:
    sales = None if trade.sales is None or rate is None else trade.sales * rate
    return Trade(trade.visits, trade.orders, sales)
