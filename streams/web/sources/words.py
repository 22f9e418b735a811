"""The words of sources, zh and en."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.wording.text import Text
from streams.sources.supplies import SUPPLY_NAMES

SOURCE_WORDS: Mapping[str, Text] = {
    "data_sources": Text("数据源", "Sources"),
    "sources_note": Text(
        "每个店铺的数据从哪里来、现在怎样、提供哪些阶段。",
        "Where each store's data comes from, how it is now, and which stages it supplies.",
    ),
    "connections": Text("连接", "Connections"),
    "no_connections": Text(
        "还没有连接。点“添加连接”，或用 funnelwatch sources add，或写进 funnelwatch.yaml 的 connections。",
        "No connections yet. Add one here, with funnelwatch sources add, or under connections in funnelwatch.yaml.",
    ),
    "connections_loading": Text(
        "正在读取连接（Kafka 还没有应答）；下面可能不全。",
        "Connections are being read (Kafka has not answered yet); the list may be incomplete.",
    ),
    "last_data": Text("最近数据", "Last data"),
    "nothing_yet": Text("还没有", "none yet"),
    "read_until": Text("已读到", "Read until"),
    "median_delay": Text("到达延迟（中位数）", "Delay to arrival (median)"),
    "events_day": Text("近 24 小时事件", "Events, last 24 h"),
    "waiting_deliveries": Text("待转换", "Waiting"),
    "token_left": Text("授权剩余", "Authorisation ends in"),
    "use_ends": Text("正在使用", "Uses"),
    "use_source": Text("日期来源", "where the date is from"),
    "quota_left": Text("剩余额度", "Requests left"),
    "source_owner": Text("负责人", "Owner"),
    "differing_days": Text("对账不一致的日期", "Days that differ"),
    "doubted": Text("数字可疑", "Doubted"),
    "accept": Text("数字没错", "The figures are right"),
    "accept_hint": Text(
        "确认后，现在的水平就是今后比较的基准。", "From then on, what it says now is what later figures are compared with."
    ),
    "compared_at": Text("上次对账", "Last compared"),
    "supplies": Text("提供的阶段", "Stages supplied"),
    **{f"supply_{supply}": text for supply, text in SUPPLY_NAMES.items()},
    "supply_why": Text("为什么、口径是什么", "Why, and what each stage means"),
    "missing_in_mapping": Text(
        "——映射里没有给出这些阶段的字段；需要时在连接的映射中补上。",
        "– the connection's mapping has no field for them; add one if the platform supplies it.",
    ),
    "missing_in_source": Text("——这个来源看不到这些阶段。", "– this source cannot see them."),
    "what_to_do": Text("怎么办", "What to do"),
    "resource": Text("资源", "Resource"),
    "rows_read": Text("{n} 行", "{n} rows"),
    "deliveries": Text("推送", "Deliveries"),
    "deliveries_line": Text(
        "Webhook {hooks} 次，轮询 {polls} 行；重复 {repeated}，整条搁置 {quarantined}，搁置的行 {aside}",
        "{hooks} by webhook, {polls} rows by poll; {repeated} repeated, {quarantined} set aside whole, {aside} rows set aside",
    ),
    "not_mapped": Text("映射未覆盖", "Not mapped"),
    "known_left_out": Text("已知且不需要", "Known and not needed"),
    "times_met": Text("{n} 次", "{n} times"),
    "backfills": Text("回填", "Backfill"),
    "backfill_line": Text("{done} / {all} 天，{rows} 行", "{done} of {all} days, {rows} rows"),
    "backfill_left": Text("约剩 {span}", "about {span} left"),
    "backfill_state_waiting": Text("等待中", "waiting"),
    "backfill_state_running": Text("进行中", "running"),
    "backfill_state_paused": Text("已暂停", "paused"),
    "backfill_state_done": Text("已完成", "done"),
    "backfill_state_failed": Text("失败，会重试", "failed, retried"),
    "backfill_from": Text("从（含）", "From (included)"),
    "backfill_to": Text("到（含）", "To (included)"),
    "backfill_start": Text("开始回填", "Start backfill"),
    "backfill_hint": Text(
        "补读过去的日子：实时数据优先，重复读取不会重复计数。",
        "Reads days of the past: live data comes first, and reading a day again counts nothing twice.",
    ),
    "withdraw": Text("撤销", "Withdraw"),
    "pause": Text("暂停", "Pause"),
    "resume": Text("恢复", "Resume"),
    "test_now": Text("测试", "Test"),
    "test_hint": Text("向平台各读取一次，不保存任何数据。", "Asks the platform once for each resource; nothing is kept."),
    "test_asked": Text("已请求测试，几秒后显示结果。", "A test is asked for; its result shows in a few seconds."),
    "last_test": Text("上次测试", "Last test"),
    "pause_why": Text("原因（给同事看）", "Reason, for others"),
    "pause_hint": Text(
        "暂停只停止向平台读取；平台推送来的仍会接收。",
        "Pausing stops asking the platform; what it sends by webhook is still taken.",
    ),
    "source_recorded": Text("已记录，几秒内生效。", "Recorded; it takes effect within seconds."),
    "actions_title": Text("操作", "Actions"),
    "in_file": Text("写在 funnelwatch.yaml 中", "in funnelwatch.yaml"),
    "hook_address": Text("推送地址", "Deliver to"),
    "collector_address": Text("采集地址", "COLLECTOR"),
    "since_moment": Text("自 {at}", "since {at}"),
    "arriving_more": Text("其余 {n} 项", "{n} more"),
    "arriving": Text("其他来源（近 24 小时有数据）", "Other sources (with data in the last 24 h)"),
    "no_arriving": Text("近 24 小时没有收到任何事件。", "No events arrived in the last 24 h."),
    "no_such_source": Text("没有这个连接", "No such connection"),
    "no_such_source_detail": Text("它可能已被移除。", "It may have been removed."),
    "name_needed": Text("请填写你的名字。", "Enter your name."),
}  # fmt: skip
