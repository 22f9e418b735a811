"""``funnelwatch backtest``: what would have fired, on a file of minute counts or on the instance's own history."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from scoring.alerts.alert import AlertKind
from scoring.baselines.benchmark import Benchmark
from scoring.baselines.minute_table import MinuteTable
from scoring.baselines.peers import Lenders
from scoring.detection import DetectionPolicy
from scoring.detection.comparison import KnownIncident
from scoring.funnel.pools import PoolRules
from scoring.periods.book import judge_history
from streams.backtest.errors import FileUnreadableError
from streams.backtest.files import clock_of, read_incidents, read_minutes
from streams.backtest.run import BacktestResult, run_backtest, training_end
from streams.backtest.usual import UsualResult, run_usual
from streams.cli.backtest_methods import method_figures, method_row, print_methods
from streams.cli.backtest_report import Reader, print_report, print_reports
from streams.cli.backtest_rows import as_row, iso, summary
from streams.cli.evaluate import PageLanguage
from streams.cli.moments import moment
from streams.cli.options import with_options
from streams.cli.terminal import console, say
from streams.config.core import day_rules, detection_policy, slow_inputs
from streams.config.loading import load_config
from streams.config.model import Config
from streams.config.pooling import lenders, pool_rules
from streams.schema import ConfigError

#: an instance's own baselines are fitted again this often (days) in a backtest of its history
_REFIT_DAYS = 7
#: what the file of figures next to the file of alerts ends with
_SUMMARY_SUFFIX = ".summary.json"
#: and what that of other methods' alerts ends with
_OTHERS_SUFFIX = ".others.jsonl"


def apply_config(table: MinuteTable, config: Config) -> None:
    """The configuration's calendar, and its zones for stores whose counts name none."""
    table.rules = day_rules(config)
    table.slow = replace(slow_inputs(config), pairs=table.slow.pairs)
    for store in config.stores:
        table.zones.setdefault(store.id, store.zone)


def _progress(console: Console) -> Progress:
    """Bars with the time that is left; nothing where nobody watches."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)


def run_with_progress(
    table: MinuteTable,
    train_until: int,
    policy: DetectionPolicy,
    refit_days: int,
    console: Console,
    pools: PoolRules | None = None,
    lent_by: Lenders | None = None,
) -> BacktestResult:
    """The backtest, with a progress bar on a terminal."""
    with _progress(console) as progress:
        bars = {
            phase: progress.add_task(text, total=None)
            for phase, text in (("fit", "Fitting baselines"), ("score", "Scoring minutes"))
        }
        return run_backtest(
            table,
            train_until,
            policy,
            refit_days,
            lambda phase, done, total: progress.update(bars[phase], completed=done, total=total),
            pools,
            lent_by,
        )


_Minutes = Annotated[
    Path | None,
    typer.Option(
        help="Counts (a time, stage, count; or a time, clicks, orders, …), single events (a time, stage) or pairs (click_at, order_at, …); "
        "optional store_id, segment, zone. Parquet, CSV or JSON lines; times in UTC unless they name an offset."
    ),
]
_TrainUntil = Annotated[
    str | None,
    typer.Option(
        help="End of the training part, e.g. 2026-02-01T00:00Z (UTC without offset). "
        "Default: after four weeks, or two thirds of a shorter history."
    ),
]
_Out = Annotated[
    Path | None,
    typer.Option(
        help="File for the alerts, one JSON object per line; next to it FILE.summary.json with the report's figures."
    ),
]
_Incidents = Annotated[
    Path | None,
    typer.Option(help="Known incidents to compare with: store_id, start, end; optional step, segment, kind."),
]
_ConfigFile = Annotated[
    Path | None, typer.Option(help="A funnelwatch.yaml whose thresholds and zones are used.")
]
_Days = Annotated[
    int | None,
    typer.Option(help="Instead of a file: this many days of the running instance's own history.", min=2),
]
_RefitDays = Annotated[
    int | None,
    typer.Option(
        help="Fit again every this many days, as the nightly job does; 0: never. Default: 7 with --days, else 0.",
        min=0,
    ),
]
_Pools = Annotated[
    bool,
    typer.Option(
        "--pools",
        help="Also judge pools, by platform, payment method and country of the configuration's stores, "
        "and write their alerts (kind: pooled, store_id: pool:…, members), with all details.",
    ),
]
_Traffic = Annotated[
    bool,
    typer.Option(
        "--traffic",
        help="Also write alerts other than drops of a step, with all details: traffic, surge, tracking (kind).",
    ),
]
_Reports = Annotated[
    bool,
    typer.Option(
        "--reports",
        help="With --days: judge what platforms reported of these days (steps such as amazon:sessions_to_order_items) instead of events.",
    ),
]
_Details = Annotated[
    bool,
    typer.Option(
        "--details", help="Also write kind, interval, window, segments' shares, note and id of each alert."
    ),
]
_OtherMethods = Annotated[
    bool,
    typer.Option(
        "--other-methods",
        help="Also run what shops usually set up (a fixed threshold, the same hour of the last weeks, CUSUM, a change-point and others), each at "
        "no more alerts than Funnelwatch, show what they found next to it, and write their alerts to FILE.others.jsonl.",
    ),
]
_Zone = Annotated[
    str,
    typer.Option(
        help="The stores' clock, e.g. Asia/Shanghai: of times that name no offset, of the habits of stores for which neither rows nor "
        "configuration name one, and of the report. Default: UTC."
    ),
]
_InLanguage = Annotated[PageLanguage, typer.Option(help="Language of the report.")]
_Data = Annotated[Path | None, typer.Option(help="Folder of the running instance (with --days).")]


@dataclass(frozen=True)
class BacktestOptions:
    """What can be said to the command."""

    minutes: _Minutes = None
    train_until: _TrainUntil = None
    out: _Out = None
    incidents: _Incidents = None
    config: _ConfigFile = None
    days: _Days = None
    refit_days: _RefitDays = None
    pools: _Pools = False
    traffic: _Traffic = False
    reports: _Reports = False
    details: _Details = False
    other_methods: _OtherMethods = False
    data: _Data = None
    zone: _Zone = ""
    language: _InLanguage = PageLanguage.EN


def backtest(given: BacktestOptions) -> None:
    """Run past minute counts through the live detector, and report what would have fired.

    Example: funnelwatch backtest --minutes counts.parquet --train-until 2026-02-01 --out alerts.jsonl
    """
    shown = console(wide=150)
    if given.reports:
        _backtest_reports(given.data, given.days, given.config, given.out, shown, given.details)
        return
    try:
        clock: tzinfo = clock_of(given.zone) if given.zone else UTC
        if given.minutes is not None:
            _check_writable(given.out)
            table, settings, until = _read_file(given.minutes, given.train_until, given.config, clock)
        elif given.days is not None:
            table, settings, until = _read_own(given.data, given.days, given.config, given.train_until, clock)
        else:
            raise FileUnreadableError("give --minutes FILE, or --days N for the running instance's history")
        known = read_incidents(given.incidents, clock) if given.incidents else None
    except (FileUnreadableError, ConfigError) as error:
        say(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    unless_given = 0 if given.minutes is not None else _REFIT_DAYS
    refit = given.refit_days if given.refit_days is not None else unless_given
    rules = pool_rules(settings) if given.pools else None
    lent_by = lenders(settings, Benchmark())
    outcome = run_with_progress(table, until, detection_policy(settings), refit, shown, rules, lent_by)
    others = _usual_with_progress(table, outcome, known or [], shown) if given.other_methods else None
    if given.out is not None:
        figures = summary(outcome, table, detection_policy(settings), known)
        if others is not None:
            figures["other_methods"] = method_figures(outcome, others, table, known)
        _write(given, given.out, outcome, figures, others)
    reader = Reader("zh" if given.language is PageLanguage.ZH else "en", clock)
    print_report(shown, outcome, table, known, reader)
    if others is not None:
        print_methods(shown, outcome, others, table, known, reader.language)


def _usual_with_progress(
    table: MinuteTable, outcome: BacktestResult, known: list[KnownIncident], console: Console
) -> list[UsualResult]:
    with _progress(console) as progress:
        bar = progress.add_task("Running other methods", total=None)
        return run_usual(
            table, outcome, known, lambda done, total: progress.update(bar, completed=done, total=total)
        )


def _write(
    given: BacktestOptions,
    out: Path,
    outcome: BacktestResult,
    figures: dict[str, Any],
    usual: list[UsualResult] | None,
) -> None:
    """The alerts, next to them the report's figures and, where they were run, the other methods' alerts."""
    others = [*outcome.traffic, *outcome.rises] if given.traffic else []
    rows = (
        as_row(alert, given.details or alert.kind is not AlertKind.CONVERSION, outcome.paged_at_ms)
        for alert in [*outcome.alerts, *others, *outcome.pooled]
    )
    out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    text = json.dumps(figures, ensure_ascii=False, indent=1) + "\n"
    out.with_suffix(_SUMMARY_SUFFIX).write_text(text, "utf-8")
    if usual is not None:
        lines = (json.dumps(method_row(alert)) + "\n" for result in usual for alert in result.alerts)
        out.with_suffix(_OTHERS_SUFFIX).write_text("".join(lines), "utf-8")


def _backtest_reports(
    data: Path | None, days: int | None, config: Path | None, out: Path | None, shown: Console, details: bool
) -> None:
    """The same of what platforms reported."""
    from streams.jobs.report_history import read_own_reports

    try:
        if days is None:
            raise FileUnreadableError("--reports judges the running instance's own history: give --days N")
        _check_writable(out)
        rows, settings = read_own_reports(data, days, config)
    except (FileUnreadableError, ConfigError) as error:
        say(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    found = judge_history(rows, detection_policy(settings), day_rules(settings))
    if out is not None:
        lines = (json.dumps(as_row(alert, details), ensure_ascii=False) + "\n" for alert in found.alerts)
        out.write_text("".join(lines), "utf-8")
    print_reports(shown, found)


def _read_file(
    minutes: Path, train_until: str | None, config: Path | None, clock: tzinfo
) -> tuple[MinuteTable, Config, int]:
    """The counts of a file, the configuration they are judged by, and where training ends."""
    settings = load_config(config) if config else Config()
    table = read_minutes(minutes, clock)
    return _prepared(table, settings, train_until, clock)


def _read_own(
    data: Path | None, days: int, config: Path | None, train_until: str | None = None, clock: tzinfo = UTC
) -> tuple[MinuteTable, Config, int]:
    """The same of the running instance's own history."""
    from streams.jobs.history import read_own_history

    table, settings = read_own_history(data, days, config)
    return _prepared(table, settings, train_until, clock)


def _prepared(
    table: MinuteTable, settings: Config, train_until: str | None, clock: tzinfo
) -> tuple[MinuteTable, Config, int]:
    """The table with the configuration's calendar and zones, and ``clock`` where they name none, if training ends within it."""
    until = _minute(train_until, clock) if train_until else training_end(table)
    apply_config(table, settings)
    if isinstance(clock, ZoneInfo):
        for store in table.stores:
            table.zones.setdefault(store, clock.key)
    if not table.first < until < table.last:
        raise FileUnreadableError(
            f"--train-until {iso(until * 60_000)} is outside the data, "
            f"which goes from {iso(table.first * 60_000)} to {iso(table.last * 60_000)}"
        )
    return table, settings, until


def backtest_own(
    data: Path | None, days: int, config: Path | None, console: Console
) -> tuple[BacktestResult, float]:
    """The backtest of a running instance's own history, and how many store-weeks it tested.

    Raises:
        FileUnreadableError: no instance runs, or its history is too short.
        ConfigError: the configuration cannot be used.
    """
    table, settings, until = _read_own(data, days, config)
    lent_by = lenders(settings, Benchmark())
    outcome = run_with_progress(
        table, until, detection_policy(settings), _REFIT_DAYS, console, lent_by=lent_by
    )
    return outcome, outcome.store_weeks(len(table.stores))


def _check_writable(out: Path | None) -> None:
    """Reject before the work a file that could not be written after it."""
    if out is None:
        return
    if out.is_dir() or not os.access(out if out.exists() else out.parent, os.W_OK):
        raise FileUnreadableError(f"{out} cannot be written: its folder must be there and let you write")


def _minute(text: str, clock: tzinfo) -> int:
    return int(moment(text, "--train-until", zone=clock).timestamp()) // 60


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(with_options(backtest, BacktestOptions))
