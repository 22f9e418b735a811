"""What the stores did today up to now, and in the same span of yesterday and of a week ago: the first line of the overview.

Today begins at the reader's midnight, for all stores: one sum of one span. Asked once a minute for everyone of a zone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scoring.funnel.units import MINUTE_MS
from streams.clickhouse.reader import Database
from streams.config.model import Config
from streams.incidents.trade import Traded, TradeReader, TradeSum

SUMMED_FOR_S = 60.0
#: days before today that it is compared with
DAYS_BACK = (0, 1, 7)


@dataclass(frozen=True, slots=True)
class TradedDays:
    """What the stores did today, yesterday and a week ago, up to the same minute."""

    traded: Traded
    to_ms: int

    def orders_of(self, store_id: str) -> tuple[float, float | None] | None:
        """The orders of one store today, and their ratio to those of yesterday; None where it had no event."""
        if store_id not in self.traded.spans[0]:
            return None
        figure = self.traded.of((store_id,)).figures().orders
        return figure.value or 0.0, figure.day


@dataclass(frozen=True, slots=True)
class Today:
    """The figures of some stores together, up to a minute."""

    sum: TradeSum
    to_ms: int


class TodayQueries:
    """Asks for the days and adds them up."""

    def __init__(self, database: Database, config: Config) -> None:
        self._database = database
        self._trade = TradeReader(database.rows, config)

    async def days(self, zone: str, at_ms: int) -> TradedDays:
        """What all stores did today in ``zone``, yesterday and a week ago, up to the last whole minute."""
        minute_ms = at_ms // MINUTE_MS * MINUTE_MS
        spans = [day_so_far(zone, minute_ms, back) for back in DAYS_BACK]
        traded = await self._database.shared(
            ("today", zone, minute_ms), SUMMED_FOR_S, lambda: self._trade.traded(spans)
        )
        return TradedDays(traded, minute_ms)

    async def together(self, days: TradedDays, stores: Iterable[str]) -> Today:
        """The figures of ``stores`` together, in one currency."""
        return Today(await self._trade.together(days.traded.of(stores)), days.to_ms)


def day_so_far(zone: str, minute_ms: int, days_back: int) -> dict[str, int]:
    """The day so far, ``days_back`` days ago by the calendar: the same hours on the clock, also when the clock was changed between."""
    clock = ZoneInfo(zone)
    now = datetime.fromtimestamp(minute_ms / 1000, UTC).astimezone(clock)
    day = now.date() - timedelta(days=days_back)
    first = datetime.combine(day, time(), clock)
    last = datetime.combine(day, now.time(), clock)
    return {"from_s": int(first.timestamp()), "to_s": max(int(first.timestamp()), int(last.timestamp()) - 60)}
