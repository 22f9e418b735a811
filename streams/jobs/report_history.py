"""Reads what was reported to the running instance out of ClickHouse: every version of every figure that is judged."""

from __future__ import annotations

from pathlib import Path

from clickhouse_connect.driver import Client

from scoring.funnel.units import DAY_MS
from scoring.records.report_row import ReportRow
from streams.backtest.errors import FileUnreadableError
from streams.clickhouse.clients import open_reader_sync
from streams.clickhouse.errors import ClickHouseError, mapped
from streams.clickhouse.report_versions import JUDGED_VERSIONS, judged_between, version_of
from streams.clock import now_ms
from streams.config.loading import find_config, load_config
from streams.config.model import Config
from streams.instance.files import NoInstanceError, connect_settings
from streams.settings import load_settings


def read_report_versions(client: Client, from_ms: int) -> list[ReportRow]:
    """Every version of the figures that are judged, of periods from ``from_ms`` on.

    Raises:
        ClickHouseError: the store is unreachable or rejects the query.
    """
    with mapped():
        rows = client.query(JUDGED_VERSIONS, parameters=judged_between(from_ms)).named_results()
        return [version_of(row) for row in rows]


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
