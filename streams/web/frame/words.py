"""The words that all pages share. Names of stages, states and checks: ``scoring/wording/catalogue.py``; all of them zh and en."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.funnel.scores import ScoreState
from scoring.wording.catalogue import STATE_NAMES
from scoring.wording.text import Text

FRAME_WORDS: Mapping[str, Text] = {
    "skip": Text("跳到正文", "Skip to content"),
    "nav": Text("主导航", "Main"),
    "overview": Text("总览", "Overview"),
    "language": Text("语言", "Language"),
    "sign_out": Text("退出", "Sign out"),
    "zone_note": Text("时间按 {zone} 显示", "Times in {zone}"),
    "not_cause": Text(
        "系统只判断偏离多少，不判断原因。", "This says how far things are off, never why."
    ),
    "connection_lost": Text("连接中断，显示的是 {at} 的数据；正在重试…", "Connection lost. Shown as of {at}; trying again…"),
    "seconds": Text("{n} 秒", "{n} s"),
    "minutes": Text("{n} 分钟", "{n} min"),
    "hours": Text("{n} 小时", "{n} h"),
    "days": Text("{n} 天", "{n} d"),
    "ago": Text("{span}前", "{span} ago"),
    "colon": Text("：", ": "),
    "semicolon": Text("；", "; "),
    "all": Text("全部", "All"),
    "path": Text("位置", "You are here"),
    "store": Text("店铺", "Store"),
    "source": Text("来源", "Source"),
    "unreadable_title": Text("暂时读不到数据", "Data cannot be read right now"),
    "stores": Text("店铺", "Stores"),
    "no_stores": Text(
        "还没有店铺。在 funnelwatch.yaml 里加入店铺，或发送第一批事件。",
        "No stores yet. Add stores to funnelwatch.yaml or send the first events.",
    ),
    "surprise": Text("异常指数", "Anomaly score"),
    "sample": Text("样本", "Sample"),
    "window": Text("窗口", "Window"),
    "window_5": Text("5 分钟", "5 min"),
    "window_60": Text("1 小时", "1 h"),
    "window_1440": Text("24 小时", "24 h"),
    "coverage": Text("其中 {covered}/{minutes} 分钟有基线", "baseline for {covered} of {minutes} min"),
    "not_supplied": STATE_NAMES[ScoreState.MISSING_STAGE],
    "observed": Text("实际", "Observed"),
    "expected": Text("预期", "Expected"),
    "step": Text("步骤", "Step"),
    "segment": Text("分群", "Segment"),
    "show": Text("显示", "Show"),
    "band": Text("99% 区间", "99% range"),
    "sure": Text(
        "异常指数 {surprise}（≥{notice} 提醒，≥{page} 严重），近 {minutes} 分钟，样本 {sample}。",
        "Anomaly score {surprise} (warning from {notice}, critical from {page}) over {minutes} min, sample {sample}.",
    ),
    "chart_unit": Text("{stage}数 / {n} 分钟", "{stage} / {n} min"),
    "chart_label": Text(
        "{step}，{from} 至 {to}：最近一段实际 {observed}，预期 {expected}，区间 {low} 至 {high}。左右方向键逐点读数。",
        "{step}, {from} to {to}: most recently {observed} observed, {expected} expected, range {low} to {high}. Arrow keys read point by point.",
    ),
    "no_alerts": Text("没有告警。", "No alerts."),
    "no_such_alert": Text("没有这个告警", "No such alert"),
    "no_such_alert_detail": Text(
        "它可能已超过保存期，或链接不完整。", "It may be past its retention, or the link is incomplete."
    ),
    "not_understood": Text("无法识别这个请求", "The request cannot be understood"),
    "no_such_page": Text("没有这个页面", "No such page"),
    "no_such_page_detail": Text("请从总览重新进入。", "Start again from the overview."),
    "broken": Text("页面出错了", "The page failed"),
    "broken_detail": Text("详情已写入日志，请稍后重试。", "The details are in the log. Try again."),
    "your_name": Text("你的名字", "Your name"),
    "silence": Text("静默", "Silence"),
    "not_recorded": Text("没有记录，什么都没有改变：{detail} 请稍后再试。", "Not recorded, nothing has changed: {detail} Try again in a moment."),
    "form_forged": Text("这次点击不是来自本页面，或页面已过期。请返回、刷新后重试。", "This request did not come from this page, or the page has expired. Go back, reload and try again."),
    "not_done": Text("没有执行", "Not done"),
    "link_ended": Text("链接已过期", "This link has expired"),
    "link_ended_detail": Text("消息里的按钮 7 天内有效。请在页面上处理这条告警。", "Buttons in messages work for 7 days. Handle the alert on its page instead."),
    "link_forged": Text("链接无效", "This link is not valid"),
    "link_forged_detail": Text("它不完整，或被改动过。请从消息里重新打开，或在页面上处理。", "It is incomplete or was altered. Open it from the message again, or handle the alert on its page."),
    "open_alert": Text("打开告警", "Open the alert"),
    "state": Text("状态", "State"),
    "routes": Text("路由", "Routes"),
    "mute_every_day": Text("每天", "every day"),
    "name": Text("名称", "Name"),
    "value": Text("值", "Value"),
    "comma": Text("，", ", "),
    "stop": Text("。", "."),
    "filter": Text("筛选", "Filter"),
    "copy": Text("复制", "Copy"),
    "copied": Text("已复制", "Copied"),
}  # fmt: skip
