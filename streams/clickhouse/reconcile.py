"""Compares ``stage_counts`` with a fresh count of the raw events, and mends what differs.

The difference should be nothing; the ``reconcile`` command shows it and the jobs role publishes it as a metric.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clickhouse_connect.driver import AsyncClient

from scoring.stages import STAGES
from streams.clickhouse.clients import table
from streams.clickhouse.errors import mapped
from streams.clickhouse.recount import fresh_counts, recount
from streams.settings import Settings

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Difference:
    """A (store, minute, stage) whose stored count is not that of the raw events."""

    store_id: str
    minute_ms: int
    stage: str
    stored: int
    from_events: int


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a comparison found: events counted on both sides and every difference."""

    stored: int
    from_events: int
    minutes: int
    differences: tuple[Difference, ...]


async def reconcile(
    client: AsyncClient,
    settings: Settings,
    dimensions: Sequence[str],
    start_ms: int,
    end_ms: int,
    store_id: str | None = None,
) -> Reconciliation:
    """Compare the minutes in [``start_ms``, ``end_ms``), of one store or of all.

    Needs a writer: the raw tables are not for readers. Minutes still being landed differ for a moment; end a little
    before the present.
    """
    low, high = start_ms // MINUTE_MS * 60, -(-end_ms // MINUTE_MS) * 60
    of_store = " AND store_id = {store:String}" if store_id is not None else ""
    fresh = fresh_counts(
        settings,
        dimensions,
        f"event_time >= toDateTime64({low}, 3, 'UTC') AND event_time < toDateTime64({high}, 3, 'UTC'){of_store}",
    )
    query = f"""SELECT store_id, toUnixTimestamp(minute) AS second, sumForEachIf(counts, from_events = 0) AS stored,
            sumForEachIf(counts, from_events = 1) AS fresh
        FROM (
            SELECT store_id, minute, counts, 0 AS from_events FROM {table(settings, "minutes_raw")} FINAL
            WHERE minute >= toDateTime({low}, 'UTC') AND minute < toDateTime({high}, 'UTC'){of_store}
            UNION ALL SELECT store_id, minute, counts, 1 AS from_events FROM ({fresh}))
        GROUP BY store_id, minute ORDER BY store_id, minute"""
    with mapped():
        result = await client.query(query, parameters={"store": store_id} if store_id is not None else None)
    differences = []
    stored_total = fresh_total = 0
    for store, second, stored, counted in result.result_rows:
        stored = list(stored) or [0] * len(STAGES)
        counted = list(counted) or [0] * len(STAGES)
        stored_total += sum(stored)
        fresh_total += sum(counted)
        for stage, old, new in zip(STAGES, stored, counted, strict=True):
            if old != new:
                differences.append(Difference(store, second * 1000, stage.value, old, new))
    return Reconciliation(stored_total, fresh_total, len(result.result_rows), tuple(differences))


async def mend(
    client: AsyncClient,
    settings: Settings,
    dimensions: Sequence[str],
    found: Reconciliation,
    batch: str,
) -> int:
    """Recount every minute that differs; returns how many there were."""
    minutes = {(difference.store_id, difference.minute_ms) for difference in found.differences}
    await recount(client, settings, dimensions, minutes, batch)
    return len(minutes)
