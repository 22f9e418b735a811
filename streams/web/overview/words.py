"""The words of the overview, zh and en."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.wording.text import Text
from streams.roles import ROLES

OVERVIEW_WORDS: Mapping[str, Text] = {
    "data_health": Text("数据状况", "Data health"),
    "store_db": Text("数据库", "Database"),
    "answering": Text("正常", "Answering"),
    "newest_event": Text("最新事件", "Newest event"),
    "none_15": Text("近 15 分钟无事件", "None in 15 min"),
    "landing_lag": Text("到达延迟", "Arrival delay"),
    "scored_until": Text("检测至", "Checked until"),
    "on_time": Text("正常", "On time"),
    "late_by": Text("晚 {span}", "{span} late"),
    "letters_hour": Text("近 1 小时被拒", "Rejected, 1 h"),
    "parts": Text("组件", "Parts"),
    "parts_elsewhere": Text("本机无组件报告", "No parts report on this machine"),
    "per_source": Text("各店铺各来源（{n}）", "Per store and source ({n})"),
    "event_age": Text("最新事件距今", "Newest event, age"),
    "arrival_delay": Text("到达延迟（中位）", "Arrival delay (median)"),
    "events_15": Text("近 15 分钟事件", "Events, 15 min"),
    "repeats_15": Text("重复", "Repeated"),
    "bots_15": Text("机器人", "Bots"),
    "past_note": Text("正在查看 {at} 时的情况。", "You are looking at the past, as of {at}."),
    "go_live": Text("回到现在", "Back to now"),
    "unreadable_since": Text("上次读到数据是 {ago}。", "Last read {ago}."),
    "unreadable_never": Text("启动后还没有读到过数据。", "Nothing has been read since the page started."),
    "unreadable_next": Text(
        "计数与告警照常进行；数据库恢复后页面会自动更新。可运行 funnelwatch doctor 检查。",
        "Counting and alerting continue, and the page updates once the database is back. To check, run funnelwatch doctor.",
    ),
    "stores_sum": Text(
        "{firing} 家告警 · {normal} 家正常 · {unjudged} 家数据不足或学习中",
        "{firing} alerting · {normal} normal · {unjudged} with not enough data or still learning",
    ),
    "more_stores": Text("其余 {n} 家店铺", "{n} more stores"),
    "no_line": Text("暂无曲线", "No chart yet"),
    "data_age": Text("数据 {ago}", "Data {ago}"),
    "never_data": Text("尚无数据", "No data yet"),
    "state_firing": Text("告警中", "Alerting"),
    "state_no_data": Text("近期无数据", "No recent data"),
    "store_time": Text("店铺时间 {clock}（{zone}）", "Store time {clock} ({zone})"),
    "funnel": Text("漏斗", "Funnel"),
    "expected_short": Text("预期 {n}", "exp. {n}"),
    "no_rate": Text("—", "–"),
    "more_than_entered": Text("下一步多于上一步（{rate}）", "More than entered ({rate})"),
    "drop_off": Text("流失 {rate}", "{rate} drop off"),
    "show_line": Text("（看 {step} 的曲线）", "(show the line of {step})"),
    "left_out_bots": Text("另有机器人事件 {n} 个，未计入。", "{n} events of bots are left out."),
    "left_out_marked": Text(
        "另有 {n} 个事件已单独存放，不参与判断。", "{n} events are set apart and not judged."
    ),
    "funnel_note": Text(
        "条形按对数缩放。流失率按同一时段的数量计算，刚进入的访客之后仍可能转化。",
        "Bars are on a logarithmic scale. Drop-off compares arrivals in one window; the latest to enter may still continue.",
    ),
    "band_exact": Text("预期区间为逐分钟 99% 预测区间。", "The range is each minute's 99% predictive interval."),
    "band_approximate": Text(
        "阴影由每分钟的 99% 区间合并，为近似值。", "The range is combined from each minute's 99% interval and is approximate."
    ),
    "no_expectation": Text(
        "此时段暂无基线，只显示实际值。", "No baseline for this period yet; only actual values are shown."
    ),
    "all_alerts": Text("全部告警", "All alerts"),
    "short": Text("少于预期", "Below expected"),
    "unsure_steps": Text("数据不足的步骤：{n}", "Steps with too little data: {n}"),
    "last_day": Text("近 24 小时，按原因", "Last 24 h, by reason"),
    "no_letters": Text("近 24 小时没有被拒的记录。", "No records were rejected in the last 24 h."),
    **{f"part_{role.name}": role.words for role in ROLES.values()},
    "part_ready": Text("运行", "running"),
    "part_starting": Text("启动中", "starting"),
    "part_degraded": Text("降级", "degraded"),
    "part_stopping": Text("停止中", "stopping"),
    "part_failed": Text("失败", "failed"),
    "part_silent": Text("无心跳", "silent"),
    "spoken_firing": Text("{n} 个告警：{first}", "{n} alerting: {first}"),
    "spoken_quiet": Text("没有正在触发的告警", "No alert is firing"),
    "title_firing": Text("（{n}）告警 · Funnelwatch", "({n}) alerting · Funnelwatch"),
    "unreachable": Text("无响应", "Unreachable"),
    "pixel_orders": Text("像素单占比（1 小时）", "Orders seen by the pixel, 1 h"),
    "back": Text("时长", "Last"),
}  # fmt: skip
