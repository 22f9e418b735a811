"""Closed days of a connection compared by a second way; what differs is read again, and what then still differs is reported."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog

from scoring.funnel.units import HOUR_MS
from scoring.sources.cursors import IncompleteWalkError
from scoring.sources.second_way import DayCheck, DayDifference, DayFigures, days_of, differences
from streams.errors import UnreachableError
from streams.sources.api import ConnectionApi
from streams.sources.asking import PlatformError
from streams.sources.connection import Connection
from streams.sources.polling import ResourcePoller

_log = structlog.get_logger()

#: closed days that are compared
COMPARED_DAYS = 7
#: a day is closed this long after its end: late changes are in by then
_CLOSED_AFTER = timedelta(hours=2)
#: how often, and how long, it is waited for what was read again to be stored
_STORED_TRIES, _STORED_WAIT_S = 6, 10.0
#: what changed while days were read again and asked for a second time is read, too, before a difference counts as one that lasts
_CHANGED_MEANWHILE_MS = HOUR_MS

SecondWay = Callable[[ConnectionApi, Connection, Sequence[date]], Awaitable[list[DayFigures]]]


class StoredDays(Protocol):
    """What is stored of a connection's closed days."""

    async def figures(self, connection: Connection, days: Sequence[date]) -> list[DayFigures]:
        """The figures of each day, days without orders included.

        Raises:
            UnreachableError: the store does not answer.
        """
        ...


class DayComparer:
    """Compares one connection's days.

    Args:
        connection: whose.
        second_way: asks the platform otherwise.
        stored: what is stored.
        api: asks, with the urgency of a backfill.
        pollers: that can read a past range again.
    """

    def __init__(
        self,
        connection: Connection,
        second_way: SecondWay,
        stored: StoredDays,
        api: ConnectionApi,
        pollers: Iterable[ResourcePoller],
    ) -> None:
        self._connection, self._second_way, self._stored = connection, second_way, stored
        self._api, self._pollers = api, [one for one in pollers if one.poll.has_past]

    async def check(self, before: DayCheck) -> DayCheck:
        """What the comparison of the last closed days came to; ``before`` is what the last one did.

        Raises:
            OwnershipLostError, KafkaUnreachableError: what was read again cannot be kept.
        """
        days, failed, began_ms = self.closed_days(), "", self._api.now_ms
        try:
            found = await self._differences(days)
        except (UnreachableError, *PlatformError) as error:
            return DayCheck(began_ms, before.compared_ms, before.days, before.lasting, self._failed(error))
        if found:
            try:
                await self._read_again(days_of(found))
                found = await self._lasting(days)
            except (IncompleteWalkError, UnreachableError, *PlatformError) as error:
                failed = self._failed(error)  # what differs and cannot be read again lasts
        if found:
            _log.error("days_differ", connection=self._connection.name, days=", ".join(days_of(found)))
        return DayCheck(began_ms, began_ms, len(days), found, failed)

    def _failed(self, error: Exception) -> str:
        _log.warning("days_not_compared", connection=self._connection.name, error=str(error))
        return str(error)[:300]

    def closed_days(self) -> list[date]:
        """The days to compare, on the clock of the connection's first store."""
        present = datetime.fromtimestamp(self._api.now_ms / 1000, UTC) - _CLOSED_AFTER
        today = present.astimezone(self._zone).date()
        return [today - timedelta(days=number) for number in range(COMPARED_DAYS, 0, -1)]

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._connection.zones.get(self._connection.stores[0], "UTC"))

    async def _differences(self, days: Sequence[date]) -> tuple[DayDifference, ...]:
        second = await self._second_way(self._api, self._connection, days)
        return differences(await self._stored.figures(self._connection, days), second)

    async def _lasting(self, days: Sequence[date]) -> tuple[DayDifference, ...]:
        """What still differs once what was read again has been stored."""
        found = await self._differ_once_stored(days)
        if found:
            await self._read_from(self._api.now_ms - _CHANGED_MEANWHILE_MS)
            found = await self._differ_once_stored(days)
        return found

    async def _differ_once_stored(self, days: Sequence[date]) -> tuple[DayDifference, ...]:
        """Where the platform, asked now, says something else than what is stored soon."""
        second = await self._second_way(self._api, self._connection, days)
        for _ in range(_STORED_TRIES):
            await asyncio.sleep(_STORED_WAIT_S)
            found = differences(await self._stored.figures(self._connection, days), second)
            if not found:
                break
        return found

    async def _read_again(self, days: Sequence[str]) -> None:
        """Read everything again that changed since the first of ``days`` began: whatever was placed then changed then or later."""
        first = datetime.combine(date.fromisoformat(days[0]), datetime.min.time(), self._zone)
        await self._read_from(round(first.timestamp() * 1000) - HOUR_MS)

    async def _read_from(self, from_ms: int) -> None:
        for poller in self._pollers:
            await poller.read_differing(from_ms, self._api)
