"""The texts of a digest in both languages; ``{name}`` marks what ``scoring/digest/sentences.py`` fills in."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.digest.values import DigestGroup, Verdict
from scoring.funnel.scores import ScoreState
from scoring.wording.catalogue import STATE_NAMES
from scoring.wording.checks import Check
from scoring.wording.text import Text

GROUPS: Mapping[DigestGroup, Text] = {
    DigestGroup.ACTION: Text("{n} 家需处理", "{n} stores need action"),
    DigestGroup.RECOVERED: Text("{n} 家已恢复", "{n} recovered"),
    DigestGroup.NORMAL: Text("{n} 家正常", "{n} normal"),
    DigestGroup.LEARNING: Text("{n} 家学习中", "{n} learning"),
    DigestGroup.TOO_LITTLE: Text("{n} 家数据不足", "{n} not enough data"),
}
#: the same of one store, where English has other words for it
GROUPS_OF_ONE: Mapping[DigestGroup, Text] = {
    DigestGroup.ACTION: Text("{n} 家需处理", "{n} store needs action"),
}
VERDICTS: Mapping[Verdict, Text] = {
    Verdict.ATTENTION: Text("需处理", "Needs action"),
    Verdict.SILENT: Text("没有数据", "Went silent"),
    Verdict.RECOVERED: Text("已恢复", "Recovered"),
    Verdict.NORMAL: STATE_NAMES[ScoreState.NORMAL],
    Verdict.LEARNING: Text("学习中", "Learning"),
    Verdict.NOT_JUDGED: STATE_NAMES[ScoreState.NOT_ENOUGH_DATA],
    Verdict.NO_DATA: Text("尚无数据", "No data yet"),
}
HEADINGS: Mapping[str, Text] = {
    "data": Text("数据", "Data"),
    "matters": Text("先处理这些", "What needs doing first"),
    "figures": Text("全部店铺", "All stores together"),
    "stores": Text("各店表现（差的在前）", "Stores, worst first"),
    "others": Text("其余店铺", "The other stores"),
    "funnel": Text("漏斗：{store}", "Funnel: {store}"),
    "radar": Text("各环节转化与预期：{store}", "Conversion of each step: {store}"),
    "slow": Text("发货（按仓库工作时间）", "Fulfilment, in the warehouse's business hours"),
    "reports": Text("平台自己的数字", "What platforms report themselves"),
    "health": Text("店铺健康分", "Store health"),
    "incidents": Text("未关闭的告警", "Open alerts"),
    "calendar": Text("未来 7 天", "The next 7 days"),
    "store": Text("店铺", "Store"),
    "verdict": Text("判断", "Verdict"),
    "outcome": Text("结果", "Outcome"),
    "change": Text("与预期相比", "Against expected"),
    "trend": Text("走势", "Trend"),
    "stage": Text("阶段", "Stage"),
    "count": Text("实际", "Actual"),
    "expected": Text("预期", "Expected"),
    "open_page": Text("打开页面", "Open the page"),
    "unsubscribe": Text("退订", "Unsubscribe"),
}

HEALTH_DAYS = Text("{first}至{last}", "{first} to {last}")
HEALTH_LINE = Text("{name}：{score}，{days}，{against}", "{name}: {score}, {days}, {against}")
HEALTH_NONE_OF = Text(
    "{n} 家店测到的指标太少，没有健康分：{names}", "No score for {n} stores, too little is measured: {names}"
)
HEALTH_NONE_OF_MANY = Text(
    "{n} 家店测到的指标太少，没有健康分：{names} 等",
    "No score for {n} stores, too little is measured: {names}, …",
)
HEALTH_NONE = Text(
    "{name}：测到的只占权重 {share}，不给健康分（{days}）",
    "{name}: no score, {share} of the weights are measured ({days})",
)
HEALTH_UP = Text(
    "比上一期高 {points} 分（{low}–{high}）", "{points} points above the period before ({low}–{high})"
)
HEALTH_DOWN = Text(
    "比上一期低 {points} 分（{low}–{high}）", "{points} points below the period before ({low}–{high})"
)
HEALTH_SAME = Text("和上一期的差别没有超出误差", "no more than noise apart from the period before")
HEALTH_FIRST = Text("上一期没有可以比的分", "no score of the period before to compare with")
HEALTH_TARGETS_MET = Text("目标全部达标（{asked} 项）", "all targets met ({asked})")
HEALTH_TARGETS_MISSED = Text(
    "目标 {asked} 项，未达标 {missed} 项：{those}", "{missed} of {asked} targets missed: {those}"
)
HEALTH_TARGET_BY = Text("{name}差 {gap}", "{name} by {gap}")
HEALTH_TARGETS_MORE = Text("，另有 {n} 项", ", {n} more")
HEALTH_MOST = Text("；变化最大的是{name}：{points} 分", "; the largest change: {name}, {points} points")

REPORT_OF = Text(
    "{store} · {source} · {day} {weekday}（{zone}）", "{store} · {source} · {weekday}, {day} ({zone})"
)
RESTATED = Text("（已修订）", " (restated)")
REPORTS_NOTE = Text(
    "各来源最近一个完整日，不并入事件计数。",
    "The newest complete day of each source; never added to event counts.",
)
REPORTS_MORE = Text("另有 {n} 项见店铺页。", " {n} more on the stores' pages.")
SUBJECT_DAY = Text("漏斗日报 {day}", "Funnel, {day}")
SUBJECT_WEEK = Text("漏斗周报 {first}–{last}", "Funnel, week {first}–{last}")
SUBJECT = Text("{days}：{result}", "{days}: {result}")
PERIOD_DAY = Text("{day} {weekday} 全天（{zone}）", "{weekday}, {day}, all day ({zone})")
PERIOD_WEEK = Text(
    "{first} {first_weekday} 至 {last} {last_weekday}（{zone}）",
    "{first_weekday}, {first} to {last_weekday}, {last} ({zone})",
)
MADE = Text("，告警截至 {clock}", "; alerts as of {clock}")
LATE = Text(
    "原定 {due} 发出，因故延迟，现补发。",
    "Due at {due}; it could not be sent then, so this is sent late.",
)
COMPLETE = Text("{all} 家店中 {complete} 家数据完整", "Data is complete for {complete} of {all} stores")
ALL_COMPLETE = Text("{all} 家店数据完整", "Data is complete for all stores ({all})")
CHECKED_UNTIL = Text("；检测至 {until}。", "; checked until {until}.")
NOTHING_SCORED = Text("；这段时间还没有检测。", "; this period was not checked.")
NOTHING_CAME = Text("这段时间没有收到数据。", "No data came in this period.")
GAP = Text("{store} 有 {span}没有数据", "{store}: nothing came for {span}")
GAPS_MORE = Text("另有 {n} 家", "{n} more")
UNCHECKED = Text("有时段未检测：{stores}", "Not checked throughout: {stores}")
UNCHECKED_STORE = Text("{store} {span}", "{store} (not for {span})")
FIGURES: Mapping[str, Text] = {
    "sales": Text("销售额", "Sales"),
    "orders": Text("订单", "Orders"),
    "visits": Text("访问", "Visits"),
    "conversion": Text("转化率", "Conversion"),
    "order_value": Text("客单价", "Order value"),
}
NO_FIGURE = "–"
AGAINST: Mapping[str, Text] = {
    "day": Text("较前一日", "day before"),
    "week": Text("较上周同日", "week before"),
    "week_before": Text("较前一周", "week before"),
}
TRADE_NOTE = Text(
    "数字后为{against}。订单为已支付的订单（未接入支付的店铺为下单数），访问为点击；只比较两个时段都有数据的店铺。",
    "Behind each number: {against}. Orders are paid ones (placed ones where payments are not supplied), visits are clicks; compared by stores that have both periods.",
)
WITHOUT_RATE = Text("未计入（没有汇率）：{names}。", " Not included, for want of a rate: {names}.")
IN_BRACKETS = Text("（{text}）", " ({text})")
ALERT_IS = Text("告警：{alert}", "Alert: {alert}")
SILENT_STORES = Text("没有数据：{stores}。", "No data: {stores}.")
NEW_STORES = Text("尚未接入：{stores}。", "Not connected yet: {stores}.")
REJECTED = Text("拒收 {n} 条（{reasons}）。", "Records rejected: {n} ({reasons}).")
NOTHING = Text(
    "一切正常：{normal} 家店各环节都在预期内。",
    "Nothing needs action; stores with all steps as expected: {normal}.",
)
NOTHING_BUT_SLOW = Text(
    "没有告警；但有 {n} 家店发货落后，见下方。",
    "No alert; but stores that are behind with fulfilment: {n}, see below.",
)
SLOW_CHANGE = Text("发货 {change}", "fulfilment {change}")
SLOW_SIZE = Text(
    "实际发货 {observed}，按此前的支付应为 {expected}（{hours} 个工作小时）",
    "{observed} fulfilled, {expected} due of the payments before (business hours: {hours})",
)
SLOW_BREACHES = Text("其中 {n} 个工作小时被判为明显低于预期", "hours in which that was judged too few: {n}")
SLOW_MORE = Text("另有 {n} 家落后，见页面。", "{n} more behind: see the page.")
SLOW_FINE = Text("{n} 家按预期发货。", "Stores as expected: {n}.")
SLOW_FEW = Text("{n} 家样本不足。", "Stores with too small a sample to judge: {n}.")
NOTHING_JUDGED = Text(
    "没有告警；但没有一家店的数据足够判断。", "No alert; but no store has enough data to be judged."
)
NOTHING_YET = Text(
    "没有告警；{n} 家店还在学习平时的水平，学好后才开始检测。",
    "No alert; stores that are still learning what is usual and are not checked yet: {n}.",
)
LOST = Text("少约 {lost}（{low}–{high}）", "about {lost} ({low}–{high})")
#: of a slow decline, which is one over days
LOST_IN_DAYS = Text(
    "近 {span}比此前四周的水平少约 {lost}（{low}–{high}）",
    "about {lost} in the last {span}, against the four weeks before ({low}–{high})",
)
SEEN = Text(
    "近 {span}{count}，预期 {expected}",
    "{count} in the last {span}, {expected} expected",
)
MAINLY = Text("主要在 {segment}（占 {share}）", "mainly {segment} ({share})")
SINCE = Text("自 {since} 起，已 {age}", "since {since}, {age} so far")
LASTED = Text("{since} 起，历时 {age}，已恢复", "from {since} for {age}, over now")
UNCLAIMED = Text("无人认领", "unassigned")
SILENT_TITLE = Text("{store} · 没有数据", "{store} · went silent")
SILENT_TEXT = Text(
    "整段时间没有一个事件；最后一次在 {last}。", "Not one event in this time; the last one was at {last}."
)
SILENT_CHECK = Check(
    "engineering",
    Text("查像素、Webhook 与采集端是否在线。", "Check that pixel, web hooks and collector are alive."),
)
MORE_MATTERS = Text("另有 {n} 条，见下方。", "{n} more below.")
TOO_FEW = Text("样本太少", "sample too small")
NOT_SCORED = Text("未检测", "not checked")
NO_BASELINE = Text("—", "—")
OUTCOME = Text("{unit} {count}", "{count} {unit}")
PARTLY = Text("已判 {judged}/{supplied} 步", "{judged} of {supplied} steps judged")
STORES_MORE = Text("另有 {n} 家：{groups}", "More stores: {n} ({groups})")
BAR = Text("{stage} {count}（预期 {expected}）", "{stage} {count} (expected {expected})")
BAR_PLAIN = Text("{stage} {count}", "{stage} {count}")
BAR_NONE = Text("{stage} 未接入", "{stage}: no data source")
FUNNEL_ALT = Text("{store} 漏斗：{bars}", "Funnel of {store}: {bars}")
AXIS = Text("{name} {value}（覆盖 {coverage}）", "{name} {value} ({coverage} covered)")
AXIS_BEFORE = Text(
    "{name} {value}（此前 {before}，覆盖 {coverage}）", "{name} {value} (before {before}, {coverage} covered)"
)
AXIS_NONE = Text("{name} 未测", "{name} not measured")
RADAR_ALT = Text("{store} 各步转化，100% 为预期：{axes}", "Steps of {store}, 100% is as expected: {axes}")
SPARK_ALT = Text("{step}：{observed}，预期 {expected}", "{step}: {observed}, expected {expected}")
SPARK_ALT_PLAIN = Text("{step}：{observed}", "{step}: {observed}")
RADAR_NOTE = Text(
    "100% 表示符合预期；虚线为上一周期；空白表示没有数据，不是 0。",
    "100% is as expected; dashed: the period before; blank means no data, not zero.",
)
FUNNEL_NOTE = Text(
    "浅色为预期（首环节之后按基线推算，长度按数量级），深色为实际。",
    "Light: expected, if each step had converted at baseline (log scale). Dark: actual.",
)
MORE_INCIDENTS = Text("另有 {n} 条未关闭，见页面。", "{n} more open: see the page.")
NO_INCIDENTS = Text("没有。", "None.")
OVER = Text("这段时间另有 {n} 条已恢复。", "Recovered in this period: {n} more.")
NO_DAYS = Text("没有节假日，也没有大促。", "No holiday and no sale.")
DAY = Text("{day} {weekday}", "{weekday}, {day}")
TO_DAY = Text("至 {day}", "until {day}")
UNCERTAIN = Text("日期未公布", "date not announced")
DEFINITIONS = Text(
    "“与预期相比”：各环节“实际÷预期”相乘；各店只与自己的基线相比，不与别的店相比。金额为估计，不是预测。",
    "“Against expected”: each step's actual over expected, multiplied; every store against its own baseline, never against "
    "another. Money is an estimate, not a forecast.",
)
VERSION = Text(
    "口径版本 {version} · {zone} · 无异常也照常发送",
    "Definitions version {version} · zone {zone} · sent on quiet days too",
)
NOT_SUPPLIED = Text("未接入", "no data source")
