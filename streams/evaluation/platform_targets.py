"""A platform's own figures and targets of a store, as the platform said them last in a period: read from the report rows."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.figure import SourceRows
from scoring.evaluation.platform_sentences import metric_name, say_platform_target
from scoring.evaluation.platform_targets import PlatformTarget
from scoring.evaluation.sentences import say_rows
from scoring.records.seller_metrics import COMPARATOR, METRIC, TARGET, TargetRule
from streams.clickhouse.literals import literal
from streams.clickhouse.reader import Database, Row
from streams.evaluation.stored_counts import moment
from streams.evaluation.wording import EvaluationReader

#: the last day of the period that has both; a target with its comparator goes before one that was kept without
_LAST_SAID = f"""
SELECT toString(source) AS source_name, dimensions['metric'] AS metric_name, dimensions['unit'] AS unit_name,
       toUnixTimestamp(period_start) AS start_s, any(toString(zone)) AS zone_name,
       toString(argMaxIf(value, told_at, measure = '{METRIC}')) AS said,
       toString(argMaxIf(value, (dimensions['{COMPARATOR}'] != '', told_at), measure = '{TARGET}')) AS target,
       argMaxIf(dimensions['{COMPARATOR}'], (dimensions['{COMPARATOR}'] != '', told_at), measure = '{TARGET}') AS rule,
       count() AS number
FROM report_rows
WHERE store_id = {{store:String}} AND period = 'day' AND measure IN ('{METRIC}', '{TARGET}') AND dimensions['metric'] != ''
  AND period_end > toDateTime({{first_s:Int64}}, 'UTC') AND period_end <= toDateTime({{last_s:Int64}}, 'UTC')
GROUP BY source_name, metric_name, unit_name, start_s
HAVING countIf(measure = '{METRIC}') > 0 AND countIf(measure = '{TARGET}') > 0
ORDER BY source_name, metric_name, unit_name, start_s DESC
LIMIT 1 BY source_name, metric_name, unit_name
"""


@dataclass(frozen=True, slots=True)
class PlatformTargetLine:
    """One of them as a page shows it; ``id`` leads to its rows."""

    id: str
    name: str
    said: str
    reported: str
    rows: tuple[str, ...]


async def read_platform_targets(
    database: Database, store: str, span: EvaluationSpan
) -> tuple[PlatformTarget, ...]:
    """What the store's platforms said last in a period, of figures that they have a target for."""
    rows = await database.rows(
        _LAST_SAID, store=store, first_s=span.start_ms // 1000, last_s=span.end_ms // 1000
    )
    return tuple(_target_of(row, store) for row in rows)


def platform_lines(
    found: tuple[PlatformTarget, ...], wording: EvaluationReader
) -> tuple[PlatformTargetLine, ...]:
    """In one reader's words."""
    language = wording.language
    return tuple(
        PlatformTargetLine(
            one.of,
            metric_name(one.of, language),
            say_platform_target(one, language),
            f"{one.source} · {wording.calendar_day(one.day_start_ms, one.zone)}",
            say_rows((one.rows,), wording),
        )
        for one in found
    )


def _target_of(row: Row, store: str) -> PlatformTarget:
    source, metric, unit = row["source_name"], row["metric_name"], row["unit_name"]
    start_ms = int(row["start_s"]) * 1000
    condition = (
        f"store_id = {literal(store)} AND period = 'day' AND measure IN ('{METRIC}', '{TARGET}')"
        f" AND source = {literal(source)} AND dimensions['metric'] = {literal(metric)}"
        f" AND dimensions['unit'] = {literal(unit)} AND period_start = {moment(start_ms)}"
    )
    return PlatformTarget(
        source,
        metric,
        unit,
        Decimal(row["said"]),
        Decimal(row["target"]),
        TargetRule(row["rule"]) if row["rule"] in set(TargetRule) else None,
        start_ms,
        row["zone_name"],
        SourceRows("report_rows", condition, int(row["number"])),
    )
