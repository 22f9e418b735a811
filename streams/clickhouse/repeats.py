"""Marks the reports of an order that do not count, so that ``events`` holds an order once.

Used by ``streams/landing`` for orders that are received again, and by the reconciliation for a span. A marked row is written
again, over the one that landed: nothing is deleted, and ``event_records`` shows all of them.
"""

from __future__ import annotations

from clickhouse_connect.driver import AsyncClient

from scoring.events.bounds import OLDEST_MS
from streams.clickhouse.clients import table
from streams.clickhouse.errors import mapped
from streams.clickhouse.literals import literal
from streams.clickhouse.recount import ONCE_LIST, ORDER_RANK
from streams.settings import Settings

#: a version above every one that landing writes (``streams/landing/targets.py``), and growing with time
MARKED_VERSION = (
    f"toUInt64(18446744073709551615) - toUInt64({OLDEST_MS}) + intDiv(toUnixTimestamp64Milli(now64(3)), 10)"
)
#: how whole tables are read by their newest versions, and written in one go
READ_AS_ONE = "SETTINGS do_not_merge_across_partitions_select_final = 1, max_partitions_per_insert_block = 0"


async def mark_repeats(client: AsyncClient, settings: Settings, where: str) -> None:
    """Mark what does not count among the reports of the orders that have one under the condition ``where``.

    Args:
        client: a writer.
        settings: names the database.
        where: an SQL condition on raw events.
    """
    events = table(settings, "events_raw")
    once = f"type IN ({ONCE_LIST}) AND order_id != ''"
    orders = f"""{once} AND (store_id, order_id) IN (
            SELECT store_id, order_id FROM {events} WHERE {once} AND ({where}))"""
    await _write(
        client,
        f"""INSERT INTO {events} SELECT * REPLACE (1 AS is_repeat, {MARKED_VERSION} AS version)
        FROM {events} AS stored FINAL
        WHERE {orders} AND stored.is_repeat = 0 AND (store_id, type, order_id, event_id) NOT IN (
            SELECT store_id, type, order_id, argMin(event_id, {ORDER_RANK}) FROM {events} FINAL
            WHERE {orders} GROUP BY store_id, type, order_id)
        {READ_AS_ONE}""",
    )


async def settle_repeats(client: AsyncClient, settings: Settings, where: str) -> None:
    """Of each order that has a report under the condition ``where``: the first report counts, all others are marked.

    As ``mark_repeats``, and it takes the mark from what counts by now, because the report in its place was taken back.

    Args:
        client: a writer.
        settings: names the database.
        where: an SQL condition on raw events: all reports of some orders.
    """
    events = table(settings, "events_raw")
    orders = f"type IN ({ONCE_LIST}) AND order_id != '' AND ({where})"
    first = f"argMin(event_id, {ORDER_RANK}) OVER (PARTITION BY store_id, type, order_id)"
    await _write(
        client,
        f"""INSERT INTO {events} SELECT * EXCEPT (first_of_order) REPLACE (event_id != first_of_order AS is_repeat, {MARKED_VERSION} AS version)
        FROM (SELECT *, {first} AS first_of_order FROM {events} FINAL WHERE {orders}) AS stored
        WHERE (stored.event_id != stored.first_of_order) != stored.is_repeat
        {READ_AS_ONE}""",
    )


async def _write(client: AsyncClient, statement: str) -> None:
    with mapped():
        await client.command(statement, settings={"max_query_size": 16_000_000})


def happened_between(start_ms: int, end_ms: int, store_id: str | None = None) -> str:
    """The condition on raw events of [``start_ms``, ``end_ms``), of one store or of all."""
    span = " AND ".join(
        f"event_time {sign} fromUnixTimestamp64Milli({at_ms}, 'UTC')"
        for sign, at_ms in ((">=", start_ms), ("<", end_ms))
    )
    return span if store_id is None else f"{span} AND store_id = {literal(store_id)}"
