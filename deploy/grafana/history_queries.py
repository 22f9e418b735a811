"""SQL of the dashboards Store comparison, Incidents and response times, and of Pipeline's dead letters."""

from __future__ import annotations

from deploy.grafana.live_queries import HAS
from deploy.grafana.query import CHOSEN_STORES
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
    SELECT store_id AS store, sumIf(observed, {HAS}) AS seen, sumIf(expected, {HAS}) AS mean, countIf({HAS}) AS minutes,
           toString(argMax(state, minute)) AS newest_state
    FROM scores
    WHERE $__timeFilter(minute) AND segment = '' AND step = ${{step:sqlstring}} AND {CHOSEN_STORES}
    GROUP BY store
) AS scored USING (store)
ORDER BY platform, store LIMIT 500
"""

#: the stores that lie farthest from their expectation: more lines cannot be told apart
INDEXED = f"""
SELECT at AS time, store_id AS store, 100 * seen / mean AS index
FROM
(
    SELECT at, store_id, seen, mean, dense_rank() OVER (ORDER BY far DESC, store_id) AS place
    FROM
    (
        SELECT at, store_id, seen, mean,
               abs(sum(seen) OVER of_store - sum(mean) OVER of_store) / sqrt(sum(mean) OVER of_store + 1) AS far
        FROM
        (
            SELECT $__timeInterval(minute) AS at, store_id, sum(observed) AS seen, sum(expected) AS mean
            FROM scores
            WHERE $__timeFilter(minute) AND segment = '' AND step = ${{step:sqlstring}} AND {HAS} AND {CHOSEN_STORES}
            GROUP BY at, store_id
        )
        WINDOW of_store AS (PARTITION BY store_id)
    )
)
WHERE place <= 12 AND mean >= 5
ORDER BY time, store
"""

DEFINITIONS = f"""
SELECT store_id AS store, name, platform, country, zone, currency, category
FROM stores WHERE {CHOSEN_STORES} ORDER BY platform, store LIMIT 500
"""

PER_DAY = f"""
SELECT toStartOfDay(opened_at, ${{zone:sqlstring}}) AS time, countIf(level = 'page') AS page, countIf(level = 'notice') AS notice
FROM alert_responses WHERE $__timeFilter(opened_at) AND {CHOSEN_STORES} GROUP BY time ORDER BY time
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
       {clock("opened_at")} AS since, {clock("resolved_at")} AS until, acknowledged_by, {CLOSED_AS} AS closed_as,
       round(minutes_to_acknowledge, 1) AS minutes_to_acknowledge, round(minutes_to_resolve, 1) AS minutes_to_resolve
FROM alert_responses WHERE $__timeFilter(opened_at) AND {CHOSEN_STORES} ORDER BY opened_at DESC LIMIT 500
"""

LETTERS = f"""
SELECT {REASON} AS reason, count() AS letters, max(received_at) AS newest, any(detail) AS example
FROM dead_letters WHERE $__timeFilter(received_at) GROUP BY reason ORDER BY letters DESC LIMIT 50
"""
