"""The queries of one store's whole funnel: which step carried a change (stage algebra), and cohorts of slow steps."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from scoring.baselines.cohorts import completeness_by_day, make_cohorts
from scoring.funnel.algebra import decompose
from scoring.funnel.scores import no_expectation_sql
from scoring.funnel.segment_names import PAGELESS
from scoring.funnel.stages import steps_to_show
from scoring.funnel.units import HOUR_MS, MINUTE_MS, WEEK_MS
from streams.clickhouse.reader import Database
from streams.config.model import Config
from streams.web.frame.queries import store_or_bare
from streams.web.store.change_answers import CohortRow, Cohorts, Contributions
from streams.web.store.queries import StoreQueries

FRESH_S = 30.0
#: cohorts are of days, and are made from the raw events of weeks
COHORTS_FRESH_S = 600.0
#: what a change is compared against
AGAINST = ("last_week", "expectation")
#: days back and days a cohort, by slow step
COHORT_DAYS = {"payment_to_fulfilment": (30, 1), "fulfilment_to_repurchase": (84, 7)}

#: orders without a page are left out: visits do not lead to them, so they would be a change of no step
COUNTS = f"""
SELECT stage, segment, toInt64(sum(count)) AS total
FROM stage_counts
WHERE store_id = {{store:String}} AND segment NOT IN {PAGELESS}
  AND minute >= toDateTime({{from_s:Int64}}, 'UTC') AND minute < toDateTime({{to_s:Int64}}, 'UTC')
GROUP BY stage, segment
LIMIT 1000
"""

EXPECTED = f"""
SELECT step, sum(observed) AS seen, sum(expected) AS mean
FROM scores
WHERE store_id = {{store:String}} AND segment = '' AND NOT {no_expectation_sql()}
  AND minute >= toDateTime({{from_s:Int64}}, 'UTC') AND minute < toDateTime({{to_s:Int64}}, 'UTC')
GROUP BY step
LIMIT 100
"""

#: orders by the day they were paid, and whole days to their fulfilment (-1: none so far)
FULFILLED = """
SELECT toInt64(toDate(begun, {zone:String})) AS day,
       if(ended < begun, -1, toInt64(toDate(ended, {zone:String})) - toInt64(toDate(begun, {zone:String}))) AS delay,
       toInt64(count()) AS n
FROM
(
    SELECT order_id, minIf(event_time, type = 'payment') AS begun, minIf(event_time, type = 'fulfilment') AS ended
    FROM events
    WHERE store_id = {store:String} AND type IN ('payment', 'fulfilment') AND order_id != ''
      AND event_time >= toDateTime({from_s:Int64}, 'UTC') AND event_time < toDateTime({to_s:Int64}, 'UTC')
    GROUP BY order_id
    HAVING countIf(type = 'payment') > 0
)
GROUP BY day, delay
LIMIT 100000
"""

#: buyers by the day of their first order in the span, and whole days to their next one (-1: none so far)
BOUGHT_AGAIN = """
SELECT toInt64(toDate(times[1], {zone:String})) AS day,
       if(length(times) < 2, -1, toInt64(toDate(times[2], {zone:String})) - toInt64(toDate(times[1], {zone:String}))) AS delay,
       toInt64(count()) AS n
FROM
(
    SELECT buyer, arraySort(groupArray(at)) AS times
    FROM
    (
        SELECT buyer, order_id, min(event_time) AS at
        FROM events
        WHERE store_id = {store:String} AND type IN ('order', 'payment', 'repurchase') AND buyer != '' AND order_id != ''
          AND event_time >= toDateTime({from_s:Int64}, 'UTC') AND event_time < toDateTime({to_s:Int64}, 'UTC')
        GROUP BY buyer, order_id
    )
    GROUP BY buyer
)
GROUP BY day, delay
LIMIT 100000
"""

_SQL = {"payment_to_fulfilment": FULFILLED, "fulfilment_to_repurchase": BOUGHT_AGAIN}
Segmented = dict[str, dict[str, float]]


class ChangeQueries:
    """The queries. ``stores`` knows where a window ends."""

    def __init__(self, database: Database, config: Config, stores: StoreQueries) -> None:
        self._database, self._config, self._stores = database, config, stores

    async def contributions(self, store_id: str, hours: int, against: str, at_ms: int) -> Contributions:
        """Which step carried the change of payments (of the last fast stage a store has) over the last ``hours``."""
        return await self._database.shared(
            ("contributions", store_id, hours, against, at_ms // (30 * 1000)),
            FRESH_S,
            lambda: self._contributions(store_id, hours, against, at_ms),
        )

    async def _contributions(self, store_id: str, hours: int, against: str, at_ms: int) -> Contributions:
        to_ms = await self._stores.window_end(store_id, at_ms)
        from_ms = to_ms - hours * HOUR_MS
        now = await self._counts(store_id, from_ms, to_ms)
        if against == "last_week":
            then = await self._counts(store_id, from_ms - WEEK_MS, to_ms - WEEK_MS)
        else:
            now, then = await self._expected(store_id, from_ms, to_ms, now)
        found = decompose(now, then)
        if found is None:
            return Contributions(store_id, against, "", from_ms, to_ms, 0.0, 0.0, 0.0, None, None, ())
        return Contributions(
            store_id, against, found.stage, from_ms, to_ms, found.now, found.then, found.log_ratio,
            found.carried_by, found.mix_share, found.parts,
        )  # fmt: skip

    async def _counts(self, store_id: str, from_ms: int, to_ms: int) -> Segmented:
        rows = await self._database.rows(COUNTS, store=store_id, from_s=from_ms // 1000, to_s=to_ms // 1000)
        counts: Segmented = {}
        for row in rows:
            counts.setdefault(row["stage"], {})[row["segment"]] = float(row["total"])
        return counts

    async def _expected(
        self, store_id: str, from_ms: int, to_ms: int, now: Segmented
    ) -> tuple[Segmented, Segmented]:
        """The present counts and those of a funnel that converts as expected, both without segments.

        A step's expectation is what its own upstream, as observed, leads to; so ratios multiply down the funnel.
        """
        rows = await self._database.rows(EXPECTED, store=store_id, from_s=from_ms // 1000, to_s=to_ms // 1000)
        ratio = {row["step"]: row["mean"] / row["seen"] for row in rows if row["seen"] and row["mean"]}
        plain = {stage: {"": sum(split.values())} for stage, split in now.items()}
        factors: dict[str, float] = {}
        for step in steps_to_show(plain, ratio):
            up, down = step.upstream.value, step.downstream.value
            if not step.is_fast:
                break
            if up in plain and not factors:
                factors[up] = 1.0
            if down in plain and factors:
                before = factors.get(up, list(factors.values())[-1])
                factors[down] = before * ratio.get(step.id, 1.0)
        return plain, {stage: {"": plain[stage][""] * factor} for stage, factor in factors.items()}

    async def cohorts(self, store_id: str, step: str, at_ms: int) -> Cohorts:
        """Cohorts of a slow step, each with how complete it should be by now."""
        return await self._database.shared(
            ("cohorts", store_id, step, at_ms // (60 * MINUTE_MS)),
            COHORTS_FRESH_S,
            lambda: self._cohorts(store_id, step, at_ms),
        )

    async def _cohorts(self, store_id: str, step: str, at_ms: int) -> Cohorts:
        days, span = COHORT_DAYS[step]
        zone = store_or_bare(self._config, store_id).zone
        today = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone)).date()
        number = (today - date(1970, 1, 1)).days
        rows = await self._database.rows(
            _SQL[step], store=store_id, zone=zone, from_s=at_ms // 1000 - days * 86_400, to_s=at_ms // 1000
        )
        table = np.array([(row["day"], row["delay"], row["n"]) for row in rows], dtype=np.int64).reshape(
            -1, 3
        )
        done = table[table[:, 1] >= 0]
        reached = completeness_by_day(
            np.repeat(done[:, 1], done[:, 2]), np.repeat(number - done[:, 0], done[:, 2])
        )
        totals = [
            (int(day), int(table[table[:, 0] == day, 2].sum()), int(done[done[:, 0] == day, 2].sum()))
            for day in np.unique(table[:, 0])
        ]
        median = None if reached is None else int(np.searchsorted(reached, 0.5))
        return Cohorts(
            store_id, step, zone, span, median,
            tuple(
                CohortRow(
                    (date(1970, 1, 1) + timedelta(days=cohort.day)).isoformat(), cohort.age_days, cohort.entered,
                    cohort.advanced, cohort.completeness, cohort.rate,
                )
                for cohort in make_cohorts(number, totals, reached, span)
            ),
        )  # fmt: skip
