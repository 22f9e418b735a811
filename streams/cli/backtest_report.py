"""What ``funnelwatch backtest`` prints for a person: alerts, comparison with known incidents, and one sentence."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.table import Table

from scoring.alerts.alert import AlertTransition, Level
from scoring.baselines.minute_table import MinuteTable
from scoring.detection.comparison import IncidentComparison, KnownIncident, compare, found_traffic, is_open
from scoring.periods.book import JudgedHistory
from streams.backtest.remarks import QUARTILE_STORES, by_volume, calendar_remarks, file_remarks
from streams.backtest.run import BacktestResult
from streams.cli.backtest_rows import iso
from streams.printable import counted


def print_report(
    console: Console, outcome: BacktestResult, table: MinuteTable, incidents: list[KnownIncident] | None
) -> None:
    """What the backtest found, for a person, ending in one sentence."""
    from_ms, until_ms = outcome.from_minute * 60_000, outcome.until_minute * 60_000
    weeks = outcome.store_weeks(len(table.stores))
    by_level = Counter(alert.level for alert in outcome.alerts)
    console.print(
        f"Tested {iso(from_ms)} to {iso(until_ms)}: {counted(len(table.stores), 'store')}, {weeks:.1f} store-weeks."
    )
    for line in file_remarks(table):
        console.print(line)
    if outcome.unfitted:
        shown = ", ".join(outcome.unfitted[:5]) + (" …" if len(outcome.unfitted) > 5 else "")
        console.print(
            f"not judged, for too little history ({counted(len(outcome.unfitted), 'store')}): {shown}"
        )
    if outcome.alerts:
        console.print(_alert_table(outcome.alerts))
    for level in Level:
        louder = by_level[Level.PAGE] + (by_level[Level.NOTICE] if level is Level.NOTICE else 0)
        console.print(
            f"{level.value:>7}: {counted(louder, 'alert')}, {louder / max(weeks, 1e-9):.3f} per store-week"
        )
        if incidents is not None:
            _print_comparison(
                console, compare(outcome.alerts, incidents, list(table.stores), from_ms, until_ms, level)
            )
    if len(table.stores) >= QUARTILE_STORES:
        console.print(by_volume(outcome, table))
    traffic = f"traffic: {counted(len(outcome.traffic), 'alert')} of visitors that stayed away"
    known, losses = found_traffic(outcome.traffic, incidents or [])
    console.print(traffic + (f", {known} of {losses} known losses found" if losses else ""))
    if outcome.rises:
        counts = Counter(alert.kind.value for alert in outcome.rises)
        console.print("rises: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()))
    if outcome.pools:
        _print_pools(console, outcome)
    for line in calendar_remarks(outcome, table):
        console.print(line)
    console.print(sentence(outcome, weeks))


def print_reports(console: Console, found: JudgedHistory) -> None:
    """What a backtest of reports found, for a person."""
    stores = len({key.store_id for key in found.series})
    console.print(
        f"Steps judged by reports: {len(found.series)} (stores: {stores}), {found.store_weeks:.1f} store-weeks."
    )
    if found.alerts:
        console.print(_alert_table(found.alerts))
    rate = len(found.alerts) / max(found.store_weeks, 1e-9)
    console.print(f"Alerts: {len(found.alerts)}, {rate:.3f} per store-week.")


def _print_pools(console: Console, outcome: BacktestResult) -> None:
    """What pools showed, and how much of it no member showed alone."""
    alone = sum(
        not any(
            own.store_id in pooled.members and own.step == pooled.step and _meet(own, pooled)
            for own in outcome.alerts
        )
        for pooled in outcome.pooled
    )
    console.print(
        f"pools: {outcome.pools} judged, {counted(len(outcome.pooled), 'alert')}, {alone} of them while no store of the pool had one"
    )
    for pooled in outcome.pooled[:40]:
        console.print(
            f"  {(iso(pooled.opened_at_ms) or '')[:16].replace('T', ' ')}  {pooled.store_id} ({counted(len(pooled.members), 'store')})  "
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


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def sentence(outcome: BacktestResult, weeks: float) -> str:
    """One sentence a person can act on."""
    if not outcome.alerts and outcome.traffic:
        store, count = Counter(alert.store_id for alert in outcome.traffic).most_common(1)[0]
        return (
            f"With this configuration you would have been notified {_times(len(outcome.traffic))} that visitors or orders stayed away, "
            f"most often by {store} ({count}), and of no fall of conversion: --traffic writes those alerts; put days on which a "
            "shop is closed into `calendar`."
        )
    if not outcome.alerts:
        return "With this configuration nothing would have fired; `funnelwatch baseline show` says how small a drop each store could show."
    per_week = len(outcome.alerts) / max(weeks, 1e-9)
    store, count = Counter(alert.store_id for alert in outcome.alerts).most_common(1)[0]
    times = _times(len(outcome.alerts))
    first = f"With this configuration you would have been notified {times} ({per_week:.2f} per store-week)"
    if per_week > 0.5:
        return f"{first}, most often of {store} ({count}): look at its alerts above first, and if they are of no use raise thresholds.notice by 1."
    return f"{first}, most often of {store} ({count}): if each of those was worth knowing, leave the thresholds as they are."
