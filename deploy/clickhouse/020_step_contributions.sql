-- repeatable: run again whenever this file changes
-- Each step's part in the change of a store's counts against the same UTC day a week before, on the log scale: up to a stage
-- the parts of a store and day add up to ln(its count now / then). The first stage's part (an empty step) is the traffic.
-- A stage that is missing on either day is passed over: the step then leads to the next one, as in click_to_order.
-- Mix within a step: /api/v1/stores/{store}/contributions.
CREATE OR REPLACE VIEW ${database}.step_contributions ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
SELECT
    store_id, day,
    if(place = 1, '', concat(before_stage, '_to_', stage)) AS step,
    if(place = 1, now, now / before_now) AS now_rate,
    if(place = 1, then, then / before_then) AS then_rate,
    log(now_rate / then_rate) AS log_ratio
FROM
(
    SELECT
        store_id, day, stage, now, then,
        row_number() OVER (PARTITION BY store_id, day ORDER BY number) AS place,
        lagInFrame(stage) OVER funnel AS before_stage,
        lagInFrame(now) OVER funnel AS before_now,
        lagInFrame(then) OVER funnel AS before_then
    FROM
    (
        SELECT
            store_id, stage, day,
            sumIf(counted, is_then = 0) AS now, sumIf(counted, is_then = 1) AS then,
            indexOf([${stages}], stage) AS number
        FROM
        (
            SELECT store_id, stage, toDate(minute) AS day, 0 AS is_then, toFloat64(sum(count)) AS counted
            FROM ${database}.stage_counts
            GROUP BY store_id, stage, day
            UNION ALL
            SELECT store_id, stage, toDate(minute) + 7 AS day, 1 AS is_then, toFloat64(sum(count)) AS counted
            FROM ${database}.stage_counts
            GROUP BY store_id, stage, day
        )
        GROUP BY store_id, stage, day
        HAVING now > 0 AND then > 0
    )
    WINDOW funnel AS (PARTITION BY store_id, day ORDER BY number ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
)
WHERE place = 1 OR before_now > 0;
