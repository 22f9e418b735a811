"""What page and API ask of the store grid: newest scores, alerts that fire, ages, sparklines, money of an order.

Every query is bounded in time and in rows. ``funnel_reads.py`` and ``alert_reads.py`` hold the other questions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

from scoring.funnel.pools import parse_pool
from scoring.funnel.stages import STEP_BY_ID, Stage
from scoring.funnel.units import DAY_MS, HOUR_MS, MINUTE_MS
from streams.clickhouse.reader import Database, Row
from streams.config.model import Config, StoreConfig
from streams.incidents.facts import pixel_share
from streams.web.answers import (
    AlertSize,
    Money,
    SourceHealth,
    SparkPoint,
    StepScore,
    StoreRow,
    Stores,
    TileState,
)

#: a score older than this says nothing of the present
SCORE_MAX_AGE_MS = 15 * MINUTE_MS
#: a slow step's score holds over a long weekend
SLOW_MAX_AGE_MS = 4 * DAY_MS
#: the last event of a store long silent stays what it was, so its scan of the history serves for so long
SILENT_FRESH_MS = 10 * MINUTE_MS
SLOW_STEPS = ("payment_to_fulfilment", "order_to_fulfilment")
#: a stage without one event for so long is called not supplied
SUPPLY_DAYS = 28
#: the newest events of all stores are a scan of raw rows, so one answer serves everyone for so long
SOURCES_FRESH_MS = 5000
SPARK_HOURS = 2
SPARK_BUCKET_MS = 5 * MINUTE_MS
STATE_ORDER: tuple[TileState, ...] = (
    "firing", "breach", "data_late", "normal", "not_enough_data", "no_baseline", "missing_stage", "no_data",
)  # fmt: skip
_STEP_ORDER = {step: place for place, step in enumerate(STEP_BY_ID)}
_RANK = {state: rank for rank, state in enumerate(STATE_ORDER)}

NEWEST_SCORES = """
SELECT store_id, step, max(minute) AS newest,
       toUnixTimestamp(newest) AS minute_s,
       argMax((toString(state), surprise, window_observed, window_expected, sample, toUInt32(window_minutes)), minute) AS score
FROM scores
WHERE segment = '' AND minute > toDateTime({from_s:Int64}, 'UTC') AND minute <= toDateTime({to_s:Int64}, 'UTC')
GROUP BY store_id, step
LIMIT 50000
"""

#: slow steps are scored once a business hour, so the newest may be from before a weekend
STORES_WITH_BASELINE = "SELECT store_id FROM baselines"
NEWEST_SLOW_SCORES = NEWEST_SCORES.replace(
    "WHERE segment = ''", "WHERE step IN {steps:Array(String)} AND segment = ''"
)

OPEN_ALERTS = """
SELECT store_id, count() AS alert_count,
       argMax((alert_id, toString(level), step, lost, lost_low, lost_high, toString(segment), surprise, observed, expected,
               toUInt32(window_minutes)), (toString(level) = 'page', surprise)) AS worst
FROM alerts
WHERE state = 'firing' AND opened_at > toDateTime({from_s:Int64}, 'UTC')
GROUP BY store_id
LIMIT 10000
"""

SUPPLIED = """
SELECT stage, toUnixTimestamp(max(minute)) AS last_s
FROM stage_counts
WHERE store_id = {store:String}
  AND minute > toDateTime({from_s:Int64}, 'UTC') AND minute <= toDateTime({to_s:Int64}, 'UTC') AND count > 0
GROUP BY stage
"""

#: over all of the history, so from the sums of hours
LAST_COUNTED = """
SELECT store_id, arrayMax(maxForEach(lasts)) AS last_s
FROM count_sums(first = {from_s:Int64}, last = {to_s:Int64})
WHERE store_id NOT IN {recent:Array(String)}
GROUP BY store_id
HAVING last_s > 0
LIMIT 10000
"""

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

#: the pixel's orders beside those of every other door
PIXEL_ORDERS = """
SELECT store_id, uniqIf(order_id, source = 'pixel') AS pixel, uniqIf(order_id, source != 'pixel') AS server
FROM events
WHERE type = 'order' AND event_time > toDateTime({from_s:Int64}, 'UTC') AND event_time <= toDateTime({to_s:Int64}, 'UTC')
GROUP BY store_id
LIMIT 5000
"""

SPARKS = """
SELECT store_id, intDiv(toUnixTimestamp(minute), {bucket_s:Int64}) * {bucket_s:Int64} AS bucket,
       sum(observed) AS observed_sum, sum(expected) AS expected_sum, count() AS minutes,
       countIf(state IN ('no_baseline', 'missing_stage')) AS without
FROM scores
WHERE segment = '' AND (store_id, step) IN (SELECT arrayJoin(arrayZip({stores:Array(String)}, {steps:Array(String)})))
  AND minute >= toDateTime({from_s:Int64}, 'UTC') AND minute <= toDateTime({to_s:Int64}, 'UTC')
GROUP BY store_id, bucket
HAVING minutes = {whole:Int64}
ORDER BY store_id, bucket
LIMIT 100000
"""

ORDER_VALUE = """
SELECT store_id, type AS event_type, avg(toFloat64(amount)) AS value
FROM events
WHERE type IN ('order', 'payment') AND isNotNull(amount) AND currency = {currency:String}
  AND store_id = {store:String}
  AND event_time > toDateTime({from_s:Int64}, 'UTC') AND event_time <= toDateTime({to_s:Int64}, 'UTC')
GROUP BY store_id, event_type
"""


class Reads:
    """The questions of the store grid. ``at_ms`` is the moment asked about: the present, or a past one."""

    def __init__(self, database: Database, config: Config) -> None:
        self.database = database
        self.config = config

    def store(self, store_id: str) -> StoreConfig:
        """The store's configuration; one made of its id alone if it is not configured (any more)."""
        return self.config.store(store_id) or StoreConfig.model_construct(id=store_id)

    async def supplied(self, store_id: str, at_ms: int) -> set[str]:
        """The stages of a store that had an event in the last ``SUPPLY_DAYS``."""
        rows = await self.database.shared(
            ("supplied", store_id, at_ms // MINUTE_MS),
            30,
            lambda: self.database.rows(SUPPLIED, store=store_id, **_span(at_ms, SUPPLY_DAYS * DAY_MS)),
        )
        return {row["stage"] for row in rows}

    async def sources(self, at_ms: int) -> tuple[SourceHealth, ...]:
        """Every door of every store that had an event in the last quarter of an hour; shared for five seconds."""
        return await self.database.shared(
            ("sources", at_ms // SOURCES_FRESH_MS), SOURCES_FRESH_MS / 1000, lambda: self._sources(at_ms)
        )

    async def _sources(self, at_ms: int) -> tuple[SourceHealth, ...]:
        span = _span(at_ms + 1000, SCORE_MAX_AGE_MS)
        rows, repeats, orders = await asyncio.gather(
            self.database.rows(SOURCES, **span),
            self.database.rows(REPEATS, **span),
            self.database.shared(  # a share of an hour's orders moves slowly
                ("pixel_orders", at_ms // MINUTE_MS),
                60,
                lambda: self.database.rows(PIXEL_ORDERS, **_span(at_ms + 1000, HOUR_MS)),
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

    async def _last_events(self, at_ms: int) -> dict[str, int]:
        """Per store, when its newest event happened: exact for lively stores, to the minute for those long silent."""
        found: dict[str, int] = {}
        for source in await self.sources(at_ms):
            found[source.store_id] = max(source.last_event_ms, found.get(source.store_id, 0))
        silent = await self.database.shared(
            ("last_counted", at_ms // SILENT_FRESH_MS, *sorted(found)),
            SILENT_FRESH_MS / 1000,
            lambda: self.database.rows(LAST_COUNTED, recent=list(found), **_span(at_ms, at_ms)),
        )
        return {**{row["store_id"]: int(row["last_s"]) * 1000 for row in silent}, **found}

    async def order_value(self, store: StoreConfig, at_ms: int) -> dict[str, float]:
        """Mean amount of an order and of a payment in the store's own currency over seven days."""
        rows = await self.database.shared(
            ("order_value", store.id, at_ms // DAY_MS),
            600,
            lambda: self.database.rows(
                ORDER_VALUE, store=store.id, currency=store.currency, **_span(at_ms, 7 * DAY_MS)
            ),
        )
        return {row["event_type"]: float(row["value"]) for row in rows if row["value"]}

    async def money(
        self, store_id: str, step: str, lost: float, low: float, high: float, at_ms: int
    ) -> Money | None:
        """Lost orders or payments in money. None for steps that do not end in one, or where no amounts are known."""
        known = STEP_BY_ID.get(step)
        if known is None or known.downstream not in (Stage.ORDER, Stage.PAYMENT) or lost <= 0:
            return None
        downstream = known.downstream.value
        store = self.store(store_id)
        values = await self.order_value(store, at_ms)
        value = values.get(downstream) or values.get("order") or values.get("payment")
        if not value:
            return None
        return Money(lost * value, max(0.0, low) * value, high * value, store.currency)

    async def stores(self, at_ms: int, live: bool) -> Stores:
        """The store grid, worst first; live answers are shared for a second."""
        if not live:
            return await self._stores(at_ms)
        return await self.database.shared(("stores",), 1.0, lambda: self._stores(at_ms))

    async def _stores(self, at_ms: int) -> Stores:
        database = self.database
        scores, slow, alerts, last_event, based = await asyncio.gather(
            database.rows(NEWEST_SCORES, **_span(at_ms, SCORE_MAX_AGE_MS)),
            self._slow_scores(at_ms),
            database.rows(OPEN_ALERTS, from_s=(at_ms - 30 * DAY_MS) // 1000),
            self._last_events(at_ms),
            database.shared(("based",), MINUTE_MS / 1000, lambda: database.rows(STORES_WITH_BASELINE)),
        )
        # what has no baseline and is quiet has no scores either, and yet it is there
        known = {row["store_id"] for row in based}
        unbased = {
            store
            for store, last_ms in last_event.items()
            if at_ms - last_ms <= SCORE_MAX_AGE_MS and store not in known
        }
        by_store: dict[str, list[StepScore]] = {}
        for row in [*(r for r in scores if r["step"] not in SLOW_STEPS), *slow]:
            by_store.setdefault(row["store_id"], []).append(_step_score(row))
        open_alerts = {row["store_id"]: row for row in alerts}
        ids = dict.fromkeys(
            [s.id for s in self.config.stores]
            + sorted(name for name in {*by_store, *open_alerts, *last_event} if parse_pool(name) is None)
        )
        rows = [
            await self._tile(
                at_ms,
                store,
                by_store.get(store, []),
                open_alerts.get(store),
                last_event.get(store),
                "no_baseline" if store in unbased else "no_data",
            )
            for store in ids
        ]
        sparks = await self._sparks(at_ms, rows)
        rows = [_with_spark(row, sparks.get(row.store_id, ())) for row in rows]
        rows.sort(key=lambda r: (_RANK[r.state], -(r.worst.surprise if r.worst else 0.0), r.name, r.store_id))
        return Stores(at_ms, tuple(rows))

    async def _slow_scores(self, at_ms: int) -> list[Row]:
        """The newest score of every slow step: days of scores are looked through once an hour, the last hours each minute."""

        def asked(key: str, span_ms: int, to_ms: int, fresh_ms: int) -> Awaitable[list[Row]]:
            span = _span(to_ms, span_ms)
            return self.database.shared(
                (key, to_ms),
                fresh_ms / 1000,
                lambda: self.database.rows(NEWEST_SLOW_SCORES, steps=list(SLOW_STEPS), **span),
            )

        minute_ms = at_ms // MINUTE_MS * MINUTE_MS + MINUTE_MS
        # an hour back, for scores that come late
        since_ms = (at_ms // HOUR_MS - 1) * HOUR_MS
        long_ago, lately = await asyncio.gather(
            asked("slow_scores_before", SLOW_MAX_AGE_MS, since_ms, HOUR_MS),
            asked("slow_scores", minute_ms - since_ms, minute_ms, MINUTE_MS),
        )
        newest = {(row["store_id"], row["step"]): row for row in (*long_ago, *lately)}
        return list(newest.values())

    async def _tile(
        self,
        at_ms: int,
        store_id: str,
        steps: list[StepScore],
        alert: Row | None,
        last_event_ms: int | None,
        unscored: TileState,
    ) -> StoreRow:
        store = self.store(store_id)
        steps.sort(key=lambda s: _STEP_ORDER.get(s.step, 99))
        worst = min(steps, key=lambda s: (_RANK.get(_tile_state(s.state), 99), -s.surprise), default=None)
        state = _tile_state(worst.state) if worst else unscored
        alert_id = level = size = None
        lost = money = None
        if alert is not None:
            state = "firing"
            alert_id, level, step, lost, low, high, *rest = alert["worst"]
            size = AlertSize(step, *rest)
            worst = next((s for s in steps if s.step == step), worst)
            money = await self.money(store_id, step, lost, low, high, at_ms)
        return StoreRow(
            store_id=store_id,
            name=store.name or store_id,
            platform=str(store.platform),
            zone=store.zone,
            currency=store.currency,
            state=state,
            worst=worst,
            steps=tuple(steps),
            spark=(),
            last_event_ms=last_event_ms,
            scored_until_ms=max((s.minute_ms for s in steps), default=None),
            alert_id=alert_id,
            alert_level=level,
            alert_count=int(alert["alert_count"]) if alert else 0,
            lost=lost,
            money=money,
            alert=size,
        )

    async def _sparks(self, at_ms: int, rows: Iterable[StoreRow]) -> dict[str, tuple[SparkPoint, ...]]:
        pairs = [(row.store_id, row.worst.step) for row in rows if row.worst]
        if not pairs:
            return {}
        from_ms = (at_ms - SPARK_HOURS * HOUR_MS) // SPARK_BUCKET_MS * SPARK_BUCKET_MS
        found = await self.database.rows(
            SPARKS,
            stores=[store for store, _ in pairs],
            steps=[step for _, step in pairs],
            from_s=from_ms // 1000,
            to_s=at_ms // 1000,
            bucket_s=SPARK_BUCKET_MS // 1000,
            whole=SPARK_BUCKET_MS // MINUTE_MS,  # a part-filled bucket would look like a fall
        )
        sparks: dict[str, list[SparkPoint]] = {}
        for row in found:
            expected = None if row["without"] else float(row["expected_sum"])
            sparks.setdefault(row["store_id"], []).append(
                SparkPoint(int(row["bucket"]) * 1000, float(row["observed_sum"]), expected)
            )
        return {store: tuple(points) for store, points in sparks.items()}


def _tile_state(state: str) -> TileState:
    return state if state in _RANK else "no_data"


def _step_score(row: Row) -> StepScore:
    state, surprise, observed, expected, sample, window = row["score"]
    return StepScore(
        step=row["step"],
        state=state,
        surprise=surprise,
        observed=observed,
        expected=expected,
        sample=sample,
        window_minutes=int(window),
        minute_ms=int(row["minute_s"]) * 1000,
    )


def _with_spark(row: StoreRow, spark: tuple[SparkPoint, ...]) -> StoreRow:
    values: dict[str, Any] = {name: getattr(row, name) for name in row.__struct_fields__}
    return StoreRow(**{**values, "spark": spark})


def _span(at_ms: int, back_ms: int) -> dict[str, int]:
    return {"from_s": (at_ms - back_ms) // 1000, "to_s": at_ms // 1000}
