"""SQL of the dashboards Store comparison, Incidents and response times, and of Pipeline's dead letters."""

from __future__ import annotations

from deploy.grafana.query import CHOSEN_STORES, SCORE_SUMS, point, score_points
from deploy.grafana.wording import ALERT_STATE, CLOSED_AS, LEVEL, REASON, clock, state, step

COMPARISON = f"""
SELECT platform, store, {state("if(scored.newest_state = '', 'no_data', scored.newest_state)")} AS state_name,
       round(scored.seen) AS observed, round(scored.mean) AS expected,
       if(scored.mean >= 5, scored.seen / scored.mean, NULL) AS of_expected, scored.minutes AS covered
FROM
(
    SELECT store_id AS store, toString(platform) AS platform FROM stores WHERE {CHOSEN_STORES}
) AS known
LEFT JOIN
(
    SELECT store_id AS store, sum(judged_observed) AS seen, sum(expected) AS mean, sum(judged_minutes) AS minutes,
           toString(argMax(sums.newest_state, newest_minute)) AS newest_state
    FROM {SCORE_SUMS} AS sums
    WHERE segment = '' AND step = ${{step:sqlstring}} AND {CHOSEN_STORES}
    GROUP BY store
) AS scored USING (store)
ORDER BY platform, store LIMIT 500
"""

#: points of minutes for a day at most
_INDEX_DAYS = 1
#: the stores that lie farthest from their expectation: more lines cannot be distinguished
INDEXED = f"""
SELECT point.1 AS time, store_id AS store, 100 * point.2 / point.3 AS index
FROM
(
    SELECT store_id, groupArray((begun, seen, mean)) AS points
    FROM
    (
        SELECT {point(_INDEX_DAYS)} AS begun, store_id, sum(judged_observed) AS seen, sum(expected) AS mean
        FROM {score_points(_INDEX_DAYS)}
        WHERE segment = '' AND step = ${{step:sqlstring}} AND judged_minutes > 0 AND {CHOSEN_STORES}
        GROUP BY begun, store_id
    )
    GROUP BY store_id
    ORDER BY abs(sum(seen) - sum(mean)) / sqrt(sum(mean) + 1) DESC, store_id LIMIT 12
)
ARRAY JOIN points AS point
WHERE point.3 >= 5
ORDER BY time, store
"""

DEFINITIONS = f"""
SELECT store_id AS store, name, platform, country, zone, currency, category
FROM stores WHERE {CHOSEN_STORES} ORDER BY platform, store LIMIT 500
"""

#: a day without an alert has its zero: how wide a bar is comes from the distance of two
PER_DAY = f"""
SELECT toStartOfDay(opened_at, ${{zone:sqlstring}}) AS time, countIf(level = 'page') AS page, countIf(level = 'notice') AS notice
FROM alert_responses WHERE $__timeFilter(opened_at) AND {CHOSEN_STORES} GROUP BY time
ORDER BY time WITH FILL FROM toStartOfDay($__fromTime, ${{zone:sqlstring}}) TO toDateTime($__toTime, ${{zone:sqlstring}}) STEP toIntervalDay(1)
"""

MEDIAN_ACK = f"""
SELECT round(medianExact(minutes_to_acknowledge), 1) AS minutes
FROM alert_responses WHERE $__timeFilter(opened_at) AND minutes_to_acknowledge IS NOT NULL AND {CHOSEN_STORES}
"""

MEDIAN_RESOLVE = f"""
SELECT round(medianExact(minutes_to_resolve), 1) AS minutes
FROM alert_responses WHERE $__timeFilter(opened_at) AND minutes_to_resolve IS NOT NULL AND {CHOSEN_STORES}
"""

REASONS = f"""
SELECT {CLOSED_AS} AS reason_name, count() AS alerts
FROM alert_responses WHERE $__timeFilter(opened_at) AND {CHOSEN_STORES} GROUP BY reason_name ORDER BY alerts DESC
"""

HISTORY = f"""
SELECT alert_id AS alert, store_id AS store, {step("step")} AS step_name, {LEVEL} AS alert_level, {ALERT_STATE} AS alert_state,
       {clock("opened_at")} AS since, {clock("ended_at")} AS until, acknowledged_by, {CLOSED_AS} AS closed_as,
       round(minutes_to_acknowledge, 1) AS minutes_to_acknowledge, round(minutes_to_resolve, 1) AS minutes_to_resolve
FROM alert_responses WHERE $__timeFilter(opened_at) AND {CHOSEN_STORES} ORDER BY opened_at DESC LIMIT 500
"""

LETTERS = f"""
SELECT {REASON} AS reason, count() AS letters, max(received_at) AS newest, any(detail) AS example
FROM dead_letters WHERE $__timeFilter(received_at) GROUP BY reason ORDER BY letters DESC LIMIT 50
"""
