"""The queries of data health: ages of the data, the sources of every store, the parts."""

from __future__ import annotations

import asyncio
from pathlib import Path

from scoring.funnel.scores import SCORE_MAX_AGE_MS
from scoring.funnel.units import DAY_MS, HOUR_MS, MINUTE_MS
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clickhouse.reader import Database
from streams.clock import now_ms
from streams.incidents.alert_rows import ALERT_DAYS, alerts_then
from streams.incidents.facts import pixel_share
from streams.instance.files import read_states, state_of
from streams.web.frame.queries import span_back
from streams.web.status.answers import PartHealth, SourceHealth, Status

#: the newest events of all stores are a scan of raw rows, so one answer serves everyone for this long
SOURCES_FRESH_MS = 5000
#: the newest scored minute is normally at most this old (the minute itself, the grace, a flush, an insert)
NORMAL_SCORE_AGE_MS = 150_000

SOURCES = """
SELECT store_id, toString(source) AS source_name, count() AS events_count,
       max(toUnixTimestamp64Milli(toDateTime64(event_time, 3, 'UTC'))) AS event_ms,
       max(toUnixTimestamp64Milli(toDateTime64(received_at, 3, 'UTC'))) AS received_ms,
       toInt64(quantile(0.5)(toUnixTimestamp64Milli(toDateTime64(received_at, 3, 'UTC'))
                           - toUnixTimestamp64Milli(toDateTime64(event_time, 3, 'UTC')))) AS delay_ms,
       countIf(device_class = 'bot') / count() AS bot_share
FROM events
WHERE event_time > toDateTime({from_s:Int64}, 'UTC') AND event_time <= toDateTime({to_s:Int64}, 'UTC')
GROUP BY store_id, source_name
ORDER BY store_id, source_name
LIMIT 5000
"""

#: events that came again in the same span
REPEATS = """
SELECT store_id, toString(source) AS source_name, count() AS repeats
FROM repeats
WHERE received_at > toDateTime({from_s:Int64}, 'UTC') AND received_at <= toDateTime({to_s:Int64}, 'UTC')
GROUP BY store_id, source_name
LIMIT 5000
"""

#: the pixel's orders next to those of every other source
PIXEL_ORDERS = """
SELECT store_id, uniqIf(order_id, source = 'pixel') AS pixel, uniqIf(order_id, source != 'pixel') AS server
FROM event_records
WHERE type = 'order' AND event_time > toDateTime({from_s:Int64}, 'UTC') AND event_time <= toDateTime({to_s:Int64}, 'UTC')
GROUP BY store_id
LIMIT 5000
"""

PULSE = """
SELECT (SELECT toUnixTimestamp(max(minute)) FROM scores WHERE minute > toDateTime({from_s:Int64}, 'UTC')
          AND minute <= toDateTime({to_s:Int64}, 'UTC')) AS scored_s,
       (SELECT count() FROM dead_letters WHERE received_at > toDateTime({hour_s:Int64}, 'UTC')
          AND received_at <= toDateTime({to_s:Int64} + 1, 'UTC')) AS letters,
       (SELECT count() FROM alerts
        WHERE state = 'firing' AND opened_at > toDateTime({alerts_s:Int64}, 'UTC')) AS firing
"""


class StatusQueries:
    """The queries of data health. ``at_ms`` is the moment to look at: the present, or a past one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sources(self, at_ms: int) -> tuple[SourceHealth, ...]:
        """Every source of every store that had an event in the last quarter of an hour; shared for five seconds."""
        return await self._database.shared(
            ("sources", at_ms // SOURCES_FRESH_MS), SOURCES_FRESH_MS / 1000, lambda: self._sources(at_ms)
        )

    async def _sources(self, at_ms: int) -> tuple[SourceHealth, ...]:
        span = span_back(at_ms + 1000, SCORE_MAX_AGE_MS)
        rows, repeats, orders = await asyncio.gather(
            self._database.rows(SOURCES, **span),
            self._database.rows(REPEATS, **span),
            self._database.shared(  # a share of an hour's orders moves slowly
                ("pixel_orders", at_ms // MINUTE_MS),
                60,
                lambda: self._database.rows(PIXEL_ORDERS, **span_back(at_ms + 1000, HOUR_MS)),
            ),
        )
        again = {(row["store_id"], row["source_name"]): int(row["repeats"]) for row in repeats}
        paired = {row["store_id"]: (int(row["pixel"]), int(row["server"])) for row in orders}
        return tuple(
            SourceHealth(
                store_id=row["store_id"],
                source=row["source_name"],
                last_event_ms=int(row["event_ms"]),
                last_received_ms=int(row["received_ms"]),
                events=int(row["events_count"]),
                delay_ms=int(row["delay_ms"]),
                repeats=again.get((row["store_id"], row["source_name"]), 0),
                bot_share=float(row["bot_share"]),
                pixel_share=pixel_share(*paired.get(row["store_id"], (0, 0)))
                if row["source_name"] == "pixel"
                else None,
            )
            for row in rows
        )

    async def status(self, data: Path, at_ms: int, live: bool) -> Status:
        """Ages of the data and state of the parts. Never raises: an unreachable ClickHouse is an answer.

        The parts are always those of now: nobody keeps what they reported before.
        """
        parts = tuple(
            PartHealth(
                part.name,
                state_of(part, now_ms()),
                part.detail,
                part.updated_at_ms,
            )
            for part in await asyncio.to_thread(read_states, data)
        )
        try:
            sql, then = (PULSE, {}) if live else (alerts_then(PULSE), {"at_ms": at_ms})
            sources, pulse = await asyncio.gather(
                self.sources(at_ms),
                self._database.rows(
                    sql,
                    **then,
                    from_s=(at_ms - DAY_MS) // 1000,
                    to_s=at_ms // 1000,
                    hour_s=(at_ms - HOUR_MS) // 1000,
                    alerts_s=(at_ms - ALERT_DAYS * DAY_MS) // 1000,
                ),
            )
        except ClickHouseUnreachableError as error:
            answered = self._database.answered_at_ms
            return Status(at_ms, False, str(error), answered, None, None, None, None, None, None, parts, ())
        scored_s = int(pulse[0]["scored_s"] or 0)
        scored_until = scored_s * 1000 + MINUTE_MS if scored_s else None
        late = (
            None if scored_until is None else max(0, at_ms - scored_until + MINUTE_MS - NORMAL_SCORE_AGE_MS)
        )
        return Status(
            at_ms=at_ms,
            ready=True,
            detail="",
            answered_at_ms=self._database.answered_at_ms,
            newest_event_ms=max((s.last_event_ms for s in sources), default=None),
            newest_received_ms=max((s.last_received_ms for s in sources), default=None),
            scored_until_ms=scored_until,
            late_by_ms=late,
            dead_letters_hour=int(pulse[0]["letters"]),
            firing=int(pulse[0]["firing"]),
            parts=parts,
            sources=sources,
        )
