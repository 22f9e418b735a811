"""The words of routing, zh and en."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.wording.text import Text

ROUTING_WORDS: Mapping[str, Text] = {
    "routing": Text("通知谁、为什么", "Who is notified, and why"),
    "routing_note": Text("由通知程序用同一套规则现算，最多 10 秒前。", "Worked out now by the notifier's own rules; at most 10 s old."),
    "routing_unreadable": Text("现在无法说明", "This cannot be explained right now"),
    "routing_unknown": Text("通知日志里没有这条告警：它还在观察中，或已被清理。", "The notifier's log does not hold this alert: it is still pending, or it has been removed."),
    "routing_nobody": Text("没有任何接收者会收到它。请在 funnelwatch.yaml 的 alerting 下添加 receivers。", "No receiver would get it. Add receivers under alerting in funnelwatch.yaml."),
    "route": Text("路由", "Route"),
    "action_send": Text("现在通知", "Notify now"),
    "action_wait": Text("等待", "Wait"),
    "action_nothing": Text("无需通知", "Nothing to send"),
    "until_at": Text("到 {at}", "until {at}"),
}  # fmt: skip
