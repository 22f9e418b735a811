-- repeatable: run again whenever this file changes
-- Sums of scores and counts over any span, the same as from the minute rows, however long the span: whole hours come from
-- the roll-up of 021, and minutes only where it does not hold: at the two ends, after its horizon, and in hours that
-- something has landed in since. Read them as score_sums(first = …, last = …, point_s = …) and count_sums(first = …, last = …;
-- its views are in 097): seconds since 1970, both ends included; point_s is the width of the points they are added up to, so that
-- narrower ones than an hour are made of minutes. What decides on the hours is asked once, as a scalar. at is the minute, or the hour if the row holds a whole one.

-- A minute's score as it enters a sum. Without an expectation it is not in expected, low, high and judged_observed. below and
-- above are squared distances from expected to the bounds; a lower bound of zero is cut off there and hides its spread, so
-- the upper side is used for it.
CREATE OR REPLACE VIEW ${database}.score_minutes ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    minute, store_id, step, segment, observed,
    toUInt32(NOT ${no_expectation}) AS judged_minutes,
    judged_minutes * observed AS judged_observed,
    judged_minutes * scored.expected AS expected,
    judged_minutes * scored.low AS low,
    judged_minutes * pow(greatest(if(scored.low <= 0, high - scored.expected, scored.expected - scored.low), 0), 2)
        AS below,
    judged_minutes * pow(greatest(high - scored.expected, 0), 2) AS above,
    toUInt32(state = 'missing_stage') AS missing_minutes,
    state
FROM ${database}.scores_raw${all} AS scored FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE OR REPLACE VIEW ${database}.score_sums ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
WITH
    (SELECT argMax((horizon, through), version) FROM ${database}.rollup_marks_raw${all} WHERE kind = 'scores') AS mark,
    mark.1 AS horizon, mark.2 AS through,
    toDateTime({first:Int64}, 'UTC') AS first_minute,
    toDateTime({last:Int64}, 'UTC') AS last_minute,
    toStartOfHour(first_minute + 3599) AS whole_from,
    if({point_s:Int64} < 3600, toDateTime(0, 'UTC'), least(toStartOfHour(last_minute + 60), horizon)) AS whole_until,
    (
        SELECT groupUniqArray(toStartOfHour(minute))
        FROM ${database}.scores_raw${all}
        WHERE landed_at >= through AND toStartOfHour(minute) >= whole_from AND toStartOfHour(minute) < whole_until
    ) AS touched
SELECT
    hour AS at, store_id, step, segment, minutes, observed, judged_minutes, judged_observed, expected, low, below, above,
    missing_minutes, newest_minute, newest_state
FROM ${database}.hour_scores_raw${all} FINAL
WHERE hour >= whole_from AND hour < whole_until AND NOT has(touched, hour)
UNION ALL
SELECT
    minute AS at, store_id, step, segment, toUInt32(1) AS minutes, observed, judged_minutes, judged_observed, expected, low,
    below, above, missing_minutes, minute AS newest_minute, state AS newest_state
FROM ${database}.score_minutes
WHERE minute >= first_minute AND minute <= last_minute
  AND (toStartOfHour(minute) < whole_from OR toStartOfHour(minute) >= whole_until
       OR has(touched, toStartOfHour(minute)));
