"""``funnelwatch backtest``: what would have fired, on a file of minute counts or on the instance's own history."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from scoring.alerts.alert import AlertKind, AlertTransition, Level
from scoring.baselines.benchmark import Benchmark
from scoring.baselines.minute_table import MinuteTable
from scoring.baselines.peers import Lenders
from scoring.detection import DetectionPolicy
from scoring.detection.comparison import IncidentComparison, KnownIncident, compare, found_traffic, is_open
from scoring.funnel.pools import PoolRules
from streams.backtest.files import FileUnreadableError, parse_minute, read_incidents, read_minutes
from streams.backtest.remarks import QUARTILE_STORES, by_volume, calendar_remarks, file_remarks
from streams.backtest.run import BacktestResult, run_backtest, training_end
from streams.config.core import day_rules, slow_inputs
from streams.config.loading import load_config
from streams.config.model import Config
from streams.config.pooling import lenders, pool_rules
from streams.schema import ConfigError

#: an instance's own baselines are fitted anew about so often in a backtest of its history
_REFIT_DAYS = 7


def iso(at_ms: int | None) -> str | None:
    """A time as ISO 8601 UTC text."""
    return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_row(alert: AlertTransition, details: bool = False) -> dict[str, Any]:
    """An alert as a line of the output file; with ``details`` also what kind it is and what it rests on."""
    row: dict[str, Any] = {
        "store_id": alert.store_id,
        "step": alert.step,
        "segment": alert.segment,
        "level": alert.level.value,
        "opened_at": iso(alert.opened_at_ms),
        "resolved_at": iso(alert.resolved_at_ms),
        "surprise": round(alert.surprise, 3),
        "observed": round(alert.observed, 3),
        "expected": round(alert.expected, 3),
        "lost": round(alert.lost, 2),
        "label": alert.label.value,
    }
    if details:
        row |= {
            "kind": alert.kind.value,
            "low": alert.low,
            "high": alert.high,
            "window_minutes": alert.window_minutes,
            "lost_low": round(alert.lost_low, 2),
            "lost_high": round(alert.lost_high, 2),
            "contributions": {part.segment: round(part.share, 3) for part in alert.contributions},
            "note": alert.note,
            **({"members": list(alert.members)} if alert.members else {}),
            "alert_id": alert.alert_id,
        }
    return row


def policy_of(config: Config) -> DetectionPolicy:
    """The detector's policy that a configuration asks for."""
    return DetectionPolicy(notice=config.thresholds.notice, page=config.thresholds.page)


def apply_config(table: MinuteTable, config: Config) -> None:
    """The configuration's calendar, and its zones for stores whose counts name none."""
    table.rules = day_rules(config)
    table.slow = replace(slow_inputs(config), pairs=table.slow.pairs)
    for store in config.stores:
        table.zones.setdefault(store.id, store.zone)


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
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as progress:
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


def print_report(
    console: Console, outcome: BacktestResult, table: MinuteTable, incidents: list[KnownIncident] | None
) -> None:
    """What the backtest found, for a person, ending in one sentence."""
    from_ms, until_ms = outcome.from_minute * 60_000, outcome.until_minute * 60_000
    weeks = outcome.store_weeks(len(table.stores))
    by_level = Counter(alert.level for alert in outcome.alerts)
    console.print(
        f"Tested {iso(from_ms)} to {iso(until_ms)}: {len(table.stores)} stores, {weeks:.1f} store-weeks."
    )
    for line in file_remarks(table):
        console.print(line)
    if outcome.unfitted:
        shown = ", ".join(outcome.unfitted[:5]) + (" …" if len(outcome.unfitted) > 5 else "")
        console.print(
            f"{len(outcome.unfitted)} stores had too little history for a baseline and were not judged: {shown}"
        )
    if outcome.alerts:
        console.print(_alert_table(outcome.alerts))
    for level in Level:
        louder = by_level[Level.PAGE] + (by_level[Level.NOTICE] if level is Level.NOTICE else 0)
        console.print(f"{level.value:>7}: {louder} alerts, {louder / max(weeks, 1e-9):.3f} per store-week")
        if incidents is not None:
            _print_comparison(
                console, compare(outcome.alerts, incidents, list(table.stores), from_ms, until_ms, level)
            )
    if len(table.stores) >= QUARTILE_STORES:
        console.print(by_volume(outcome, table))
    told = f"traffic: {len(outcome.traffic)} alerts of visitors that stayed away"
    known, losses = found_traffic(outcome.traffic, incidents or [])
    console.print(told + (f", {known} of {losses} known losses found" if losses else ""))
    if outcome.rises:
        counts = Counter(alert.kind.value for alert in outcome.rises)
        console.print("rises: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()))
    if outcome.pools:
        _print_pools(console, outcome)
    for line in calendar_remarks(outcome, table):
        console.print(line)
    console.print(sentence(outcome, weeks))


def _print_pools(console: Console, outcome: BacktestResult) -> None:
    """What pools showed, and how much of it no member showed of itself."""
    alone = sum(
        not any(
            own.store_id in pooled.members and own.step == pooled.step and _meet(own, pooled)
            for own in outcome.alerts
        )
        for pooled in outcome.pooled
    )
    console.print(
        f"pools: {outcome.pools} judged, {len(outcome.pooled)} alerts, {alone} of them while no store of the pool had one"
    )
    for pooled in outcome.pooled[:40]:
        console.print(
            f"  {(iso(pooled.opened_at_ms) or '')[:16].replace('T', ' ')}  {pooled.store_id} ({len(pooled.members)} stores)  "
            f"{pooled.step}  {pooled.level.value}  observed {pooled.observed:.0f}, expected {pooled.expected:.1f}, lost {pooled.lost:.0f}"
        )


def _meet(one: AlertTransition, other: AlertTransition) -> bool:
    """Whether two alerts were open at the same time."""
    ends = [alert.resolved_at_ms if alert.resolved_at_ms is not None else 1 << 62 for alert in (one, other)]
    return one.opened_at_ms <= ends[1] and other.opened_at_ms <= ends[0]


def _alert_table(alerts: list[AlertTransition]) -> Table:
    shown = Table(title=f"Alerts ({len(alerts)})" + (", the 40 with most lost" if len(alerts) > 40 else ""))
    for name in (
        "opened",
        "store",
        "step",
        "segment",
        "level",
        "minutes",
        "surprise",
        "observed",
        "expected",
        "lost",
    ):
        shown.add_column(
            name,
            justify="right" if name in ("minutes", "surprise", "observed", "expected", "lost") else "left",
        )
    worst = sorted(alerts, key=lambda alert: -alert.lost)[:40]
    for alert in sorted(worst, key=lambda alert: alert.opened_at_ms):
        lasted = (
            "open" if is_open(alert) else f"{((alert.resolved_at_ms or 0) - alert.opened_at_ms) / 60_000:.0f}"
        )
        shown.add_row(
            (iso(alert.opened_at_ms) or "")[:16].replace("T", " "), alert.store_id, alert.step, alert.segment or "whole store",
            alert.level.value, lasted, f"{alert.surprise:.1f}", f"{alert.observed:.0f}", f"{alert.expected:.1f}", f"{alert.lost:.0f}",
        )  # fmt: skip
    return shown


def _print_comparison(console: Console, found: IncidentComparison) -> None:
    share = f" ({found.found / found.incidents:.0%})" if found.incidents else ""
    delay = found.median_delay_minutes
    console.print(
        f"         {found.found} of {found.incidents} known incidents found{share}"
        + (f", median delay {delay:.0f} min" if delay is not None else "")
        + f"; {found.false_alerts} false alerts in {found.clean_weeks:.1f} clean store-weeks ({found.false_per_week:.3f} each)"
    )


def sentence(outcome: BacktestResult, weeks: float) -> str:
    """One sentence a person can act on."""
    if not outcome.alerts and outcome.traffic:
        store, count = Counter(alert.store_id for alert in outcome.traffic).most_common(1)[0]
        return (
            f"With this configuration you would have been told {len(outcome.traffic)} times that visitors or orders stayed away, "
            f"most often by {store} ({count}), and of no fall of conversion: --traffic writes those alerts; put days on which a "
            "shop is closed into `calendar`."
        )
    if not outcome.alerts:
        return "With this configuration nothing would have fired; `funnelwatch baseline show` says how small a drop each store could show."
    per_week = len(outcome.alerts) / max(weeks, 1e-9)
    store, count = Counter(alert.store_id for alert in outcome.alerts).most_common(1)[0]
    times = "once" if len(outcome.alerts) == 1 else f"{len(outcome.alerts)} times"
    first = f"With this configuration you would have been told {times} ({per_week:.2f} per store-week)"
    if per_week > 0.5:
        return f"{first}, most often of {store} ({count}): look at its alerts above first, and if they are of no use raise thresholds.notice by 1."
    return f"{first}, most often of {store} ({count}): if each of those was worth knowing, leave the thresholds as they are."


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def backtest(
        minutes: Annotated[
            Path | None,
            typer.Option(
                help="Parquet or CSV with columns store_id, minute (UTC), stage, count; optional segment, zone."
            ),
        ] = None,
        train_until: Annotated[
            str | None,
            typer.Option(help="End of the training part, e.g. 2026-02-01T00:00Z (UTC without offset)."),
        ] = None,
        out: Annotated[
            Path | None, typer.Option(help="Where alerts are written, one JSON object a line.")
        ] = None,
        incidents: Annotated[
            Path | None,
            typer.Option(
                help="Known incidents to compare with: store_id, start, end; optional step, segment, kind."
            ),
        ] = None,
        config: Annotated[
            Path | None, typer.Option(help="A funnelwatch.yaml whose thresholds and zones are used.")
        ] = None,
        days: Annotated[
            int | None,
            typer.Option(
                help="Instead of a file: the running instance's own history of this many days.", min=2
            ),
        ] = None,
        refit_days: Annotated[
            int | None,
            typer.Option(
                help="Fit again every this many days, as the nightly job does; 0: never. Default: 7 with --days, else 0.",
                min=0,
            ),
        ] = None,
        pools: Annotated[
            bool,
            typer.Option(
                "--pools",
                help="Judge pools too, by platform, payment method and country of the configuration's stores, "
                "and write their alerts (kind: pooled, store_id: pool:…, members), with all details.",
            ),
        ] = False,
        traffic: Annotated[
            bool,
            typer.Option(
                "--traffic",
                help="Write alerts that are no drop of a step too, with all details: traffic, surge, tracking (kind).",
            ),
        ] = False,
        details: Annotated[
            bool,
            typer.Option(
                "--details",
                help="Write also kind, interval, window, segments' shares, note and id of each alert.",
            ),
        ] = False,
        data: Annotated[
            Path | None, typer.Option(help="Folder of the running instance (with --days).")
        ] = None,
    ) -> None:
        """Run past minute counts through the detector that runs live, and say what would have fired.

        Example: funnelwatch backtest --minutes counts.parquet --train-until 2026-02-01 --out alerts.jsonl
        """
        console = Console()
        if not console.is_terminal:
            console = Console(width=150)
        try:
            settings = load_config(config) if config else Config()
            if minutes is not None:
                if train_until is None:
                    raise FileUnreadableError(
                        "--train-until is needed: where training ends and testing begins"
                    )
                if out is not None:
                    _check_writable(out)
                table = read_minutes(minutes)
                until = _parse_until(train_until)
            elif days is not None:
                from streams.jobs.history import read_own_history

                table, settings = read_own_history(data, days, config)
                until = _parse_until(train_until) if train_until else training_end(table)
            else:
                raise FileUnreadableError(
                    "give --minutes FILE, or --days N for the running instance's history"
                )
            apply_config(table, settings)
            if not table.first < until < table.last:
                raise FileUnreadableError(
                    f"--train-until {train_until or iso(until * 60_000)} is outside the data, "
                    f"which goes from {iso(table.first * 60_000)} to {iso(table.last * 60_000)}"
                )
            known = read_incidents(incidents) if incidents else None
        except (FileUnreadableError, ConfigError) as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(2) from error
        refit = refit_days if refit_days is not None else 0 if minutes is not None else _REFIT_DAYS
        rules = pool_rules(settings) if pools else None
        lent_by = lenders(settings, Benchmark())
        outcome = run_with_progress(table, until, policy_of(settings), refit, console, rules, lent_by)
        if out is not None:
            others = [*outcome.traffic, *outcome.rises] if traffic else []
            written = [*outcome.alerts, *others, *outcome.pooled]
            rows = (as_row(alert, details or alert.kind is not AlertKind.CONVERSION) for alert in written)
            out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        print_report(console, outcome, table, known)


def backtest_own(
    data: Path | None, days: int, config: Path | None, console: Console
) -> tuple[BacktestResult, float]:
    """The backtest of a running instance's own history, and how many store-weeks it tested.

    Raises:
        FileUnreadableError: no instance runs, or its history is too short.
        ConfigError: the configuration cannot be used.
    """
    from streams.jobs.history import read_own_history

    table, settings = read_own_history(data, days, config)
    apply_config(table, settings)
    until = training_end(table)
    lent_by = lenders(settings, Benchmark())
    outcome = run_with_progress(table, until, policy_of(settings), _REFIT_DAYS, console, lent_by=lent_by)
    return outcome, outcome.store_weeks(len(table.stores))


def _check_writable(out: Path) -> None:
    """Refuse before the work what could not be written after it."""
    if out.is_dir() or not os.access(out if out.exists() else out.parent, os.W_OK):
        raise FileUnreadableError(
            f"--out {out} cannot be written: its folder must be there and let you write"
        )


def _parse_until(text: str) -> int:
    try:
        return parse_minute(text)
    except ValueError as error:
        raise FileUnreadableError(f"--train-until {text!r} is no time; write 2026-02-01T00:00Z") from error
