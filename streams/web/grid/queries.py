"""The queries of the store grid: newest scores, firing alerts, ages, sparklines; and the monitor's rolling counts.

Every query is bounded in time and in rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping

import msgspec

from scoring.alerts.alert import AlertTransition
from scoring.funnel.pools import parse_pool
from scoring.funnel.scores import OWN_HISTORY_MINUTES, SCORE_MAX_AGE_MS, ScoreState, no_expectation_sql
from scoring.funnel.stages import STEP_BY_ID
from scoring.funnel.units import DAY_MS, HOUR_MS, MINUTE_MS
from streams.clickhouse.reader import Database, Row
from streams.config.model import Config
from streams.incidents.alert_rows import ALERT_COLUMNS, ALERT_DAYS, alert_of, alerts_then
from streams.incidents.present import PresentFigures, PresentReader
from streams.web.frame.queries import span_back, store_or_bare
from streams.web.grid.answers import (
    AlertSize,
    MoneyEstimate,
    SparkPoint,
    StepScore,
    Stores,
    StoreTile,
    StoreWindow,
    TileState,
    Windows,
)
from streams.web.grid.money import AlertPrices
from streams.web.status.queries import StatusQueries

#: a slow step's score holds over a long weekend
SLOW_MAX_AGE_MS = 4 * DAY_MS
#: the last event of a store long silent stays what it was, so one scan of the history serves for this long
SILENT_FRESH_MS = 10 * MINUTE_MS
FULFILMENT_STEPS = ("payment_to_fulfilment", "order_to_fulfilment")
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

#: of each store the alert that matters most, and how many fire
OPEN_ALERTS = f"""
SELECT {ALERT_COLUMNS}, count() OVER (PARTITION BY store_id) AS open_count
FROM alerts
WHERE state = 'firing' AND kind NOT IN ('source', 'ad_spend') AND opened_at > toDateTime({{from_s:Int64}}, 'UTC')
ORDER BY level = 'page' DESC, surprise DESC
LIMIT 1 BY store_id
LIMIT 10000
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

FIRST_COUNTED = """
SELECT store_id, toUnixTimestamp(min(minute)) AS first_s
FROM stage_counts
WHERE store_id IN {stores:Array(String)}
  AND minute >= toDateTime({from_s:Int64}, 'UTC') AND minute <= toDateTime({to_s:Int64}, 'UTC')
GROUP BY store_id
LIMIT 10000
"""

SPARKS = f"""
SELECT store_id, intDiv(toUnixTimestamp(minute), {{bucket_s:Int64}}) * {{bucket_s:Int64}} AS bucket,
       sum(observed) AS observed_sum, sum(expected) AS expected_sum, count() AS minutes,
       countIf({no_expectation_sql()}) AS without
FROM scores
WHERE segment = '' AND (store_id, step) IN (SELECT arrayJoin(arrayZip({{stores:Array(String)}}, {{steps:Array(String)}})))
  AND minute >= toDateTime({{from_s:Int64}}, 'UTC') AND minute <= toDateTime({{to_s:Int64}}, 'UTC')
GROUP BY store_id, bucket
HAVING minutes = {{whole:Int64}}
ORDER BY store_id, bucket
LIMIT 100000
"""


WINDOW_COUNTS = """
SELECT store_id, toUInt32(window_minutes) AS minutes, toUnixTimestamp(max(minute)) AS minute_s,
       groupArray((stage, toInt64(count))) AS counts
FROM store_windows
WHERE {store:String} = '' OR store_id = {store:String}
GROUP BY store_id, minutes
ORDER BY store_id, minutes
LIMIT 10000
"""


class GridQueries:
    """The queries of the store grid. ``at_ms`` is the moment to look at: the present, or a past one."""

    def __init__(
        self,
        database: Database,
        config: Config,
        status: StatusQueries,
        prices: AlertPrices,
        present: PresentReader,
    ) -> None:
        self._database, self._config, self._status = database, config, status
        self._prices, self._present = prices, present

    async def windows(self, store_id: str) -> Windows:
        """The rolling stage counts the monitor last published, of one store or of all."""
        rows = await self._database.rows(WINDOW_COUNTS, store=store_id)
        return Windows(
            tuple(
                StoreWindow(r["store_id"], int(r["minutes"]), int(r["minute_s"]) * 1000, dict(r["counts"]))
                for r in rows
            )
        )

    async def _last_events(self, at_ms: int) -> dict[str, int]:
        """Per store, when its newest event happened: exact for lively stores, to the minute for those long silent."""
        found: dict[str, int] = {}
        for source in await self._status.sources(at_ms):
            found[source.store_id] = max(source.last_event_ms, found.get(source.store_id, 0))
        silent = await self._database.shared(
            ("last_counted", at_ms // SILENT_FRESH_MS, *sorted(found)),
            SILENT_FRESH_MS / 1000,
            lambda: self._database.rows(LAST_COUNTED, recent=list(found), **span_back(at_ms, at_ms)),
        )
        return {**{row["store_id"]: int(row["last_s"]) * 1000 for row in silent}, **found}

    async def stores(self, at_ms: int, live: bool) -> Stores:
        """The store grid, worst first; live answers are shared for a second."""
        if not live:
            return await self._stores(at_ms, live)
        return await self._database.shared(("stores",), 1.0, lambda: self._stores(at_ms, live))

    async def _firing(self, at_ms: int, live: bool) -> dict[str, tuple[AlertTransition, int]]:
        """Of each store the firing alert that matters most, and how many fire; at a past moment, those that fired then."""
        sql, then = (OPEN_ALERTS, {}) if live else (alerts_then(OPEN_ALERTS), {"at_ms": at_ms})
        rows = await self._database.rows(sql, from_s=(at_ms - ALERT_DAYS * DAY_MS) // 1000, **then)
        return {row["alert_store_id"]: (alert_of(row), int(row["open_count"])) for row in rows}

    async def _stores(self, at_ms: int, live: bool) -> Stores:
        database = self._database
        scores, slow, firing, last_event, based = await asyncio.gather(
            database.rows(NEWEST_SCORES, **span_back(at_ms, SCORE_MAX_AGE_MS)),
            self._slow_scores(at_ms),
            self._firing(at_ms, live),
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
        for row in [*(r for r in scores if r["step"] not in FULFILMENT_STEPS), *slow]:
            by_store.setdefault(row["store_id"], []).append(_step_score(row))
        open_alerts = [alert for alert, _ in firing.values()]
        prices, begun, present = await asyncio.gather(
            self._prices.of(open_alerts),
            self._begun(sorted(unbased), at_ms),
            self._present.of(open_alerts, at_ms),
        )
        ids = dict.fromkeys(
            [s.id for s in self._config.stores]
            + sorted(name for name in {*by_store, *firing, *last_event} if parse_pool(name) is None)
        )
        rows = [
            self._tile(
                store,
                by_store.get(store, []),
                firing.get(store, (None, 0)),
                (prices, present),
                last_event.get(store),
                "no_baseline" if store in unbased else "no_data",
                begun.get(store),
            )
            for store in ids
        ]
        sparks = await self._sparks(at_ms, rows)
        rows = [msgspec.structs.replace(row, spark=sparks.get(row.store_id, ())) for row in rows]
        rows.sort(key=lambda r: (_RANK[r.state], -(r.worst.surprise if r.worst else 0.0), r.name, r.store_id))
        return Stores(at_ms, tuple(rows))

    async def _begun(self, stores: list[str], at_ms: int) -> dict[str, int]:
        """When the history of stores without a baseline begins, of those that have less of it than a baseline needs."""
        if not stores:
            return {}
        back_ms = OWN_HISTORY_MINUTES * MINUTE_MS
        rows = await self._database.shared(
            ("begun", at_ms // MINUTE_MS, *stores),
            MINUTE_MS / 1000,
            lambda: self._database.rows(FIRST_COUNTED, stores=stores, **span_back(at_ms, 2 * back_ms)),
        )
        begun = {row["store_id"]: int(row["first_s"]) * 1000 for row in rows}
        return {store: first_ms for store, first_ms in begun.items() if at_ms - first_ms < back_ms}

    async def _slow_scores(self, at_ms: int) -> list[Row]:
        """The newest score of every slow step: days of scores are read once an hour, the last hours each minute."""

        def slow_scores(key: str, span_ms: int, to_ms: int, fresh_ms: int) -> Awaitable[list[Row]]:
            span = span_back(to_ms, span_ms)
            return self._database.shared(
                (key, to_ms),
                fresh_ms / 1000,
                lambda: self._database.rows(NEWEST_SLOW_SCORES, steps=list(FULFILMENT_STEPS), **span),
            )

        minute_ms = at_ms // MINUTE_MS * MINUTE_MS + MINUTE_MS
        # an hour back, for scores that come late
        since_ms = (at_ms // HOUR_MS - 1) * HOUR_MS
        long_ago, lately = await asyncio.gather(
            slow_scores("slow_scores_before", SLOW_MAX_AGE_MS, since_ms, HOUR_MS),
            slow_scores("slow_scores", minute_ms - since_ms, minute_ms, MINUTE_MS),
        )
        newest = {(row["store_id"], row["step"]): row for row in (*long_ago, *lately)}
        return list(newest.values())

    def _tile(
        self,
        store_id: str,
        steps: list[StepScore],
        firing: tuple[AlertTransition | None, int],
        about: tuple[Mapping[str, MoneyEstimate | None], Mapping[str, PresentFigures]],
        last_event_ms: int | None,
        unscored: TileState,
        begun_ms: int | None,
    ) -> StoreTile:
        store = store_or_bare(self._config, store_id)
        steps.sort(key=lambda s: _STEP_ORDER.get(s.step, 99))
        # a slow step is judged once a business hour: until then it says nothing of the present
        fast = [s for s in steps if s.step not in FULFILMENT_STEPS]
        worst = min(fast, key=lambda s: (_RANK.get(_tile_state(s.state), 99), -s.surprise), default=None)
        state = _tile_state(worst.state) if worst else unscored
        alert, alert_count = firing
        prices, present = about
        size = None
        if alert is not None:
            state = "firing"
            shown = present.get(alert.alert_id) or alert
            size = AlertSize(
                alert.step,
                alert.segment,
                alert.surprise,
                shown.observed,
                shown.expected,
                shown.window_minutes,
            )
            worst = next((s for s in steps if s.step == alert.step), worst)
        return StoreTile(
            store_id=store_id,
            name=store.called("en"),
            platform=str(store.platform),
            zone=store.zone,
            currency=store.currency,
            state=state,
            worst=worst,
            steps=tuple(steps),
            spark=(),
            last_event_ms=last_event_ms,
            scored_until_ms=max((s.minute_ms for s in steps), default=None),
            alert_id=alert.alert_id if alert else None,
            alert_level=alert.level.value if alert else None,
            alert_count=alert_count,
            lost=alert.lost if alert else None,
            money=prices[alert.alert_id] if alert else None,
            alert=size,
            slow=next((s for s in steps if s not in fast and s.state == ScoreState.BREACH), None),
            judged_from_ms=None if begun_ms is None else begun_ms + OWN_HISTORY_MINUTES * MINUTE_MS,
        )

    async def _sparks(self, at_ms: int, rows: Iterable[StoreTile]) -> dict[str, tuple[SparkPoint, ...]]:
        pairs = [(row.store_id, row.worst.step) for row in rows if row.worst]
        if not pairs:
            return {}
        from_ms = (at_ms - SPARK_HOURS * HOUR_MS) // SPARK_BUCKET_MS * SPARK_BUCKET_MS
        found = await self._database.rows(
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
