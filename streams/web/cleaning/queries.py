"""The queries of what was left out of a store's counts."""

from __future__ import annotations

from scoring.events.event import EventType
from scoring.events.identity import ONCE_PER_ORDER
from streams.clickhouse.reader import Database, Row
from streams.web.cleaning.answers import CleanedCount, CleanedCounts, CleanedRow, CleanedRows

_SPAN = """store_id = {store:String}
  AND at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')"""

COUNTS = f"""
SELECT toString(toDate(at, {{zone:String}})) AS day_name, reason, what, is_counted, count() AS rows_count
FROM cleaned_rows
WHERE {_SPAN}
GROUP BY day_name, reason, what, is_counted
ORDER BY day_name DESC, rows_count DESC, reason, what
LIMIT 5000
"""

ROWS = f"""
SELECT toUnixTimestamp64Milli(at) AS at_ms, reason, what, is_counted, reference, substringUTF8(detail, 1, 500) AS detail_text
FROM cleaned_rows
WHERE {_SPAN} AND ({{reason:String}} = '' OR reason = {{reason:String}})
ORDER BY at DESC, reason, reference
LIMIT {{most:Int64}}
"""

NEWEST = f"""
SELECT toUnixTimestamp64Milli(at) AS at_ms, reason, what, is_counted, reference, substringUTF8(detail, 1, 200) AS detail_text
FROM cleaned_rows
WHERE {_SPAN}
ORDER BY at DESC, reason, reference
LIMIT {{most:Int64}} BY reason
LIMIT 1000
"""


#: types whose rows are named by their order
_OF_AN_ORDER = frozenset((*ONCE_PER_ORDER, EventType.DELIVERED, EventType.CANCEL, EventType.REFUND))


class CleaningQueries:
    """The queries of what was left out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def counts(self, store_id: str, zone: str, from_ms: int, to_ms: int) -> CleanedCounts:
        """How many of each day of ``zone``, by reason."""
        rows = await self._database.rows(COUNTS, store=store_id, zone=zone, from_ms=from_ms, to_ms=to_ms)
        counts = tuple(
            CleanedCount(r["day_name"], r["reason"], r["what"], bool(r["is_counted"]), int(r["rows_count"]))
            for r in rows
        )
        return CleanedCounts(store_id, zone, from_ms, to_ms, counts)

    async def rows(self, store_id: str, reason: str, from_ms: int, to_ms: int, most: int) -> CleanedRows:
        """The rows, newest first."""
        rows = await self._database.rows(
            ROWS, store=store_id, reason=reason, from_ms=from_ms, to_ms=to_ms, most=most + 1
        )
        return CleanedRows(store_id, from_ms, to_ms, len(rows) > most, tuple(map(_row, rows[:most])))

    async def newest(self, store_id: str, from_ms: int, to_ms: int, most: int) -> tuple[CleanedRow, ...]:
        """The newest ``most`` rows of each reason."""
        rows = await self._database.rows(NEWEST, store=store_id, from_ms=from_ms, to_ms=to_ms, most=most)
        return tuple(map(_row, rows))


def _row(row: Row) -> CleanedRow:
    return CleanedRow(
        at_ms=int(row["at_ms"]),
        reason=row["reason"],
        what=row["what"],
        is_counted=bool(row["is_counted"]),
        reference=row["reference"],
        detail=row["detail_text"],
        is_order=row["what"] in _OF_AN_ORDER,
    )
