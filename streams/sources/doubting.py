"""A connection's figures judged by what else is known of the same store, once an hour: what a second way of the same platform cannot find."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import structlog

from scoring.funnel.units import DAY_MS, HOUR_MS
from scoring.sources.doubts import DoubtCheck, Witness
from scoring.sources.plausibility import ReportedDays, ReportedOrder, Statements, doubts_of
from streams.errors import UnreachableError
from streams.sources.connection import Connection

_log = structlog.get_logger()

#: what was reported within this time is judged; of a quiet store the newest orders of two weeks, as many as that
_RECENT_MS, _FEWEST, _QUIET_MS = 6 * HOUR_MS, 10, 14 * DAY_MS
#: what the past is made of, from when it ends
_PAST_MS = 60 * DAY_MS
#: orders of each side, the newest
_MOST_RECENT, _MOST_PAST = 1000, 2000
#: what others saw changes slowly
_OTHERS_FRESH_MS = 6 * HOUR_MS


class OrderStatements(Protocol):
    """What is stored of a store's orders, by who said it. Each raises UnreachableError: the store does not answer."""

    async def between(
        self, connection: Connection, from_ms: int, to_ms: int, most: int
    ) -> list[ReportedOrder]:
        """The orders that a connection reported in a span, each as it was said last then; the newest ones, at most ``most``."""
        ...

    async def from_files(self, connection: Connection, most: int) -> list[ReportedOrder]:
        """The orders of its stores that were imported."""
        ...

    async def from_pixel(self, connection: Connection, from_ms: int, most: int) -> list[ReportedOrder]:
        """The orders of its stores that their pages saw since then."""
        ...

    async def reported(self, connection: Connection, now_ms: int) -> ReportedDays | None:
        """Closed days as they are stored and as the platform's reports have them; None if there is no report."""
        ...


class Doubter:
    """Judges one connection.

    Args:
        connection: whose.
        stored: what is stored.
        is_polled: whether the platform is asked for whole orders.
    """

    def __init__(self, connection: Connection, stored: OrderStatements, *, is_polled: bool) -> None:
        self._connection, self._stored, self._is_polled = connection, stored, is_polled
        self._others: (
            tuple[int, Sequence[ReportedOrder], Sequence[ReportedOrder], ReportedDays | None] | None
        ) = None

    async def check(
        self, before: DoubtCheck, now_ms: int, accepted: Sequence[str], accepted_ms: int
    ) -> DoubtCheck:
        """What cannot be believed now.

        Args:
            before: what was found last.
            now_ms: the present.
            accepted, accepted_ms: doubts that a person has dismissed, by their keys, and when: what was reported since then is the past.
        """
        try:
            heard, begin_ms = await self._heard(before, now_ms, accepted_ms)
        except UnreachableError as error:
            _log.warning("clickhouse_unreachable", error=str(error), retry_in_s=0)
            return before
        found = tuple(
            one for one in doubts_of(heard) if one.witness is Witness.PAST or one.key not in accepted
        )
        if found and {one.key for one in found} != {one.key for one in before.doubts}:
            _log.error("figures_doubted", connection=self._connection.name, doubts="; ".join(map(str, found)))
        kept_ms = before.since_ms if before.doubts and before.since_ms > accepted_ms else begin_ms
        return DoubtCheck(now_ms, kept_ms if found else 0, found)

    async def _heard(self, before: DoubtCheck, now_ms: int, accepted_ms: int) -> tuple[Statements, int]:
        """What is judged, and the moment at which the present begins."""
        between = self._stored.between
        recent = await between(self._connection, now_ms - _RECENT_MS, now_ms, _MOST_RECENT)
        if len(recent) < _FEWEST:
            recent = await between(self._connection, now_ms - _QUIET_MS, now_ms, _FEWEST)
        begin_ms = min((one.reported_ms for one in recent), default=now_ms)
        # while there are doubts, what they began with is not a past to judge by
        past_ends_ms = begin_ms
        if before.doubts and before.since_ms > accepted_ms:
            past_ends_ms = min(begin_ms, before.since_ms)
        past_begins_ms = max(past_ends_ms - _PAST_MS, accepted_ms)
        past = (
            await between(self._connection, past_begins_ms, past_ends_ms, _MOST_PAST)
            if recent and past_begins_ms < past_ends_ms
            else []
        )
        _, file, pixel, reported = await self._of_others(now_ms)
        return Statements(recent, past, file, pixel, reported, self._is_polled), begin_ms

    async def _of_others(
        self, now_ms: int
    ) -> tuple[int, Sequence[ReportedOrder], Sequence[ReportedOrder], ReportedDays | None]:
        if self._others is None or now_ms - self._others[0] >= _OTHERS_FRESH_MS:
            self._others = (
                now_ms,
                await self._stored.from_files(self._connection, _MOST_PAST),
                await self._stored.from_pixel(self._connection, now_ms - _PAST_MS, _MOST_PAST),
                await self._stored.reported(self._connection, now_ms),
            )
        return self._others
