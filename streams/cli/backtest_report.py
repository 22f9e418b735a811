"""What ``funnelwatch backtest`` prints for a person: alerts, comparison with known incidents, and one sentence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from rich.console import Console
from rich.table import Table

from scoring.alerts.alert import AlertKind, AlertTransition, Level
from scoring.baselines.minute_table import MinuteTable
from scoring.detection.comparison import IncidentComparison, KnownIncident, compare, found_traffic, is_open
from scoring.periods.book import JudgedHistory
from scoring.wording.alert_words import KIND_NAMES, LEVEL_NAMES
from scoring.wording.catalogue import step_name
from scoring.wording.text import Bilingual, Language, Text, in_language
from streams.backtest.remarks import (
    QUARTILE_STORES,
    alerts_of,
    by_volume,
    calendar_remarks,
    file_remarks,
    stores_of,
)
from streams.backtest.run import BacktestResult

#: alerts a store-week from which on somebody will stop reading them
_MANY_A_WEEK = 0.5
_TESTED = Text(
    "测试区间 {start} 至 {end}：{stores}，共 {weeks} 店周。",
    "Tested {start} to {end}: {stores}, {weeks} store-weeks.",
)
_UNFITTED = Text(
    "历史太短，未作判断（{stores}）：{names}", "not judged, for too little history ({stores}): {names}"
)
_OF_LEVEL = Text("{level}：{alerts}，每店每周 {rate} 个", "{level}: {alerts}, {rate} per store-week")
_COMPARED = Text(
    "         {known} 个已知故障中发现 {found} 个{share}{delay}；{weeks} 个无故障店周里误报 {false} 个（每店周 {rate} 个）",
    "         {found} of {known} known incidents found{share}{delay}; {false} false alerts in {weeks} clean store-weeks ({rate} each)",
)
_DELAY = Text("，延迟中位数 {minutes} 分钟", ", median delay {minutes} min")
_TRAFFIC = Text(
    "流量：访客缺席，{alerts}{of_known}", "traffic: {alerts} of visitors that stayed away{of_known}"
)
_LOSSES = Text("，{losses} 次已知流失中发现 {known} 次", ", {known} of {losses} known losses found")
_RISES = Text("异常上升：{kinds}", "rises: {kinds}")
_POOLS = Text(
    "店群：判断 {pools} 个，{alerts}，其中 {alone} 个发生时群内没有一家店铺单独告警",
    "pools: {pools} judged, {alerts}, {alone} of them while no store of the pool had one",
)
_POOLED = Text(
    "  {at}  {store}（{stores}）  {step}  {level}  实际 {observed}，应有 {expected}，损失 {lost}",
    "  {at}  {store} ({stores})  {step}  {level}  observed {observed}, expected {expected}, lost {lost}",
)
_TABLE, _MOST_LOST = (
    Text("告警（{number}）", "Alerts ({number})"),
    Text("，损失最大的 40 个", ", the 40 with most lost"),
)
_WHOLE, _STILL_OPEN = Text("全店", "whole store"), Text("未结束", "open")
_COLUMNS = {
    "opened": Text("开始", "opened"),
    "store": Text("店铺", "store"),
    "step": Text("环节", "step"),
    "segment": Text("分群", "segment"),
    "level": Text("级别", "level"),
    "minutes": Text("分钟", "minutes"),
    "surprise": Text("异常指数", "surprise"),
    "observed": Text("实际", "observed"),
    "expected": Text("应有", "expected"),
    "lost": Text("损失", "lost"),
}
_ONLY_TRAFFIC = Text(
    "按此配置，您会收到 {times}通知，说访客或订单缺席，最多的是 {store}（{count} 次），没有一次是转化下降：--traffic 会写出这些告警；"
    "店铺关门的日子请写进 `calendar`。",
    "With this configuration you would have been notified {times} that visitors or orders stayed away, "
    "most often by {store} ({count}), and of no fall of conversion: --traffic writes those alerts; put days on which a "
    "shop is closed into `calendar`.",
)
_NOTHING = Text(
    "按此配置不会发出任何告警；`funnelwatch baseline show` 会说明每家店铺最小能看出多大的下降。",
    "With this configuration nothing would have fired; `funnelwatch baseline show` says how small a drop each store could show.",
)
_NOTIFIED = (
    "按此配置，您会收到 {times}通知（每店每周 {rate} 次），最多的是 {store}（{count} 次）：",
    "With this configuration you would have been notified {times} ({rate} per store-week), most often of {store} ({count}): ",
)
_TOO_MANY = Text(
    _NOTIFIED[0] + "先看上面它的告警，如果没有用处，把 thresholds.notice 提高 1。",
    _NOTIFIED[1] + "look at its alerts above first, and if they are of no use raise thresholds.notice by 1.",
)
_FEW_ENOUGH = Text(
    _NOTIFIED[0] + "如果每一次都值得知道，阈值保持不变即可。",
    _NOTIFIED[1] + "if each of those was worth knowing, leave the thresholds as they are.",
)


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a report is: the language it is in and the clock its times are on."""

    language: Language = "en"
    clock: tzinfo = UTC

    def time(self, at_ms: int) -> str:
        """A minute on the reader's clock; with its offset where that is not UTC's."""
        moment = datetime.fromtimestamp(at_ms / 1000, self.clock)
        if self.clock is UTC:
            moment = moment.replace(tzinfo=None)
        return moment.isoformat(" ", "minutes")


def print_report(
    console: Console,
    outcome: BacktestResult,
    table: MinuteTable,
    incidents: list[KnownIncident] | None,
    reader: Reader = Reader(),
) -> None:
    """What the backtest found, for a person, ending in one sentence."""
    language = reader.language

    def show(text: Text, **values: object) -> None:
        console.print(text(language, **values))

    from_ms, until_ms = outcome.from_minute * 60_000, outcome.until_minute * 60_000
    weeks = outcome.store_weeks(len(table.stores))
    by_level = Counter(alert.level for alert in outcome.alerts)
    show(_TESTED, start=reader.time(from_ms), end=reader.time(until_ms), stores=stores_of(len(table.stores)), weeks=f"{weeks:.1f}")  # fmt: skip
    for line in file_remarks(table):
        console.print(in_language(line, language))
    if outcome.unfitted:
        names = ", ".join(outcome.unfitted[:5]) + (" …" if len(outcome.unfitted) > 5 else "")
        show(_UNFITTED, stores=stores_of(len(outcome.unfitted)), names=names)
    if outcome.alerts:
        console.print(_alert_table(outcome.alerts, reader))
    for level in Level:
        louder = by_level[Level.PAGE] + (by_level[Level.NOTICE] if level is Level.NOTICE else 0)
        name = LEVEL_NAMES[level].zh if language == "zh" else f"{level.value:>7}"
        show(_OF_LEVEL, level=name, alerts=alerts_of(louder), rate=f"{louder / max(weeks, 1e-9):.3f}")
        if incidents is not None:
            found = compare(outcome.alerts, incidents, list(table.stores), from_ms, until_ms, level)
            console.print(in_language(_comparison(found), language))
    if len(table.stores) >= QUARTILE_STORES:
        console.print(in_language(by_volume(outcome, table), language))
    known, losses = found_traffic(outcome.traffic, incidents or [])
    of_known = _LOSSES.both(known=known, losses=losses) if losses else ""
    show(_TRAFFIC, alerts=alerts_of(len(outcome.traffic)), of_known=of_known)
    if outcome.rises:
        counts = Counter(alert.kind for alert in outcome.rises)
        show(_RISES, kinds=_kinds(counts))
    if outcome.pools:
        _print_pools(console, outcome, reader)
    for line in calendar_remarks(outcome, table):
        console.print(in_language(line, language))
    console.print(in_language(sentence(outcome, weeks), language))


def _kinds(counts: Counter[AlertKind]) -> Bilingual:
    return Bilingual(
        "，".join(f"{KIND_NAMES[kind].zh} {count} 次" for kind, count in counts.items()),
        ", ".join(f"{count} {kind.value}" for kind, count in counts.items()),
    )


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


def _print_pools(console: Console, outcome: BacktestResult, reader: Reader) -> None:
    """What pools showed, and how much of it no member showed alone."""
    alone = sum(
        not any(
            own.store_id in pooled.members and own.step == pooled.step and _meet(own, pooled)
            for own in outcome.alerts
        )
        for pooled in outcome.pooled
    )
    console.print(
        _POOLS(reader.language, pools=outcome.pools, alerts=alerts_of(len(outcome.pooled)), alone=alone)
    )
    for pooled in outcome.pooled[:40]:
        console.print(
            _POOLED(
                reader.language, at=reader.time(pooled.opened_at_ms), store=pooled.store_id, stores=stores_of(len(pooled.members)),
                step=pooled.step, level=pooled.level.value, observed=f"{pooled.observed:.0f}", expected=f"{pooled.expected:.1f}",
                lost=f"{pooled.lost:.0f}",
            )
        )  # fmt: skip


def _meet(one: AlertTransition, other: AlertTransition) -> bool:
    """Whether two alerts were open at the same time."""
    ends = [alert.resolved_at_ms if alert.resolved_at_ms is not None else 1 << 62 for alert in (one, other)]
    return one.opened_at_ms <= ends[1] and other.opened_at_ms <= ends[0]


def _alert_table(alerts: list[AlertTransition], reader: Reader = Reader()) -> Table:
    language = reader.language
    most = _MOST_LOST(language) if len(alerts) > 40 else ""
    shown = Table(title=_TABLE(language, number=len(alerts)) + most)
    for name, text in _COLUMNS.items():
        is_number = name in ("minutes", "surprise", "observed", "expected", "lost")
        shown.add_column(text(language), justify="right" if is_number else "left")
    worst = sorted(alerts, key=lambda alert: -alert.lost)[:40]
    for alert in sorted(worst, key=lambda alert: alert.opened_at_ms):
        minutes = ((alert.resolved_at_ms or 0) - alert.opened_at_ms) / 60_000
        level = LEVEL_NAMES[alert.level].zh if language == "zh" else alert.level.value
        shown.add_row(
            reader.time(alert.opened_at_ms),
            alert.store_id,
            step_name(alert.step, language) if language == "zh" else alert.step,
            alert.segment or _WHOLE(language),
            level,
            _STILL_OPEN(language) if is_open(alert) else f"{minutes:.0f}",
            f"{alert.surprise:.1f}",
            f"{alert.observed:.0f}",
            f"{alert.expected:.1f}",
            f"{alert.lost:.0f}",
        )
    return shown


def _comparison(found: IncidentComparison) -> Bilingual:
    delay = found.median_delay_minutes
    return _COMPARED.both(
        found=found.found,
        known=found.incidents,
        share=f" ({found.found / found.incidents:.0%})" if found.incidents else "",
        delay=_DELAY.both(minutes=f"{delay:.0f}") if delay is not None else "",
        false=found.false_alerts,
        weeks=f"{found.clean_weeks:.1f}",
        rate=f"{found.false_per_week:.3f}",
    )


def _times(number: int) -> Bilingual:
    return Bilingual(f"{number} 次", "once" if number == 1 else f"{number} times")


def sentence(outcome: BacktestResult, weeks: float) -> Bilingual:
    """One sentence a person can act on."""
    if not outcome.alerts and outcome.traffic:
        store, count = Counter(alert.store_id for alert in outcome.traffic).most_common(1)[0]
        return _ONLY_TRAFFIC.both(times=_times(len(outcome.traffic)), store=store, count=count)
    if not outcome.alerts:
        return _NOTHING.both()
    per_week = len(outcome.alerts) / max(weeks, 1e-9)
    store, count = Counter(alert.store_id for alert in outcome.alerts).most_common(1)[0]
    return (_TOO_MANY if per_week > _MANY_A_WEEK else _FEW_ENOUGH).both(
        times=_times(len(outcome.alerts)), rate=f"{per_week:.2f}", store=store, count=count
    )
