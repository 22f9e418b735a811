"""Reads what was reported to the running instance out of ClickHouse: every version of every figure that is judged."""

from __future__ import annotations

from pathlib import Path

from clickhouse_connect.driver import Client

from scoring.funnel.period_steps import PERIOD_STEPS
from scoring.funnel.units import DAY_MS
from scoring.records.report_row import Period, ReportRow
from streams.backtest.errors import FileUnreadableError
from streams.clickhouse.clients import open_reader_sync
from streams.clickhouse.errors import ClickHouseError, mapped
from streams.clock import now_ms
from streams.config.loading import find_config, load_config
from streams.config.model import Config
from streams.instance.files import NoInstanceError, connect_settings
from streams.settings import load_settings

_VERSIONS = """
SELECT store_id, toString(source) AS source, toString(measure) AS measure, toString(period) AS period,
       toInt64(toUnixTimestamp(period_start)) * 1000 AS start_ms, toInt64(toUnixTimestamp(period_end)) * 1000 AS end_ms,
       toString(zone) AS zone, toString(value) AS value, complete,
       toUnixTimestamp64Milli(toDateTime64(told_at, 3, 'UTC')) AS reported_ms, connection, import_id, withdrawn
FROM report_versions
WHERE period_start >= toDateTime({from_s:Int64}, 'UTC') AND empty(dimensions) AND period IN ('day', 'hour')
  AND (source, measure) IN (SELECT arrayJoin(arrayZip({sources:Array(String)}, {measures:Array(String)})))
"""


def read_report_versions(client: Client, from_ms: int) -> list[ReportRow]:
    """Every version of the figures that are judged, of periods from ``from_ms`` on.

    Raises:
        ClickHouseError: the store is unreachable or rejects the query.
    """
    wanted = sorted({(s.source, measure) for s in PERIOD_STEPS for measure in (s.upstream, s.downstream)})
    values = {
        "from_s": from_ms // 1000,
        "sources": [source for source, _ in wanted],
        "measures": [measure for _, measure in wanted],
    }
    with mapped():
        rows = client.query(_VERSIONS, parameters=values).named_results()
        return [
            ReportRow(
                store_id=row["store_id"], source=row["source"], measure=row["measure"], period=Period(row["period"]),
                period_start_ms=int(row["start_ms"]), period_end_ms=int(row["end_ms"]), zone=row["zone"], value=row["value"],
                complete=bool(row["complete"]), told_at_ms=int(row["reported_ms"]), connection=row["connection"],
                import_id=row["import_id"], withdrawn=bool(row["withdrawn"]),
            )
            for row in rows
        ]  # fmt: skip


def read_own_reports(
    data: Path | None, days: int, config_file: Path | None
) -> tuple[list[ReportRow], Config]:
    """What was reported to the running instance of the last ``days`` days, and its configuration.

    Raises:
        FileUnreadableError: no instance runs, or nothing was reported to it.
        ConfigError: the configuration cannot be used.
    """
    try:
        settings = connect_settings(load_settings(**({"data": data} if data else {})))
    except NoInstanceError as error:
        raise FileUnreadableError(str(error)) from error
    config = load_config(find_config(settings.data, config_file or settings.config))
    try:
        with mapped():
            client = open_reader_sync(settings)
        rows = read_report_versions(client, now_ms() - days * DAY_MS)
    except ClickHouseError as error:
        raise FileUnreadableError(f"the store does not answer: {error}") from error
    if not rows:
        raise FileUnreadableError(f"no report that is judged speaks of the last {days} days")
    return rows, config
