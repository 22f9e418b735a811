"""The five dashboards: Live funnel, Store comparison, Evaluation, Incidents and response times, Pipeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grafana_foundation_sdk.builders import dashboard as dash
from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.cog import builder as cogbuilder
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana.attribution_queries import ATTRIBUTION, ATTRIBUTION_MODELS
from deploy.grafana.evaluation_queries import (
    ADVICE_GIVEN,
    DIMENSION_LINES,
    DIMENSION_TABLE,
    FINDINGS,
    HEALTH_LINES,
    HEALTH_NOW,
    INDICATORS,
)
from deploy.grafana.history_queries import (
    COMPARISON,
    DEFINITIONS,
    HISTORY,
    INDEXED,
    LETTERS,
    MEDIAN_ACK,
    MEDIAN_RESOLVE,
    PER_DAY,
    REASONS,
)
from deploy.grafana.live_queries import (
    ANNOTATIONS,
    CONTRIBUTION,
    GRID,
    HEALTH,
    HEAT,
    HEAT_STEPS,
    LINE,
    NUMBERS,
    OPEN,
    RAW,
)
from deploy.grafana.panels import (
    GOOD,
    TROUBLE,
    WARN,
    band,
    bars,
    bars_over_time,
    coloured,
    compared,
    heat,
    hidden,
    lines,
    linked,
    metric,
    number,
    periods,
    rows,
    thresholds,
    waterfall,
)
from deploy.grafana.query import (
    CLICKHOUSE,
    PLUGIN_VERSION,
    Sql,
    evaluation_variables,
    one_line,
    row_variables,
    variables,
)
from deploy.grafana.report_queries import LEFT_OUT, REPORT_DAYS, REPORT_LINES, REPORTS
from scoring.evaluation.dimensions.registry import DIMENSIONS
from scoring.evaluation.rules import HIGH, LOW

#: of the panel whose answer another one shows too
_NUMBERS_ID = 101
LIVE, STORES, EVALUATION, INCIDENTS, PIPELINE = (
    "fw-live",
    "fw-stores",
    "fw-evaluation",
    "fw-incidents",
    "fw-pipeline",
)
#: what a link to one store keeps
KEPT = "${__url_time_range}&${platform:queryparam}&${country:queryparam}&${step:queryparam}&${segment:queryparam}&${language:queryparam}&${zone:queryparam}&${page:queryparam}"
#: from the name of a store to its own dashboard and page
TO_STORE = (
    ("This store's funnel 该店漏斗", f"/d/{LIVE}?var-store=${{__value.text:percentencode}}&{KEPT}"),
    ("Live page 实时页", "${page}/?store=${__value.text:percentencode}&lang=${language}"),
)
TO_ALERT = (
    ("On the live page 在实时页打开", "${page}/alerts/${__value.text:percentencode}?lang=${language}"),
)
TO_EVALUATION = (
    ("Its evaluation 该店评价", "${page}/stores/${__value.text:percentencode}/evaluation?period=${length}&lang=${language}"),
    TO_STORE[0],
)  # fmt: skip
#: what is clearly low has even its upper bound below this (scoring/evaluation/rules.py); what is clearly high its lower bound above
_UPPER, _LOWER = (
    thresholds((None, TROUBLE), (LOW + 1e-9, "transparent")),
    thresholds((None, "transparent"), (HIGH, GOOD)),
)
#: from a cell of the heat map to its raw events
TO_ROWS = (
    (
        "Its raw events 查看原始事件",
        f"/d/{LIVE}?{KEPT}&${{store:queryparam}}&var-row_country=${{__data.fields.country:percentencode}}"
        "&var-row_channel=${__data.fields.channel:percentencode}&var-row_device=${__data.fields.device:percentencode}",
    ),
)


def _annotation() -> dash.AnnotationQuery:
    class Raw(cogbuilder.Builder[models.AnnotationQuery]):
        """The SDK's annotation has no room for the plug-in's query, so its JSON is completed here."""

        def build(self) -> models.AnnotationQuery:
            made = (
                dash.AnnotationQuery()
                .name("Alerts 告警")
                .datasource(CLICKHOUSE)
                .enable(True)
                .icon_color(TROUBLE)
                .build()
            )
            plain: Callable[[], dict[str, Any]] = made.to_json

            def to_json() -> dict[str, Any]:
                target = {
                    "editorType": "sql",
                    "format": 1,
                    "pluginVersion": PLUGIN_VERSION,
                    "queryType": "table",
                    "rawSql": one_line(ANNOTATIONS),
                    "refId": "Anno",
                }
                return {**plain(), "target": target}

            made.to_json = to_json  # type: ignore[method-assign]
            return made

    return Raw()  # type: ignore[return-value]


def _dashboard(uid: str, title: str, description: str, time_from: str, refresh: str) -> dash.Dashboard:
    board = (
        dash.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags(["funnelwatch"])
        .timezone("browser")
        .time(time_from, "now")
        .refresh(refresh)
        .readonly()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .annotation(_annotation())
        .link(
            dash.DashboardLink("Funnelwatch")
            .type(models.DashboardLinkType.DASHBOARDS)
            .tags(["funnelwatch"])
            .include_vars(True)
            .keep_time(True)
        )
        .link(
            dash.DashboardLink("Live page 实时页")
            .type(models.DashboardLinkType.LINK)
            .url("${page}/?lang=${language}")
            .target_blank(True)
        )
    )
    for variable in variables():
        board = board.with_variable(variable)
    return board


def live() -> dash.Dashboard:
    """What is happening now, top to bottom: is the data there, which store, which stage, which step, where, which rows."""
    health = rows("Sources 来源", "Each source of each store with an event in the last six hours: age of the newest event, mean delay; for the last hour: events, pixel orders over orders of the other sources (from 30 on), repeated events (left out), share of bots, dead letters. 近 6 小时有事件的来源：时效、延迟、近 1 小时事件、像素/订单、重复、机器人、被拒数据。", HEALTH,
                  ("store", "source", "age", "delay", "events", "pixel_orders", "repeats", "bots", "letters"))  # fmt: skip
    grid = rows("Stores 店铺", "Worst step of each store in its newest scored minute; stores with an alert first. 每店最差环节，告警在前。", GRID,
                ("store", "platform", "worst_step", "state_name", "surprise", "change", "alert_level", "lost", "age"))  # fmt: skip
    where = rows("Dimensions 维度", "Rates by country, channel and device relative to the same hours a week before (100 % = unchanged), at most the last day. A country links to its raw events. 与一周前同时段之比。", HEAT,
                 ("country", "channel", "device", "clicks", *HEAT_STEPS))  # fmt: skip
    alerts = rows("Alerts 告警", "Alerts that were open in the selected time range. 所选时间内的告警。", OPEN,
                  ("alert", "store", "step_name", "segment", "alert_level", "alert_state", "since", "surprise", "observed", "expected", "lost", "money", "currency"))  # fmt: skip
    board = _dashboard(LIVE, "Live funnel 实时漏斗", "Is the data there, which store, which step, where, and which rows.", "now-6h", "30s")  # fmt: skip
    for variable in row_variables():
        board = board.with_variable(variable)
    return (
        board.with_row(dash.Row("Data health 数据健康"))
        .with_panel(coloured(health, "age", thresholds((None, GOOD), (120, WARN), (600, TROUBLE)), "s").span(24).height(7))
        .with_panel(linked(coloured(grid, "surprise", thresholds((None, "transparent"), (6, WARN), (7, TROUBLE))), "store", *TO_STORE).span(24).height(8))
        .with_row(dash.Row("Funnel 漏斗"))
        .with_panel(compared("Stages 阶段", "Observed next to expected, of the minutes that have an expectation; a stage without one shows all that was counted, one that no source supplies is missing. 实际与预期只取有预期的分钟；无预期的阶段显示全部计数。", _NUMBERS_ID).span(12).height(11))
        .with_panel(hidden(rows("In numbers 数字", "All that was counted; what was expected, how observed compares with it and the 99 % band (chance only: a store also wobbles), of the share of time that is judged; the drop-off from the previous stage. 全部计数；预期、相对预期与区间（仅含偶然）取已检测时间；相对上一阶段的流失率。", NUMBERS, ("stage_name", "observed", "compared", "expected", "change", "drop_off", "low", "high", "covered_share")), "compared").id(_NUMBERS_ID).span(12).height(11))
        .with_panel(waterfall("Which step carried it 哪一步造成", "From expected (100 %) to observed: each step's arrivals relative to what its upstream events led to expect; the product is the whole funnel's. 各环节贡献瀑布。", CONTRIBUTION).span(10).height(9))
        .with_panel(band("Step over time 环节走势", "Arrivals of the selected step and segment over the 99 % band, of the stores that have an expectation in that minute; the band is approximate where a point covers several minutes or stores. 所选环节与预期区间，只含当时有预期的店铺。", LINE).span(14).height(9))
        .with_row(dash.Row("Where 在哪里"))
        .with_panel(linked(heat(where, HEAT_STEPS), "country", *TO_ROWS).span(24).height(9))
        .with_row(dash.Row("Incidents 告警"))
        .with_panel(linked(linked(alerts, "alert", *TO_ALERT), "store", *TO_STORE).span(24).height(8))
        .with_row(dash.Row("Raw events 原始事件"))
        .with_panel(rows("Events 事件", "Newest 200 events of the selected stores and of the selected cell of the heat map. 所选店铺与所选单元的最新 200 条。", Sql(RAW, to_the_second=True), ("happened", "store", "type_name", "source", "order_id", "product", "country", "channel", "device", "payment_method", "quantity", "amount", "currency", "event_id")).span(24).height(10))
    )  # fmt: skip


def stores() -> dash.Dashboard:
    """Stores next to each other, each against its own expectation; rates of different platforms are not ranked."""
    table = rows("Against own expectation 与自身预期相比", "Arrivals of the selected step relative to the store's own expectation, in the minutes that have one. Sorted by platform and name, not ranked: platforms define stages differently. 只与自身预期比较，平台之间不排名。", COMPARISON,
                 ("platform", "store", "state_name", "observed", "expected", "of_expected", "covered"))  # fmt: skip
    reports = rows("Report rows 报表明细", "Every figure of a day, newest first. A day is of the report's own zone; … may still change; people are never added over days. 每日数字：按报表自己的时区；… 还会更新；人数不跨天相加。", REPORTS,
                   ("day", "store", "source", "measure_name", "value", "unit_name", "currency", "report_zone", "complete", "restated", "reported"))  # fmt: skip
    left_out = rows("What was left out 未计入的数据", "Bots, repeats, what was set apart, test orders, dead letters of the selected time range, with an id to look at. 所选时间内未计入的数据及原因。", LEFT_OUT,
                    ("store", "reason_name", "what", "still_counted", "left_out", "newest", "example"))  # fmt: skip
    definitions = rows("Definitions 口径", "How each store is configured. 各店定义。", DEFINITIONS, ("store", "name", "platform", "country", "zone", "currency", "category"))  # fmt: skip
    return (
        _dashboard(STORES, "Store comparison 店铺对比", "Each store against its own expectation.", "now-24h", "1m")
        .with_panel(linked(coloured(table, "of_expected", thresholds((None, TROUBLE), (0.8, WARN), (0.9, GOOD)), "percentunit"), "store", *TO_STORE).span(24).height(11))
        .with_panel(lines("Index, expectation = 100 指数", "Arrivals relative to expectation of the twelve stores farthest from theirs; points with fewer than five expected are left out. 偏离最大的 12 家。", INDEXED, label="store").interval("10m").span(24).height(10))
        .with_panel(linked(definitions, "store", *TO_STORE).span(24).height(8))
        .with_row(dash.Row("Platform reports 平台报表"))
        .with_panel(periods(lines("Reported by platforms 平台上报", "What platforms say themselves of a day, complete days only: people, sessions, orders. Never added to event counts. 平台自己给出的每日数字（仅完整日），不并入事件计数。", REPORT_LINES, label="line")).time_from(REPORT_DAYS).span(24).height(9))
        .with_panel(linked(reports, "store", *TO_STORE).time_from(REPORT_DAYS).span(24).height(11))
        .with_row(dash.Row("Left out 数据清洗"))
        .with_panel(linked(left_out, "store", *TO_STORE).span(24).height(9))
    )  # fmt: skip


def evaluation() -> dash.Dashboard:
    """Health, dimensions, indicators, findings and advice of every complete period, as the role jobs wrote them."""

    def scored(panel: table.Panel) -> table.Panel:
        painted = coloured(coloured(panel, "score_high", _UPPER), "score_low", _LOWER)
        return linked(painted, "store", *TO_EVALUATION)

    health = rows("Health 健康分", "Newest period of each store that ends in the selected time range: 50 is usual, 15 points one standard deviation, with its 90 % interval. Red only where even the upper bound is clearly low. 每店最近一个完整周期；50 分为平常；上限也明显偏低才标红。", HEALTH_NOW,
                  ("store", "days", "score", "score_low", "score_high", "coverage", "against_name", "lack_name"))  # fmt: skip
    by_dimension = rows("Dimensions by period 各期维度分", "A row a store and period, the newest first; — is not measured enough, which is neither 0 nor full marks. 每店每期一行；— 表示测到的太少，不是 0 分。", DIMENSION_TABLE,
                        ("store", "days", *(one.id for one in DIMENSIONS)))  # fmt: skip
    for one in DIMENSIONS:
        by_dimension = coloured(
            by_dimension, one.id, thresholds((None, WARN), (LOW, "transparent"), (HIGH, GOOD))
        )
    indicators = rows("Indicators 指标", "What is measured of each store's newest period: value, target and whether it was met, cases, score against the comparator, and where the rows are. 最近一期测到的指标：数值、目标与是否达标、例数、得分、出处。", INDICATORS,
                      ("store", "dimension_name", "indicator_name", "figure", "goal", "goal_reached", "cases", "score", "score_low", "score_high", "against_name", "lack_name", "relation", "row_count"))  # fmt: skip
    findings = rows("Findings 看到了什么", "What rules saw, by which readings, and what else it may be. None names a cause. 规则看到的情况、依据与其他可能；不代表原因。", FINDINGS,
                    ("store", "days", "finding", "standing_name", "strength", "evidence_names", "instead_names", "also_names"))  # fmt: skip
    advice = rows("Advice 建议", "Things to look at or try: who took them on, what came of them on their check date, and how often the same advice helped in this store. 建议、处理人、到期判断结果，以及同一建议在本店的效果。", ADVICE_GIVEN,
                  ("store", "days", "advice_text", "duty_name", "effort_name", "advice_state", "who", "checked", "outcome_name", "gained", "hit_rate"))  # fmt: skip
    attribution = rows("Attribution 订单来源", "By which channels and campaigns the orders of each store's newest period came (last non-direct click), what ads cost against the orders of the same days, and what platforms claim by their own rules. Intervals are of 90 %. 最近一期订单来自哪个渠道与活动（末次非直接点击），花费与同几天的订单比；平台自报按平台自己的规则。区间为 90%。", ATTRIBUTION,
                       ("store", "until", "kind_name", "channel_name", "campaign_name", "visits", "credited", "revenue", "currency", "ad_spend", "spend_currency", "cost_per_order", "cost_low", "cost_high", "roas", "roas_low", "roas_high", "claimed_roas", "claimed_orders", "claimed_per_order", "why_empty"))  # fmt: skip
    models = rows("Orders by model 各分法的订单", "The same orders shared out by other models; the parts of each add up to the whole. Markov removal and Shapley only from 200 orders and 2,000 visits in 30 days on. 同样的订单换一种分法，每种相加都等于总数。", ATTRIBUTION_MODELS,
                  ("store", "model_name", "channel_name", "credited", "credited_low", "credited_high", "revenue", "currency"))  # fmt: skip
    board = _dashboard(EVALUATION, "Evaluation 店铺评价", "Health, dimensions, indicators, findings and advice of every complete period. A score says where it is off, never why.", "now-120d", "15m")  # fmt: skip
    for variable in evaluation_variables():
        board = board.with_variable(variable)
    return (
        board.with_panel(scored(health).span(14).height(10))
        .with_panel(periods(lines("Health over periods 各期健康分", "At the end of each period, of twelve stores at most. Another version of the weights is another line. 画在每期结束时，最多 12 家；权重版本不同另起一线。", HEALTH_LINES, label="line")).min(0).max(100).span(10).height(10))
        .with_panel(periods(lines("Dimensions over periods 各期维度走势", "Of the first two of the selected stores: choose one to see its own. 所选店铺中的前两家；选一家即看该店。", DIMENSION_LINES, label="line")).min(0).max(100).span(24).height(9))
        .with_panel(linked(by_dimension, "store", *TO_EVALUATION).span(24).height(9))
        .with_panel(scored(indicators).span(24).height(12))
        .with_panel(linked(findings, "store", *TO_EVALUATION).span(24).height(8))
        .with_panel(linked(advice, "store", *TO_EVALUATION).span(24).height(9))
        .with_panel(linked(attribution, "store", *TO_EVALUATION).span(24).height(10))
        .with_panel(linked(models, "store", *TO_EVALUATION).span(24).height(8))
    )  # fmt: skip


def incidents() -> dash.Dashboard:
    """What fired, how fast people and store reacted, and what it turned out to be."""
    history = rows("History 历史", "Every alert in the selected time range. 所选时间内的全部告警。", HISTORY,
                   ("alert", "store", "step_name", "alert_level", "alert_state", "since", "until", "acknowledged_by", "closed_as", "minutes_to_acknowledge", "minutes_to_resolve"))  # fmt: skip
    return (
        _dashboard(INCIDENTS, "Incidents and response times 告警与响应", "What fired, and how fast it was handled.", "now-30d", "5m")
        .with_panel(number("Median to acknowledge 认领中位数", "Minutes from firing to the first acknowledgement. 触发到认领。", MEDIAN_ACK, "m").span(5).height(6))
        .with_panel(number("Median to resolve 结束中位数", "Minutes from firing until the store recovered or somebody closed the alert, whichever came first. 触发到恢复或关闭，以先发生者为准。", MEDIAN_RESOLVE, "m").span(5).height(6))
        .with_panel(bars("Closed as 关闭原因", "The reason given when it was closed. 关闭时所选原因。", REASONS).span(5).height(6))
        .with_panel(bars_over_time("Alerts per day 每日告警", "By level, in the selected time zone. 按级别，按所选时区。", PER_DAY, page=TROUBLE, notice=WARN).interval("1d").span(9).height(6))
        .with_panel(linked(linked(history, "alert", *TO_ALERT), "store", *TO_STORE).span(24).height(14))
    )  # fmt: skip


def pipeline() -> dash.Dashboard:
    """Whether Funnelwatch itself keeps up."""
    return (
        _dashboard(PIPELINE, "Pipeline 管道", "Whether Funnelwatch itself keeps up.", "now-3h", "30s")
        .with_panel(metric("Monitor lag 监控滞后", "Records not yet counted (worst partition) and not yet landed.", ("max(funnelwatch_monitor_lag_records)", "monitor"), ("sum by (topic) (funnelwatch_landing_lag_records)", "landing {{topic}}")).span(12).height(8))
        .with_panel(metric("Event age 事件年龄", "Seconds from acceptance until counted and until landed.", ("max(funnelwatch_monitor_event_age_seconds)", "counted"), ("max(funnelwatch_landing_event_age_seconds)", "landed"), unit="s").span(12).height(8))
        .with_panel(metric("Events per second 每秒事件", "Accepted, counted, landed.", ("sum(rate(funnelwatch_collector_events_total[1m]))", "accepted"), ("sum(rate(funnelwatch_monitor_events_total[1m]))", "counted"), ('sum(rate(funnelwatch_landing_rows_total{table="events_raw"}[1m]))', "landed")).span(12).height(8))
        .with_panel(metric("Flushes 刷写", "95th percentile of a flush and of an insert.", ("histogram_quantile(0.95, sum by (le) (rate(funnelwatch_monitor_flush_seconds_bucket[5m])))", "flush"), ("histogram_quantile(0.95, sum by (le, table) (rate(funnelwatch_landing_insert_seconds_bucket[5m])))", "insert {{table}}"), unit="s").span(12).height(8))
        .with_panel(metric("Rejected 拒收", "Records a minute that became dead letters.", ("sum by (reason) (60 * rate(funnelwatch_collector_rejected_total[5m]))", "{{reason}}"), ("sum(60 * rate(funnelwatch_monitor_rejected_total[5m])) or vector(0)", "in the log"), ("sum(60 * rate(funnelwatch_landing_rejected_total[5m])) or vector(0)", "not landed")).span(8).height(8))
        .with_panel(metric("Spool 落盘缓冲", "Bytes waiting on collectors' disks for the broker.", ("sum(funnelwatch_collector_spool_bytes)", "spool"), ("sum(funnelwatch_collector_spool_limit_bytes)", "limit"), unit="bytes").span(8).height(8))
        .with_panel(metric("Messages 消息", "Sent, retried and rejected, per hour.", ("sum by (channel) (3600 * rate(funnelwatch_notifier_sent_total[15m]))", "sent {{channel}}"), ("sum(3600 * rate(funnelwatch_notifier_failed_total[15m])) or vector(0)", "retried"), ("sum(3600 * rate(funnelwatch_notifier_rejected_total[15m])) or vector(0)", "rejected")).span(8).height(8))
        .with_panel(rows("Rejected events 被拒数据", "By reason, from the table. 按原因。", LETTERS, ("reason", "letters", "newest", "example")).span(24).height(8))
    )  # fmt: skip


DASHBOARDS = {
    "live": live,
    "stores": stores,
    "evaluation": evaluation,
    "incidents": incidents,
    "pipeline": pipeline,
}
