"""What is stored of a connection's closed days: orders placed, orders paid and their money, from this connection alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from scoring.sources.counted_orders import CountedOrder, figures_of
from scoring.sources.second_way import DayFigures
from streams.clickhouse.reader import Database
from streams.sources.connection import Connection

#: each order by the newest version of this connection; what another source says of the same order proves nothing here
_ORDERS = """
SELECT placed_ms, paid_ms, amount, currency, shipped_ms, cancelled_ms, units, buyer, cod, payment_method, country FROM
(
    SELECT
        store_id, order_id,
        argMaxIf(version.placed_ms, version.rank, version.placed_ms > 0) AS placed_ms,
        argMaxIf(version.paid_ms, version.rank, version.paid_ms > 0) AS paid_ms,
        argMaxIf(version.amount, version.rank, version.amount != '') AS amount,
        argMaxIf(version.currency, version.rank, version.currency != '') AS currency,
        minIf(version.shipped_ms, version.shipped_ms > 0) AS shipped_ms,
        minIf(version.cancelled_ms, version.cancelled_ms > 0) AS cancelled_ms,
        argMaxIf(version.units, version.rank, version.units > 0) AS units,
        max(version.buyer) AS buyer,
        argMaxIf(version.cod, version.rank, version.cod IS NOT NULL) AS cod,
        argMaxIf(version.payment_method, version.rank, version.payment_method != '') AS payment_method,
        argMaxIf(version.country, version.rank, version.country != '') AS country,
        argMaxIf(version.test, version.rank, version.test IS NOT NULL) AS test,
        argMaxIf(version.kind, version.rank, version.kind != '') AS kind
    FROM
    (
        SELECT *, tuple(if(as_of_ms = 0, told_at_ms, as_of_ms), told_at_ms) AS rank
        FROM order_versions
        WHERE store_id IN {stores:Array(String)} AND connection = {connection:String} AND withdrawn = 0
    ) AS version
    GROUP BY store_id, order_id
)
WHERE (placed_ms BETWEEN {from_ms:Int64} AND {to_ms:Int64} OR paid_ms BETWEEN {from_ms:Int64} AND {to_ms:Int64})
  AND ifNull(test, 0) = 0 AND kind = ''
"""


class ClickHouseDays:
    """The stored side of the comparison (``StoredDays``)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def figures(self, connection: Connection, days: Sequence[date]) -> list[DayFigures]:
        """The figures of each day."""
        zone = ZoneInfo(connection.zones.get(connection.stores[0], "UTC"))
        begins = datetime.combine(min(days), datetime.min.time(), zone)
        ends = datetime.combine(max(days) + timedelta(days=1), datetime.min.time(), zone)
        rows: list[dict[str, Any]] = await self._database.rows(
            _ORDERS,
            stores=list(connection.stores),
            connection=connection.name,
            from_ms=round(begins.astimezone(UTC).timestamp() * 1000),
            to_ms=round(ends.astimezone(UTC).timestamp() * 1000) - 1,
        )
        orders = (
            CountedOrder(
                int(row["placed_ms"]),
                int(row["paid_ms"]),
                row["amount"],
                row["currency"],
                int(row["shipped_ms"]),
                int(row["cancelled_ms"]),
                int(row["units"]),
                bool(row["buyer"]),
                None if row["cod"] is None else bool(row["cod"]),
                row["payment_method"],
                row["country"],
            )
            for row in rows
        )
        return figures_of(orders, days, zone)
