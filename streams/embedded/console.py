"""What ``up`` prints: one line per change and one per alert, in the reader's language, with local times."""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import datetime

from scoring.alerts.alert import AlertState, AlertTransition
from scoring.wording.source_note import note_of_source, trouble_in_words
from scoring.wording.text import Language
from streams.clock import now
from streams.printable import printable

_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "started": "starts",
        "starting": "starts",
        "ready": "ready",
        "degraded": "in trouble",
        "failed": "failed",
        "stopping": "stops",
        "stopped": "stopped",
        "ended": "ended",
        "killed": "killed",
        "silent": "silent",
        "made": "made",
        "taken": "taken up",
        "kept": "has errors, the one in use is kept",
        "expected": "expected",
        "surprise": "anomaly score",
        "since": "since",
        "lost": "lost about",
        "now": "now",
        "after": "after",
        "minutes": "min",
        "collector": "events go to",
        "page": "live page at",
        "up": "everything is ready; Ctrl-C stops it",
        "no_stores": "no store is configured: everything runs, and no data comes in. Name a store in {path}, then restart:",
        "stop": "stopping; Ctrl-C again ends everything at once",
        "down": "all stopped",
        "left": "ending what an earlier run left",
        "idle": "{idle} of {monitors} monitors are on standby with nothing to do: events have {partitions} partitions, and one monitor "
        "counts each; lower FUNNELWATCH_MONITORS",
    },
    "zh": {
        "started": "启动",
        "starting": "启动",
        "ready": "就绪",
        "degraded": "异常",
        "failed": "失败",
        "stopping": "停止中",
        "stopped": "已停止",
        "ended": "退出",
        "killed": "强制结束",
        "silent": "无响应",
        "made": "已创建",
        "taken": "已采用改动",
        "kept": "有错误，继续使用原配置",
        "expected": "预期",
        "surprise": "异常指数",
        "since": "始于",
        "lost": "约损失",
        "now": "现为",
        "after": "持续",
        "minutes": "分钟",
        "collector": "事件上报地址",
        "page": "实时页面",
        "up": "全部就绪；按 Ctrl-C 停止",
        "no_stores": "还没有配置店铺：各组件已运行，但收不到数据。请在 {path} 中写入店铺，然后重启：",
        "stop": "正在停止；再按 Ctrl-C 立即结束",
        "down": "已全部停止",
        "left": "正在结束上次运行遗留的进程",
        "idle": "{monitors} 个监控进程中有 {idle} 个空闲待命：事件主题只有 {partitions} 个分区，每个分区由一个监控进程计数；"
        "请调低 FUNNELWATCH_MONITORS",
    },
}
_COLOURS = {
    "FIRING": "31;1",
    "RESOLVED": "32",
    "ended": "33",
    "failed": "31",
    "degraded": "33",
    "killed": "33",
    "kept": "31",
}

#: of so many alerts the last line is remembered
_ALERTS_REMEMBERED = 1000


class Console:
    """Prints lines; never fails because its reader has gone."""

    def __init__(self, language: str) -> None:
        self._words = _WORDS[language]
        self._colours = sys.stdout.isatty()
        #: the line last printed of each alert
        self._said: dict[str, str] = {}

    def word(self, name: str) -> str:
        """The word in the reader's language."""
        return self._words.get(name, name)

    def change(self, name: str, event: str, detail: str = "") -> None:
        """Say that ``name`` changed: ``event`` is started, ready, ended and so on."""
        self.line(f"{name:<11}{self.word(event)}{f', {detail}' if detail else ''}", event)

    def line(self, text: str, kind: str = "") -> None:
        """Print ``text`` behind the local time."""
        colour = _COLOURS.get(kind, "") if self._colours else ""
        text = printable(text)
        shown = f"\x1b[{colour}m{text}\x1b[0m" if colour else text
        with suppress(OSError, ValueError):  # the pipe was closed: the instance runs on
            sys.stdout.write(f"{now().astimezone():%H:%M:%S}  {shown}\n")
            sys.stdout.flush()

    def alert(self, transition: AlertTransition) -> None:
        """Print one line if the alert fires or resolves."""
        text = alert_line(transition, self._words)
        if text and self._said.get(transition.alert_id) != text:  # that more is lost by now is not news here
            self._said = dict([*self._said.items(), (transition.alert_id, text)][-_ALERTS_REMEMBERED:])
            self.line(text, text.partition(" ")[0])


def _clock(at_ms: int) -> str:
    at = datetime.fromtimestamp(at_ms / 1000).astimezone()
    return f"{at:%H:%M}" if at.date() == now().astimezone().date() else f"{at:%m-%d %H:%M}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:,.1f}".removesuffix(".0")


def alert_line(transition: AlertTransition, words: dict[str, str] = _WORDS["en"]) -> str:
    """The line for an alert that fires or resolves; empty for other states."""
    change = ""
    if transition.expected > 0:
        percent = round(100 * (transition.observed / transition.expected - 1))
        change = f" ({'−' if percent < 0 else '+'}{abs(percent)} %)"
    what = " ".join(
        part
        for part in (
            transition.level,
            transition.store_id,
            transition.kind,
            transition.step,
            transition.segment,
        )
        if part
    )
    note = note_of_source(transition.kind, transition.note)
    language: Language = "zh" if words is _WORDS["zh"] else "en"
    if transition.state is AlertState.FIRING and note is not None:
        said = trouble_in_words(transition, note, language)
        since = f"{words['since']} {_clock(transition.opened_at_ms)}"
        return f"FIRING {transition.level} {transition.store_id} {said}, {since} ({transition.alert_id})"
    if transition.state is AlertState.FIRING:
        return (
            f"FIRING {what} {_number(transition.observed)} → {words['expected']} {_number(transition.expected)}{change}, "
            f"{words['surprise']} {transition.surprise:.1f}, {words['since']} {_clock(transition.opened_at_ms)} "
            f"({transition.alert_id})"
        )
    if transition.state is AlertState.RESOLVED:
        ended_ms = transition.resolved_at_ms or transition.at_ms
        minutes = max(round((ended_ms - transition.opened_at_ms) / 60_000), 0)
        lost = f", {words['lost']} {_number(transition.lost)}" if transition.lost > 0 else ""
        end = transition.at_end
        now_it_is = (
            f", {words['now']} {_number(end.observed)} → {words['expected']} {_number(end.expected)}"
            if end
            else ""
        )
        return f"RESOLVED {what} {words['after']} {minutes} {words['minutes']}{lost}{now_it_is} ({transition.alert_id})"
    return ""
