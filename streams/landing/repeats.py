"""Marks the reports of an order that do not count (``streams/clickhouse/repeats.py``), and notes the events that were left out
because their id had been landed before: the sign that a source sends everything twice.

Filled by ``streams/landing/events.py``; read as the view ``repeats``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import msgspec
from clickhouse_connect.driver import AsyncClient

from streams.clickhouse.clients import table
from streams.clickhouse.literals import literals, portions
from streams.clickhouse.repeats import mark_repeats
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Repeat:
    """An event that came again: whose, by which door, when."""

    store_id: str
    source: str
    event_id: str
    received_at_ms: int


async def note_repeats(client: AsyncClient, settings: Settings, repeats: Sequence[Repeat]) -> None:
    """Write ``repeats``; written twice, they are the same rows. ``client`` is a writer."""
    lines = b"\n".join(
        msgspec.json.encode(
            {
                "store_id": one.store_id,
                "received_at": one.received_at_ms / 1000,
                "event_id": one.event_id,
                "source": one.source,
            }
        )
        for one in repeats
    )
    columns = ["store_id", "received_at", "event_id", "source"]
    await client.raw_insert(table(settings, "repeats_raw"), columns, insert_block=lines, fmt="JSONEachRow")


async def mark_resent_orders(
    client: AsyncClient, settings: Settings, orders: Collection[tuple[str, str]]
) -> None:
    """Mark what does not count among the reports of these (store, order). ``client`` is a writer."""
    for some in portions(sorted(orders)):
        stores, ids = literals(store for store, _ in some), literals(order for _, order in some)
        await mark_repeats(client, settings, f"store_id IN ({stores}) AND order_id IN ({ids})")
