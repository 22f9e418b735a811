"""What is stored of a store's orders, by who said it: what a connection reported, what was imported, what pages saw, what reports say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from scoring.events.event import EventType, Source
from scoring.funnel.units import DAY_MS
from scoring.sources.plausibility import ReportedDays, ReportedOrder
from streams.clickhouse.reader import Database
from streams.sources.connection import Connection

#: an order by what was said of it in a span, by whom ``whose`` chooses
_SAID = """
SELECT
    store_id, order_id, max(version.told_at_ms) AS reported_ms,
    argMaxIf(version.placed_ms, version.rank, version.placed_ms > 0) AS placed_ms,
    argMaxIf(version.amount, version.rank, version.amount != '') AS amount,
    argMaxIf(version.currency, version.rank, version.currency != '') AS currency,
    max(ifNull(version.is_paid, 0) = 1 OR version.paid_ms > 0) AS is_paid,
    argMaxIf(version.cod, version.rank, version.cod IS NOT NULL) AS cod,
    argMaxIf(version.payment_method, version.rank, version.payment_method != '') AS method,
    argMaxIf(version.country, version.rank, version.country != '') AS country,
    max(version.buyer != '') AS has_buyer,
    argMaxIf(version.units, version.rank, version.units > 0) AS units
FROM
(
    SELECT *, tuple(told_at_ms, as_of_ms) AS rank FROM order_versions
    WHERE store_id IN {stores:Array(String)} AND withdrawn = 0 AND ifNull(test, 0) = 0 AND kind = ''
      AND told_at_ms >= {from_ms:Int64} AND told_at_ms < {to_ms:Int64} AND WHOSE
) AS version
GROUP BY store_id, order_id
ORDER BY reported_ms DESC, order_id
LIMIT {most:Int64}
"""
_BY_CONNECTION = _SAID.replace("WHOSE", "connection = {connection:String} AND import_id = ''")
_BY_FILES = _SAID.replace("WHOSE", "import_id != ''")
_BY_PIXEL = """
SELECT store_id, order_id, toUnixTimestamp64Milli(event_time) AS at_ms, toFloat64(amount) AS worth, currency
FROM events
WHERE store_id IN {stores:Array(String)} AND type = {type:String} AND source = {pixel:String} AND isNotNull(amount)
  AND event_time >= fromUnixTimestamp64Milli({from_ms:Int64})
ORDER BY event_time DESC
LIMIT {most:Int64}
"""
#: days that a report is complete of, and that began after the connection reported its first order
_REPORTED = """
SELECT store_id, toUnixTimestamp(period_start) * 1000 AS from_ms, toUnixTimestamp(period_end) * 1000 AS to_ms, measure, currency, toFloat64(value) AS value
FROM report_rows
WHERE store_id IN {stores:Array(String)} AND source = {source:String} AND period = 'day' AND complete AND empty(dimensions)
  AND measure IN ('orders', 'revenue') AND period_start >= fromUnixTimestamp(intDiv({from_ms:Int64}, 1000))
ORDER BY from_ms
"""
_FIRST = """
SELECT min(told_at_ms) AS first_ms FROM order_versions
WHERE store_id IN {stores:Array(String)} AND connection = {connection:String} AND withdrawn = 0
"""
_SUMS = """
SELECT currency, count() AS orders, sum(toFloat64OrZero(amount)) AS sales FROM
(
    SELECT
        store_id,
        argMaxIf(version.amount, version.rank, version.amount != '') AS amount,
        argMaxIf(version.currency, version.rank, version.currency != '') AS currency,
        argMaxIf(version.placed_ms, version.rank, version.placed_ms > 0) AS placed_ms
    FROM
    (
        SELECT *, tuple(told_at_ms, as_of_ms) AS rank FROM order_versions
        WHERE store_id IN {stores:Array(String)} AND connection = {connection:String} AND withdrawn = 0
          AND ifNull(test, 0) = 0 AND kind = ''
    ) AS version
    GROUP BY store_id, order_id
)
WHERE arrayExists(day -> store_id = day.1 AND placed_ms >= day.2 AND placed_ms < day.3, {days:Array(Tuple(String, Int64, Int64))})
GROUP BY currency
"""
#: closed days that are compared with reports
_REPORTED_DAYS = 14


class ClickHouseOrders:
    """See ``OrderStatements``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def between(
        self, connection: Connection, from_ms: int, to_ms: int, most: int
    ) -> list[ReportedOrder]:
        """Of a connection."""
        rows = await self._database.rows(
            _BY_CONNECTION,
            stores=list(connection.stores),
            connection=connection.name,
            from_ms=from_ms,
            to_ms=to_ms,
            most=most,
        )
        return [_order_of(row) for row in rows]

    async def from_files(self, connection: Connection, most: int) -> list[ReportedOrder]:
        """Of imports."""
        rows = await self._database.rows(
            _BY_FILES, stores=list(connection.stores), from_ms=0, to_ms=2**62, most=most
        )
        return [_order_of(row) for row in rows]

    async def from_pixel(self, connection: Connection, from_ms: int, most: int) -> list[ReportedOrder]:
        """Of pages."""
        rows = await self._database.rows(
            _BY_PIXEL,
            stores=list(connection.stores),
            type=EventType.ORDER.value,
            pixel=Source.PIXEL.value,
            from_ms=from_ms,
            most=most,
        )
        return [
            ReportedOrder(
                row["order_id"],
                int(row["at_ms"]),
                int(row["at_ms"]),
                float(row["worth"]),
                row["currency"],
                store=row["store_id"],
            )
            for row in rows
        ]

    async def reported(self, connection: Connection, now_ms: int) -> ReportedDays | None:
        """Of days that a report is complete of."""
        stores = list(connection.stores)
        (first,) = await self._database.rows(_FIRST, stores=stores, connection=connection.name)
        from_ms = max(int(first["first_ms"]), now_ms - _REPORTED_DAYS * DAY_MS)
        rows = await self._database.rows(_REPORTED, stores=stores, source=connection.source, from_ms=from_ms)
        if not int(first["first_ms"]) or not rows:
            return None
        counted, sold = (
            [row for row in rows if row["measure"] == measure] for measure in ("orders", "revenue")
        )
        orders = await self._sums(connection, counted)
        sums = await self._sums(connection, sold)
        sales: dict[str, float] = defaultdict(float)
        for row in sold:
            sales[row["currency"]] += float(row["value"])
        return ReportedDays(
            sum(int(row["orders"]) for row in orders or sums),
            round(sum(float(row["value"]) for row in counted)),
            {row["currency"]: float(row["sales"]) for row in sums},
            dict(sales),
        )

    async def _sums(
        self, connection: Connection, reported: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """What is stored of the days that are reported, of those stores alone that have a report of them."""
        days = sorted({(row["store_id"], int(row["from_ms"]), int(row["to_ms"])) for row in reported})
        if not days:
            return []
        return await self._database.rows(
            _SUMS, stores=list(connection.stores), connection=connection.name, days=days
        )


def _order_of(row: Mapping[str, Any]) -> ReportedOrder:
    return ReportedOrder(
        row["order_id"],
        int(row["reported_ms"]),
        int(row["placed_ms"]),
        _number(row["amount"]),
        row["currency"],
        bool(row["is_paid"]),
        None if row["cod"] is None else bool(row["cod"]),
        row["method"],
        row["country"],
        bool(row["has_buyer"]),
        int(row["units"]),
        row["store_id"],
    )


def _number(text: str) -> float:
    """Decimal text that was checked when it was taken; 0 for none."""
    return float(text or 0)
