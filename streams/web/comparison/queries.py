"""The comparison of stores: each step against the store's own expectation, stores grouped by platform, platforms unranked.

Two platforms mean different things by one word (a click on a marketplace is not a click on an own site), so rates are set
side by side only within a platform.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from scoring.baselines import decode_baseline
from scoring.detection.sensitivity import smallest_drop
from scoring.errors import UNDECODABLE
from scoring.funnel.scores import FULL_COVERAGE
from scoring.funnel.stages import STAGES, STEP_BY_ID, Step, steps_to_show, supplied_stages
from scoring.funnel.units import HOUR_MS, MINUTE_MS
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clickhouse.reader import Database, Row
from streams.clock import monotonic
from streams.config.core import detection_policy
from streams.config.model import Config
from streams.web.comparison.answers import (
    PlatformComparison,
    PlatformGroup,
    StepComparison,
    StoreComparison,
)
from streams.web.frame.parts import unless_late

_log = structlog.get_logger()
HOURS: tuple[int, ...] = (1, 6, 24)
FRESH_S = 15.0
#: platforms where every store defines its stages for itself
OWN_DEFINITIONS = ("own_site", "other")
#: baselines change once a day
BASELINES_FRESH_S = 600.0
#: how long one answer may work on the smallest drops; the rest follows with the next
WORK_S = 0.5

#: a change is shown from so many minutes with an expectation on, or from so many arrivals that chance moves them by a tenth
MIN_MINUTES = 30
MIN_EXPECTED = 100

#: how far a healthy store strays, for the order of a list only
WOBBLE = 0.05

#: both over a span whose last minute is the one before ``to_s``
SUMS = """
SELECT store_id, step, sum(judged_observed) AS seen, sum(sums.expected) AS mean, sum(judged_minutes) AS covered,
       sum(sums.minutes) AS minutes, sum(missing_minutes) AS missing, argMax(toString(newest_state), newest_minute) AS newest
FROM score_sums(first = {from_s:Int64}, last = {to_s:Int64} - 60, point_s = 3600) AS sums
WHERE segment = ''
GROUP BY store_id, step
LIMIT 50000
"""

COUNTS = f"""
SELECT store_id, stage, toInt64(number) AS total, toInt64(apart) AS pageless
FROM
(
    SELECT store_id, sumForEach(counts) AS numbers, sumForEach(pageless) AS aparts
    FROM count_sums(first = {{from_s:Int64}}, last = {{to_s:Int64}} - 60)
    GROUP BY store_id
)
ARRAY JOIN [{", ".join(f"'{stage}'" for stage in STAGES)}] AS stage, numbers AS number, aparts AS apart
WHERE number > 0
LIMIT 50000
"""

BASELINES = """
SELECT store_id, toUnixTimestamp64Milli(toDateTime64(published_at, 3, 'UTC')) AS published_ms, baseline
FROM baselines
LIMIT 5000
"""


@dataclass(frozen=True, slots=True)
class KnownDrop:
    """What a step's baseline says: the smallest drop that it could show within an hour, and whose numbers it is made of."""

    smallest_drop: float | None
    source: str
    lenders: int


@dataclass(frozen=True, slots=True)
class StageTotals:
    """A store's events by stage, and those of them that belong to orders without a page."""

    counts: dict[str, int] = field(default_factory=dict)
    pageless: dict[str, int] = field(default_factory=dict)


class ComparisonQueries:
    """Compares stores. One per process: it keeps the smallest drops of the baselines in force."""

    def __init__(self, database: Database, config: Config) -> None:
        self._database, self._config = database, config
        self._policy = detection_policy(config)
        self._drops: dict[tuple[str, int], dict[str, KnownDrop]] = {}

    async def comparison(self, hours: int, at_ms: int) -> PlatformComparison:
        """All stores over the last ``hours`` full minutes.

        Raises:
            ClickHouseUnreachableError: something of it could not be read.
        """
        late: dict[str, str] = {}
        compared = await self.readable(hours, at_ms, late)
        for reason in late.values():
            raise ClickHouseUnreachableError(reason)
        return compared

    async def readable(self, hours: int, at_ms: int, late: dict[str, str]) -> PlatformComparison:
        """The same with what could be read: without rates if they could not, which is noted in ``late``."""
        to_ms = at_ms // MINUTE_MS * MINUTE_MS - MINUTE_MS
        compared, not_read = await self._database.shared(
            ("comparison", hours), FRESH_S, lambda: self._compare(to_ms - hours * HOUR_MS, to_ms)
        )
        late.update(not_read)
        return compared

    async def _compare(self, from_ms: int, to_ms: int) -> tuple[PlatformComparison, dict[str, str]]:
        span, late = {"from_s": from_ms // 1000, "to_s": to_ms // 1000}, dict[str, str]()
        sums, counts, drops = await asyncio.gather(
            self._database.rows(SUMS, **span),
            unless_late(late, "rate", self._database.rows(COUNTS, **span)),
            self._smallest_drops(late),
        )
        by_step = {(row["store_id"], row["step"]): row for row in sums}
        totals: dict[str, StageTotals] = {}
        for row in counts or ():
            of_store = totals.setdefault(row["store_id"], StageTotals())
            of_store.counts[row["stage"]] = int(row["total"])
            of_store.pageless[row["stage"]] = int(row["pageless"])
        ids = dict.fromkeys([s.id for s in self._config.stores] + sorted({store for store, _ in by_step}))
        by_platform: dict[str, list[StoreComparison]] = {}
        for store_id in ids:
            store = self._config.store(store_id)
            steps = tuple(
                compared_step(
                    step.id,
                    by_step.get((store_id, step.id)),
                    totals.get(store_id, StageTotals()),
                    (to_ms - from_ms) // MINUTE_MS,
                    drops.get(store_id),
                )
                for step in _steps(totals.get(store_id, StageTotals()), by_step, store_id)
            )
            platform = str(store.platform) if store else "other"
            name = (store.name if store else "") or store_id
            by_platform.setdefault(platform, []).append(StoreComparison(store_id, name, steps))
        groups = [
            PlatformGroup(
                platform,
                "own" if platform in OWN_DEFINITIONS else "same" if len(stores) > 1 else "alone",
                tuple(sorted(stores, key=lambda s: (_worst(s), s.name))),
            )
            for platform, stores in by_platform.items()
        ]
        groups.sort(key=lambda g: (-len(g.stores), g.platform))
        return PlatformComparison(from_ms, to_ms, tuple(groups)), late

    async def _smallest_drops(self, late: dict[str, str]) -> dict[str, dict[str, KnownDrop]]:
        """By store, the smallest drop each step could show within an hour; stores not worked out yet are left out."""
        asked = self._database.shared(
            ("baselines",), BASELINES_FRESH_S, lambda: self._database.rows(BASELINES)
        )
        rows = await unless_late(late, "smallest", asked)
        if rows is None:
            return {}
        await asyncio.to_thread(self._work, rows)
        keys = {(row["store_id"], int(row["published_ms"])) for row in rows}
        self._drops = {key: drops for key, drops in self._drops.items() if key in keys}
        return {store: drops for (store, _), drops in self._drops.items()}

    def _work(self, rows: list[Row]) -> None:
        deadline = monotonic() + WORK_S
        for row in rows:
            key = (row["store_id"], int(row["published_ms"]))
            if key in self._drops:
                continue
            if monotonic() > deadline:
                return
            try:
                baseline = decode_baseline(row["baseline"])
            except UNDECODABLE as error:
                _log.warning(
                    "record_skipped", topic="baselines", store=row["store_id"], error=str(error)[:200]
                )
                self._drops[key] = {}
                continue
            looks = max(len(baseline.steps), 1)
            self._drops[key] = {
                step.step: KnownDrop(
                    smallest_drop(step, self._policy, looks=looks, days=baseline.days),
                    step.source.value,
                    len(baseline.borrowed_from),
                )
                for step in baseline.steps.values()
            }


def _steps(totals: StageTotals, sums: Mapping[tuple[str, str], Row], store_id: str) -> list[Step]:
    """A store's fast steps, one to each stage: those it has, over the stages that its platform does not supply."""
    judged = [
        step for (store, step), row in sums.items() if store == store_id and row["missing"] < row["minutes"]
    ]
    return [
        step
        for step in steps_to_show(supplied_stages(totals.counts, totals.pageless), judged)
        if step.is_fast
    ]


def compared_step(
    step: str, row: Row | None, totals: StageTotals, minutes: int, drops: dict[str, KnownDrop] | None
) -> StepComparison:
    """One step of one store: ``row`` are its score sums over ``minutes``, ``totals`` its counts by stage."""
    known = STEP_BY_ID[step]
    entered = totals.counts.get(known.upstream.value, 0)
    advanced = known.advanced(totals.counts, totals.pageless)
    found = drops.get(step) if drops is not None else None
    drop = (True, found.smallest_drop, found.source, found.lenders) if found else (False, None, "", 0)
    if row is None:
        return StepComparison(step, "no_data", None, None, None, *drop)
    if row["missing"] == row["minutes"]:
        return StepComparison(step, "missing_stage", None, None, None, *drop)
    expected, covered = float(row["mean"]), int(row["covered"])
    enough = expected >= MIN_EXPECTED or (
        covered >= min(FULL_COVERAGE * minutes, MIN_MINUTES) and expected > 0
    )
    return StepComparison(
        step=step,
        state=row["newest"],
        observed=float(row["seen"]),
        expected=expected if enough else None,
        covered_minutes=covered,
        conversion_rate=advanced / entered if entered else None,
        drop_known=drop[0],
        smallest_drop=drop[1],
        source=drop[2],
        lenders=drop[3],
    )


def _worst(store: StoreComparison) -> float:
    """The store's largest fall in units of chance and a little wobble, so that few arrivals do not lead the list."""
    falls = [
        (s.observed - s.expected) / math.sqrt(s.expected + (WOBBLE * s.expected) ** 2)
        for s in store.steps
        if s.observed is not None and s.expected
    ]
    return min(falls, default=math.inf)
