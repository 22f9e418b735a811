"""The queries of one store: its funnel over a window, the line of one step, its segments, its raw events."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

from scoring.funnel.scores import (
    FULL_COVERAGE,
    SCORE_MAX_AGE_MS,
    SQUARED_ABOVE_SQL,
    SQUARED_BELOW_SQL,
    SUPPLY_DAYS,
    ScoreState,
    no_expectation_sql,
)
from scoring.funnel.segment_names import PAGELESS
from scoring.funnel.stages import STAGES, STEP_BY_ID, Stage, is_fast, steps_to_show, supplied_stages
from scoring.funnel.units import DAY_MS, HOUR_MS, MINUTE_MS
from streams.clickhouse.reader import Database, Row
from streams.web.frame.queries import span_back
from streams.web.store.answers import (
    Funnel,
    FunnelStage,
    FunnelStep,
    RawEvent,
    RawEvents,
    Series,
    SeriesPoint,
)
from streams.web.store.row_sql import rows_sql

#: the windows people choose from, in minutes
WINDOWS: tuple[int, ...] = (5, 60, 1440)
#: most points of a line
MAX_POINTS = 240
#: a slow step is scored once a business hour, for what came in since the last one: only of a day and more is that a sum to show
MIN_SLOW_WINDOW_MINUTES = 1440
#: a line is drawn coarser, down to this few points, until a bucket holds this many arrivals on average
READABLE_COUNT = 3
FEWEST_POINTS = 18
RESOLUTIONS_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360)

COUNTS = f"""
SELECT stage, toInt64(sum(count)) AS total, toInt64(sumIf(count, segment IN {PAGELESS})) AS pageless
FROM stage_counts
WHERE store_id = {{store:String}} AND minute >= toDateTime({{from_s:Int64}}, 'UTC') AND minute < toDateTime({{to_s:Int64}}, 'UTC')
  AND ({{segment:String}} = '' OR segment = {{segment:String}})
GROUP BY stage
"""

LEFT_OUT = """
SELECT why, toInt64(sum(count)) AS total
FROM set_apart_counts
WHERE store_id = {store:String} AND minute >= toDateTime({from_s:Int64}, 'UTC') AND minute < toDateTime({to_s:Int64}, 'UTC')
GROUP BY why
"""

#: rounded, for parts are added up in any order: asked twice, the same window has the same number to the last digit
EXPECTATIONS = f"""
SELECT step, round(sum(expected), 6) AS expected_sum, count() AS minutes,
       countIf({no_expectation_sql()}) AS without,
       argMax((toString(state), surprise), minute) AS newest
FROM scores
WHERE store_id = {{store:String}} AND segment = {{segment:String}}
  AND minute >= toDateTime({{from_s:Int64}}, 'UTC') AND minute < toDateTime({{to_s:Int64}}, 'UTC')
GROUP BY step
"""

SCORED_UNTIL = """
SELECT toUnixTimestamp(max(minute)) AS last_s
FROM scores
WHERE store_id IN {stores:Array(String)} AND segment = ''
  AND minute > toDateTime({from_s:Int64}, 'UTC') AND minute <= toDateTime({to_s:Int64}, 'UTC')
"""

STAGE_LINE = f"""
SELECT intDiv(toUnixTimestamp(minute), {{bucket_s:Int64}}) * {{bucket_s:Int64}} AS bucket, toInt64(sum(count)) AS total
FROM stage_counts
WHERE store_id IN {{stores:Array(String)}} AND stage = {{stage:String}}
  AND ({{segment:String}} = '' OR segment = {{segment:String}}) AND ({{pageless:UInt8}} OR segment NOT IN {PAGELESS})
  AND minute >= toDateTime({{from_s:Int64}}, 'UTC') AND minute < toDateTime({{to_s:Int64}}, 'UTC')
GROUP BY bucket
ORDER BY bucket
LIMIT 2000
"""

SCORE_LINE = f"""
SELECT intDiv(toUnixTimestamp(minute), {{bucket_s:Int64}}) * {{bucket_s:Int64}} AS bucket,
       count() AS minutes, uniqExact(store_id) AS stores, countIf({no_expectation_sql()}) AS without,
       sum(expected) AS expected_sum,
       {SQUARED_BELOW_SQL} AS below, {SQUARED_ABOVE_SQL} AS above,
       min(low) AS lowest, countIf(state = 'breach') AS breaches, argMax(toString(state), minute) AS last_state
FROM scores
WHERE store_id IN {{stores:Array(String)}} AND step = {{step:String}} AND segment = {{segment:String}}
  AND minute >= toDateTime({{from_s:Int64}}, 'UTC') AND minute < toDateTime({{to_s:Int64}}, 'UTC')
GROUP BY bucket
ORDER BY bucket
LIMIT 2000
"""

SEGMENTS = """
SELECT segment, toInt64(sum(count)) AS total
FROM stage_counts
WHERE store_id = {store:String} AND minute >= toDateTime({from_s:Int64}, 'UTC') AND minute < toDateTime({to_s:Int64}, 'UTC')
GROUP BY segment
ORDER BY total DESC, segment
LIMIT 65
"""

SUPPLIED = f"""
SELECT stage, toInt64(sum(count)) AS total, toInt64(sumIf(count, segment IN {PAGELESS})) AS pageless
FROM stage_counts
WHERE store_id = {{store:String}}
  AND minute > toDateTime({{from_s:Int64}}, 'UTC') AND minute <= toDateTime({{to_s:Int64}}, 'UTC') AND count > 0
GROUP BY stage
"""

RAW_EVENTS = """
SELECT event_id, store_id AS store, toString(type) AS type_name,
       toUnixTimestamp64Milli(toDateTime64(event_time, 3, 'UTC')) AS event_time_ms,
       toUnixTimestamp64Milli(toDateTime64(received_at, 3, 'UTC')) AS received_at_ms,
       toString(device_class) AS device, toString(channel) AS channel_name, toString(country) AS country_name,
       toString(payment_method) AS method, order_id, product, ifNull(toString(amount), '') AS amount_text,
       toString(currency) AS currency_name, toString(source) AS source_name
FROM events
WHERE store_id IN {stores:Array(String)} AND type IN {types:Array(String)}
  AND event_time >= toDateTime({from_s:Int64}, 'UTC') AND event_time < toDateTime({to_s:Int64}, 'UTC') AND ${counted}
ORDER BY event_time DESC, event_id
LIMIT {most:Int64}
"""


class StoreQueries:
    """The queries of one store. ``at_ms`` is the moment to look at: the present, or a past one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def supplied(self, store_id: str, at_ms: int) -> dict[str, tuple[int, int]]:
        """The stages of a store that had an event in the last ``SUPPLY_DAYS``, how many they were, and how many without a page."""
        rows = await self._database.shared(
            ("supplied", store_id, at_ms // MINUTE_MS),
            30,
            lambda: self._database.rows(SUPPLIED, store=store_id, **span_back(at_ms, SUPPLY_DAYS * DAY_MS)),
        )
        return {row["stage"]: (int(row["total"]), int(row["pageless"])) for row in rows}

    async def window_end(self, store_id: str, at_ms: int) -> int:
        """Where a window ends (exclusive): after the last scored minute, so that no part-filled minute looks like a fall."""
        return await self._window_end([store_id], at_ms)

    async def _window_end(self, stores: Sequence[str], at_ms: int) -> int:
        rows = await self._database.rows(
            SCORED_UNTIL, stores=list(stores), from_s=(at_ms - SCORE_MAX_AGE_MS) // 1000, to_s=at_ms // 1000
        )
        last_s = int(rows[0]["last_s"]) if rows else 0
        if last_s > 0:
            return last_s * 1000 + MINUTE_MS
        return at_ms // MINUTE_MS * MINUTE_MS

    async def funnel(self, store_id: str, window_minutes: int, segment: str, at_ms: int) -> Funnel:
        """The store's funnel over the window that ends with the last scored minute before ``at_ms``."""
        to_ms = await self.window_end(store_id, at_ms)
        from_ms = to_ms - window_minutes * MINUTE_MS
        span = {"store": store_id, "segment": segment, "from_s": from_ms // 1000, "to_s": to_ms // 1000}
        counts, left_out, expected, supplied = await asyncio.gather(
            self._database.rows(COUNTS, **span),
            self._database.rows(LEFT_OUT, **span),
            self._database.rows(EXPECTATIONS, **span),
            self.supplied(store_id, at_ms),
        )
        totals = {row["stage"]: int(row["total"]) for row in counts}
        pageless = {row["stage"]: int(row["pageless"]) for row in counts}
        scored = {row["step"]: row for row in expected}
        judged = [step for step, row in scored.items() if row["newest"][0] != ScoreState.MISSING_STAGE]
        long = {stage: count for stage, (count, _) in supplied.items()}
        apart = {stage: count for stage, (_, count) in supplied.items()}
        shown = steps_to_show(supplied_stages({**totals, **long}, {**pageless, **apart}), judged)
        leading = {step.downstream: step for step in shown}
        stages = []
        for stage in STAGES:
            known = stage.value in supplied or totals.get(stage.value, 0) > 0
            step = leading.get(stage)
            due = _full_sum(scored.get(step.id), window_minutes) if step is not None else None
            if due is not None and step is not None and step.is_from_page:  # the others are there besides
                due += pageless.get(stage.value, 0)
            if stage is Stage.FULFILMENT:
                due = _slow_sum(scored, window_minutes)
            stages.append(
                FunnelStage(
                    stage=stage.value,
                    count=totals.get(stage.value, 0) if known else None,
                    expected=due if known else None,
                    pageless=pageless.get(stage.value, 0) if known else None,
                )
            )
        seen = {stage.stage: stage.count for stage in stages}
        steps = [
            _funnel_step(
                step.id,
                seen[step.upstream],
                None if seen[step.downstream] is None else int(step.advanced(totals, pageless)),
                scored.get(step.id),
            )
            for step in shown
        ]
        covered = max((int(row["minutes"] - row["without"]) for row in expected), default=0)
        out = {row["why"]: int(row["total"]) for row in left_out}
        return Funnel(
            store_id, segment, window_minutes, from_ms, to_ms, covered, tuple(stages), tuple(steps),
            bots=out.get("bots", 0), marked=out.get("marked", 0),
        )  # fmt: skip

    async def readable_series(
        self,
        store_id: str,
        step: str,
        segment: str,
        hours: float,
        at_ms: int,
        *,
        members: Sequence[str] = (),
    ) -> Series:
        """The series at the finest resolution at which a line of this store's counts can be read by eye."""
        series = await self.series(store_id, step, segment, hours, at_ms, members=members)
        total = sum(point.observed for point in series.points)
        if total >= READABLE_COUNT * len(series.points):
            return series
        wanted = next(
            (
                m
                for m in RESOLUTIONS_MINUTES
                if m > series.resolution_minutes and total * m >= READABLE_COUNT * hours * 60
            ),
            RESOLUTIONS_MINUTES[-1],
        )
        coarsest = max(m for m in RESOLUTIONS_MINUTES if m == 1 or hours * 60 / m >= FEWEST_POINTS)
        return await self.series(
            store_id, step, segment, hours, at_ms, min(wanted, coarsest), members=members
        )

    async def series(
        self,
        store_id: str,
        step: str,
        segment: str,
        hours: float,
        at_ms: int,
        resolution: int | None = None,
        *,
        members: Sequence[str] = (),
    ) -> Series:
        """Observed and expected arrivals downstream of ``step`` over the last ``hours``, whole buckets only.

        Of a pool (``members`` are its stores) their sum: what a pool counts is theirs. ``resolution`` is a number of minutes; without it, the finest that gives at most ``MAX_POINTS``.
        """
        resolution = resolution or next(
            (m for m in RESOLUTIONS_MINUTES if hours * 60 / m <= MAX_POINTS), RESOLUTIONS_MINUTES[-1]
        )
        is_slow = not STEP_BY_ID[step].is_fast
        if is_slow:  # scored once a business hour
            resolution = max(resolution, 60)
        bucket_ms = resolution * MINUTE_MS
        stores = list(members or (store_id,))
        to_ms = await self._window_end(stores, at_ms) // bucket_ms * bucket_ms
        from_ms = to_ms - math.ceil(hours * HOUR_MS / bucket_ms) * bucket_ms
        span = {
            "stores": stores,
            "segment": segment,
            "from_s": from_ms // 1000,
            "to_s": to_ms // 1000,
            "bucket_s": bucket_ms // 1000,
        }
        observed, scored = await asyncio.gather(
            self._database.rows(
                STAGE_LINE,
                stage=STEP_BY_ID[step].downstream.value,
                pageless=int(not STEP_BY_ID[step].is_from_page),
                **span,
            ),
            self._database.rows(SCORE_LINE, step=step, **span),
        )
        totals = {int(row["bucket"]) * 1000: int(row["total"]) for row in observed}
        scores = {int(row["bucket"]) * 1000: row for row in scored}
        points = tuple(
            _point(at, totals.get(at, 0), scores.get(at), resolution, 1 if is_slow else resolution)
            for at in range(from_ms, to_ms, bucket_ms)
        )
        return Series(
            store_id=store_id,
            step=step,
            segment=segment,
            from_ms=from_ms,
            to_ms=to_ms,
            resolution_minutes=resolution,
            band="exact" if resolution == 1 else "approximate",
            points=points,
        )

    async def segments(self, store_id: str, at_ms: int) -> list[str]:
        """The store's segments of the last day, largest first."""
        rows = await self._database.shared(
            ("segments", store_id, at_ms // (5 * MINUTE_MS)),
            60,
            lambda: self._database.rows(
                SEGMENTS, store=store_id, from_s=(at_ms - 24 * HOUR_MS) // 1000, to_s=at_ms // 1000
            ),
        )
        return [row["segment"] for row in rows if row["segment"]]

    async def raw_events(
        self,
        store_id: str,
        types: tuple[str, ...],
        from_ms: int,
        to_ms: int,
        most: int,
        *,
        members: Sequence[str] = (),
        counted: str = "",
    ) -> RawEvents:
        """Raw events of a store, or of a pool's ``members``, in [from_ms, to_ms) that meet ``counted``, newest first, at most ``most``."""
        stores = list(members or (store_id,))
        rows = await self._database.rows(
            RAW_EVENTS.replace("${counted}", counted or "true"),
            stores=stores,
            types=list(types),
            from_s=from_ms // 1000,
            to_s=to_ms // 1000,
            most=most + 1,
        )
        events = tuple(
            RawEvent(
                event_id=row["event_id"],
                store_id=row["store"],
                type=row["type_name"],
                event_time_ms=int(row["event_time_ms"]),
                received_at_ms=int(row["received_at_ms"]),
                device_class=row["device"],
                channel=row["channel_name"],
                country=row["country_name"],
                payment_method=row["method"],
                order_id=row["order_id"],
                product=row["product"],
                amount=row["amount_text"],
                currency=row["currency_name"],
                source=row["source_name"],
            )
            for row in rows[:most]
        )
        sql = rows_sql(stores, types, from_ms, to_ms, counted)
        return RawEvents(store_id, from_ms, to_ms, len(rows) > most, sql, events)


def _full_sum(row: Row | None, window_minutes: int) -> float | None:
    if row is None or row["minutes"] - row["without"] < FULL_COVERAGE * window_minutes:
        return None
    return float(row["expected_sum"]) or None  # nothing was expected: that is not an expectation of zero


def _slow_sum(scored: dict[str, Row], window_minutes: int) -> float | None:
    """What of fulfilment was due in the business hours of the window; None if none was scored in it, or it is too short."""
    known = [
        float(row["expected_sum"])
        for step, row in scored.items()
        if not is_fast(step) and row["minutes"] > row["without"] and row["expected_sum"] > 0
    ]
    return max(known, default=None) if window_minutes >= MIN_SLOW_WINDOW_MINUTES else None


def _funnel_step(step: str, entered: int | None, advanced: int | None, row: Row | None) -> FunnelStep:
    state, surprise = row["newest"] if row else ("no_baseline", None)
    if entered is None or advanced is None:
        return FunnelStep(step, "missing_stage", None, None, None)
    rate = advanced / entered if entered else None
    return FunnelStep(step, state, rate, None if rate is None else 1 - rate, surprise)


def _point(at_ms: int, observed: int, row: Row | None, resolution: int, due: int) -> SeriesPoint:
    """A bucket of ``resolution`` minutes; ``due`` is how many scores make its expectation whole."""
    if row is None or row["without"] or row["minutes"] < due * row["stores"]:
        return SeriesPoint(at_ms, observed, None, None, None, row["last_state"] if row else "no_baseline")
    expected = float(row["expected_sum"])
    state = "breach" if row["breaches"] * 2 >= row["minutes"] else row["last_state"]
    return SeriesPoint(
        at_ms=at_ms,
        observed=observed,
        expected=expected,
        low=float(row["lowest"])
        if resolution == due == row["stores"] == 1
        else max(0.0, expected - math.sqrt(row["below"])),
        high=expected + math.sqrt(row["above"]),
        state=state,
    )
