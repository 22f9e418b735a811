"""The words of the settings, zh and en."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.wording.text import Text

SETTINGS_WORDS: Mapping[str, Text] = {
    "silence_over": Text("这条静默已经结束", "That silence has already ended"),
    "silence_over_detail": Text("它已到期，或别人已经结束了它。", "It expired, or somebody else ended it."),
    "settings": Text("设置", "Settings"),
    "settings_note": Text("只读。funnelwatch.yaml 的改动由 funnelwatch up 在几秒内自动采用；环境变量的改动需要重启。密钥只显示是否已设置。", "Read only. `funnelwatch up` takes a changed funnelwatch.yaml up within seconds; a changed environment needs a restart. Secrets show only as set or not set."),
    "restart_needed": Text(
        "funnelwatch.yaml 在启动之后有改动，重启后才会生效。下面是正在使用的设置。",
        "funnelwatch.yaml has changed since the start and is used after a restart. Below are the settings in use.",
    ),
    "config_pending": Text(
        "funnelwatch.yaml 有改动，正在采用，几秒后刷新即可。下面是正在使用的设置。",
        "funnelwatch.yaml has changed and is being taken up: reload in some seconds. Below are the settings in use.",
    ),
    "config_has_errors": Text(
        "funnelwatch.yaml 有改动但存在错误，未采用；下面是仍在使用的设置。请修正：",
        "funnelwatch.yaml has changed and has errors, so it is not used; below are the settings still in use. Please correct:",
    ),
    "effective_settings": Text("生效中的设置", "Effective settings"),
    "silences": Text("生效中的静默", "Silences in force"),
    "no_silences": Text("没有静默。", "Nothing is silenced."),
    "silence_end": Text("结束于", "Ends"),
    "end_now": Text("立即结束", "End now"),
    "end_named": Text("结束静默：{what}", "End the silence for {what}"),
    "thresholds": Text("阈值", "Thresholds"),
    "threshold_notice": Text("提醒：异常指数 ≥", "Warning: anomaly score ≥"),
    "threshold_page": Text("严重：异常指数 ≥", "Critical: anomaly score ≥"),
    "critical_money": Text("一律升为严重：损失 ≥", "Always critical: loss ≥"),
    "segments_by": Text("分群依据", "Segments by"),
    "segments_most": Text("最多 {n} 个分群", "at most {n} segments"),
    "everything": Text("全部告警", "Every alert"),
    "route_when": Text("当 {matchers}", "If {matchers}"),
    "route_to": Text("通知 {receiver}", "notify {receiver}"),
    "route_nobody": Text("没有接收者", "no receiver"),
    "route_timing": Text("按 {by} 合并；首次通知等待 {wait}；同组新增间隔 {interval}；未处理每 {repeat} 提醒，最多 {most} 次", "grouped by {by}; first after {wait}, additions every {interval}, reminders every {repeat}, at most {most}"),
    "route_by_none": Text("不区分", "nothing"),
    "route_mute": Text("免打扰：{names}", "quiet: {names}"),
    "route_continues": Text("之后继续匹配", "then continues matching"),
    "receivers": Text("接收者", "Receivers"),
    "no_receivers": Text("没有接收者：告警只显示在页面上。", "No receivers: alerts are shown on this page only."),
    "receiver_channel": Text("方式", "Channel"),
    "sources": Text("数据来源", "Sources of events"),
    "source_stages": Text("提供的阶段", "Stages it supplies"),
    "source_doors": Text("入口", "Doors"),
    "receiver_address": Text("地址", "Address"),
    "receiver_secret": Text("密钥", "Secret"),
    "zone": Text("时区", "Zone"),
    "mentions": Text("@ {n} 人", "mentions {n} people"),
    "mute_timings": Text("免打扰时段", "Mute timings"),
    "no_mute": Text("没有免打扰时段。", "No mute timings."),
    "mute_now": Text("正在免打扰，至 {at}", "quiet now, until {at}"),
    "inhibitions": Text("抑制", "Inhibitions"),
    "inhibit_line": Text("{source} 告警期间，{target} 先不通知", "While {source} fires, {target} waits"),
    "inhibit_equal": Text("（{labels} 相同）", "(same {labels})"),
    "meaning": Text("含义", "Meaning"),
    "is_set": Text("已设置", "Set"),
    "not_set": Text("未设置", "Not set"),
    "by_default": Text("默认", "default"),
    "machine_settings": Text("机器设置（环境变量）", "Machine settings (environment)"),
}  # fmt: skip
