"""Backtest and check over the instance's own history, on the real engine: what a changed threshold would have fired."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from scoring.funnel.units import DAY_MS
from streams.cli import backtest, check
from streams.clock import now_ms
from streams.instance.files import Instance, write_instance
from tests.fixtures.report_seed import COLUMNS
from tests.fixtures.web_seed import moment
from tests.scoring.periods.reports import START_MS, STEP, shop

DAY, DAYS = 1440, 8
FALLS = range(7 * DAY + 300, 7 * DAY + 350)
Run = Callable[..., Result]


def history() -> list[list[Any]]:
    """Eight days of a store, as rows of minutes; on the last day carts fall by 80 % for 50 minutes."""
    rng = np.random.default_rng(2)
    clicks = rng.poisson(40, DAYS * DAY)
    carts = rng.binomial(clicks, 0.25)
    carts[FALLS] = rng.binomial(carts[FALLS], 0.2)
    first = now_ms() // 60_000 - DAYS * DAY
    return [
        ["shop", (first + minute) * 60, "", [0, int(n), int(a), 0, 0, 0, 0], int(n + a)]
        for minute, (n, a) in enumerate(zip(clicks, carts, strict=True))
    ]


@pytest.fixture
async def run(clickhouse: Any, ready_database: str, tmp_path: Path) -> Run:
    clickhouse.client(database=ready_database).insert(
        "minutes_raw", history(), column_names=["store_id", "minute", "segment", "counts", "version"]
    )
    write_instance(tmp_path, Instance(1, now_ms(), "127.0.0.1:1", clickhouse.url, "", "", "", ()))
    (tmp_path / "secrets").mkdir(exist_ok=True)
    (tmp_path / "secrets/clickhouse_password").write_text(clickhouse.password)
    (tmp_path / "secrets/clickhouse_reader_password").write_text(clickhouse.reader_password)
    (tmp_path / "funnelwatch.yaml").write_text("stores: [{id: shop}]\n")
    app = typer.Typer()
    backtest.register(app)
    check.register(app)
    environment = {"FUNNELWATCH_CLICKHOUSE_DATABASE": ready_database}

    def command(*arguments: str) -> Result:
        return CliRunner().invoke(app, [*arguments, "--data", str(tmp_path)], env=environment)

    return command


def test_the_own_history_is_tested_and_a_budget_is_held_or_not(run: Run, tmp_path: Path) -> None:
    reported = run("backtest", "--days", "10")
    assert reported.exit_code == 0, reported.output
    assert "notice: 1 alert," in reported.output
    assert "With this configuration you would have been notified once" in " ".join(reported.output.split())

    over = run("check", "--backtest", "10", "--budget", "0.1")
    assert over.exit_code == 1
    assert "over budget" in over.output

    (tmp_path / "deaf.yaml").write_text("stores: [{id: shop}]\nthresholds: {notice: 200, page: 201}\n")
    within = run("check", "--config", str(tmp_path / "deaf.yaml"), "--backtest", "10", "--budget", "0.1")
    assert within.exit_code == 0, within.output
    assert "within budget: 0.000" in within.output


def test_without_an_instance_the_check_says_what_is_missing(tmp_path: Path) -> None:
    app = typer.Typer()
    check.register(app)
    done = CliRunner().invoke(app, ["--backtest", "10", "--data", str(tmp_path)])
    assert done.exit_code == 1
    assert "cannot run the backtest" in done.output


def reported() -> list[list[Any]]:
    """Fifty days of an Amazon report, as rows of versions; in four of them a fifth of the items."""
    later = now_ms() // DAY_MS * DAY_MS - 55 * DAY_MS - START_MS
    return [
        [
            one.store_id, one.source, one.measure, "day", moment(one.period_start_ms + later), moment(one.period_end_ms + later),
            "UTC", {}, "", one.value, "", 1, moment(one.told_at_ms + later), "", one.import_id, 0, number,
        ]
        for number, one in enumerate(row for rows in shop(50, 30, 34) for row in rows)
    ]  # fmt: skip


def test_days_of_reports_are_judged_as_they_would_have_been(
    run: Run, tmp_path: Path, clickhouse: Any, ready_database: str
) -> None:
    assert run("backtest", "--reports").exit_code == 2
    nothing = run("backtest", "--reports", "--days", "90")
    assert nothing.exit_code == 2
    assert "no report that is judged" in nothing.output
    clickhouse.client(database=ready_database).insert("report_versions_raw", reported(), column_names=COLUMNS)
    out = tmp_path / "alerts.jsonl"
    result = run("backtest", "--reports", "--days", "90", "--out", str(out), "--details")
    assert result.exit_code == 0, result.output
    assert "Alerts: 1," in result.output
    (alert,) = [json.loads(line) for line in out.read_text().splitlines()]
    assert (alert["store_id"], alert["step"], alert["level"]) == ("shop", STEP, "page")
    assert alert["resolved_at"] is not None
    assert alert["note"].startswith("report ")
