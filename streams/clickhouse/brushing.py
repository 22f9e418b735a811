"""What is known of recent orders for the signs of brushing, and the marks that follow from them.

Used by ``streams/jobs/brushing.py``. An order is marked in ``brushing_raw``; only if the configuration says so are its events set
apart as well, as ``streams/clickhouse/exclusion.py`` does it: written again with the mark, and their minutes recounted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from clickhouse_connect.driver import AsyncClient

from scoring.funnel.stages import STAGE_INDEX, STAGES, Stage
from scoring.funnel.units import DAY_MS
from scoring.records.brushing import SuspectOrder
from streams.clickhouse.clients import table
from streams.clickhouse.errors import mapped
from streams.clickhouse.literals import literal, literals, portions
from streams.clickhouse.recount import MINUTE_SECOND, Minute, recount_all
from streams.clickhouse.repeats import MARKED_VERSION, READ_AS_ONE, happened_between
from streams.settings import Settings

#: what an event of such an order is set apart as
BRUSHING = "brushing"
#: orders of a store that are looked at, the newest, at most
MOST_ORDERS = 200_000
#: what a visitor does before an order
_OF_A_VISIT = ", ".join(f"'{stage}'" for stage in STAGES[: STAGE_INDEX[Stage.ORDER]])
#: a visit this long before an order is its buyer's
_VISIT_MS = DAY_MS


async def stores_with_orders(client: AsyncClient, settings: Settings, from_ms: int, to_ms: int) -> list[str]:
    """The stores that had an order in the span."""
    with mapped():
        found = await client.query(
            f"SELECT DISTINCT store_id FROM {table(settings, 'events_raw')} WHERE type = 'order' AND {happened_between(from_ms, to_ms)}"
        )
    return sorted(str(store) for (store,) in found.result_rows)


async def orders_to_look_at(
    client: AsyncClient, settings: Settings, store_id: str, from_ms: int, to_ms: int
) -> list[SuspectOrder]:
    """The orders of a store in the span, with what each sign needs. Bots' and excluded ones are none."""
    events = table(settings, "events_raw")
    span = happened_between(from_ms, to_ms, store_id)
    seen = happened_between(from_ms - _VISIT_MS, to_ms, store_id)
    who = "if(event.visitor != '', event.visitor, event.buyer)"
    query = f"""
        SELECT
            orders.order_id, orders.at_ms, orders.buyer, orders.address,
            if(orders.who = '', NULL, arrayExists(hour -> hour BETWEEN orders.at_ms - {_VISIT_MS} - 3600000 AND orders.at_ms, visits.hours)),
            reviews.at_ms
        FROM
        (
            SELECT order_id, toUnixTimestamp64Milli(min(event_time)) AS at_ms, max(event.buyer) AS buyer,
                max(event.attributes['address_hash']) AS address, max({who}) AS who
            FROM {events} AS event FINAL
            WHERE {span} AND type = 'order' AND order_id != '' AND is_repeat = 0 AND device_class != 'bot'
                AND set_apart IN ('', '{BRUSHING}')
            GROUP BY order_id ORDER BY at_ms DESC LIMIT {MOST_ORDERS}
        ) AS orders
        LEFT JOIN
        (
            SELECT visitor, groupUniqArray(toInt64(toUnixTimestamp(toStartOfHour(event_time))) * 1000) AS hours
            FROM {events}
            WHERE {seen} AND type IN ({_OF_A_VISIT}) AND visitor IN
                (SELECT {who} FROM {events} AS event WHERE {span} AND type = 'order' AND {who} != '')
            GROUP BY visitor
        ) AS visits ON visits.visitor = orders.who
        LEFT JOIN
        (
            SELECT order_id, toUnixTimestamp64Milli(min(event_time)) AS at_ms
            FROM {events}
            WHERE {span} AND type = 'review' AND order_id != '' AND toFloat64OrZero(attributes['rating']) >= 4
            GROUP BY order_id
        ) AS reviews ON reviews.order_id = orders.order_id
        SETTINGS do_not_merge_across_partitions_select_final = 1"""
    with mapped():
        rows = (await client.query(query)).result_rows
    return [
        SuspectOrder(
            order, int(at), buyer, address, None if visited is None else bool(visited), int(reviewed)
        )
        for order, at, buyer, address, visited, reviewed in rows
    ]


async def marked_orders(
    client: AsyncClient, settings: Settings, store_id: str, from_ms: int, to_ms: int
) -> dict[str, tuple[tuple[str, ...], bool]]:
    """The orders of the span that are marked now: their signs, and whether they are left out."""
    with mapped():
        found = await client.query(
            f"SELECT order_id, signs, is_left_out FROM {table(settings, 'brushing_raw')} FINAL "
            f"WHERE notEmpty(signs) AND store_id = {literal(store_id)} "
            f"AND placed_at >= fromUnixTimestamp64Milli({from_ms}, 'UTC') AND placed_at < fromUnixTimestamp64Milli({to_ms}, 'UTC')"
        )
    return {str(order): (tuple(signs), bool(out)) for order, signs, out in found.result_rows}


async def write_marks(
    client: AsyncClient,
    settings: Settings,
    store_id: str,
    marks: Mapping[str, tuple[int, Sequence[str], bool]],
) -> None:
    """Mark orders, or take their marks back: id → (when it was placed, signs, whether it is left out)."""
    rows = [
        {
            "store_id": store_id,
            "order_id": order,
            "placed_at": placed_ms / 1000,
            "signs": list(signs),
            "is_left_out": int(is_left_out),
        }
        for order, (placed_ms, signs, is_left_out) in marks.items()
    ]
    if not rows:
        return
    name, block = table(settings, "brushing_raw"), b"\n".join(map(msgspec.json.encode, rows))
    names = "store_id, order_id, placed_at, signs, is_left_out"
    structure = "store_id String, order_id String, placed_at Float64, signs Array(String), is_left_out UInt8"
    statement = (
        f"INSERT INTO {name} ({names}, looked_at) SELECT store_id, order_id, "
        f"fromUnixTimestamp64Milli(toInt64(round(placed_at * 1000)), 'UTC'), signs, is_left_out, now64(3) "
        f"FROM input('{structure}') FORMAT JSONEachRow\n"
    )
    with mapped():
        await client.raw_insert(insert_block=statement.encode() + block, fmt="JSONEachRow")


async def set_orders_apart(
    client: AsyncClient,
    settings: Settings,
    dimensions: tuple[str, ...],
    store_id: str,
    orders: Sequence[str],
    is_out: bool,
) -> int:
    """Take the events of orders out of what is judged and learned from, or back in; returns how many minutes were recounted.

    What is set apart for another reason is left as it is. Done twice, it changes nothing more.
    """
    events = table(settings, "events_raw")
    before, after = ("", BRUSHING) if is_out else (BRUSHING, "")
    touched: set[Minute] = set()
    for some in portions(orders):
        which = f"store_id = {literal(store_id)} AND order_id IN ({literals(some)})"
        rows = f"FROM {events} AS event FINAL WHERE {which} AND event.set_apart = '{before}'"
        with mapped():
            await client.command(
                f"INSERT INTO {events} SELECT * REPLACE ('{after}' AS set_apart, {MARKED_VERSION} AS version) {rows} {READ_AS_ONE}",
                settings={"max_query_size": 16_000_000},
            )
            found = await client.query(
                f"SELECT DISTINCT {MINUTE_SECOND} FROM {events} WHERE {which}",
                settings={"max_query_size": 16_000_000},
            )
        touched |= {(store_id, int(second) * 1000) for (second,) in found.result_rows}
    await recount_all(client, settings, dimensions, touched, "brushing")
    return len(touched)
