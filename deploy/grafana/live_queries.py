"""SQL of the dashboard Live funnel. Every query is bounded in rows, and those on raw events in time.

Sums over the chosen time come from ``count_sums`` and ``score_sums``, which take whole hours from the roll-up.
"""

from __future__ import annotations

from deploy.grafana.query import (
    CHOSEN_SEGMENT,
    CHOSEN_STORES,
    COUNT_SUMS,
    NOT_KNOWN,
    SCORE_SUMS,
    point,
    score_points,
)
from deploy.grafana.wording import (
    ALERT_STATE,
    DOWNSTREAM,
    LEVEL,
    STAGE,
    STAGE_PLACE,
    STEP_PLACE,
    clock,
    literal,
    literals,
    state,
    step,
)
from scoring.alerts.alert import AlertKind
from scoring.funnel.money import WORTH_DAYS, price_sql
from scoring.funnel.period_steps import PERIOD_STEPS
from scoring.funnel.scores import SCORE_MAX_AGE_MS
from scoring.funnel.segment_names import takes_part_sql
from scoring.funnel.stages import FAST_STEPS, STAGE_INDEX, STAGES, Stage
from scoring.funnel.units import MINUTE_MS
from streams.incidents.alert_rows import ALERT_DAYS
from streams.incidents.facts import pixel_share_sql
from streams.incidents.worth import report_worth_sql, worth_sql

#: raw events of the panels below are read over at most the last day of the chosen time
RAW_FROM = "greatest($__fromTime, $__toTime - toIntervalDay(1))"

HEALTH = f"""
SELECT seen.store AS store, seen.source AS source, dateDiff('second', newest, now()) AS age, arrival AS delay, in_hour AS events,
       if(seen.source = 'pixel', {pixel_share_sql("paired.pixel_orders", "paired.server_orders")}, NULL) AS pixel_orders,
       ifNull(again.repeats, 0) AS repeats, if(in_hour = 0, NULL, bots_in_hour / in_hour) AS bots, ifNull(rejected.letters, 0) AS letters
FROM
(
    SELECT store_id AS store, toString(source) AS source, max(received_at) AS newest,
           countIf(received_at > now() - INTERVAL 1 HOUR) AS in_hour,
           countIf(received_at > now() - INTERVAL 1 HOUR AND device_class = 'bot') AS bots_in_hour,
           round(avg(dateDiff('second', event_time, received_at)), 1) AS arrival
    FROM events
    WHERE event_time > now() - INTERVAL 6 HOUR AND {CHOSEN_STORES}
    GROUP BY store, source
) AS seen
LEFT JOIN
(
    SELECT store_id AS store, uniqIf(order_id, source = 'pixel') AS pixel_orders, uniqIf(order_id, source != 'pixel') AS server_orders
    FROM event_records
    WHERE event_time > now() - INTERVAL 1 HOUR AND type = 'order' AND {CHOSEN_STORES}
    GROUP BY store
) AS paired ON paired.store = seen.store
LEFT JOIN
(
    SELECT store_id AS store, toString(source) AS source, count() AS repeats
    FROM repeats
    WHERE received_at > now() - INTERVAL 1 HOUR
    GROUP BY store, source
) AS again ON again.store = seen.store AND again.source = seen.source
LEFT JOIN
(
    SELECT store_id AS store, toString(source) AS source, count() AS letters
    FROM dead_letters
    WHERE received_at > now() - INTERVAL 1 HOUR
    GROUP BY store, source
) AS rejected ON rejected.store = seen.store AND rejected.source = seen.source
ORDER BY delay > 3600, age DESC, store, source LIMIT 500
"""

GRID = f"""
SELECT store, platform, {step("scored.worst")} AS worst_step, {state("if(scored.worst_state = '', 'no_data', scored.worst_state)")} AS state_name,
       if(scored.worst_state = '', NULL, round(scored.most, 1)) AS surprise,
       if(scored.foreseen >= 5, scored.seen / scored.foreseen - 1, NULL) AS change,
       {LEVEL.replace("toString(level)", "open.worst_level")} AS alert_level, if(open.worst_level = '', NULL, round(open.short)) AS lost,
       if(scored.worst_state = '', NULL, dateDiff('second', scored.newest, now())) AS age
FROM (SELECT store_id AS store, toString(platform) AS platform FROM stores WHERE {CHOSEN_STORES}) AS known
LEFT JOIN
(
    SELECT store_id AS store, argMax(step, rank) AS worst, argMax(toString(state), rank) AS worst_state,
           argMax(surprise, rank) AS most, argMax(window_observed, rank) AS seen,
           argMax(window_expected, rank) AS foreseen, max(minute) AS newest
    FROM
    (
        SELECT store_id, step, state, surprise, window_observed, window_expected, minute,
               (state = 'breach', state = 'data_late', state = 'normal', surprise) AS rank
        FROM scores
        WHERE minute > now() - INTERVAL {SCORE_MAX_AGE_MS // MINUTE_MS} MINUTE AND segment = '' AND {CHOSEN_STORES}
        ORDER BY minute DESC LIMIT 1 BY store_id, step
    )
    GROUP BY store
) AS scored USING (store)
LEFT JOIN
(
    SELECT store_id AS store, toString(argMax(level, (level = 'page', surprise))) AS worst_level,
           argMax(lost, (level = 'page', surprise)) AS short
    FROM alerts
    WHERE state = 'firing' AND opened_at > now() - INTERVAL {ALERT_DAYS} DAY AND {CHOSEN_STORES}
    GROUP BY store
) AS open USING (store)
ORDER BY open.worst_level = 'page' DESC, open.worst_level != '' DESC, surprise DESC NULLS LAST, store LIMIT 500
"""

#: all that was counted, and what was observed and expected in the minutes that have an expectation: only these two are compared.
#: A bound of a sum: the square root of the sum of the minutes' squared distances, as the live page draws it.
NUMBERS = f"""
SELECT {STAGE} AS stage_name, counted.total AS observed, if(isNull(mean), toFloat64(counted.total), foreseen.seen) AS compared, round(foreseen.expected) AS expected,
       if(foreseen.expected >= 5, foreseen.seen / foreseen.expected - 1, NULL) AS change,
       1 - (observed - if(lagInFrame({STAGE_PLACE}) OVER (ORDER BY {STAGE_PLACE}) BETWEEN 1 AND {STAGE_INDEX[Stage.ORDER]}, counted.apart, 0)) / nullIf(lagInFrame(observed) OVER (ORDER BY {STAGE_PLACE}), 0) AS drop_off,
       if(isNull(mean), NULL, round(greatest(0, mean - sqrt(foreseen.low_squares)))) AS low,
       if(isNull(mean), NULL, round(mean + sqrt(foreseen.high_squares))) AS high,
       if(isNull(mean), NULL, least(foreseen.judged / counted.minutes, 1)) AS covered_share
FROM
(
    SELECT stage, sum(of_stage) AS total, sum(without_page) AS apart, sum(intDiv(newest - oldest, 60) + 1) AS minutes
    FROM
    (
        SELECT store_id, sumForEach(counts) AS totals, sumForEach(pageless) AS aparts, minForEach(firsts) AS oldests, maxForEach(lasts) AS newests
        FROM {COUNT_SUMS} WHERE {CHOSEN_STORES} GROUP BY store_id
    )
    ARRAY JOIN {literals(s.value for s in STAGES)} AS stage, totals AS of_stage, aparts AS without_page, oldests AS oldest, newests AS newest
    WHERE of_stage > 0 GROUP BY stage
) AS counted
LEFT JOIN
(
    SELECT {DOWNSTREAM} AS stage, sum(judged_observed) AS seen, sumOrNull(sums.expected) AS expected, expected AS mean, sum(judged_minutes) AS judged,
           sum(below) AS low_squares, sum(above) AS high_squares
    FROM {SCORE_SUMS} AS sums
    WHERE segment = '' AND judged_minutes > 0 AND {CHOSEN_STORES}
    GROUP BY stage
) AS foreseen USING (stage)
ORDER BY {STAGE_PLACE}
"""

#: each step's arrivals over what its own upstream led to expect; the product of all is the whole funnel's
CONTRIBUTION = f"""
SELECT bar.1 AS step_name, bar.2 AS base, bar.3 AS whole, bar.4 AS fall, bar.5 AS rise
FROM
(
    SELECT arraySort(groupArray(({STEP_PLACE}, toString(step), share))) AS shares,
           arrayMap(x -> 100 * exp(x), arrayCumSum(arrayMap(x -> log(x.3), shares))) AS after,
           arrayPushFront(arrayPopBack(after), 100.) AS before,
           arrayConcat(
               [(if(${{language:sqlstring}} = 'zh', '预期', 'Expected'), 0., 100., 0., 0.)],
               arrayMap((x, b, a) -> ({step("x.2")}, round(least(b, a), 1), 0., round(greatest(b - a, 0), 1), round(greatest(a - b, 0), 1)), shares, before, after),
               [(if(${{language:sqlstring}} = 'zh', '实际', 'Observed'), 0., round(after[-1], 1), 0., 0.)]
           ) AS bars
    FROM
    (
        SELECT step, greatest(sum(judged_observed) / sum(expected), 1e-9) AS share
        FROM {SCORE_SUMS}
        WHERE segment = '' AND {CHOSEN_STORES}
        GROUP BY step HAVING sum(expected) >= 5
    )
    HAVING notEmpty(shares)
)
ARRAY JOIN bars AS bar
"""

#: minutes of all stores are read for a line of two days at most
_LINE_DAYS = 2
LINE = f"""
SELECT {point(_LINE_DAYS)} AS time, if(sum(judged_minutes) > 0, sum(judged_observed), sum(sums.observed)) AS observed,
       if(sum(judged_minutes) > 0, sum(sums.expected), NULL) AS expected,
       if(isNull(expected), NULL, if(sum(judged_minutes) = 1, sum(sums.low), greatest(0, expected - sqrt(sum(below))))) AS low,
       if(isNull(expected), NULL, expected + sqrt(sum(above))) AS high
FROM {score_points(_LINE_DAYS)} AS sums
WHERE step = ${{step:sqlstring}} AND {CHOSEN_SEGMENT} AND {CHOSEN_STORES}
GROUP BY time ORDER BY time
"""


def _rate(index: int, before: bool) -> str:
    """Advanced over entered of a fast step, of the chosen time or of the same hours a week before."""
    entered, advanced = FAST_STEPS[index].upstream.value, FAST_STEPS[index].downstream.value
    when = "is_before" if before else "NOT is_before"
    by_page = " AND NOT is_pageless" if FAST_STEPS[index].is_from_page else ""
    return f"sumIf(n, type = '{advanced}' AND {when}{by_page}) / nullIf(sumIf(n, type = '{entered}' AND {when}), 0)"


_CELLS = ", ".join(
    f"round({_rate(i, False)} / nullIf({_rate(i, True)}, 0), 3) AS {FAST_STEPS[i].id}" for i in (1, 2, 3)
)
#: the steps of the heat map
HEAT_STEPS = tuple(FAST_STEPS[i].id for i in (1, 2, 3))
_HEAT_STAGES = ", ".join(
    map(literal, [FAST_STEPS[1].upstream, *(FAST_STEPS[i].downstream for i in (1, 2, 3))])
)

#: orders and payments once per order id; one pass over the events, and the cells' rates of its few rows
HEAT = f"""
SELECT if(country = '', '{NOT_KNOWN}', country) AS country, if(channel = '', '{NOT_KNOWN}', channel) AS channel,
       if(device_class = '', '{NOT_KNOWN}', device_class) AS device, sumIf(n, type = 'click' AND NOT is_before) AS clicks, {_CELLS}
FROM
(
    SELECT country, channel, device_class, type, event_time <= $__toTime - INTERVAL 7 DAY AS is_before, set_apart != '' AS is_pageless,
           if(type IN ('order', 'payment'), uniqIf(order_id, type IN ('order', 'payment')), count()) AS n
    FROM events
    WHERE ((event_time > {RAW_FROM} AND event_time <= $__toTime)
           OR (event_time > {RAW_FROM} - INTERVAL 7 DAY AND event_time <= $__toTime - INTERVAL 7 DAY))
      AND type IN ({_HEAT_STAGES}) AND {takes_part_sql(Stage.ORDER)} AND device_class != 'bot' AND {CHOSEN_STORES}
    GROUP BY country, channel, device_class, type, is_before, is_pageless
)
GROUP BY country, channel, device HAVING countIf(NOT is_before) > 0 ORDER BY clicks DESC LIMIT 60
"""

_IS_OPEN = (
    f"opened_at <= $__toTime AND (resolved_at IS NULL OR resolved_at >= $__fromTime) AND {CHOSEN_STORES}"
)
#: what each alert is priced by: the card's own query and formula; an alert opened more than a month before is not priced.
#: A scalar, so that it is asked once however often its rows are used.
_ASKED = f"""
SELECT groupArray((ask, stores, currency, until_s)) FROM
(
    SELECT ask, groupArray(member) AS stores, if(uniqExact(currency) = 1, any(currency), '') AS currency, any(until) AS until_s
    FROM
    (
        SELECT alert_id AS ask, arrayJoin(if(empty(members), [toString(store_id)], arrayMap(m -> toString(m), members))) AS member,
               toInt64(toUnixTimestamp(toStartOfMinute(opened_at))) AS until
        FROM alerts WHERE {_IS_OPEN}
    ) AS asked_for
    LEFT JOIN (SELECT toString(store_id) AS member, toString(currency) AS currency FROM stores) AS shops USING (member)
    GROUP BY ask
)
"""
_WORTH = worth_sql(
    "SELECT one.1 AS ask, one.2 AS stores, one.3 AS currency, one.4 AS until_s FROM (SELECT arrayJoin(asked_rows) AS one)",
    f"(toUnixTimestamp($__fromTime) - {(31 + WORTH_DAYS) * 86_400})",
    "toUnixTimestamp($__toTime)",
)
_ON_REPORTS = [(one.id, one.source, one.downstream) for one in PERIOD_STEPS]
_STEPS, _SOURCES, _MEASURES = (
    ", ".join(f"'{one}'" for one in column) for column in zip(*_ON_REPORTS, strict=True)
)
_REPORT_WORTH = report_worth_sql(
    f"""SELECT (alert_id, toString(store_id), transform(toString(step), [{_STEPS}], [{_SOURCES}], ''),
            transform(toString(step), [{_STEPS}], [{_MEASURES}], ''), toInt64(toUnixTimestamp(opened_at))) AS one
        FROM alerts WHERE {_IS_OPEN} AND step IN ({_STEPS})"""
)
_PRICE = price_sql(
    "alerts.step",
    "alerts.kind",
    "alerts.lost",
    "worth.counts",
    "worth.order_amount",
    "worth.payment_amount",
    "reported.each",
)

#: what burns is money: nothing of it is counted
_COUNTED = f"if(alerts.kind = '{AlertKind.AD_SPEND}', NULL, round(alerts.{{}}))"

OPEN = f"""
WITH ({_ASKED}) AS asked_rows
SELECT alert_id AS alert, store_id AS store, {step("step")} AS step_name, if(segment = '', if(${{language:sqlstring}} = 'zh', '全店', 'Whole store'), toString(segment)) AS segment,
       {LEVEL} AS alert_level, {ALERT_STATE} AS alert_state, {clock("opened_at")} AS since, round(alerts.surprise, 1) AS surprise,
       {_COUNTED.format("observed")} AS observed, {_COUNTED.format("expected")} AS expected, {_COUNTED.format("lost")} AS lost,
       round({_PRICE}) AS money, if(reported.each > 0, reported.currency, worth.currency) AS currency
FROM (SELECT * FROM alerts WHERE {_IS_OPEN}) AS alerts
LEFT JOIN ({_WORTH}) AS worth ON worth.ask = alerts.alert_id
LEFT JOIN ({_REPORT_WORTH}) AS reported ON reported.ask = alerts.alert_id
ORDER BY state = 'firing' DESC, opened_at DESC LIMIT 100
"""


def _chosen_row(variable: str, column: str) -> str:
    chosen = f"${{{variable}:sqlstring}}"
    return f"({chosen} = '' OR if({column} = '', '{NOT_KNOWN}', {column}) = {chosen})"


#: without a chosen cell the newest rows are of the last hour, and a day need not be read for them
_IS_ROW_CHOSEN = (
    "${row_country:sqlstring} != '' OR ${row_channel:sqlstring} != '' OR ${row_device:sqlstring} != ''"
)

RAW = f"""
SELECT {clock("event_time")} AS happened, store_id AS store, toString(type) AS type_name, source, order_id, product, country, channel,
       device_class AS device, payment_method, quantity, amount, currency, event_id
FROM events
WHERE event_time > greatest($__fromTime, $__toTime - toIntervalHour(if({_IS_ROW_CHOSEN}, 24, 1))) AND event_time <= $__toTime
  AND {CHOSEN_STORES} AND {_chosen_row("row_country", "country")} AND {_chosen_row("row_channel", "channel")} AND {_chosen_row("row_device", "device_class")}
ORDER BY event_time DESC LIMIT 200
"""

ANNOTATIONS = f"""
SELECT opened_at AS time, ifNull(resolved_at, now64(3)) AS timeEnd,
       concat(store_id, ' · ', {step("step")}, if(segment = '', '', concat(' · ', segment)), ' · ', {LEVEL}, ' · ',
              toString(round(observed)), ' / ', toString(round(expected)),
              ' <a href="', ${{page:sqlstring}}, '/alerts/', alert_id, '">', alert_id, '</a>') AS text,
       concat(toString(level), ',', toString(state), ',', store_id) AS tags
FROM alerts
WHERE opened_at <= $__toTime AND (resolved_at IS NULL OR resolved_at >= $__fromTime) AND {CHOSEN_STORES}
ORDER BY opened_at DESC LIMIT 200
"""
