"""Slow declines of a store's steps in a period: its alerts of kind drift, for the lines of the steps."""

from __future__ import annotations

from scoring.alerts.alert import AlertKind
from scoring.evaluation.evaluating import EvaluationSpan
from streams.clickhouse.reader import Database

_DRIFTS = f"""
SELECT step, toUnixTimestamp64Milli(toDateTime64(min(opened_at), 3, 'UTC')) AS since_ms
FROM alerts
WHERE store_id = {{store:String}} AND kind = '{AlertKind.DRIFT}' AND segment = ''
  AND opened_at < toDateTime({{end_s:Int64}}, 'UTC') AND (resolved_at IS NULL OR resolved_at >= toDateTime({{start_s:Int64}}, 'UTC'))
GROUP BY step
"""


async def read_drifts(database: Database, store: str, span: EvaluationSpan) -> dict[str, int]:
    """Since when each step of a store declined slowly in a period, by the step; steps that did not are not in it."""
    rows = await database.rows(_DRIFTS, store=store, start_s=span.start_ms // 1000, end_s=span.end_ms // 1000)
    return {row["step"]: int(row["since_ms"]) for row in rows}
