"""SQL of what platforms report themselves, and of what was left out: rows of the dashboard Store comparison."""

from __future__ import annotations

from deploy.grafana.query import CHOSEN_STORES
from deploy.grafana.wording import CLEANED, MEASURE, UNIT, clock

#: how far back these panels look, whatever the dashboard's time: a report is of a day, and comes days later
REPORT_DAYS = "28d"
_SPAN = "period = 'day' AND empty(dimensions) AND $__timeFilter(period_start)"

#: the lines that can be distinguished: people and orders of the stores with most of them
REPORT_LINES = f"""
SELECT period_start AS time, concat(store_id, ' · ', {MEASURE}) AS line, toFloat64(value) AS figure
FROM report_rows
WHERE {_SPAN} AND complete AND unit IN ('visitors', 'sessions', 'orders', 'order_items') AND {CHOSEN_STORES}
    AND (store_id, measure) IN
    (
        SELECT store_id, measure FROM report_rows
        WHERE {_SPAN} AND complete AND unit IN ('visitors', 'sessions', 'orders', 'order_items') AND {CHOSEN_STORES}
        GROUP BY store_id, measure ORDER BY max(value) DESC, store_id, measure LIMIT 12
    )
ORDER BY time, line
"""

REPORTS = f"""
SELECT formatDateTime(period_start, '%Y-%m-%d', ${{zone:sqlstring}}) AS day, store_id AS store, source, {MEASURE} AS measure_name,
       toFloat64(value) AS value, {UNIT} AS unit_name, currency, zone AS report_zone, if(complete, '✓', '…') AS complete,
       if(restated, '✓', '') AS restated, {clock("told_at")} AS reported
FROM report_rows
WHERE {_SPAN} AND {CHOSEN_STORES}
ORDER BY period_start DESC, store, source, measure LIMIT 1000
"""

LEFT_OUT = f"""
SELECT store_id AS store, {CLEANED} AS reason_name, what, if(is_counted, '✓', '') AS still_counted, count() AS left_out,
       {clock("max(at)")} AS newest, any(reference) AS example
FROM cleaned_rows
WHERE $__timeFilter(at) AND {CHOSEN_STORES}
GROUP BY store, reason, what, is_counted ORDER BY left_out DESC, store, reason, what LIMIT 500
"""
