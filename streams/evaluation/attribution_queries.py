"""The queries behind a store's attribution: the ways of its orders, its visits by place, and the reports of its ads.

Each takes several stores. ``start_ms`` and ``end_ms`` are a period, ``recent_ms`` the beginning of its last thirty days; ``ads_from`` and
``ads_to`` say for each of ``stores``, in their order, on which days it is known what ads cost.
"""

from __future__ import annotations

from scoring.evaluation.attribution.ads import AD_MEASURES, ADS, CAMPAIGN, TRAFFIC
from scoring.evaluation.attribution.journeys import MOST_TOUCHES
from scoring.evaluation.report_figures import SPEND
from streams.clickhouse.literals import literals

_ASKED = "store_id IN {stores:Array(String)}"
_SPAN = "first = {start_ms:Int64}, last = {end_ms:Int64}, zone = {zone:String}"
_OF_ADS = f"period = 'day' AND complete AND dimensions['{TRAFFIC}'] IN ('', '{ADS}')"
#: rows of ads reports of a span, for people as well
AD_ROWS = f"{_OF_ADS} AND measure IN ({literals(AD_MEASURES)})"

#: the days of ads reports, by the dimensions that name their parts and by campaign
FIGURES = f"""
SELECT store_id, toString(source) AS source_name, toUnixTimestamp(period_start) AS start_s, toUnixTimestamp(period_end) AS end_s,
       arraySort(mapKeys(dimensions)) AS parts, dimensions['{CAMPAIGN}'] AS campaign_name, toString(measure) AS measure_name, currency,
       toString(sum(value)) AS value_text, count() AS number
FROM report_rows
WHERE {_ASKED} AND {AD_ROWS}
  AND period_start >= toDateTime({{start_s:Int64}}, 'UTC') AND period_end <= toDateTime({{end_s:Int64}}, 'UTC')
GROUP BY store_id, source_name, start_s, end_s, parts, campaign_name, measure_name, currency
ORDER BY store_id, source_name, start_s, end_s, parts, campaign_name, measure_name, currency
"""

#: from when to when each source has ever reported what ads cost
KNOWN = f"""
SELECT store_id, toString(source) AS source_name, 1000 * toInt64(toUnixTimestamp(min(period_start))) AS first_ms,
       1000 * toInt64(toUnixTimestamp(max(period_end))) AS last_ms
FROM report_rows
WHERE {_ASKED} AND {_OF_ADS} AND measure = '{SPEND}'
GROUP BY store_id, source_name
ORDER BY store_id, source_name
"""

_MONEY = "toDecimal256(ifNull(money, 0), 4)"
#: the orders of a period by their ways
WAYS = f"""
SELECT
    store_id, touches, currency, count() AS orders, countIf(money IS NULL) AS unpriced,
    toUnixTimestamp64Milli(assumeNotNull(placed_at)) >= transform(toString(store_id), {{stores:Array(String)}}, {{ads_from:Array(Int64)}}, toInt64(0))
        AND toUnixTimestamp64Milli(assumeNotNull(placed_at)) < transform(toString(store_id), {{stores:Array(String)}}, {{ads_to:Array(Int64)}}, toInt64(0))
        AS is_in_ads,
    countIf(toUnixTimestamp64Milli(assumeNotNull(placed_at)) >= {{recent_ms:Int64}}) AS recent,
    toString(sum(ifNull(money, 0))) AS total, toString(sum({_MONEY} * {_MONEY})) AS squares,
    toString(sum({_MONEY} * {_MONEY} * {_MONEY})) AS cubes
FROM order_journeys({_SPAN})
WHERE {_ASKED}
GROUP BY store_id, touches, currency, is_in_ads
ORDER BY store_id, touches, currency, is_in_ads
"""

#: visits of a period by what they came by
VISITS = f"""
SELECT store_id, channel, campaign, count() AS visits, countIf(toUnixTimestamp64Milli(began_at) >= {{recent_ms:Int64}}) AS recent
FROM visits({_SPAN})
WHERE {_ASKED}
GROUP BY store_id, channel, campaign
ORDER BY store_id, channel, campaign
"""

#: the ways of those who visited in a period and ordered nothing
LOST = f"""
SELECT store_id, way, count() AS people
FROM
(
    SELECT store_id, person,
           arraySlice(arrayMap(one -> one.2, arraySort(groupArray(tuple(began_at, channel, campaign, visit)))), -{MOST_TOUCHES}) AS way
    FROM visits({_SPAN})
    WHERE {_ASKED} AND (store_id, person) NOT IN
    (
        SELECT store_id, if(visitor != '', visitor, concat('#', session)) FROM event_records
        WHERE {_ASKED} AND type = 'order' AND event_time >= fromUnixTimestamp64Milli({{start_ms:Int64}}, 'UTC')
            AND event_time < fromUnixTimestamp64Milli({{end_ms:Int64}}, 'UTC')
    )
    GROUP BY store_id, person
)
GROUP BY store_id, way
ORDER BY store_id, way
"""
