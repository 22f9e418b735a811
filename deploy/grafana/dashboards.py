"""The four dashboards: Live funnel, Store comparison, Incidents and response times, Pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from grafana_foundation_sdk.builders import dashboard as dash
from grafana_foundation_sdk.cog import builder as cogbuilder
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana.panels import (
    EXPECTED,
    GOOD,
    TROUBLE,
    WARN,
    band,
    bars,
    coloured,
    lines,
    linked,
    metric,
    number,
    rows,
    thresholds,
)
from deploy.grafana.query import CHOSEN_STORES, CLICKHOUSE, PLUGIN_VERSION, variables
from scoring.scores import ScoreState
from scoring.stages import STAGES, STEPS
from scoring.texts import LANGUAGES, STAGE_NAMES, STATE_NAMES, step_name

LIVE, STORES, INCIDENTS, PIPELINE = "fw-live", "fw-stores", "fw-incidents", "fw-pipeline"
ALL = "${__url_time_range}&${store:queryparam}&${platform:queryparam}&${country:queryparam}&${language:queryparam}&${zone:queryparam}"


def _texts(column: str, names: dict[str, dict[str, str]]) -> str:
    """SQL that says ``column`` in the chosen language."""

    def quoted(values: Iterable[str]) -> str:
        return "[" + ", ".join("'" + value.replace("'", "''") + "'" for value in values) + "]"

    keys = quoted(names)
    zh, en = (quoted(texts[language] for texts in names.values()) for language in LANGUAGES)
    return (
        f"transform(toString({column}), {keys}, if('${{language}}' = 'zh', {zh}, {en}), toString({column}))"
    )


STAGE = _texts("stage", {s.value: {x: STAGE_NAMES[s](x) for x in LANGUAGES} for s in STAGES})
STEP = _texts("step", {s.id: {x: step_name(s.id, x) for x in LANGUAGES} for s in STEPS})
STATE = _texts("state", {s.value: {x: STATE_NAMES[s](x) for x in LANGUAGES} for s in ScoreState})
ORDER = "indexOf([" + ", ".join(f"'{s.value}'" for s in STAGES) + "], stage)"
DOWNSTREAM = "splitByString('_to_', step)[-1]"


def _local(column: str) -> str:
    return f"formatDateTime({column}, '%Y-%m-%d %H:%i', '${{zone}}')"


HEALTH = f"""
SELECT store_id AS store, source, dateDiff('second', max(received_at), now()) AS age, count() AS events,
       round(avg(dateDiff('second', event_time, received_at)), 1) AS lag
FROM events
WHERE event_time > now() - INTERVAL 1 HOUR AND {CHOSEN_STORES}
GROUP BY store_id, source ORDER BY age DESC LIMIT 200
"""

GRID = f"""
SELECT store, {STEP.replace("toString(step)", "worst")} AS worst_step, {STATE.replace("toString(state)", "worst_state")} AS state_name,
       round(most, 1) AS surprise, round(seen) AS observed, round(foreseen) AS expected, dateDiff('second', newest, now()) AS age
FROM
(
    SELECT store_id AS store, argMax(step, surprise) AS worst, argMax(toString(state), surprise) AS worst_state,
           max(surprise) AS most, argMax(window_observed, surprise) AS seen, argMax(window_expected, surprise) AS foreseen,
           max(minute) AS newest
    FROM
    (
        SELECT store_id, step, state, surprise, window_observed, window_expected, minute
        FROM scores
        WHERE minute > now() - INTERVAL 15 MINUTE AND segment = '' AND {CHOSEN_STORES}
        ORDER BY minute DESC LIMIT 1 BY store_id, step
    )
    GROUP BY store_id
)
ORDER BY most DESC LIMIT 200
"""

FUNNEL = f"""
SELECT {STAGE} AS stage_name, observed, expected FROM
(
    SELECT stage, sum(count) AS observed
    FROM stage_counts WHERE $__timeFilter(minute) AND {CHOSEN_STORES} GROUP BY stage
) AS counted
LEFT JOIN
(
    SELECT {DOWNSTREAM} AS stage, round(sum(scores.expected)) AS expected
    FROM scores
    WHERE $__timeFilter(minute) AND segment = '' AND state IN ('normal', 'breach') AND {CHOSEN_STORES} GROUP BY stage
) AS foreseen USING (stage)
ORDER BY {ORDER}
"""

CONTRIBUTION = f"""
SELECT {STEP} AS step_name, round(100 * (exp(log(sum(observed) / sum(expected))) - 1), 1) AS percent
FROM scores
WHERE $__timeFilter(minute) AND segment = '' AND state IN ('normal', 'breach') AND {CHOSEN_STORES}
GROUP BY step HAVING sum(expected) >= 5 AND sum(observed) > 0
ORDER BY indexOf([{", ".join(f"'{s.id}'" for s in STEPS)}], step)
"""

LINE = f"""
SELECT minute AS time, sum(observed) AS observed, sum(expected) AS expected, sum(low) AS low, sum(high) AS high
FROM scores
WHERE $__timeFilter(minute) AND step = '${{step}}' AND segment = '${{segment}}' AND {CHOSEN_STORES}
GROUP BY minute ORDER BY minute
"""

HEAT = f"""
SELECT if(country = '', '—', country) AS country, if(channel = '', '—', channel) AS channel,
       if(device_class = '', '—', device_class) AS device,
       countIf(type = 'click') AS clicks, uniqIf(order_id, type = 'order') AS orders,
       uniqIf(order_id, type = 'payment') AS payments,
       if(orders = 0, NULL, payments / orders) AS paid_of_orders, if(clicks = 0, NULL, orders / clicks) AS orders_of_clicks
FROM events
WHERE event_time > greatest($__fromTime, $__toTime - INTERVAL 24 HOUR) AND event_time <= $__toTime AND {CHOSEN_STORES}
GROUP BY country, channel, device ORDER BY clicks DESC LIMIT 60
"""

OPEN = f"""
SELECT alert_id AS alert, store_id AS store, {STEP} AS step_name, if(segment = '', '—', segment) AS segment,
       toString(level) AS level, toString(state) AS alert_state, {_local("opened_at")} AS since, round(surprise, 1) AS surprise,
       round(observed) AS observed, round(expected) AS expected, round(lost) AS lost
FROM alerts
WHERE opened_at <= $__toTime AND (resolved_at IS NULL OR resolved_at >= $__fromTime) AND {CHOSEN_STORES}
ORDER BY state = 'firing' DESC, opened_at DESC LIMIT 100
"""

RAW = f"""
SELECT {_local("event_time")} AS happened, store_id AS store, type, source, order_id, product, country, channel, device_class,
       payment_method, quantity, amount, currency, event_id
FROM events
WHERE event_time > greatest($__fromTime, $__toTime - INTERVAL 1 HOUR) AND event_time <= $__toTime AND {CHOSEN_STORES}
ORDER BY event_time DESC LIMIT 200
"""

ANNOTATIONS = f"""
SELECT opened_at AS time, ifNull(resolved_at, now64(3)) AS timeEnd,
       concat(store_id, ' ', step, ' ', toString(level), ' ', toString(round(observed)), ' / ', toString(round(expected))) AS text,
       [toString(level), toString(state), store_id] AS tags
FROM alerts
WHERE opened_at <= $__toTime AND (resolved_at IS NULL OR resolved_at >= $__fromTime) AND {CHOSEN_STORES}
ORDER BY opened_at DESC LIMIT 200
"""

COMPARISON = f"""
SELECT store_id AS store, any(stores.platform) AS platform, any(stores.country) AS country, {STEP} AS step_name,
       round(sum(scores.observed)) AS observed, round(sum(scores.expected)) AS expected,
       if(sum(scores.expected) < 5, NULL, sum(scores.observed) / sum(scores.expected)) AS of_expected
FROM scores INNER JOIN stores USING (store_id)
WHERE $__timeFilter(minute) AND segment = '' AND step = '${{step}}' AND state IN ('normal', 'breach') AND {CHOSEN_STORES}
GROUP BY store_id, step ORDER BY platform, store LIMIT 500
"""

INDEXED = f"""
SELECT toStartOfInterval(minute, INTERVAL 10 MINUTE) AS time, store_id AS store,
       100 * sum(observed) / greatest(sum(expected), 1) AS index
FROM scores
WHERE $__timeFilter(minute) AND segment = '' AND step = '${{step}}' AND state IN ('normal', 'breach') AND {CHOSEN_STORES}
GROUP BY time, store HAVING sum(expected) >= 5 ORDER BY time
"""

DEFINITIONS = f"""
SELECT store_id AS store, name, platform, country, zone, currency, category
FROM stores WHERE {CHOSEN_STORES} ORDER BY store LIMIT 500
"""

PER_DAY = f"""
SELECT toStartOfDay(opened_at, '${{zone}}') AS time, countIf(level = 'page') AS page, countIf(level = 'notice') AS notice
FROM alert_responses WHERE $__timeFilter(opened_at) AND {CHOSEN_STORES} GROUP BY time ORDER BY time
"""

MEDIAN_ACK = f"""
SELECT round(median(minutes_to_acknowledge), 1) AS minutes
FROM alert_responses WHERE $__timeFilter(opened_at) AND minutes_to_acknowledge IS NOT NULL AND {CHOSEN_STORES}
"""

MEDIAN_RESOLVE = f"""
SELECT round(median(minutes_to_resolve), 1) AS minutes
FROM alert_responses WHERE $__timeFilter(opened_at) AND minutes_to_resolve IS NOT NULL AND {CHOSEN_STORES}
"""

REASONS = f"""
SELECT if(closed_as = '', 'open or not said', closed_as) AS closed_as, count() AS alerts
FROM alert_responses WHERE $__timeFilter(opened_at) AND {CHOSEN_STORES} GROUP BY closed_as ORDER BY alerts DESC
"""

HISTORY = f"""
SELECT alert_id AS alert, store_id AS store, {STEP} AS step_name, toString(level) AS level, toString(state) AS alert_state,
       {_local("opened_at")} AS since, if(resolved_at IS NULL, '', {_local("assumeNotNull(resolved_at)")}) AS until,
       acknowledged_by, closed_as, round(minutes_to_acknowledge, 1) AS minutes_to_acknowledge,
       round(minutes_to_resolve, 1) AS minutes_to_resolve
FROM alert_responses WHERE $__timeFilter(opened_at) AND {CHOSEN_STORES} ORDER BY opened_at DESC LIMIT 500
"""

LETTERS = """
SELECT toString(reason) AS reason, count() AS letters, max(received_at) AS newest, any(detail) AS example
FROM dead_letters WHERE $__timeFilter(received_at) GROUP BY reason ORDER BY letters DESC LIMIT 50
"""


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
                    "rawSql": " ".join(ANNOTATIONS.split()),
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
            .url("${page}/?store=${store:raw}&lang=${language}")
            .target_blank(True)
        )
    )
    for variable in variables():
        board = board.with_variable(variable)
    return board


def live() -> dash.Dashboard:
    """What happens now, top to bottom: is the data there, which store, which stage, which step, where, which rows."""
    grid = linked(rows("Stores 店铺", "Worst step of each store in its newest minute, worst first.", GRID), "store",
                  "Open this store", f"/d/{LIVE}?var-store=${{__value.text}}&${{__url_time_range}}")  # fmt: skip
    return (
        _dashboard(LIVE, "Live funnel 实时漏斗", "Is the data there, which store, which step, where, and which rows.", "now-6h", "30s")
        .with_row(dash.Row("Data health 数据健康"))
        .with_panel(
            coloured(
                rows("Sources 来源", "Newest event, events of the last hour and mean lag by source.", HEALTH),
                "age", thresholds((None, GOOD), (120, WARN), (600, TROUBLE)), "s",
            ).span(10).height(8)
        )
        .with_panel(
            coloured(grid, "surprise", thresholds((None, "transparent"), (6, WARN), (7, TROUBLE))).span(14).height(8)
        )
        .with_row(dash.Row("Funnel 漏斗"))
        .with_panel(bars("Stages 阶段", "Observed beside what was expected, over the chosen time. A stage that no source supplies is missing.", FUNNEL).span(12).height(9))
        .with_panel(bars("Change by step 各环节变化", "Each step's arrivals against its own expectation, in percent: which step carried the change.", CONTRIBUTION, "percent").span(12).height(9))
        .with_panel(band("Step over time 环节走势", "Arrivals of the chosen step and segment a minute, over the 99 % band.", LINE).span(24).height(9))
        .with_row(dash.Row("Where 在哪里"))
        .with_panel(
            coloured(
                rows("Dimensions 维度", "The last 24 hours of the chosen time by country, channel and device.", HEAT),
                "paid_of_orders", thresholds((None, TROUBLE), (0.5, WARN), (0.8, GOOD)), "percentunit",
            ).span(24).height(9)
        )
        .with_row(dash.Row("Incidents 告警"))
        .with_panel(linked(rows("Alerts 告警", "Alerts that were open in the chosen time.", OPEN), "alert", "Open on the live page", "${page}/alerts/${__value.text}").span(24).height(8))
        .with_row(dash.Row("Raw events 原始事件"))
        .with_panel(rows("Events 事件", "Newest 200 events of the chosen stores in the last hour of the chosen time.", RAW).span(24).height(10))
    )  # fmt: skip


def stores() -> dash.Dashboard:
    """Stores beside each other, each against its own expectation; rates of unlike platforms are not ranked."""
    table = linked(
        rows("Against own expectation 与自身预期相比", "Arrivals of the chosen step over what this store itself was expected to do. Sorted by name: stages of different platforms are defined differently.", COMPARISON),
        "store", "Open this store", f"/d/{LIVE}?var-store=${{__value.text}}&${{__url_time_range}}",
    )  # fmt: skip
    return (
        _dashboard(STORES, "Store comparison 店铺对比", "Each store against its own expectation.", "now-24h", "1m")
        .with_panel(coloured(table, "of_expected", thresholds((None, TROUBLE), (0.8, WARN), (0.9, GOOD)), "percentunit").span(24).height(11))
        .with_panel(lines("Index, expectation = 100 指数", "Arrivals over expectation, ten minutes a point; points with fewer than five expected are left out.", INDEXED).span(24).height(10))
        .with_panel(rows("Definitions 口径", "What each store is.", DEFINITIONS).span(24).height(8))
    )  # fmt: skip


def incidents() -> dash.Dashboard:
    """What fired, how fast people and shop reacted, and what it turned out to be."""
    return (
        _dashboard(INCIDENTS, "Incidents and response times 告警与响应", "What fired and how fast it was dealt with.", "now-30d", "5m")
        .with_panel(number("Median to acknowledge 认领中位数", "Minutes from firing to the first acknowledgement.", MEDIAN_ACK, "m").span(4).height(6))
        .with_panel(number("Median to resolve 恢复中位数", "Minutes from firing to recovery.", MEDIAN_RESOLVE, "m").span(4).height(6))
        .with_panel(bars("Closed as 关闭原因", "What people said it was.", REASONS).span(6).height(6))
        .with_panel(lines("Alerts a day 每日告警", "By level, in the chosen zone.", PER_DAY).span(10).height(6))
        .with_panel(linked(rows("History 历史", "Every alert of the chosen time.", HISTORY), "alert", "Open on the live page", "${page}/alerts/${__value.text}").span(24).height(14))
    )  # fmt: skip


def pipeline() -> dash.Dashboard:
    """Whether Funnelwatch itself keeps up."""
    return (
        _dashboard(PIPELINE, "Pipeline 管道", "Whether Funnelwatch itself keeps up.", "now-3h", "30s")
        .with_panel(metric("Monitor lag 监控滞后", "Records not yet counted, by partition's worst.", ("max(funnelwatch_monitor_lag_records)", "monitor"), ("sum by (topic) (funnelwatch_landing_lag_records)", "landing {{topic}}")).span(12).height(8))
        .with_panel(metric("Event age 事件年龄", "Seconds from acceptance to being counted and landed.", ("max(funnelwatch_monitor_event_age_seconds)", "counted"), ("max(funnelwatch_landing_event_age_seconds)", "landed"), unit="s").span(12).height(8))
        .with_panel(metric("Events a second 每秒事件", "Accepted, counted, landed.", ("sum(rate(funnelwatch_collector_events_total[1m]))", "accepted"), ("sum(rate(funnelwatch_monitor_events_total[1m]))", "counted"), ('sum(rate(funnelwatch_landing_rows_total{table="events_raw"}[1m]))', "landed")).span(12).height(8))
        .with_panel(metric("Flushes 刷写", "95th percentile of a flush and of an insert.", ("histogram_quantile(0.95, sum by (le) (rate(funnelwatch_monitor_flush_seconds_bucket[5m])))", "flush"), ("histogram_quantile(0.95, sum by (le, table) (rate(funnelwatch_landing_insert_seconds_bucket[5m])))", "insert {{table}}"), unit="s").span(12).height(8))
        .with_panel(metric("Refused 拒收", "Records a minute that became dead letters.", ("sum by (reason) (60 * rate(funnelwatch_collector_rejected_total[5m]))", "{{reason}}")).span(8).height(8))
        .with_panel(metric("Spool 落盘缓冲", "Bytes that wait on a collector's disk for the broker.", ("sum(funnelwatch_collector_spool_bytes)", "spool"), unit="bytes").span(8).height(8))
        .with_panel(metric("Messages 消息", "Sent, tried again and refused, an hour.", ("sum by (channel) (3600 * rate(funnelwatch_notifier_sent_total[15m]))", "sent {{channel}}"), ("sum(3600 * rate(funnelwatch_notifier_failed_total[15m]))", "tried again"), ("sum(3600 * rate(funnelwatch_notifier_refused_total[15m]))", "refused")).span(8).height(8))
        .with_panel(rows("Dead letters 死信", "By reason, from the table.", LETTERS).span(24).height(8))
    )  # fmt: skip


DASHBOARDS = {"live": live, "stores": stores, "incidents": incidents, "pipeline": pipeline}

__all__ = ["DASHBOARDS", "EXPECTED"]
