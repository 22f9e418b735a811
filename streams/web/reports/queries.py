"""The queries of a store's reports: figures of a span, their sums where they may be added, and what the page draws."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from scoring.records.measures import MEASURE_BY_NAME
from streams.clickhouse.reader import Database, Row
from streams.web.reports.answers import ReportFigure, Reports, ReportTotal

#: said where figures of several days are asked to be added that must not be
NEVER_ADDED = "counts people, or a share: figures of several days are never added"

_COLUMNS = """toString(source) AS source_name, toString(measure) AS measure_name, unit, toString(period) AS period_name,
       toUnixTimestamp(period_start) AS start_s, toUnixTimestamp(period_end) AS end_s, toString(zone) AS zone_name, dimensions,
       toString(value) AS value_text, currency, complete, restated,
       toUnixTimestamp64Milli(told_at) AS reported_ms, connection, import_id"""
_SPAN = """store_id = {store:String}
  AND period_start >= toDateTime({from_s:Int64}, 'UTC') AND period_start < toDateTime({to_s:Int64}, 'UTC')"""

FIGURES = f"""
SELECT {_COLUMNS}
FROM report_rows
WHERE {_SPAN}
  AND ({{source:String}} = '' OR source = {{source:String}}) AND ({{measure:String}} = '' OR measure = {{measure:String}})
  AND ({{period:String}} = '' OR period = {{period:String}}) AND ({{parts:UInt8}} = 1 OR empty(dimensions))
ORDER BY period_start DESC, source, measure, period, zone, toString(dimensions)
LIMIT {{most:Int64}}
"""

TOTALS = f"""
SELECT toString(source) AS source_name, toString(measure) AS measure_name, any(unit) AS unit_name, toString(zone) AS zone_name,
       currency, max(is_unique) AS never_added, toString(sum(value)) AS total_text, count() AS days, countIf(NOT complete) AS incomplete
FROM report_rows
WHERE {_SPAN} AND period = 'day' AND empty(dimensions)
  AND ({{source:String}} = '' OR source = {{source:String}}) AND ({{measure:String}} = '' OR measure = {{measure:String}})
GROUP BY source, measure, zone, currency
ORDER BY source, measure, zone, currency
"""

#: the whole of a day from its parts, where all of them are parts of one kind and may be added
PARTS = f"""
SELECT toString(source) AS source_name, toString(measure) AS measure_name, any(report_rows.unit) AS unit, 'day' AS period_name,
       toUnixTimestamp(period_start) AS start_s, toUnixTimestamp(any(report_rows.period_end)) AS end_s, toString(zone) AS zone_name,
       map() AS dimensions, toString(sum(value)) AS value_text, currency, min(report_rows.complete) AS complete,
       max(report_rows.restated) AS restated, toUnixTimestamp64Milli(max(report_rows.told_at)) AS reported_ms, '' AS connection,
       '' AS import_id, count() AS parts
FROM report_rows
WHERE {_SPAN} AND period = 'day' AND notEmpty(report_rows.dimensions) AND NOT is_unique
GROUP BY source, measure, period_start, zone, currency
HAVING uniqExact(arraySort(mapKeys(report_rows.dimensions))) = 1
ORDER BY period_start DESC
LIMIT {{most:Int64}}
"""


class ReportQueries:
    """The queries of reports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def figures(
        self,
        store_id: str,
        from_ms: int,
        to_ms: int,
        most: int,
        *,
        source: str = "",
        measure: str = "",
        period: str = "",
        parts: bool = False,
        add: bool = False,
    ) -> Reports:
        """The figures whose periods begin in [``from_ms``, ``to_ms``); with ``add`` the sums of their days, too."""
        given: dict[str, Any] = {
            "store": store_id,
            "from_s": from_ms // 1000,
            "to_s": to_ms // 1000,
            "source": source,
            "measure": measure,
        }
        rows = await self._database.rows(FIGURES, **given, period=period, parts=int(parts), most=most + 1)
        totals = await self._database.rows(TOTALS, **given) if add else []
        return Reports(
            store_id,
            from_ms,
            to_ms,
            len(rows) > most,
            tuple(figure_of(row) for row in rows[:most]),
            tuple(_total(row) for row in totals),
        )

    async def sums_of_parts(
        self, store_id: str, from_ms: int, to_ms: int, most: int
    ) -> tuple[tuple[ReportFigure, int], ...]:
        """The days that are reported only in parts (products, campaigns), added up, each with the number of its parts."""
        rows = await self._database.rows(
            PARTS, store=store_id, from_s=from_ms // 1000, to_s=to_ms // 1000, most=most
        )
        return tuple((figure_of(row), int(row["parts"])) for row in rows)


def figure_of(row: Row) -> ReportFigure:
    """A row of ``FIGURES`` as the API has it."""
    start_ms = int(row["start_s"]) * 1000
    return ReportFigure(
        source=row["source_name"],
        measure=row["measure_name"],
        unit=row["unit"],
        period=row["period_name"],
        day=day_of(start_ms, row["zone_name"]),
        period_start_ms=start_ms,
        period_end_ms=int(row["end_s"]) * 1000,
        zone=row["zone_name"],
        dimensions=dict(row["dimensions"]),
        value=row["value_text"],
        currency=row["currency"],
        complete=bool(row["complete"]),
        restated=bool(row["restated"]),
        told_at_ms=int(row["reported_ms"]),
        connection=row["connection"],
        import_id=row["import_id"],
    )


def day_of(at_ms: int, zone: str) -> str:
    """The day of a moment in a zone, as ISO 8601 writes it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone)).date().isoformat()


def _total(row: Row) -> ReportTotal:
    is_added = not row["never_added"]
    return ReportTotal(
        source=row["source_name"],
        measure=row["measure_name"],
        unit=row["unit_name"],
        zone=row["zone_name"],
        currency=row["currency"],
        total=row["total_text"] if is_added else None,
        days=int(row["days"]),
        incomplete_days=int(row["incomplete"]),
        why_not="" if is_added else NEVER_ADDED,
    )


def is_never_added(measure: str) -> bool:
    """Whether figures of several periods of a measure must not be added; so it is for a measure that is not known."""
    known = MEASURE_BY_NAME.get(measure)
    return known is None or known.is_unique
