"""The words of one store: stage algebra, cohorts, the line of a step, zh and en."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.funnel.scores import ScoreState
from scoring.wording.catalogue import STATE_NAMES
from scoring.wording.text import Text
from streams.incidents.breakdown import Before, SplitBy

STORE_WORDS: Mapping[str, Text] = {
    "off_baseline": STATE_NAMES[ScoreState.BREACH],
    "chart_label_plain": Text(
        "{step}，{from} 至 {to}：最近一段实际 {observed}，暂无预期。左右方向键逐点读数。",
        "{step}, {from} to {to}: most recently {observed} observed, no expectation yet. Arrow keys read point by point.",
    ),
    "readout": Text(
        "{at} · 实际 {observed} · 预期 {expected}（{low}–{high}）", "{at} · {observed} observed · {expected} expected ({low}–{high})"
    ),
    "readout_plain": Text("{at} · 实际 {observed}", "{at} · {observed} observed"),
    "opened_mark": Text("告警开始", "Alert opened"),
    "algebra": Text("变化主要来自哪一步", "Which step changed most"),
    "algebra_link": Text("变化拆解与批次跟踪", "What changed, and cohorts"),
    "algebra_note": Text(
        "整体变化按步骤拆解；只说明发生在哪一步，不判断原因。",
        "The overall change, by step: where it happened, not why.",
    ),
    "algebra_sum": Text("{stage} {now}，对照 {then}（{change}）", "{stage}: {now} against {then} ({change})"),
    "algebra_carried": Text("主要来自：{step}。", "Mostly from {step}."),
    "algebra_traffic": Text("变化主要来自流量。", "Mostly from traffic."),
    "algebra_mix": Text(
        "其中人群构成变化占 {share}，其余为各人群自身变化。",
        "{share} of it is mix (other visitors), the rest is the same visitors behaving differently.",
    ),
    "algebra_none": Text(
        "对照期数据不足，暂时无法拆解。", "The reference has too few counts to compare with."
    ),
    "algebra_part": Text("对整体的影响", "Effect on the total"),
    "algebra_then": Text("对照", "Then"),
    "algebra_now": Text("现在", "Now"),
    "algebra_rate": Text("转化率影响", "Rate"),
    "algebra_mixed": Text("客群结构影响", "Mix"),
    "algebra_visitors": Text("流量", "Traffic"),
    "breakdown": Text("按商品等细分", "Breakdown by product and more"),
    "breakdown_link": Text("按商品、活动等细分", "By product, campaign and more"),
    "breakdown_by": Text("按", "By"),
    "breakdown_then": Text("对照自 {at} 起的同样时长", "against the same length from {at} on"),
    "breakdown_note": Text(
        "只是原始事件的计数，没有按此维度的预期，因此不打分；对照不足 {least} 笔时不显示变化。括号内为对照。",
        "Counts of raw events: there is no expectation by this dimension, so no score. No change is shown where fewer than {least} came before. In brackets: before.",
    ),
    "breakdown_no_before": Text("对照时段没有这一步的事件，只列本期。", "No event of this step came before: only what came now is listed."),
    "breakdown_none": Text("这段时间和对照时段都没有这一步的事件。", "No event of this step in this span, nor in the one before."),
    "breakdown_now": Text("{stage}（本期）", "{stage}, now"),
    "breakdown_before": Text("{stage}（对照）", "{stage}, before"),
    "breakdown_change": Text("变化", "Change"),
    "breakdown_entered": Text("{stage}", "{stage}"),
    "breakdown_whole": Text("合计（{n} 项）", "All ({n} values)"),
    "breakdown_unknown": Text("未提供", "Not supplied"),
    "against": Text("对照", "Against"),
    "against_last_week": Text("上周同时段", "Last week"),
    "against_expectation": Text("预期", "Expectation"),
    "cohorts": Text("批次跟踪", "Cohorts"),
    "cohorts_note": Text(
        "“到今天应完成”是按以往到现在该完成的比例；“折算完成率”= 已完成 ÷（单数 × 应完成比例），应完成不足 5% 时不显示。",
        "“Due” is the share that should have come by now; the corrected rate is advanced / (entered × due), hidden below 5 %.",
    ),
    "cohorts_note_payment_to_fulfilment": Text("按支付日分组的订单。", "Orders by the day they were paid."),
    "cohorts_note_fulfilment_to_repurchase": Text(
        "按期内首单所在周分组的买家，再次下单即复购。",
        "Buyers by the week of their first order in the span; another order is a repurchase.",
    ),
    "cohorts_median": Text("一半在 {days} 天内完成。", "Half come within {days} days."),
    "cohorts_none": Text("近期没有可跟踪的批次。", "No recent events to build cohorts from."),
    "cohort_day": Text("支付日", "Paid on"),
    "cohort_week": Text("周（起始日）", "Week from"),
    "cohort_entered": Text("进入", "Entered"),
    "cohort_advanced": Text("已完成", "Advanced"),
    "cohort_complete": Text("到今天应完成", "Due"),
    "cohort_rate": Text("折算完成率", "Corrected rate"),
    "cohort_young": Text("太早", "too early"),
}  # fmt: skip

#: what raw events can be split by, and what a span is compared with
SPLIT_NAMES: Mapping[str, Text] = {
    SplitBy.PRODUCT: Text("商品", "Product"),
    SplitBy.CATEGORY: Text("类目", "Category"),
    SplitBy.CAMPAIGN: Text("推广活动", "Campaign"),
    SplitBy.COUNTRY: Text("国家", "Country"),
    SplitBy.CHANNEL: Text("渠道", "Channel"),
    SplitBy.DEVICE_CLASS: Text("设备", "Device"),
    SplitBy.PAYMENT_METHOD: Text("支付方式", "Payment method"),
}
BEFORE_NAMES: Mapping[str, Text] = {
    Before.WEEK: Text("一周前同一时段", "The same span a week before"),
    Before.DAY: Text("前一天同一时段", "The same span the day before"),
}
