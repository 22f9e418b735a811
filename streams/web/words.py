"""The page's own words (headings, buttons, sentences), zh and en; with ``people_words.py`` for what people do. Names of stages, states and checks: ``scoring/wording/catalogue.py``."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.wording.text import Text
from streams.roles import ROLES
from streams.web.people_words import PEOPLE_WORDS
from streams.web.store_words import STORE_WORDS

WORDS: Mapping[str, Text] = {
    **PEOPLE_WORDS,
    **STORE_WORDS,
    # frame
    "skip": Text("跳到正文", "Skip to content"),
    "nav": Text("主导航", "Main"),
    "overview": Text("总览", "Overview"),
    "alerts": Text("告警", "Alerts"),
    "dead_letters": Text("死信", "Dead letters"),
    "definitions": Text("口径", "Definitions"),
    "language": Text("语言", "Language"),
    "sign_in": Text("登录", "Sign in"),
    "sign_out": Text("退出", "Sign out"),
    "token": Text("访问令牌", "Access token"),
    "token_hint": Text(
        "令牌是设置 FUNNELWATCH_PAGE_TOKEN 的值。", "The token is the value of the setting FUNNELWATCH_PAGE_TOKEN."
    ),
    "wrong_token": Text("令牌不对，请核对后重试。", "That is not the token. Check it and try again."),
    "wait": Text("尝试过多，请等 {n} 秒。", "Too many attempts. Wait {n} s."),
    "zone_note": Text("时间按 {zone} 显示", "Times in {zone}"),
    "not_cause": Text(
        "分数只说明偏离多少，不断言原因。", "A score says how far things are off, never why."
    ),
    "connection_lost": Text("连接中断，显示的是 {at} 的数据；正在重试…", "Connection lost. Shown as of {at}; trying again…"),
    "seconds": Text("{n} 秒", "{n} s"),
    "minutes": Text("{n} 分钟", "{n} min"),
    "hours": Text("{n} 小时", "{n} h"),
    "days": Text("{n} 天", "{n} d"),
    "ago": Text("{span}前", "{span} ago"),
    "comma": Text("，", ", "),
    "colon": Text("：", ": "),
    "stop": Text("。", "."),
    "all": Text("全部", "All"),
    "filter": Text("筛选", "Filter"),
    "path": Text("位置", "You are here"),
    # health
    "data_health": Text("数据状况", "Data health"),
    "store_db": Text("数据库", "Database"),
    "answering": Text("正常应答", "Answering"),
    "away": Text("无应答", "Away"),
    "newest_event": Text("最新事件", "Newest event"),
    "none_15": Text("近 15 分钟无事件", "None in 15 min"),
    "landing_lag": Text("到达延迟", "Arrival delay"),
    "scored_until": Text("已评分至", "Scored until"),
    "on_time": Text("准时", "On time"),
    "late_by": Text("晚 {span}", "{span} late"),
    "letters_hour": Text("近 1 小时死信", "Dead letters, 1 h"),
    "parts": Text("组件", "Parts"),
    "parts_elsewhere": Text("本机无组件报告", "None report on this machine"),
    "per_source": Text("各店铺各来源（{n}）", "Per store and source ({n})"),
    "store": Text("店铺", "Store"),
    "source": Text("来源", "Source"),
    "event_age": Text("最新事件距今", "Newest event, age"),
    "arrival_delay": Text("到达延迟（中位）", "Arrival delay (median)"),
    "events_15": Text("近 15 分钟事件", "Events, 15 min"),
    "repeats_15": Text("重复", "Repeated"),
    "bots_15": Text("机器人", "Bots"),
    "pixel_orders": Text("像素/订单（1 小时）", "Pixel/orders, 1 h"),
    "past_note": Text("正在查看 {at} 时的情况。", "You are looking at the past, as of {at}."),
    "go_live": Text("回到现在", "Go to now"),
    "away_title": Text("暂时读不到数据", "The data cannot be read now"),
    "away_since": Text("上次读到数据是 {ago}。", "It was last read {ago}."),
    "away_never": Text("启动后还没有读到过数据。", "It has not been read since the page started."),
    "away_next": Text(
        "计数与告警照常进行；数据库恢复后页面会自动更新。可运行 funnelwatch doctor 检查。",
        "Counting and alerting go on without it, and the page recovers by itself. To check: funnelwatch doctor.",
    ),
    # store grid
    "stores": Text("店铺", "Stores"),
    "stores_sum": Text(
        "{firing} 家告警 · {normal} 家正常 · {unjudged} 家无法判断",
        "{firing} alerting · {normal} normal · {unjudged} cannot be judged",
    ),
    "no_stores": Text(
        "还没有店铺。在 funnelwatch.yaml 里加入店铺，或发送第一批事件。",
        "No stores yet. Add stores to funnelwatch.yaml or send the first events.",
    ),
    "more_stores": Text("其余 {n} 家店铺", "{n} more stores"),
    "no_line": Text("暂无可画的曲线", "No line to draw yet"),
    "surprise": Text("意外度", "Surprise"),
    "sample": Text("样本", "Sample"),
    "data_age": Text("数据 {ago}", "Data {ago}"),
    "never_data": Text("尚无数据", "No data yet"),
    "state_firing": Text("告警中", "Alerting"),
    "state_no_data": Text("近期无数据", "No recent data"),
    # funnel
    "store_time": Text("店铺时间 {clock}（{zone}）", "Store time {clock} ({zone})"),
    "window": Text("窗口", "Window"),
    "window_5": Text("5 分钟", "5 min"),
    "window_60": Text("1 小时", "1 h"),
    "window_1440": Text("24 小时", "24 h"),
    "funnel": Text("漏斗", "Funnel"),
    "coverage": Text("{minutes} 分钟中 {covered} 分钟有预期", "expectation for {covered} of {minutes} min"),
    "not_supplied": Text("未提供", "Not supplied"),
    "expected_short": Text("预期 {n}", "exp. {n}"),
    "no_rate": Text("无法计算", "No rate"),
    "more_than_entered": Text("后段多于前段（{rate}）", "More than entered ({rate})"),
    "drop_off": Text("流失 {rate}", "{rate} drop off"),
    "show_line": Text("（看 {step} 的曲线）", "(show the line of {step})"),
    "observed": Text("实际", "Observed"),
    "expected": Text("预期", "Expected"),
    "funnel_note": Text(
        "条长为对数比例。流失为同一窗口内的到达数之比，最后进入的人仍可能继续。",
        "Bars are on a logarithmic scale. Drop-off compares arrivals in one window; the latest to enter may still go on.",
    ),
    # line
    "step": Text("步骤", "Step"),
    "segment": Text("分群", "Segment"),
    "show": Text("显示", "Show"),
    "band": Text("99% 区间", "99% range"),
    "off_baseline": Text("偏离", "Off baseline"),
    "band_exact": Text("预期区间为逐分钟 99% 预测区间。", "The range is each minute's 99% predictive interval."),
    "band_approximate": Text(
        "预期区间由逐分钟 99% 区间合成，为近似值。", "The range is put together from the minutes' 99% intervals; it is approximate."
    ),
    "no_expectation": Text(
        "这段时间还没有预期可比，只画实际值。", "Nothing to compare with in this time yet: only what was observed is drawn."
    ),
    "sure": Text(
        "意外度 {surprise}（阈值 {notice}），近 {minutes} 分钟，样本 {sample}。",
        "Surprise {surprise} (threshold {notice}) over {minutes} min, sample {sample}.",
    ),
    "chart_unit": Text("{stage}数 / {n} 分钟", "{stage} / {n} min"),
    "chart_label": Text(
        "{step}，{from} 至 {to}：最近一段实际 {observed}，预期 {expected}，区间 {low} 至 {high}。左右方向键逐点读数。",
        "{step}, {from} to {to}: lately {observed} observed, {expected} expected, range {low} to {high}. Arrow keys read point by point.",
    ),
    "chart_label_plain": Text(
        "{step}，{from} 至 {to}：最近一段实际 {observed}，暂无预期。左右方向键逐点读数。",
        "{step}, {from} to {to}: lately {observed} observed, no expectation yet. Arrow keys read point by point.",
    ),
    "readout": Text(
        "{at} · 实际 {observed} · 预期 {expected}（{low}–{high}）", "{at} · {observed} observed · {expected} expected ({low}–{high})"
    ),
    "readout_plain": Text("{at} · 实际 {observed}", "{at} · {observed} observed"),
    "opened_mark": Text("告警开始", "Alert opened"),
    # alerts
    "all_alerts": Text("全部告警", "All alerts"),
    "no_alerts": Text("没有告警。", "No alerts."),
    "alert_size": Text(
        "近 {minutes} 分钟{stage} {observed}，预期 {expected}（{low}–{high}）",
        "{observed} {stage} in {minutes} min, expected {expected} ({low}–{high})",
    ),
    "alert_lost": Text("累计{stage}少约 {lost}（{low}–{high}）", "about {lost} fewer {stage} in all ({low}–{high})"),
    "back": Text("时长", "Last"),
    "short": Text("少于预期", "Short of it"),
    "unsure_steps": Text("数据不足的步骤：{n}", "Steps with too little data: {n}"),
    "alert_money": Text("约 {money}（{low}–{high}）", "≈ {money} ({low}–{high})"),
    "where": Text("主要在", "Mostly in"),
    "since": Text("始于", "Since"),
    "yours": Text("你的时间", "your time"),
    "stores_clock": Text("店铺时间", "store time"),
    "lasted": Text("持续 {span}", "lasted {span}"),
    "for_span": Text("已 {span}", "for {span}"),
    "facts": Text("告警内容", "What is known"),
    "size": Text("损失", "Size"),
    "sureness": Text("把握", "Sureness"),
    "where_title": Text("在哪里", "Where"),
    "where_unknown": Text("没有集中在某个分群。", "Not concentrated in one segment."),
    "evidence": Text("证据", "Evidence"),
    "how_long": Text("时长", "How long"),
    "resolved_at": Text("恢复于", "resolved"),
    "checks": Text("先看这里", "Check first"),
    "life": Text("经过", "What happened when"),
    "rows": Text("原始记录", "Raw rows"),
    "open_rows": Text("打开原始记录", "Open rows"),
    "rows_sql": Text("同样的查询（可用 funnelwatch sql 运行）：", "The same as SQL (run it with funnelwatch sql):"),
    "rows_private": Text("访客与买家只存化名。", "Visitors and buyers are stored as pseudonyms only."),
    "rows_cut": Text("只列最新的一部分。", "Only the newest are listed."),
    "no_rows": Text("这段时间没有记录。", "No rows in this time."),
    "copy": Text("复制", "Copy"),
    "copied": Text("已复制", "Copied"),
    "event_time": Text("发生时间", "Event time"),
    "type": Text("类型", "Type"),
    "device": Text("设备", "Device"),
    "channel": Text("渠道", "Channel"),
    "country": Text("国家", "Country"),
    "payment_method": Text("支付方式", "Payment method"),
    "order_id": Text("订单", "Order"),
    "amount": Text("金额", "Amount"),
    "no_such_alert": Text("没有这个告警", "There is no such alert"),
    "no_such_alert_detail": Text(
        "它可能已超过保存期，或链接不完整。", "It may be past its keeping time, or the link is incomplete."
    ),
    "no_such_page": Text("没有这个页面", "There is no such page"),
    "no_such_page_detail": Text("请从总览重新进入。", "Start again from the overview."),
    "broken": Text("页面出错了", "The page failed"),
    "broken_detail": Text("详情已写入日志，请稍后重试。", "The details are in the log. Try again."),
    # dead letters
    "last_day": Text("近 24 小时，按原因", "Last 24 h, by reason"),
    "last_week": Text("近 7 天", "Last 7 days"),
    "no_letters": Text("近 24 小时没有被拒的记录。", "Nothing was refused in the last 24 h."),
    "no_letters_week": Text("近 7 天没有被拒的记录。", "Nothing was refused in the last 7 days."),
    "letters_note": Text(
        "被拒的记录连同原因保留在此，个人信息已去除；修正后可用 funnelwatch deadletters replay 重放。",
        "Refused records are kept with their reason, personal data removed. Once mended: funnelwatch deadletters replay.",
    ),
    "payload": Text("内容", "Payload"),
    "no_store": Text("店铺不明", "No store"),
    # definitions
    "states": Text("状态", "States"),
    "numbers": Text("数字", "Numbers"),
    "drop_off_title": Text("流失率", "Drop-off rate"),
    "money_title": Text("金额", "Money"),
    "def_surprise": Text(
        "−log₁₀ 尾部概率，取多个窗口中最小者。6 表示在一切如常时约百万分之一。达到 {notice} 提醒，达到 {page} 严重。",
        "−log₁₀ of the tail probability, the smallest over several windows. 6 means about one in a million if all were as usual. "
        "An alert is a notice from {notice} and critical from {page}.",
    ),
    "def_expected": Text(
        "由该店自身历史、每周规律与上游流量推算的到达数。",
        "Arrivals inferred from the store's own history, its week and its traffic upstream.",
    ),
    "def_band": Text(
        "一切如常时，到达数有 99% 的可能落在其中。", "Where arrivals fall 99 times in 100 when all is as usual."
    ),
    "def_drop_off_title": Text(
        "1 − 本段到达数 ÷ 上一段到达数，同一窗口，不是同一批人。",
        "1 − arrivals here ÷ arrivals one stage before, in the same window; not a cohort of people.",
    ),
    "def_not_supplied": Text(
        "28 天内没有任何来源提供该阶段；这不是零。", "No source supplied the stage in 28 days; that is not zero."
    ),
    "def_money_title": Text(
        "少掉的订单或支付数 × 该店近 7 天平均金额；是估计，不是预测。",
        "Missing orders or payments × the store's mean amount over 7 days; an estimate, not a forecast.",
    ),
    # parts
    **{f"part_{role.name}": role.words for role in ROLES.values()},
    "pool_stores": Text("涉及店铺", "Stores in it"),
    "part_ready": Text("运行", "running"),
    "part_starting": Text("启动中", "starting"),
    "part_degraded": Text("降级", "degraded"),
    "part_stopping": Text("停止中", "stopping"),
    "part_failed": Text("失败", "failed"),
    "part_silent": Text("无心跳", "silent"),
    # said by the screen reader
    "spoken_firing": Text("{n} 个告警：{first}", "{n} alerting: {first}"),
    "spoken_quiet": Text("没有正在触发的告警", "No alert is firing"),
    "title_firing": Text("（{n}）告警 · Funnelwatch", "({n}) alerting · Funnelwatch"),
}  # fmt: skip
