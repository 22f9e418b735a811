"""The queries behind a store's evaluation: what became of its orders, its events by stage, what platforms report.

Every query takes several stores, since a store is compared with others of its kind. ``starts`` are the beginnings of the periods, the
oldest first, and then the end of the last one; a period is named by its place among them, from 1 on, and 0 is any other time.
"""

from __future__ import annotations

from scoring.evaluation.event_facts import UNANSWERED_DAYS
from scoring.evaluation.report_figures import ADDED_OVER_PARTS

_STORES = "store_id IN {stores:Array(String)}"

#: from when to when anything is known of a store
EXTENT = f"""
SELECT store_id, min(one.first_ms) AS first, max(one.last_ms) AS last
FROM
(
    SELECT store_id, toUnixTimestamp64Milli(min(placed_at)) AS first_ms,
           toUnixTimestamp64Milli(max(greatest(ifNull(placed_at, toDateTime64(0, 3)), ifNull(paid_at, toDateTime64(0, 3)),
               ifNull(shipped_at, toDateTime64(0, 3)), ifNull(delivered_at, toDateTime64(0, 3))))) AS last_ms
    FROM orders WHERE {_STORES} AND left_out = '' AND placed_at > toDateTime64(1, 3) GROUP BY store_id
    UNION ALL
    SELECT store_id, 1000 * toInt64(toUnixTimestamp(min(minute))), 1000 * toInt64(toUnixTimestamp(max(minute)))
    FROM stage_counts WHERE {_STORES} GROUP BY store_id
    UNION ALL
    SELECT store_id, 1000 * toInt64(toUnixTimestamp(min(period_start))), 1000 * toInt64(toUnixTimestamp(max(period_end)))
    FROM report_rows WHERE {_STORES} AND period = 'day' AND complete GROUP BY store_id
    UNION ALL
    SELECT store_id, 86400000 * toInt64(min(toInt32(day))), 86400000 * toInt64(max(toInt32(day)))
    FROM event_days WHERE {_STORES} AND cases > 0 GROUP BY store_id
) AS one
GROUP BY store_id
"""

#: orders with the times that matter; 0 where it did not happen or nobody knows when
_TIMES = f"""
    SELECT
        kept.store_id AS store, amount, currency, state,
        ifNull(toUnixTimestamp64Milli(placed_at), 0) AS placed_ms, ifNull(toUnixTimestamp64Milli(paid_at), 0) AS paid_ms,
        ifNull(toUnixTimestamp64Milli(shipped_at), 0) AS shipped_ms, ifNull(toUnixTimestamp64Milli(delivered_at), 0) AS delivered_ms,
        refunds.at_ms AS refunded_ms, kept.refunded > 0 AS is_refunded, disputes.at_ms AS disputed_ms,
        paid_ms > 0 OR (ifNull(cod, 0) = 0 AND state IN ('paid', 'shipped', 'delivered', 'refunded')) AS is_paid,
        shipped_ms > 0 OR state IN ('shipped', 'delivered') AS is_shipped, delivered_ms > 0 OR state = 'delivered' AS is_delivered
    FROM (SELECT * FROM orders WHERE {_STORES} AND left_out = '') AS kept
    LEFT JOIN
    (
        SELECT store_id, order_id, min(refund_ms) AS at_ms
        FROM
        (
            SELECT store_id, order_id, arrayMin(arrayFilter(one -> one > 0, mapValues(refund_times))) AS refund_ms
            FROM order_versions WHERE {_STORES} AND withdrawn = 0 AND notEmpty(refund_times)
            UNION ALL
            SELECT store_id, order_id, toUnixTimestamp64Milli(toDateTime64(event_time, 3, 'UTC'))
            FROM events WHERE {_STORES} AND type = 'refund' AND order_id != ''
        )
        WHERE refund_ms > 0
        GROUP BY store_id, order_id
    ) AS refunds ON refunds.store_id = kept.store_id AND refunds.order_id = kept.order_id
    LEFT JOIN
    (
        SELECT store_id, details['order'] AS order_id, toUnixTimestamp64Milli(min(since)) AS at_ms
        FROM signals WHERE {_STORES} AND kind = 'dispute' AND details['order'] != ''
        GROUP BY store_id, order_id
    ) AS disputes ON disputes.store_id = kept.store_id AND disputes.order_id = kept.order_id"""

_SPAN = "toInt32(arrayLastIndex(one -> one <= {begin}, {{starts:Array(Int64)}}))"

#: windows of orders: begin, end, whether it happened, the days to look at; of a window with a lag only the least of them
_BEGINS_AND_ENDS = {
    "placed": ("placed_ms, paid_ms, is_paid", "pay_days"),
    "paid": ("paid_ms, shipped_ms, is_shipped", "ship_days"),
    "promise": (
        "if(state = 'cancelled' AND shipped_ms = 0, 0, paid_ms), shipped_ms, is_shipped",
        "promise_days",
    ),
    "shipped": ("shipped_ms, delivered_ms, is_delivered", "deliver_days"),
    "refund": ("paid_ms, refunded_ms, is_refunded", "refund_days"),
    "dispute": ("paid_ms, disputed_ms, disputed_ms > 0", "dispute_days"),
}
_LEAST = "arrayMin({{{days}:Array(Int64)}})"
_WINDOWS = ",\n                ".join(
    line
    for name, (times, days) in _BEGINS_AND_ENDS.items()
    for line in (
        f"('{name}', {times}, {{{days}:Array(Int64)}}, 0)",
        f"('{name} due', {times}, [{_LEAST.format(days=days)}], {_LEAST.format(days=days)} * 86400000)",
    )
)

#: what became of the orders of each period, by window: as many numbers each as the window has days. Sums of logs are decimal: those of
#: floats differ in their last digit with the order in which threads add them up, and the same rows must give the same scores
ORDERS = f"""
SELECT
    store, tupleElement(looked, 1) AS window_name, {_SPAN.format(begin="tupleElement(looked, 2) + tupleElement(looked, 6)")} AS span,
    count() AS begun,
    countIf(looked.2 > 0 AND looked.3 > 0) AS timed, countIf(looked.4 AND looked.3 = 0) AS untimed,
    sumForEach(arrayMap(days -> toUInt64(looked.3 > 0 AND looked.3 < looked.2 + days * 86400000), looked.5)) AS reached,
    sumForEach(arrayMap(days -> toDecimal128(if(looked.3 > 0 AND looked.3 < looked.2 + days * 86400000, taken, 0), 12), looked.5)) AS logs,
    sumForEach(arrayMap(days -> toDecimal128(if(looked.3 > 0 AND looked.3 < looked.2 + days * 86400000, taken * taken, 0), 12), looked.5)) AS squares
FROM
(
    SELECT
        store, looked,
        log(greatest((looked.3 - looked.2) / 3600000, {{least_hours:Float64}})) AS taken
    FROM
    (
        SELECT
            store,
            arrayJoin([
                {_WINDOWS}
            ]) AS looked
        FROM ({_TIMES})
    )
)
GROUP BY store, window_name, span
ORDER BY store, window_name, span
"""

#: by hours of the warehouse's clock since 1970, for how long shipping took in its business hours
SHIPPING = f"""
SELECT
    store, {_SPAN.format(begin="paid_ms")} AS span,
    {_SPAN.format(begin=f"paid_ms + {_LEAST.format(days='ship_days')} * 86400000")} AS due_span,
    intDiv(intDiv(paid_ms, 1000) + timezoneOffset(toTimeZone(toDateTime(intDiv(paid_ms, 1000), 'UTC'), {{zone:String}})), 3600) AS paid_hour,
    intDiv(intDiv(shipped_ms, 1000) + timezoneOffset(toTimeZone(toDateTime(intDiv(shipped_ms, 1000), 'UTC'), {{zone:String}})), 3600)
        AS shipped_hour,
    count() AS orders,
    sumForEach(arrayMap(days -> toUInt64(shipped_ms < paid_ms + days * 86400000), {{ship_days:Array(Int64)}})) AS reached
FROM ({_TIMES})
WHERE paid_ms > 0 AND shipped_ms > 0
GROUP BY store, span, due_span, paid_hour, shipped_hour
ORDER BY store, span, due_span, paid_hour, shipped_hour
"""

#: what an order of each period brings, where all have one currency
WORTH = f"""
SELECT store, {_SPAN.format(begin="placed_ms")} AS span, toFloat64(sum(amount)) / count() AS each, uniqExact(currency) AS currencies,
       any(currency) AS one_currency
FROM ({_TIMES})
WHERE amount > 0 AND currency != ''
GROUP BY store, span
HAVING span > 0
"""

#: events by stage in each period
COUNTS = f"""
SELECT store_id, {_SPAN.format(begin="1000 * toInt64(toUnixTimestamp(at))")} AS span, sumForEach(counts) AS totals
FROM count_sums(first = {{first_s:Int64}}, last = {{last_s:Int64}})
WHERE {_STORES}
GROUP BY store_id, span
ORDER BY store_id, span
"""

#: days of reports; parts of a store, such as campaigns, are added up by the names of their dimensions
REPORTED = f"""
SELECT store_id, toString(source) AS source_name, toString(measure) AS measure_name, toUnixTimestamp(period_start) AS start_s,
       toUnixTimestamp(period_end) AS end_s, toString(zone) AS zone_name, toString(sum(value)) AS value_text, currency,
       arraySort(mapKeys(dimensions)) AS parts, count() AS number
FROM report_rows
WHERE {_STORES} AND period = 'day' AND (empty(dimensions) OR measure IN {ADDED_OVER_PARTS}) AND complete
  AND measure IN {{measures:Array(String)}}
  AND period_start >= toDateTime({{first_s:Int64}}, 'UTC') AND period_end <= toDateTime({{last_s:Int64}}, 'UTC')
GROUP BY store_id, source_name, measure_name, start_s, end_s, zone_name, currency, parts
ORDER BY store_id, source_name, measure_name, start_s, parts, currency
"""

#: what the days of each period add up to; ``days`` are the first days of the periods, as days since 1970, and the day after the last one
FACTS = f"""
SELECT store_id, toString(fact) AS fact, toInt32(arrayLastIndex(one -> one <= toInt32(day), {{days:Array(Int32)}})) AS span,
       toInt32(arrayLastIndex(one -> one <= toInt32(day) + {UNANSWERED_DAYS}, {{days:Array(Int32)}})) AS due_span,
       sum(event_days.hits) AS hits, sum(event_days.cases) AS cases, sum(event_days.total) AS total, sum(event_days.squares) AS squares
FROM event_days
WHERE {_STORES} AND zone = {{zone:String}} AND toInt32(day) >= {{first_day:Int32}} - {UNANSWERED_DAYS} AND toInt32(day) < {{end_day:Int32}}
GROUP BY store_id, fact, span, due_span
ORDER BY store_id, fact, span, due_span
"""

#: the newest comparison of each product's price in each period (``price_sum`` in SQL)
PRICES = f"""
SELECT store_id, span, 0 AS hits, count() AS cases, sum(toDecimal128(log(ratio), 12)) AS total,
       sum(toDecimal128(log(ratio) * log(ratio), 12)) AS squares
FROM
(
    SELECT store_id, product, {_SPAN.format(begin="toUnixTimestamp64Milli(event_time)")} AS span,
           argMax(toFloat64(amount) / toFloat64OrNull(attributes['reference']), event_time) AS ratio
    FROM events
    WHERE {_STORES} AND type = 'price' AND product != '' AND amount > 0 AND toFloat64OrZero(attributes['reference']) > 0
        AND event_time >= fromUnixTimestamp64Milli({{first_ms:Int64}}, 'UTC') AND event_time < fromUnixTimestamp64Milli({{end_ms:Int64}}, 'UTC')
    GROUP BY store_id, product, span
)
GROUP BY store_id, span
ORDER BY store_id, span
"""

#: of the days that a store's platforms report in a period, how many may still change, and how many were restated
SETTLED = f"""
SELECT store_id, {_SPAN.format(begin="1000 * toInt64(toUnixTimestamp(period_start))")} AS span, count() AS figures,
       countIf(NOT complete) AS partial, countIf(restated) AS changed
FROM report_rows
WHERE {_STORES} AND period = 'day' AND empty(dimensions)
  AND period_start >= toDateTime({{first_s:Int64}}, 'UTC') AND period_end <= toDateTime({{last_s:Int64}}, 'UTC')
GROUP BY store_id, span
"""
