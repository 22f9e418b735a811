"""What a store's orders add up to by day, counted once and kept, so that an evaluation reads days and not orders.

The role jobs counts them (``streams/jobs/order_days.py``) with the times and windows of ``queries.py``; periods are whole days of the store's
clock, so what their days add up to is what their orders do, to the last digit. A store whose kept days no longer hold is read from its
orders, as before: slower, and the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clickhouse_connect.driver import AsyncClient

from scoring.evaluation.order_figures import (
    DELIVERING,
    DISPUTING,
    PAYING,
    REFUNDING,
    SHIPPING,
    WITHIN_THE_HOUR,
)
from scoring.evaluation.suppliers import StorePromises
from scoring.funnel.units import MINUTE_MS
from streams.clickhouse.clients import table
from streams.clickhouse.errors import mapped
from streams.clickhouse.literals import literal, literals
from streams.clickhouse.reader import Database
from streams.clock import now_ms
from streams.evaluation import queries
from streams.settings import Settings

#: kept days are as good as new for this long: an evaluation is of whole days, and the job looks every ten minutes
TRUSTED_MS = 30 * MINUTE_MS

_KEPT = """
SELECT store_id, zone, promises, first_ms, last_ms, digest, toUnixTimestamp64Milli(looked_at) AS looked_ms
FROM order_days WHERE store_id IN {stores:Array(String)}
"""
_MARKS = "SELECT store_id, digest FROM order_marks WHERE store_id IN {stores:Array(String)}"


@dataclass(frozen=True, slots=True)
class KeptDays:
    """Whose kept days hold.

    Attributes:
        promises: the promises that were counted, by store and zone.
        extents: from when to when orders are known, by store; nothing of a store without any.
    """

    promises: Mapping[tuple[str, str], frozenset[int]]
    extents: Mapping[str, tuple[int, int]]

    def stores(self) -> frozenset[str]:
        """Those of which kept days of any zone hold."""
        return frozenset(store for store, _ in self.promises)

    def holds(self, store: str, zone: str, promises: StorePromises) -> bool:
        """Whether a store can be read from its kept days."""
        counted = self.promises.get((store, zone))
        asked = promises.ship_within_days
        return counted is not None and (asked is None or asked in counted)


async def kept_days(database: Database, stores: Sequence[str], trusted_ms: int) -> KeptDays:
    """Whose kept days hold: looked at within ``trusted_ms``, or of orders of which nothing has changed since.

    Args:
        database: the tables.
        stores: ids.
        trusted_ms: 0: only those of which nothing has changed.
    """
    rows = await database.rows(_KEPT, stores=list(stores))
    present = now_ms()
    old = sorted({row["store_id"] for row in rows if int(row["looked_ms"]) < present - trusted_ms})
    marks = {}
    if old:
        marks = {row["store_id"]: int(row["digest"]) for row in await database.rows(_MARKS, stores=old)}
    held = [
        row
        for row in rows
        if int(row["looked_ms"]) >= present - trusted_ms
        or marks.get(row["store_id"], 0) == int(row["digest"])
    ]
    return KeptDays(
        {(row["store_id"], row["zone"]): frozenset(map(int, row["promises"])) for row in held},
        {row["store_id"]: (int(row["first_ms"]), int(row["last_ms"])) for row in held if int(row["last_ms"])},
    )


def windows_of(promises: StorePromises) -> dict[str, object]:
    """The parameters of ``queries.ORDERS`` and ``queries.SHIPPING``: within how many days what is looked at."""
    return {**_WINDOWS, "promise_days": [promises.ship_within_days or 0]}


_WINDOWS: Mapping[str, object] = {
    "pay_days": list(PAYING.days),
    "ship_days": list(SHIPPING.days),
    "deliver_days": list(DELIVERING.days),
    "refund_days": list(REFUNDING.days),
    "dispute_days": list(DISPUTING.days),
    "least_hours": WITHIN_THE_HOUR,
}


async def count_order_days(
    client: AsyncClient, settings: Settings, zone: str, promises: Sequence[int], digests: Mapping[str, int]
) -> None:
    """Count the days of some stores again. Everything happens in ClickHouse; no order passes through this process.

    Args:
        client: a writer.
        settings: names the database.
        zone: of the clock that days are of.
        promises: numbers of days within which any store promises to ship.
        digests: of each store the number of what its orders are made of, asked before.
    """
    names, numbers = literals(digests), ", ".join(f"toUInt64({one})" for one in digests.values())
    kept = ", ".join(str(days) for days in promises)
    statement = f"""
        INSERT INTO {table(settings, "order_days_raw")}
            (store_id, zone, promises, first_ms, last_ms, windows, hours, worth, digest, looked_at)
        SELECT
            asked.store, {literal(zone)}, [{kept}]::Array(UInt16), counted.first_ms, counted.last_ms, counted.windows, counted.hours,
            counted.worth, transform(asked.store, [{names}], [{numbers}], toUInt64(0)), now64(3)
        FROM (SELECT arrayJoin([{names}]) AS store) AS asked
        LEFT JOIN ({queries.days_of_orders(zone, promises)}) AS counted ON counted.store = asked.store"""
    with mapped():
        await client.command(
            statement,
            parameters={"stores": list(digests), **_WINDOWS},
            settings={"max_query_size": 16_000_000},
        )
