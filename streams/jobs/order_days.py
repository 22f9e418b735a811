"""Keeps what the orders of each store add up to by day, so that an evaluation reads days and not orders: part of the evaluation job.

A store is counted again, whole, whenever anything that its orders are worked out from is no longer as it was looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clickhouse_connect.driver import AsyncClient

from streams import metrics
from streams.clickhouse.clients import open_writer
from streams.clickhouse.errors import mapped
from streams.clock import now_ms
from streams.config.model import Config
from streams.evaluation.order_days import count_order_days
from streams.evaluation.stored import MOST_PEERS, stores_alike
from streams.settings import Settings

#: rows of orders and stores of one statement: their orders are in memory at once
ROWS_OF_ONE_LOOK, STORES_OF_ONE_LOOK = 300_000, 200


async def once(settings: Settings, config: Config) -> int:
    """Count every store again whose orders changed; returns how many.

    Raises:
        ClickHouseError: it is unreachable or rejects a query.
    """
    promises = sorted({one.ship_within_days for one in config.stores if one.ship_within_days})
    client, counted = await open_writer(settings), 0
    try:
        digests, sizes = await _marks(client, settings)
        known = await _known(client, settings)
        for zone, stores in sorted(_by_zone(config).items()):
            changed = {
                store: digests.get(store, 0)
                for store in stores
                if known.get((store, zone)) != (digests.get(store, 0), tuple(promises))
            }
            for some in _groups(changed, sizes):
                await count_order_days(client, settings, zone, promises, some)
            counted += len(changed)
    finally:
        await client.close()
    metrics.ORDER_DAYS_LAST_SUCCESS.set(now_ms() / 1000)
    return counted


def _by_zone(config: Config) -> dict[str, list[str]]:
    """Stores by the zones in whose days they are asked for: their own, and those of the stores that they are compared with."""
    found: dict[str, set[str]] = {}
    for store in config.stores:
        found.setdefault(store.zone, set()).update((store.id, *stores_alike(config, store)[:MOST_PEERS]))
    return {zone: sorted(stores) for zone, stores in found.items()}


def _groups(changed: Mapping[str, int], sizes: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Stores of one statement."""
    group: dict[str, int] = {}
    rows = 0
    for store, digest in changed.items():
        if group and (len(group) == STORES_OF_ONE_LOOK or rows + sizes.get(store, 0) > ROWS_OF_ONE_LOOK):
            yield group
            group, rows = {}, 0
        group[store] = digest
        rows += sizes.get(store, 0)
    if group:
        yield group


async def _marks(client: AsyncClient, settings: Settings) -> tuple[dict[str, int], dict[str, int]]:
    """What the orders of each store are made of, as a number, and how many rows that is."""
    with mapped():
        rows = (
            await client.query(
                f"SELECT store_id, digest, count FROM {settings.clickhouse_database}.order_marks"
            )
        ).result_rows
    return {str(one): int(digest) for one, digest, _ in rows}, {
        str(one): int(count) for one, _, count in rows
    }


async def _known(
    client: AsyncClient, settings: Settings
) -> dict[tuple[str, str], tuple[int, tuple[int, ...]]]:
    with mapped():
        rows = (
            await client.query(
                f"SELECT store_id, zone, digest, promises FROM {settings.clickhouse_database}.order_days"
            )
        ).result_rows
    return {
        (str(one), str(zone)): (int(digest), tuple(map(int, promises)))
        for one, zone, digest, promises in rows
    }
