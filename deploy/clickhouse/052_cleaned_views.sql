-- repeatable: run again whenever this file changes
-- What was left out of counts, or is marked, and why (scoring/records/cleaning.py). is_counted: it is counted nevertheless, and only
-- marked, or in some steps only (orders without a page). An order that is left out for brushing is one row, not one for each of its events.

CREATE OR REPLACE VIEW ${database}.brushing ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT store_id, order_id, placed_at, signs, is_left_out
FROM ${database}.brushing_raw${all} FINAL
WHERE notEmpty(signs);

-- Row by row.
CREATE OR REPLACE VIEW ${database}.cleaned_rows ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT store_id, at, reason, what, is_counted, reference, detail
FROM
(
    SELECT
        store_id, event_time AS at, if(set_apart != '', splitByChar(':', set_apart)[1], 'bots') AS reason,
        toString(type) AS what, reason = ${pageless_mark} AS is_counted,
        if(order_id != '', order_id, event_id) AS reference, toString(source) AS detail
    FROM ${database}.events_raw${all} FINAL
    WHERE is_repeat = 0 AND (set_apart != '' OR device_class = 'bot') AND set_apart != 'brushing'
    SETTINGS do_not_merge_across_partitions_select_final = 1
    UNION ALL
    SELECT store_id, event_time, 'order_resent', toString(type), 0, order_id, toString(source)
    FROM ${database}.events_raw${all} FINAL
    WHERE is_repeat = 1
    SETTINGS do_not_merge_across_partitions_select_final = 1
    UNION ALL
    SELECT store_id, received_at, 'repeat', 'event', 0, event_id, toString(source)
    FROM ${database}.repeats_raw${all} FINAL
    UNION ALL
    SELECT store_id, received_at, toString(reason), 'dead_letter', 0, letter_id, detail
    FROM ${database}.dead_letters_raw${all} FINAL
    UNION ALL
    SELECT
        store_id, fromUnixTimestamp64Milli(if(placed_ms > 0, placed_ms, first_reported_ms), 'UTC'),
        multiIf(test = 1, 'test', kind != '', kind, 'zero_price'), 'order', 0, order_id, arrayStringConcat(sources, ', ')
    FROM ${database}.order_lives
    WHERE test = 1 OR kind != '' OR (highest = 0 AND ifNull(is_cancelled, 0) = 0)
    UNION ALL
    -- their payment is left out until it happens
    SELECT
        store_id, fromUnixTimestamp64Milli(placed_ms, 'UTC'), if(cod = 1, 'cod_waiting', 'on_hold'), 'payment', 0, order_id,
        arrayStringConcat(sources, ', ')
    FROM ${database}.order_lives
    WHERE placed_ms > 0 AND ifNull(test, 0) = 0 AND kind = '' AND ifNull(highest, 1) != 0 AND ifNull(is_cancelled, 0) = 0
        AND ifNull(is_paid, 0) = 0
        AND ((cod = 1 AND delivered_ms = 0 AND NOT (paid_ms > 0 AND shipped_ms > 0 AND shipped_ms <= paid_ms)) OR (on_hold = 1 AND paid_ms = 0))
    UNION ALL
    SELECT store_id, placed_at, 'brushing', 'order', if(is_left_out = 1, 0, 1), order_id, arrayStringConcat(signs, ', ')
    FROM ${database}.brushing_raw${all} FINAL
    WHERE notEmpty(signs)
);

-- By store and UTC day, with some of the rows to look at.
CREATE OR REPLACE VIEW ${database}.cleaned ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    store_id, toDate(left_out.at) AS day, reason, what, is_counted, count() AS count, groupArray(5)(left_out.reference) AS examples
FROM ${database}.cleaned_rows AS left_out
GROUP BY store_id, day, reason, what, is_counted;
