"""The queries behind a store's evaluation: what became of its orders, its events by stage, what platforms report.

Every query takes several stores, since a store is compared with others of its kind. ``starts`` are the beginnings of the periods, the
oldest first, and then the end of the last one; a period is named by its place among them, from 1 on, and 0 is any other time.
"""

from __future__ import annotations

from collections.abc import Sequence

from scoring.evaluation.event_facts import UNANSWERED_DAYS
from scoring.evaluation.report_figures import ADDED_OVER_PARTS, ADDED_OVER_VISITS, PARTS_OF_VISITS
from streams.clickhouse.literals import literal

_STORES = "store_id IN {stores:Array(String)}"

#: from when to when anything is known of a store; orders only of those that are read from their orders
EXTENT = f"""
SELECT store_id, min(one.first_ms) AS first, max(one.last_ms) AS last
FROM
(
    SELECT store_id, toUnixTimestamp64Milli(min(placed_at)) AS first_ms,
           toUnixTimestamp64Milli(max(greatest(ifNull(placed_at, toDateTime64(0, 3)), ifNull(paid_at, toDateTime64(0, 3)),
               ifNull(shipped_at, toDateTime64(0, 3)), ifNull(delivered_at, toDateTime64(0, 3))))) AS last_ms
    FROM orders WHERE store_id IN {{from_orders:Array(String)}} AND left_out = '' AND placed_at > toDateTime64(1, 3) GROUP BY store_id
    UNION ALL
    SELECT store_id, 1000 * toInt64(toUnixTimestamp(first_minute)), 1000 * toInt64(toUnixTimestamp(last_minute))
    FROM counted_extents WHERE {_STORES}
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
#: what windows do not have, and hours and worth do
_NO_MORE = "toInt64(0), toInt64(0), '', toDecimal128(0, 9)"


def _window(name: str, times: str, days: str) -> str:
    least = f"arrayMin({days})"
    return (
        f"('{name}', {times}, {days}, toInt64(0), {_NO_MORE}), "
        f"('{name} due', {times}, [{least}], {least} * 86400000, {_NO_MORE})"
    )


_ALL_BUT_PROMISES = ",\n                ".join(
    _window(name, times, f"{{{days}:Array(Int64)}}")
    for name, (times, days) in _BEGINS_AND_ENDS.items()
    if name != "promise"
)
_PROMISE = _BEGINS_AND_ENDS["promise"][0]

#: hours of one wait, for sums of their logs
_TAKEN = "log(greatest((looked.3 - looked.2) / 3600000, {least_hours:Float64})) AS taken"
#: what became of the orders that begin a wait: as many numbers each as the window has days. Sums of logs are decimal: those of floats differ
#: in their last digit with the order in which threads add them up, and the same rows must give the same scores
_TALLIES = """count() AS begun,
    countIf(looked.2 > 0 AND looked.3 > 0) AS timed, countIf(looked.4 AND looked.3 = 0) AS untimed,
    sumForEach(arrayMap(days -> toUInt64(looked.3 > 0 AND looked.3 < looked.2 + days * 86400000), looked.5)) AS reached,
    sumForEach(arrayMap(days -> toDecimal128(if(looked.3 > 0 AND looked.3 < looked.2 + days * 86400000, taken, 0), 12), looked.5)) AS logs,
    sumForEach(arrayMap(days -> toDecimal128(if(looked.3 > 0 AND looked.3 < looked.2 + days * 86400000, taken * taken, 0), 12), looked.5)) AS squares"""

#: what became of the orders of each period, by window
ORDERS = f"""
SELECT
    store, tupleElement(looked, 1) AS window_name, {_SPAN.format(begin="tupleElement(looked, 2) + tupleElement(looked, 6)")} AS span,
    {_TALLIES}
FROM
(
    SELECT store, looked, {_TAKEN}
    FROM
    (
        SELECT
            store,
            arrayJoin([
                {_ALL_BUT_PROMISES},
                {_window("promise", _PROMISE, "{promise_days:Array(Int64)}")}
            ]) AS looked
        FROM ({_TIMES})
    )
)
GROUP BY store, window_name, span
ORDER BY store, window_name, span
"""


def _hour(at: str, zone: str) -> str:
    """Hours of a zone's wall clock since 1970."""
    seconds = f"intDiv({at}, 1000)"
    return f"intDiv({seconds} + timezoneOffset(toTimeZone(toDateTime({seconds}, 'UTC'), {zone})), 3600)"


#: pairs of hours of the warehouse's clock, for how long shipping took in its business hours: one row a store, a column an array
_HOURS_OF_A_STORE = """
SELECT store, groupArray(span) AS spans, groupArray(due_span) AS due_spans, groupArray(paid_hour) AS paid_hours,
       groupArray(shipped_hour) AS shipped_hours, groupArray(orders) AS counts, groupArrayArray(reached) AS reached
FROM ({rows})
GROUP BY store
"""
_SHIPPED_WITHIN = (
    "arrayMap(days -> toUInt64(shipped_ms < paid_ms + days * 86400000), {ship_days:Array(Int64)})"
)
SHIPPING = _HOURS_OF_A_STORE.format(
    rows=f"""
    SELECT
        store, {_SPAN.format(begin="paid_ms")} AS span,
        {_SPAN.format(begin="paid_ms + arrayMin({ship_days:Array(Int64)}) * 86400000")} AS due_span,
        toInt32({_hour("paid_ms", "{zone:String}")}) AS paid_hour, toInt32({_hour("shipped_ms", "{zone:String}")}) AS shipped_hour,
        count() AS orders, sumForEach({_SHIPPED_WITHIN}) AS reached
    FROM ({_TIMES})
    WHERE paid_ms > 0 AND shipped_ms > 0
    GROUP BY store, span, due_span, paid_hour, shipped_hour"""
)

#: what an order of each period brings, where all have one currency
IS_WORTH = "amount > 0 AND currency != ''"
WORTH = f"""
SELECT store, {_SPAN.format(begin="placed_ms")} AS span, toFloat64(sum(amount)) / count() AS each, count() AS orders, uniqExact(currency) AS currencies,
       any(currency) AS one_currency
FROM ({_TIMES})
WHERE {IS_WORTH}
GROUP BY store, span
HAVING span > 0
"""


def days_of_orders(zone: str, promises: Sequence[int]) -> str:
    """The query of what orders add up to by day: the same as ``ORDERS``, ``SHIPPING`` and ``WORTH``, in one look at each order.

    Args:
        zone: of the clock that days are of.
        promises: numbers of days within which any store promises to ship.
    """
    clock = literal(zone)

    def day(at: str) -> str:
        return f"if({at} > 0, toInt32(toUInt16(toDate(fromUnixTimestamp64Milli({at}, {clock})))), 0)"

    promised = "".join(
        f",\n                {_window(f'promise {days}', _PROMISE, f'[toInt64({days})]')}"
        for days in promises
    )
    hours = f"{_hour('paid_ms', clock)}, {_hour('shipped_ms', clock)}"
    more = (
        f"if(paid_ms > 0 AND shipped_ms > 0, [('hours', paid_ms, shipped_ms, toUInt8(1), {{ship_days:Array(Int64)}}, "
        f"arrayMin({{ship_days:Array(Int64)}}) * 86400000, {hours}, '', toDecimal128(0, 9))], [])",
        f"if({IS_WORTH}, [('worth', placed_ms, toInt64(0), toUInt8(0), [toInt64(0)], toInt64(0), toInt64(0), toInt64(0), toString(currency), assumeNotNull(amount))], [])",
    )
    return f"""
SELECT
    store, minIf(first, first > 0) AS first_ms, max(last) AS last_ms,
    groupArrayIf(tuple(name, begin_day, begun, timed, untimed, reached, logs, squares), name NOT IN ('hours', 'worth')) AS windows,
    groupArrayIf(tuple(begin_day, due_day, toInt32(paid_hour), toInt32(shipped_hour), begun, reached), name = 'hours') AS hours,
    groupArrayIf(tuple(begin_day, currency, begun, amount), name = 'worth') AS worth
FROM
(
    SELECT
        store, looked.1 AS name, {day("looked.2 + if(looked.1 = 'hours', 0, looked.6)")} AS begin_day,
        if(looked.1 = 'hours', {day("looked.2 + looked.6")}, 0) AS due_day, looked.7 AS paid_hour, looked.8 AS shipped_hour,
        looked.9 AS currency, sum(looked.10) AS amount, minIf(placed, placed > 1000) AS first, maxIf(newest, placed > 1000) AS last,
        {_TALLIES}
    FROM
    (
        SELECT store, looked, placed, newest, {_TAKEN}
        FROM
        (
            SELECT
                store, placed_ms AS placed, greatest(placed_ms, paid_ms, shipped_ms, delivered_ms) AS newest,
                arrayJoin(arrayConcat([
                {_ALL_BUT_PROMISES}{promised}],
                {more[0]},
                {more[1]})) AS looked
            FROM ({_TIMES})
        )
    )
    GROUP BY store, name, begin_day, due_day, paid_hour, shipped_hour, currency
)
GROUP BY store
"""


_SPAN_OF_DAY = "toInt32(arrayLastIndex(one -> one <= {day}, {{days:Array(Int32)}}))"
_OF_ZONE = f"FROM order_days WHERE {_STORES} AND zone = {{zone:String}}"

#: ``ORDERS`` of the days that are kept; ``promise`` is the name of the window that is asked for among them
KEPT_ORDERS = f"""
SELECT
    store_id AS store, replaceOne(kept.name, {{promise:String}}, 'promise') AS window_name, {_SPAN_OF_DAY.format(day="kept.day")} AS span,
    sum(kept.begun) AS begun, sum(kept.timed) AS timed, sum(kept.untimed) AS untimed,
    sumForEach(kept.reached) AS reached, sumForEach(kept.logs) AS logs, sumForEach(kept.squares) AS squares
FROM (SELECT store_id, arrayJoin(windows) AS kept {_OF_ZONE})
WHERE NOT startsWith(kept.name, 'promise ') OR kept.name IN ({{promise:String}}, concat({{promise:String}}, ' due'))
GROUP BY store, window_name, span
ORDER BY store, window_name, span
"""

#: ``SHIPPING`` of the days that are kept
KEPT_SHIPPING = _HOURS_OF_A_STORE.format(
    rows=f"""
    SELECT store_id AS store, {_SPAN_OF_DAY.format(day="kept.day")} AS span, {_SPAN_OF_DAY.format(day="kept.due_day")} AS due_span,
           kept.paid_hour AS paid_hour, kept.shipped_hour AS shipped_hour, kept.orders AS orders, kept.reached AS reached
    FROM (SELECT store_id, arrayJoin(hours) AS kept {_OF_ZONE})"""
)

#: ``WORTH`` of the days that are kept
KEPT_WORTH = f"""
SELECT store_id AS store, {_SPAN_OF_DAY.format(day="kept.day")} AS span, toFloat64(sum(kept.amount)) / sum(kept.orders) AS each, sum(kept.orders) AS orders,
       uniqExact(kept.currency) AS currencies, any(kept.currency) AS one_currency
FROM (SELECT store_id, arrayJoin(worth) AS kept {_OF_ZONE})
GROUP BY store, span
HAVING span > 0
"""

#: events by stage in each period
COUNTS = f"""
SELECT store_id, {_SPAN.format(begin="1000 * toInt64(toUnixTimestamp(at))")} AS span, sumForEach(counts) AS totals, sumForEach(pageless) AS apart
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
WHERE {_STORES} AND period = 'day' AND complete
  AND (empty(dimensions) OR measure IN {ADDED_OVER_PARTS}
       OR (measure IN {ADDED_OVER_VISITS} AND hasAll({list(PARTS_OF_VISITS)}, mapKeys(dimensions))))
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
    FROM compared_prices
    WHERE {_STORES} AND product != '' AND amount > 0 AND toFloat64OrZero(attributes['reference']) > 0
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
