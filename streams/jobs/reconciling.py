"""The reconciliation job: compares ``stage_counts`` with a fresh count of the raw events, again and again.

The difference is published as a metric and should be nothing. What still differs at a second look is recounted from
the raw events, which are the truth: a topic deleted before the monitor had read it, or an order received again after
everyone has forgotten it, leaves such a difference. ``funnelwatch reconcile`` does the same by hand, for any range.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import structlog

from scoring.funnel.units import HOUR_MS
from streams import metrics
from streams.clickhouse.clients import open_writer
from streams.clickhouse.reconcile import Difference, Reconciliation, reconcile, repair
from streams.clickhouse.repeats import happened_between, mark_repeats
from streams.clock import now_ms
from streams.config.model import Config
from streams.jobs.repeating import repeat
from streams.settings import Settings

_log = structlog.get_logger()

#: how long before the present a minute is left alone: its events may still be on their way
SETTLED_MS = 10 * 60_000
#: seconds between the two looks that a difference must outlast
SECOND_LOOK_S = 60.0
_NAMED = 5


class Reconciler:
    """Looks at the last hours before the present.

    Args:
        settings: how far back and how often.
        config: the segment dimensions.
        second_look_s: seconds between the two looks that a difference must outlast.
        settled_ms: how long before the present a minute is left alone.
    """

    def __init__(
        self,
        settings: Settings,
        config: Config,
        second_look_s: float = SECOND_LOOK_S,
        settled_ms: int = SETTLED_MS,
    ) -> None:
        self._settings, self._config = settings, config
        self._second_look_s, self._settled_ms = second_look_s, settled_ms

    async def run(self) -> None:
        """Reconcile now, and again and again until cancelled."""

        async def one_run() -> float:
            await self.once()
            return self._settings.reconcile_interval_minutes * 60

        await repeat("reconcile", one_run)

    async def once(self) -> int:
        """Compare, repair what differs twice in the same way, publish; returns how many store-minutes were repaired.

        Raises:
            ClickHouseError: it is unreachable or rejects the query.
        """
        await self._mark_repeats()
        found = await self._look()
        if found.differences:
            await asyncio.sleep(self._second_look_s)
            first = set(found.differences)
            again = await self._look()
            lasting = tuple(difference for difference in again.differences if difference in first)
            found = Reconciliation(again.stored, again.from_events, again.minutes, lasting)
        metrics.RECONCILE_DIFFERENCE.set(events_apart(found.differences))
        metrics.RECONCILE_MINUTES.set(found.minutes)
        metrics.RECONCILE_LAST_SUCCESS.set(now_ms() / 1000)
        if not found.differences:
            return 0
        _log.error(
            "counts_differ",
            events=events_apart(found.differences),
            cells=len(found.differences),
            first=[named(one) for one in found.differences[:_NAMED]],
        )
        client = await open_writer(self._settings)
        try:
            dimensions = self._config.segments.dimensions
            repaired = await repair(client, self._settings, dimensions, found, f"reconcile-{uuid4().hex}")
        finally:
            await client.close()
        metrics.RECONCILE_REPAIRED.inc(repaired)
        return repaired

    def _span(self) -> tuple[int, int]:
        end_ms = now_ms() - self._settled_ms
        return end_ms - int(self._settings.reconcile_hours * HOUR_MS), end_ms

    async def _mark_repeats(self) -> None:
        """Mark the orders received again that landing had forgotten."""
        client = await open_writer(self._settings)
        try:
            await mark_repeats(client, self._settings, happened_between(*self._span()))
        finally:
            await client.close()

    async def _look(self) -> Reconciliation:
        start_ms, end_ms = self._span()
        client = await open_writer(self._settings)
        try:
            return await reconcile(client, self._settings, self._config.segments.dimensions, start_ms, end_ms)
        finally:
            await client.close()


def named(one: Difference) -> str:
    """Store, minute in UTC, stage, what was stored and what the raw events say."""
    minute = datetime.fromtimestamp(one.minute_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%MZ")
    return f"{one.store_id} {minute} {one.stage} {one.stored} for {one.from_events}"


def events_apart(differences: tuple[Difference, ...]) -> int:
    """By how many events the two sides differ, added up without sign."""
    return sum(abs(one.from_events - one.stored) for one in differences)
