-- repeatable: run again whenever this file changes
-- By which ways orders came: scoring/evaluation/attribution/journeys.py in SQL; a test compares the two.

-- Visits of a span, each by what it came. first and last are milliseconds since 1970, half-open; zone is of the store's clock: without a
-- session, what one visitor does on one of its days is one visit.
CREATE OR REPLACE VIEW ${database}.visits ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    store_id,
    if(seen.visitor != '', seen.visitor, concat('#', seen.session)) AS person,
    if(seen.session != '', seen.session, concat('~', toString(toDate(seen.event_time, {zone:String})))) AS visit,
    min(seen.event_time) AS began_at,
    argMin(
        tuple(seen.came_by, seen.campaign),
        tuple(if(seen.came_by != '', 0, if(seen.campaign != '', 1, 2)), seen.event_time, seen.event_id)
    ) AS place,
    tupleElement(place, 1) AS channel,
    tupleElement(place, 2) AS campaign,
    count() AS events
FROM
(
    SELECT store_id, visitor, session, event_time, event_id, toString(campaign) AS campaign, ${channel_of} AS came_by
    FROM ${database}.events_raw${all} AS event FINAL
    WHERE toStartOfHour(event_time) >= toStartOfHour(fromUnixTimestamp64Milli({first:Int64}, 'UTC'))
        AND event_time >= fromUnixTimestamp64Milli({first:Int64}, 'UTC') AND event_time < fromUnixTimestamp64Milli({last:Int64}, 'UTC')
        AND type IN (${visit_types}) AND (visitor != '' OR session != '') AND set_apart = '' AND device_class != 'bot'
    SETTINGS do_not_merge_across_partitions_select_final = 1
) AS seen
GROUP BY store_id, person, visit;

-- Every order that was placed in a span and counts (not a test, not cancelled), with the visits of the thirty days before it by
-- which its buyer came, the oldest first. channel and campaign are those of the last visit that is neither direct nor unknown; money is
-- the amount less what was refunded.
CREATE OR REPLACE VIEW ${database}.order_journeys ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    store_id, order_id,
    any(counted.placed_at) AS placed_at,
    any(counted.money) AS money,
    any(counted.currency) AS currency,
    any(counted.person) AS person,
    arraySlice(
        arrayMap(
            one -> tuple(one.2, one.3),
            arraySort(groupArrayIf(
                tuple(seen.began_at, seen.channel, seen.campaign, seen.visit),
                counted.person != '' AND seen.person = counted.person AND seen.began_at <= counted.until
                    AND seen.began_at > counted.until - toIntervalMillisecond(${lookback_ms})
            ))
        ),
        -${most_touches}
    ) AS touches,
    tupleElement(
        if(
            arrayExists(one -> one.1 NOT IN ('direct', ''), touches),
            arrayLast(one -> one.1 NOT IN ('direct', ''), touches),
            arrayLast(one -> one.1 = 'direct', touches)
        ) AS credited,
        1
    ) AS channel,
    tupleElement(credited, 2) AS campaign
FROM
(
    SELECT
        kept.store_id AS store_id, kept.order_id AS order_id, kept.placed_at AS placed_at, kept.amount - kept.refunded AS money,
        kept.currency AS currency, buyers.person AS person, greatest(assumeNotNull(kept.placed_at), buyers.ordered_at) AS until
    FROM
    (
        SELECT store_id, order_id, placed_at, amount, refunded, currency
        FROM ${database}.orders
        WHERE left_out = '' AND state NOT IN ('cancelled', 'cancelled_unpaid')
            AND placed_at >= fromUnixTimestamp64Milli({first:Int64}, 'UTC') AND placed_at < fromUnixTimestamp64Milli({last:Int64}, 'UTC')
    ) AS kept
    LEFT JOIN
    (
        SELECT
            store_id, order_id,
            argMin(if(visitor != '', visitor, concat('#', session)), tuple(event_time, event_id)) AS person,
            min(event_time) AS ordered_at
        FROM ${database}.events_raw${all} FINAL
        WHERE toStartOfHour(event_time) >= toStartOfHour(fromUnixTimestamp64Milli({first:Int64} - 86400000, 'UTC'))
            AND event_time < fromUnixTimestamp64Milli({last:Int64} + 86400000, 'UTC')
            AND type = 'order' AND order_id != '' AND (visitor != '' OR session != '') AND device_class != 'bot'
        GROUP BY store_id, order_id
        SETTINGS do_not_merge_across_partitions_select_final = 1
    ) AS buyers ON buyers.store_id = kept.store_id AND buyers.order_id = kept.order_id
) AS counted
LEFT JOIN ${database}.visits(first = {first:Int64} - ${lookback_ms} - 86400000, last = {last:Int64} + 86400000, zone = {zone:String}) AS seen
    ON seen.store_id = counted.store_id AND seen.person = counted.person
GROUP BY store_id, order_id;

-- What came of it in each complete period.
CREATE OR REPLACE VIEW ${database}.attribution ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    store_id, period_start, period, period_end, zone, kind, channel, campaign, source, model, visits, orders, orders_low, orders_high,
    money, money_low, money_high, currency, spend, spend_currency, compared_orders, cost_per_order, cost_low, cost_high, roas, roas_low,
    roas_high, claimed_orders, claimed_money, claimed_roas, claimed_per_order, base_currency, base_rate, base_day, reasons, relation,
    condition, row_count, attributed_at
FROM ${database}.attribution_raw${all} AS line FINAL
WHERE (store_id, period, period_start, attributed_at) IN
(
    SELECT store_id, period, period_start, max(one.attributed_at) FROM ${database}.attribution_raw${all} AS one
    GROUP BY store_id, period, period_start
);
