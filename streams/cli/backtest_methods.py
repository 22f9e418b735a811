"""What ``funnelwatch backtest --other-methods`` prints and writes: the product next to what shops usually set up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from scoring.baselines.minute_table import MinuteTable
from scoring.detection.comparison import IncidentComparison, KnownIncident, OpenedAlert, compare
from scoring.detection.usual import UsualMethod
from scoring.wording.text import Language, Text
from streams.backtest.run import BacktestResult
from streams.backtest.usual import UsualAlert, UsualResult
from streams.cli.backtest_rows import iso

METHOD_NAMES: dict[UsualMethod, Text] = {
    UsualMethod.STATIC: Text("固定阈值，最近一小时", "fixed threshold, last hour"),
    UsualMethod.ROLLING_Z: Text("与前一天相比的标准差（z）", "z against the day before"),
    UsualMethod.SAME_HOUR: Text("前四周的同一小时", "same hour of the last four weeks"),
    UsualMethod.SEASONAL_BAND: Text("按周时段的正常区间（MAD）", "band by hour of the week (MAD)"),
    UsualMethod.CUSUM: Text("CUSUM", "CUSUM"),
    UsualMethod.CUSUM_BY_VOLUME: Text("CUSUM，按店铺规模", "CUSUM, by the store's volume"),
    UsualMethod.CHANGE_POINT: Text("贝叶斯变点", "Bayesian change-point"),
}
_TITLE = Text(
    "与常用方法相比：在同一区间里，告警数都不超过 Funnelwatch",
    "Next to other methods, at no more alerts in the same stretch",
)
_METHOD, _ALERTS = Text("方法", "method"), Text("告警", "alerts")
_FOUND, _MINUTES, _FALSE = (
    Text("发现的已知故障", "known incidents found"),
    Text("延迟中位数（分钟）", "median minutes"),
    Text("误报", "false alerts"),
)
_HINDSIGHT = Text(
    "其他方法的阈值是看过这段数据之后才定的，因此比实际使用时好看；Funnelwatch 用的是您的配置。只比较各环节的整店转化。",
    "The others' thresholds were chosen after seeing this stretch, which flatters them; Funnelwatch used your configuration. "
    "The others judge whole stores, step by step.",
)
_NONE = Text(
    "Funnelwatch 在这段时间没有转化告警，因此其他方法也一个都不允许有。",
    "Funnelwatch had no alert of conversion in this stretch, so the others were allowed none either.",
)


def _met(
    alerts: Sequence[OpenedAlert],
    outcome: BacktestResult,
    table: MinuteTable,
    incidents: list[KnownIncident],
) -> IncidentComparison:
    from_ms, until_ms = outcome.from_minute * 60_000, outcome.until_minute * 60_000
    return compare(alerts, incidents, list(table.stores), from_ms, until_ms)


def print_methods(
    console: Console,
    outcome: BacktestResult,
    others: Sequence[UsualResult],
    table: MinuteTable,
    incidents: list[KnownIncident] | None,
    language: Language,
) -> None:
    """A line a method: how many alerts and, with ``incidents``, what they found, how late, and how many were false."""
    shown = Table(title=_TITLE(language))
    shown.add_column(_METHOD(language))
    columns = (_ALERTS, _FOUND, _MINUTES, _FALSE) if incidents is not None else (_ALERTS,)
    for text in columns:
        shown.add_column(text(language), justify="right")
    rows: list[tuple[str, Sequence[OpenedAlert]]] = [("Funnelwatch", outcome.alerts)]
    rows += [(METHOD_NAMES[other.method](language), other.alerts) for other in others]
    for name, alerts in rows:
        cells = [str(len(alerts))]
        if incidents is not None:
            met = _met(alerts, outcome, table, incidents)
            delay = met.median_delay_minutes
            cells += [
                f"{met.found} / {met.incidents}",
                "–" if delay is None else f"{delay:.0f}",
                str(met.false_alerts),
            ]
        shown.add_row(name, *cells)
    console.print(shown)
    console.print((_HINDSIGHT if outcome.alerts else _NONE)(language))


def method_figures(
    outcome: BacktestResult,
    others: Sequence[UsualResult],
    table: MinuteTable,
    incidents: list[KnownIncident] | None,
) -> list[dict[str, Any]]:
    """The same for programs, with each method's threshold."""
    figures: list[dict[str, Any]] = []
    for other in others:
        row: dict[str, Any] = {
            "method": other.method.value,
            "threshold": round(other.threshold, 4),
            "alerts": len(other.alerts),
        }
        if incidents is not None:
            met = _met(other.alerts, outcome, table, incidents)
            row |= {
                "incidents": met.incidents,
                "found": met.found,
                "median_delay_minutes": met.median_delay_minutes,
                "false_alerts": met.false_alerts,
            }
        figures.append(row)
    return figures


def method_row(alert: UsualAlert) -> dict[str, str | None]:
    """An alert of another method as a line of the output file."""
    return {
        "method": alert.method.value,
        "store_id": alert.store_id,
        "step": alert.step,
        "opened_at": iso(alert.opened_at_ms),
    }
