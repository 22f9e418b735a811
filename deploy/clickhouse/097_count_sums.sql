-- repeatable: run again whenever this file changes
-- Sums of counts over any span, as 023 gives them for scores.
-- A minute's counts over one segment that is not set apart, of them those of orders without a page, and for each stage the minute
-- (seconds since 1970) as its first and last with a count.
-- Without FINAL, so that the projection by_hour of 021 is used: ask by toStartOfHour(minute), and for few hours.
CREATE OR REPLACE VIEW ${database}.count_minutes ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    minute, store_id, segment, argMax(counted.counts, version) AS counts,
    if(segment IN (${pageless}), counts, arrayMap(one -> toUInt64(0), counts)) AS pageless,
    arrayMap(count -> if(count > 0, toUInt32(minute), toUInt32(4294967295)), counts) AS firsts,
    arrayMap(count -> if(count > 0, toUInt32(minute), toUInt32(0)), counts) AS lasts
FROM ${database}.minutes_raw${all} AS counted
WHERE segment NOT IN ('[bots]', '[set apart]') AND NOT startsWith(segment, 'bot/')
GROUP BY minute, store_id, segment;

-- Numbers of the funnel's seven stages a row; add them up with sumForEach(counts), sumForEach(pageless), minForEach(firsts),
-- maxForEach(lasts). pageless are those of counts that belong to orders that no page led to: they are in no step that begins before
-- the order. Hours that were summed up before there were any have zeros.
CREATE OR REPLACE VIEW ${database}.count_sums ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
WITH
    (SELECT argMax((horizon, through), version) FROM ${database}.rollup_marks_raw${all} WHERE kind = 'counts') AS mark,
    mark.1 AS horizon, mark.2 AS through,
    toDateTime({first:Int64}, 'UTC') AS first_minute,
    toDateTime({last:Int64}, 'UTC') AS last_minute,
    toStartOfHour(first_minute + 3599) AS whole_from,
    least(toStartOfHour(last_minute + 60), horizon) AS whole_until,
    (
        SELECT groupUniqArray(toStartOfHour(minute))
        FROM ${database}.minutes_raw${all}
        WHERE landed_at >= through AND minute >= whole_from AND minute < whole_until
    ) AS touched
SELECT hour AS at, store_id, counts, arrayResize(hours.pageless, length(counts)) AS pageless, firsts, lasts
FROM ${database}.hour_counts_raw${all} AS hours FINAL
WHERE hour >= whole_from AND hour < whole_until AND NOT has(touched, hour)
UNION ALL
SELECT minute AS at, store_id, counts, pageless, firsts, lasts
FROM ${database}.count_minutes
WHERE minute >= first_minute AND minute <= last_minute
  AND toStartOfHour(minute) >= toStartOfHour(first_minute) AND toStartOfHour(minute) <= toStartOfHour(last_minute)
  AND (toStartOfHour(minute) < whole_from OR toStartOfHour(minute) >= whole_until)
UNION ALL
SELECT minute AS at, store_id, counts, pageless, firsts, lasts
FROM ${database}.count_minutes
WHERE toStartOfHour(minute) >= whole_from AND toStartOfHour(minute) < whole_until
  AND has(touched, toStartOfHour(minute));
