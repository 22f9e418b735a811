"""What the role jobs wrote of the stores' last evaluations: health and dimensions of the newest period of each store and the one before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from scoring.digest.values import PeriodScores, StoreHealth
from scoring.evaluation.comparator import ComparatorKind
from scoring.evaluation.figure import IndicatorKind
from scoring.evaluation.score import TARGET_UNSURE, TARGET_WAS_MET, Score, TargetResult
from scoring.evaluation.spans import SpanLength
from scoring.evaluation.steps import Loss
from scoring.funnel.units import DAY_MS, Z90
from streams.clickhouse.reader import Database, Row

#: days for which the newest period of each length is news: those of the next one, and some until it is evaluated
_FRESH_DAYS: Mapping[SpanLength, int] = {SpanLength.QUARTER: 95, SpanLength.MONTH: 33, SpanLength.WEEK: 9}
#: of a store whose length nobody chose, the longest first
_LENGTHS = (SpanLength.MONTH, SpanLength.WEEK)
#: of the stores' newest two periods of each length
EVALUATED = """
SELECT store_id, toString(period) AS length, toUnixTimestamp(period_start) AS start_s, toUnixTimestamp(period_end) AS end_s, toString(days) AS days,
       toString(kind) AS kind, toString(name) AS name, toString(comparator) AS comparator, score, low, high, coverage, is_headline,
       weights_version
FROM evaluations
WHERE kind IN ('health', 'dimension') AND period IN {lengths:Array(String)} AND period_end <= toDateTime({made_s:Int64}, 'UTC')
  AND period_end > toDateTime({since_s:Int64}, 'UTC') AND ({every:UInt8} OR store_id IN {stores:Array(String)})
ORDER BY period_start DESC, store_id, kind, name, comparator
LIMIT 2 BY store_id, period, kind, name, comparator
LIMIT 200000
"""

#: targets of those periods that were judged, as the newest evaluation of each says, for a target may be taken back
TARGETS = """
SELECT store_id, length, toUnixTimestamp(period_start) AS start_s, reading, target, outcome, value, figure_kind
FROM
(
    SELECT store_id, toString(period) AS length, period_start, if(kind = 'step', concat('step:', name), toString(name)) AS reading, target,
           toString(reason) AS outcome
    FROM evaluations
    WHERE comparator = 'target' AND period IN {lengths:Array(String)} AND period_end <= toDateTime({made_s:Int64}, 'UTC')
      AND period_end > toDateTime({since_s:Int64}, 'UTC') AND ({every:UInt8} OR store_id IN {stores:Array(String)})
      AND (store_id, period, period_start, evaluated_at) IN
        (
            SELECT store_id, period, period_start, max(evaluated_at) FROM evaluations
            WHERE kind = 'health' AND ({every:UInt8} OR store_id IN {stores:Array(String)})
            GROUP BY store_id, period, period_start
        )
) AS asked
INNER JOIN
(
    SELECT store_id, toString(period) AS length, period_start, toString(name) AS reading, value, toString(figure_kind) AS figure_kind
    FROM indicators
    WHERE value IS NOT NULL AND period IN {lengths:Array(String)} AND ({every:UInt8} OR store_id IN {stores:Array(String)})
) AS found USING (store_id, length, period_start, reading)
ORDER BY store_id, length, start_s, reading
LIMIT 200000
"""
#: of each period the step that lost most against each comparator, where that is more than noise
LOSSES = """
SELECT store_id, toString(period) AS length, toUnixTimestamp(period_start) AS start_s, toString(comparator) AS comparator, toString(name) AS step,
       lost, lost_low, lost_high, lost_money, toString(currency) AS currency
FROM evaluations
WHERE kind = 'step' AND lost_low > 0 AND period IN {lengths:Array(String)} AND period_end <= toDateTime({made_s:Int64}, 'UTC')
  AND period_end > toDateTime({since_s:Int64}, 'UTC') AND ({every:UInt8} OR store_id IN {stores:Array(String)})
ORDER BY store_id, length, start_s DESC, comparator, lost DESC, step
LIMIT 1 BY store_id, length, start_s, comparator
LIMIT 200000
"""
#: the row of the worst step by store, length, start of the period and comparator
_Lost: TypeAlias = Mapping[tuple[str, str, int, str], Row]
#: how each target came out: by store, length and start of the period, and what it is of
_Judged: TypeAlias = Mapping[tuple[str, str, int], Mapping[str, TargetResult]]


async def read_health(
    database: Database,
    stores: Sequence[str],
    every: bool,
    made_ms: int,
    lengths: Sequence[SpanLength] = _LENGTHS,
) -> tuple[StoreHealth, ...]:
    """Each store that was evaluated, by the first of ``lengths`` that has a score; nothing of one that never was.

    Args:
        database: the tables.
        stores: ids.
        every: of all stores instead.
        made_ms: the moment to look at.
        lengths: of periods.
    """
    known = [length for length in lengths if length in _FRESH_DAYS]
    if not known:
        return ()
    oldest_ms = made_ms - 3 * max(_FRESH_DAYS[length] for length in known) * DAY_MS
    about = {
        "lengths": [one.value for one in known],
        "made_s": made_ms // 1000,
        "since_s": oldest_ms // 1000,
        "stores": list(stores),
        "every": int(every),
    }
    rows = await database.rows(EVALUATED, **about)
    judged: dict[tuple[str, str, int], dict[str, TargetResult]] = {}
    for row in await database.rows(TARGETS, **about):
        period = (str(row["store_id"]), str(row["length"]), int(row["start_s"]))
        judged.setdefault(period, {})[str(row["reading"])] = _target(row)
    lost = {
        (str(row["store_id"]), str(row["length"]), int(row["start_s"]), str(row["comparator"])): row
        for row in await database.rows(LOSSES, **about)
    }
    by_store: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        by_store.setdefault(row["store_id"], {}).setdefault(row["length"], []).append(row)
    found = (_newest(store, of_length, known, made_ms, judged, lost) for store, of_length in by_store.items())
    return tuple(one for one in found if one is not None)


def _newest(
    store: str,
    of_length: Mapping[str, Sequence[Row]],
    lengths: Sequence[SpanLength],
    made_ms: int,
    judged: _Judged,
    lost: _Lost,
) -> StoreHealth | None:
    candidates = []
    for length in lengths:
        rows, days = of_length.get(length.value, ()), _FRESH_DAYS[length]
        starts = sorted({int(row["start_s"]) for row in rows}, reverse=True)
        newest = [row for row in rows if starts and int(row["start_s"]) == starts[0]]
        if not newest or made_ms - int(newest[0]["end_s"]) * 1000 > days * DAY_MS:
            continue
        shown = next((row["comparator"] for row in newest if row["is_headline"]), "")
        if not shown:
            continue
        alike = [row for row in rows if row["comparator"] == shown]
        before = [row for row in alike if len(starts) > 1 and int(row["start_s"]) == starts[1]]
        now = _scores(row for row in alike if int(row["start_s"]) == starts[0])
        if now is not None:
            period = (store, length.value, starts[0])
            known = StoreHealth(store, length.value, ComparatorKind(shown), now, _scores(before))
            row = lost.get((*period, shown))
            more = {"worst": row["step"], "loss": _loss(row), "currency": row["currency"]} if row else {}
            candidates.append(replace(known, targets=judged.get(period, {}), **more))
    scored = (one for one in candidates if one.now.health or one.now.dimensions)
    return next(scored, candidates[0] if candidates else None)


def _scores(rows: Iterable[Row]) -> PeriodScores | None:
    some = list(rows)
    health = next((row for row in some if row["kind"] == "health"), None)
    if health is None:
        return None
    first, last = (date.fromisoformat(day) for day in health["days"].split("/"))
    dimensions = {row["name"]: score for row in some if row["kind"] == "dimension" and (score := _score(row))}
    return PeriodScores(
        first,
        last,
        _score(health),
        float(health["coverage"] or 0.0),
        dimensions,
        int(health["weights_version"]),
    )


def _loss(row: Row) -> Loss:
    """What a step lost, as it was written; not by role."""
    money = None if row["lost_money"] is None else Decimal(str(row["lost_money"]))
    return Loss(Decimal(str(row["lost"])), float(row["lost_low"]), float(row["lost_high"]), money, {}, None)


def _target(row: Row) -> TargetResult:
    """How a target came out, as it was written."""
    target, value, outcome = float(row["target"]), float(row["value"]), str(row["outcome"])
    is_met, is_sure = outcome.startswith(TARGET_WAS_MET), not outcome.endswith(TARGET_UNSURE)
    return TargetResult(target, value, is_met, is_sure, value - target, "", IndicatorKind(row["figure_kind"]))


def _score(row: Row) -> Score | None:
    """A score as it was; its spread from the bound that was not cut at 0 or 100."""
    if row["score"] is None:
        return None
    value, low, high = float(row["score"]), float(row["low"]), float(row["high"])
    return Score(value, low, high, max(value - low, high - value) / Z90)
