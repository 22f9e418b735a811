"""The query of sources: what arrived in the last day, by store and source."""

from __future__ import annotations

from scoring.funnel.units import DAY_MS
from streams.clickhouse.reader import Database
from streams.sources.registry import SOURCES
from streams.sources.supplies import supplied_by_events
from streams.web.sources.answers import ArrivingSource, StageSupply

#: a day of raw events is scanned, so one answer serves everyone for this long
FRESH_S = 60.0

ARRIVALS = """
SELECT store_id, toString(source) AS source_name, count() AS events_count,
       max(toUnixTimestamp64Milli(toDateTime64(event_time, 3, 'UTC'))) AS event_ms,
       max(toUnixTimestamp64Milli(toDateTime64(received_at, 3, 'UTC'))) AS received_ms,
       toInt64(quantile(0.5)(toUnixTimestamp64Milli(toDateTime64(received_at, 3, 'UTC'))
                           - toUnixTimestamp64Milli(toDateTime64(event_time, 3, 'UTC')))) AS delay_ms
FROM events
WHERE event_time > toDateTime({from_s:Int64}, 'UTC') AND event_time <= toDateTime({to_s:Int64}, 'UTC')
GROUP BY store_id, source_name
ORDER BY store_id, source_name
LIMIT 5000
"""


class SourceQueries:
    """What arrived."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def arriving(self, at_ms: int) -> tuple[ArrivingSource, ...]:
        """Every source of every store that had an event in the last day.

        Raises:
            ClickHouseUnreachableError: ClickHouse does not answer.
        """
        return await self._database.shared(
            ("arriving", at_ms // int(FRESH_S * 1000)), FRESH_S, lambda: self._arriving(at_ms)
        )

    async def _arriving(self, at_ms: int) -> tuple[ArrivingSource, ...]:
        rows = await self._database.rows(ARRIVALS, from_s=(at_ms - DAY_MS) // 1000, to_s=at_ms // 1000 + 1)
        return tuple(
            ArrivingSource(
                store_id=row["store_id"],
                source=row["source_name"],
                events=int(row["events_count"]),
                last_event_ms=int(row["event_ms"]),
                last_received_ms=int(row["received_ms"]),
                delay_ms=int(row["delay_ms"]),
                stages=tuple(
                    StageSupply(stage.value, supply.value)
                    for stage, supply in supplied_by_events(row["source_name"], SOURCES).items()
                ),
            )
            for row in rows
        )
