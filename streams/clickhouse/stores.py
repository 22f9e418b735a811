"""Keeps ClickHouse's table of stores equal to the configuration in force."""

from __future__ import annotations

from streams.clickhouse.clients import open_writer, table
from streams.clickhouse.errors import mapped
from streams.clock import now_ms
from streams.config.model import Config
from streams.settings import Settings

_COLUMNS = [
    "store_id",
    "name",
    "platform",
    "zone",
    "currency",
    "country",
    "category",
    "version",
    "is_deleted",
]


async def register_stores(settings: Settings, config: Config) -> None:
    """Write the configured stores; those that are configured no more are marked as gone.

    Raises:
        ClickHouseError: ClickHouse is unreachable or rejects the query.
    """
    with mapped():
        client = await open_writer(settings)
        try:
            name, version = table(settings, "stores_raw"), now_ms()
            known = await client.query(f"SELECT store_id FROM {name} FINAL")
            wanted = [
                [
                    s.id,
                    s.called("en"),
                    s.platform.value,
                    s.zone,
                    s.currency,
                    s.country,
                    s.category,
                    version,
                    0,
                ]
                for s in config.stores
            ]
            ids = {store.id for store in config.stores}
            gone = [
                [row[0], "", "", "", "", "", "", version, 1] for row in known.result_rows if row[0] not in ids
            ]
            if wanted or gone:
                await client.insert(name, wanted + gone, column_names=_COLUMNS)
        finally:
            await client.close()
