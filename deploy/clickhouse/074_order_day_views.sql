-- repeatable: run again whenever this file changes
-- What the orders of each store add up to by day.
CREATE OR REPLACE VIEW ${database}.order_days ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT store_id, zone, promises, first_ms, last_ms, windows, hours, worth, digest, looked_at
FROM ${database}.order_days_raw${all} FINAL;

-- All that the orders of each store are worked out from, as one number: it changes whenever any of it comes, is restated or is taken back.
CREATE OR REPLACE VIEW ${database}.order_marks ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT store_id, sum(of_part.number) AS digest, sum(of_part.count) AS count
FROM
(
    SELECT store_id, cityHash64('versions', count(), max(kept.told_at_ms), sum(kept.digest), sum(kept.withdrawn)) AS number, count() AS count
    FROM ${database}.order_versions_raw${all} AS kept
    GROUP BY store_id
    UNION ALL
    SELECT store_id, cityHash64('events', count(), max(kept.received_at), sum(kept.version), sum(kept.is_repeat), sum(kept.is_deleted)), count()
    FROM ${database}.events_raw${all} AS kept
    WHERE kept.type IN ('order', 'payment', 'fulfilment', 'delivered', 'cancel', 'refund') AND kept.order_id != ''
    GROUP BY store_id
    UNION ALL
    SELECT store_id, cityHash64('disputes', count(), max(kept.told_at), sum(kept.digest)), count()
    FROM ${database}.signal_versions_raw${all} AS kept
    WHERE kept.kind = 'dispute'
    GROUP BY store_id
) AS of_part
GROUP BY store_id;

-- Events in which a shop's price was compared. They are few among many: their type is asked for before versions are put together, which is
-- the same, since versions of one event share their type.
CREATE OR REPLACE VIEW ${database}.compared_prices ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT store_id, event_time, product, toDecimal128OrNull(amount, 9) AS amount, currency, attributes
FROM ${database}.events_raw${all} FINAL
PREWHERE type = 'price'
WHERE is_repeat = 0
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- From which minute to which anything of each store is counted. Without FINAL: versions of a minute are of the same minute.
CREATE OR REPLACE VIEW ${database}.counted_extents ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT store_id, min(minute) AS first_minute, max(minute) AS last_minute
FROM ${database}.minutes_raw${all}
WHERE segment NOT IN ('[bots]', '[set apart]') AND NOT startsWith(segment, 'bot/')
GROUP BY store_id;
