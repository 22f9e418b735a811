"""The brushing job: looks at each store's orders of the last days, marks those that several signs agree on, takes marks back.

A mark changes nothing that is counted, unless ``cleaning.leave_out_brushing`` of the configuration says so; when it no longer does,
what was left out is counted again.
"""

from __future__ import annotations

import asyncio
from zoneinfo import ZoneInfo

import structlog
from clickhouse_connect.driver import AsyncClient

from scoring.funnel.units import DAY_MS
from scoring.records.brushing import brushed
from streams import metrics
from streams.clickhouse.brushing import (
    marked_orders,
    orders_to_look_at,
    set_orders_apart,
    stores_with_orders,
    write_marks,
)
from streams.clickhouse.clients import open_writer
from streams.clickhouse.errors import ClickHouseError
from streams.clock import now_ms
from streams.config.model import Config
from streams.settings import Settings

_log = structlog.get_logger()

#: how far back orders are looked at: a review, or the fourth order of a buyer, may come days later
LOOKED_BACK_MS = 8 * DAY_MS
INTERVAL_S = 3600.0
#: seconds until the next attempt while ClickHouse is unreachable
_AGAIN_S = 10.0


async def once(settings: Settings, config: Config) -> int:
    """Look at every store; returns how many orders were marked or unmarked.

    Raises:
        ClickHouseError: it is unreachable or rejects a query.
    """
    client = await open_writer(settings)
    changed = marked = 0
    try:
        to_ms = now_ms()
        for store_id in await stores_with_orders(client, settings, to_ms - LOOKED_BACK_MS, to_ms):
            of_store, marks = await _look_at(client, settings, config, store_id, to_ms)
            marked, changed = marked + of_store, changed + marks
    finally:
        await client.close()
    metrics.BRUSHING_ORDERS.set(marked)
    return changed


async def _look_at(
    client: AsyncClient, settings: Settings, config: Config, store_id: str, to_ms: int
) -> tuple[int, int]:
    """How many orders of a store are marked now, and how many marks changed."""
    store = config.store(store_id)
    span = (store_id, to_ms - LOOKED_BACK_MS, to_ms)
    orders = await orders_to_look_at(client, settings, *span)
    found = brushed(orders, ZoneInfo(store.zone if store else "UTC"))
    before = await marked_orders(client, settings, *span)
    is_out = config.cleaning.leave_out_brushing
    placed = {order.order_id: order.placed_ms for order in orders}
    marks: dict[str, tuple[int, tuple[str, ...], bool]] = {}
    for order_id in found.keys() | (before.keys() & placed.keys()):
        signs = tuple(sign.value for sign in found.get(order_id, ()))
        if before.get(order_id, ((), False)) != (signs, is_out and bool(signs)):
            marks[order_id] = placed[order_id], signs, is_out and bool(signs)
    was_out = {order_id for order_id, (_, out) in before.items() if out}
    leaving = [order_id for order_id, (_, _, out) in marks.items() if out and order_id not in was_out]
    back = [order_id for order_id, (_, _, out) in marks.items() if not out and order_id in was_out]
    # the events first: a run that ends between the two is made good by the next
    for some, out in ((leaving, True), (back, False)):
        if some:
            await set_orders_apart(client, settings, config.segments.dimensions, store_id, some, out)
    await write_marks(client, settings, store_id, marks)
    if marks:
        _log.info("brushing_marked", store=store_id, marked=len(found), changed=len(marks), left_out=is_out)
    return len(found), len(marks)


async def run(settings: Settings, config: Config) -> None:
    """Look again and again until cancelled; the first time at once."""
    while True:
        pause_s = INTERVAL_S
        try:
            await once(settings, config)
        except ClickHouseError as error:
            pause_s = _AGAIN_S
            _log.warning(
                "clickhouse_unreachable",
                job="brushing",
                error=" ".join(str(error).split())[:300],
                retry_in_s=pause_s,
            )
        await asyncio.sleep(pause_s)
