"""Every version of the reported figures that are judged, as the judge takes them (``scoring/periods``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scoring.funnel.period_steps import PERIOD_STEPS, PeriodStep
from scoring.records.report_row import Period, ReportRow

#: a moment that no period begins after
_NEVER_S = 2**32 - 1

JUDGED_VERSIONS = """
SELECT store_id, toString(source) AS source, toString(measure) AS measure, toString(period) AS period,
       toInt64(toUnixTimestamp(period_start)) * 1000 AS start_ms, toInt64(toUnixTimestamp(period_end)) * 1000 AS end_ms,
       toString(zone) AS zone, toString(value) AS value, complete,
       toUnixTimestamp64Milli(toDateTime64(told_at, 3, 'UTC')) AS reported_ms, connection, import_id, withdrawn
FROM report_versions
WHERE period_start >= toDateTime({from_s:Int64}, 'UTC') AND period_start < toDateTime({to_s:Int64}, 'UTC')
  AND empty(dimensions) AND period IN ('day', 'hour') AND ({store:String} = '' OR store_id = {store:String})
  AND (source, measure) IN (SELECT arrayJoin(arrayZip({sources:Array(String)}, {measures:Array(String)})))
"""


def judged_between(
    from_ms: int, to_ms: int | None = None, store_id: str = "", steps: Sequence[PeriodStep] = PERIOD_STEPS
) -> dict[str, Any]:
    """The parameters of ``JUDGED_VERSIONS``: periods that begin in [``from_ms``, ``to_ms``), of one store or of all."""
    wanted = sorted({(s.source, measure) for s in steps for measure in (s.upstream, s.downstream)})
    return {
        "from_s": from_ms // 1000,
        "to_s": _NEVER_S if to_ms is None else to_ms // 1000,
        "store": store_id,
        "sources": [source for source, _ in wanted],
        "measures": [measure for _, measure in wanted],
    }


def version_of(row: Mapping[str, Any]) -> ReportRow:
    """A row of ``JUDGED_VERSIONS`` as it was reported."""
    return ReportRow(
        store_id=row["store_id"], source=row["source"], measure=row["measure"], period=Period(row["period"]),
        period_start_ms=int(row["start_ms"]), period_end_ms=int(row["end_ms"]), zone=row["zone"], value=row["value"],
        complete=bool(row["complete"]), told_at_ms=int(row["reported_ms"]), connection=row["connection"],
        import_id=row["import_id"], withdrawn=bool(row["withdrawn"]),
    )  # fmt: skip
