"""Compares ``stage_counts`` with a fresh count of the raw events, and repairs what differs.

The difference should be nothing; the ``reconcile`` command shows it and the jobs role publishes it as a metric.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from clickhouse_connect.driver import AsyncClient

from scoring.funnel.stages import STAGES
from scoring.funnel.units import MINUTE_MS
from streams.clickhouse.clients import table
from streams.clickhouse.errors import mapped
from streams.clickhouse.recount import fresh_counts, recount
from streams.settings import Settings

_NONE = [0] * len(STAGES)


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
    *,
    is_collected_only: bool = False,
) -> Reconciliation:
    """Compare the minutes in [``start_ms``, ``end_ms``), of one store or of all.

    Needs a writer: the raw tables are not for readers. Minutes still being landed differ for a moment; end a little
    before the present. Counts that were loaded without events, or whose events have expired, are left out;
    with ``is_collected_only`` so is every minute before the store's first event was received.
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
    rows = [
        (store, second, list(stored) or _NONE, list(counted) or _NONE)
        for store, second, stored, counted in result.result_rows
    ]
    suspects = {
        store
        for store, _, stored, counted in rows
        if not any(counted) or (is_collected_only and stored != counted)
    }
    began = await _began(client, settings, suspects)
    differences = []
    stored_total = fresh_total = minutes = 0
    for store, second, stored, counted in rows:
        is_silent = not any(counted)
        is_before = store in suspects and second * 1000 < began.get(store, 1 << 62)
        if is_before and (is_silent or is_collected_only):
            continue  # there never were all raw events of this minute, or they have expired: nothing to compare with
        minutes += 1
        stored_total += sum(stored)
        fresh_total += sum(counted)
        for stage, old, new in zip(STAGES, stored, counted, strict=True):
            if old != new:
                differences.append(Difference(store, second * 1000, stage.value, old, new))
    return Reconciliation(stored_total, fresh_total, minutes, tuple(differences))


async def _began(client: AsyncClient, settings: Settings, stores: Collection[str]) -> dict[str, int]:
    """When the oldest raw event that is kept of each of these stores was received, in ms; stores without are left out."""
    if not stores:
        return {}
    with mapped():
        result = await client.query(
            f"SELECT store_id, toUnixTimestamp64Milli(min(received_at)) FROM {table(settings, 'events_raw')} "
            "WHERE store_id IN {stores:Array(String)} GROUP BY store_id",
            parameters={"stores": sorted(stores)},
        )
    return {store: int(received_ms) for store, received_ms in result.result_rows}


async def repair(
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
