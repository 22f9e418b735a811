-- repeatable: run again whenever this file changes
-- Orders by all that is known of them: scoring/records/order_life.py in SQL; a test compares the two.

-- The life of each order of which a source reported facts. Each field is taken from the version that is newest by the platform's own time
-- and knows it. What happens once keeps the first time by which it is known to have happened: a time that is that of the version's own
-- change says only "by then", and the order's own is known of every order.
CREATE OR REPLACE VIEW ${database}.order_lives ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
WITH
    argMaxIf(kept.placed_ms, kept.rank, kept.placed_ms > 0) AS placed,
    argMaxIf(kept.paid_ms, kept.rank, kept.paid_ms > 0) AS paid_newest_ms,
    arrayMin(arrayMap(one -> one.1, arrayFilter(
        one -> one.1 > placed AND one.2 > paid_denied,
        groupArrayIf(tuple(kept.paid_ms, kept.rank), kept.paid_ms > 0 AND intDiv(kept.paid_ms, 1000) = intDiv(kept.as_of_ms, 1000))
    ))) AS paid_by_then_ms,
    maxIf(kept.rank, kept.is_paid = 0) AS paid_denied,
    argMaxIf(kept.delivered_ms, kept.rank, kept.delivered_ms > 0) AS delivered_newest_ms,
    arrayMin(arrayMap(one -> one.1, arrayFilter(
        one -> one.1 > placed AND one.2 > delivered_denied,
        groupArrayIf(tuple(kept.delivered_ms, kept.rank), kept.delivered_ms > 0 AND intDiv(kept.delivered_ms, 1000) = intDiv(kept.as_of_ms, 1000))
    ))) AS delivered_by_then_ms,
    maxIf(kept.rank, kept.is_delivered = 0) AS delivered_denied,
    argMaxIf(kept.cancelled_ms, kept.rank, kept.cancelled_ms > 0) AS cancelled_newest_ms,
    arrayMin(arrayMap(one -> one.1, arrayFilter(
        one -> one.1 > placed AND one.2 > cancelled_denied,
        groupArrayIf(tuple(kept.cancelled_ms, kept.rank), kept.cancelled_ms > 0 AND intDiv(kept.cancelled_ms, 1000) = intDiv(kept.as_of_ms, 1000))
    ))) AS cancelled_by_then_ms,
    maxIf(kept.rank, kept.is_cancelled = 0) AS cancelled_denied
SELECT
    store_id, order_id,
    placed AS placed_ms,
    argMaxIf(kept.authorised_ms, kept.rank, kept.authorised_ms > 0) AS authorised_ms,
    if(ifNull(cod, 0) = 0 AND paid_by_then_ms > 0 AND argMaxIf(intDiv(kept.paid_ms, 1000) = intDiv(kept.as_of_ms, 1000), kept.rank, kept.paid_ms > 0), paid_by_then_ms, paid_newest_ms) AS paid_ms,
    minIf(kept.shipped_ms, kept.shipped_ms > 0) AS shipped_ms,
    if(delivered_by_then_ms > 0 AND argMaxIf(intDiv(kept.delivered_ms, 1000) = intDiv(kept.as_of_ms, 1000), kept.rank, kept.delivered_ms > 0), delivered_by_then_ms, delivered_newest_ms) AS delivered_ms,
    argMaxIf(kept.on_hold, kept.rank, kept.on_hold IS NOT NULL) AS on_hold,
    argMaxIf(kept.is_paid, kept.rank, kept.is_paid IS NOT NULL) AS is_paid,
    argMaxIf(kept.shipped, kept.rank, kept.shipped IS NOT NULL) AS is_shipped,
    argMaxIf(kept.delivered, kept.rank, kept.delivered IS NOT NULL) AS is_delivered,
    argMaxIf(kept.cancelled, kept.rank, kept.cancelled IS NOT NULL) AS is_cancelled,
    if(is_cancelled = 0, 0, if(cancelled_by_then_ms > 0 AND argMaxIf(intDiv(kept.cancelled_ms, 1000) = intDiv(kept.as_of_ms, 1000), kept.rank, kept.cancelled_ms > 0), cancelled_by_then_ms, cancelled_newest_ms)) AS cancelled_ms,
    toDecimal128OrNull(argMaxIf(kept.amount, kept.rank, kept.amount != ''), 9) AS amount,
    max(toDecimal128OrNull(kept.amount, 9)) AS highest,
    argMaxIf(kept.currency, kept.rank, kept.currency != '') AS currency,
    arraySort(groupArrayArray(arrayMap((id, text) -> tuple(id, kept.rank, text), mapKeys(kept.refunds), mapValues(kept.refunds)))) AS refunds,
    arrayMap(
        one -> tuple(one.1, abs(toDecimal128OrZero(one.3, 9))),
        arrayFilter((one, next) -> one.1 != next.1, refunds, arrayShiftLeft(refunds, 1))
    ) AS newest_refunds,
    greatest(
        arraySum(one -> if(one.1 = '*', toDecimal128(0, 9), one.2), newest_refunds),
        arraySum(one -> if(one.1 = '*', one.2, toDecimal128(0, 9)), newest_refunds)
    ) AS refunded,
    argMaxIf(kept.cod, kept.rank, kept.cod IS NOT NULL) AS cod,
    argMaxIf(kept.test, kept.rank, kept.test IS NOT NULL) AS test,
    argMaxIf(kept.kind, kept.rank, kept.kind != '') AS kind,
    argMaxIf(kept.units, kept.rank, kept.units > 0) AS units,
    max(kept.parcels) AS parcels,
    argMaxIf(kept.buyer, kept.rank, kept.buyer != '') AS buyer,
    argMaxIf(kept.country, kept.rank, kept.country != '') AS country,
    argMaxIf(kept.payment_method, kept.rank, kept.payment_method != '') AS payment_method,
    min(kept.history) AS history,
    min(kept.told_at_ms) AS first_reported_ms,
    arraySort(groupUniqArray(kept.source)) AS sources
FROM
(
    SELECT
        *,
        tuple(if(as_of_ms = 0, told_at_ms, as_of_ms), told_at_ms, digest) AS rank,
        multiIf(is_shipped IS NOT NULL, is_shipped, shipped_ms > 0 OR delivered_ms > 0, 1, NULL) AS shipped,
        multiIf(is_delivered IS NOT NULL, is_delivered, delivered_ms > 0, 1, NULL) AS delivered,
        multiIf(is_cancelled IS NOT NULL, is_cancelled, cancelled_ms > 0, 1, NULL) AS cancelled
    FROM ${database}.order_versions_raw${all}
    WHERE withdrawn = 0
) AS kept
LEFT JOIN
(
    SELECT store_id, order_id, source, connection, import_id, max(told_at_ms) AS at_ms
    FROM ${database}.order_versions_raw${all}
    WHERE withdrawn = 1
    GROUP BY store_id, order_id, source, connection, import_id
) AS gone USING (store_id, order_id, source, connection, import_id)
WHERE kept.told_at_ms > gone.at_ms
GROUP BY store_id, order_id;

-- Every order, once: by the facts that sources reported, and by plain events where they say what the facts do not. Empty is unknown.
CREATE OR REPLACE VIEW ${database}.orders ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    store_id, order_id,
    if(known.placed_ms > 0, fromUnixTimestamp64Milli(known.placed_ms, 'UTC'), NULL) AS placed_at,
    if(known.paid_at_ms > 0, fromUnixTimestamp64Milli(known.paid_at_ms, 'UTC'), NULL) AS paid_at,
    if(known.is_shipped = 1 AND known.shipped_ms > 0, fromUnixTimestamp64Milli(known.shipped_ms, 'UTC'), NULL) AS shipped_at,
    if(known.is_delivered = 1 AND known.delivered_ms > 0, fromUnixTimestamp64Milli(known.delivered_ms, 'UTC'), NULL) AS delivered_at,
    if(known.is_cancelled = 1 AND known.cancelled_ms > 0, fromUnixTimestamp64Milli(known.cancelled_ms, 'UTC'), NULL) AS cancelled_at,
    known.refunded AS refunded,
    known.amount AS amount,
    known.currency AS currency,
    multiIf(
        known.highest > 0 AND known.refunded >= known.highest, 'refunded',
        known.is_cancelled = 1, if(known.paid_at_ms > 0 OR ifNull(known.is_paid, 0) = 1, 'cancelled', 'cancelled_unpaid'),
        known.is_delivered = 1, 'delivered',
        known.is_shipped = 1, 'shipped',
        known.paid_at_ms > 0 OR (known.is_paid = 1 AND ifNull(known.on_hold, 0) = 0), 'paid',
        known.on_hold = 1, 'on_hold',
        known.cod = 1, 'payment_on_delivery',
        known.authorised_ms > 0, 'authorised',
        'placed'
    ) AS state,
    known.cod AS cod,
    known.test AS test,
    arrayStringConcat(known.sources, ', ') AS source,
    multiIf(
        known.test = 1, 'test',
        known.kind != '', known.kind,
        known.highest = 0 AND ifNull(known.is_cancelled, 0) = 0, 'zero_price',
        ''
    ) AS left_out,
    known.on_hold AS on_hold,
    known.units AS units,
    known.parcels AS parcels,
    known.buyer AS buyer,
    known.country AS country,
    known.payment_method AS payment_method,
    known.history AS history
FROM
(
    SELECT
        store_id, order_id,
        if(maxIf(one.placed_ms, one.is_facts = 1) > 0, maxIf(one.placed_ms, one.is_facts = 1), max(one.placed_ms)) AS placed_ms,
        max(one.authorised_ms) AS authorised_ms,
        if(maxIf(one.paid_ms, one.is_facts = 1) > 0, maxIf(one.paid_ms, one.is_facts = 1), max(one.paid_ms)) AS paid_ms,
        if(maxIf(one.shipped_ms, one.is_facts = 1) > 0, maxIf(one.shipped_ms, one.is_facts = 1), max(one.shipped_ms)) AS shipped_ms,
        if(maxIf(one.delivered_ms, one.is_facts = 1) > 0, maxIf(one.delivered_ms, one.is_facts = 1), max(one.delivered_ms)) AS delivered_ms,
        if(maxIf(one.cancelled_ms, one.is_facts = 1) > 0, maxIf(one.cancelled_ms, one.is_facts = 1), max(one.cancelled_ms)) AS cancelled_ms,
        maxIf(one.on_hold, one.is_facts = 1) AS on_hold,
        coalesce(maxIf(one.is_paid, one.is_facts = 1), maxIf(one.is_paid, one.is_facts = 0)) AS is_paid,
        coalesce(maxIf(one.is_shipped, one.is_facts = 1), maxIf(one.is_shipped, one.is_facts = 0)) AS is_shipped,
        coalesce(maxIf(one.is_delivered, one.is_facts = 1), maxIf(one.is_delivered, one.is_facts = 0)) AS is_delivered,
        coalesce(maxIf(one.is_cancelled, one.is_facts = 1), maxIf(one.is_cancelled, one.is_facts = 0)) AS is_cancelled,
        coalesce(maxIf(one.amount, one.is_facts = 1), maxIf(one.amount, one.is_facts = 0)) AS amount,
        max(one.highest) AS highest,
        if(maxIf(one.currency, one.is_facts = 1) != '', maxIf(one.currency, one.is_facts = 1), max(one.currency)) AS currency,
        max(one.refunded) AS refunded,
        coalesce(maxIf(one.cod, one.is_facts = 1), maxIf(one.cod, one.is_facts = 0)) AS cod,
        maxIf(one.test, one.is_facts = 1) AS test,
        maxIf(one.kind, one.is_facts = 1) AS kind,
        if(maxIf(one.units, one.is_facts = 1) > 0, maxIf(one.units, one.is_facts = 1), max(one.units)) AS units,
        max(one.parcels) AS parcels,
        if(maxIf(one.buyer, one.is_facts = 1) != '', maxIf(one.buyer, one.is_facts = 1), max(one.buyer)) AS buyer,
        if(maxIf(one.country, one.is_facts = 1) != '', maxIf(one.country, one.is_facts = 1), max(one.country)) AS country,
        if(maxIf(one.payment_method, one.is_facts = 1) != '', maxIf(one.payment_method, one.is_facts = 1), max(one.payment_method)) AS payment_method,
        maxIf(one.history, one.is_facts = 1) AS history,
        if(max(one.is_facts) = 1, groupArrayArrayIf(one.sources, one.is_facts = 1), groupArrayArray(one.sources)) AS sources,
        -- cash on delivery is paid when a source says so, else when it is delivered
        multiIf(
            is_paid = 0, 0,
            ifNull(cod, 0) = 0, paid_ms,
            paid_ms > 0 AND (ifNull(is_paid, 0) = 1 OR (shipped_ms > 0 AND shipped_ms <= paid_ms)), paid_ms,
            delivered_ms
        ) AS paid_at_ms
    FROM
    (
        SELECT
            store_id, order_id, 1 AS is_facts, placed_ms, authorised_ms, paid_ms, shipped_ms, delivered_ms, cancelled_ms, on_hold, is_paid,
            is_shipped, is_delivered, is_cancelled, amount, highest, currency, refunded, cod, test, kind, units, parcels, buyer, country,
            payment_method, history, sources
        FROM ${database}.order_lives
        UNION ALL
        SELECT
            store_id, order_id, 0,
            minIf(kept.at_ms, kept.type = 'order'), 0, minIf(kept.at_ms, kept.type = 'payment'),
            minIf(kept.at_ms, kept.type = 'fulfilment'), minIf(kept.at_ms, kept.type = 'delivered'), minIf(kept.at_ms, kept.type = 'cancel'),
            NULL,
            if(countIf(kept.type = 'payment') > 0, 1, NULL), if(countIf(kept.type IN ('fulfilment', 'delivered')) > 0, 1, NULL),
            if(countIf(kept.type = 'delivered') > 0, 1, NULL), if(countIf(kept.type = 'cancel') > 0, 1, NULL),
            ifNull(anyIf(kept.amount, kept.type = 'order'), anyIf(kept.amount, kept.type = 'payment')),
            max(if(kept.type IN ('order', 'payment'), kept.amount, NULL)),
            if(anyIf(kept.currency, kept.type = 'order') != '', anyIf(kept.currency, kept.type = 'order'), max(kept.currency)),
            ifNull(sumIf(abs(kept.amount), kept.type = 'refund'), 0),
            if(countIf(kept.type = 'order' AND kept.attributes['payment'] = 'on_delivery') > 0, 1, NULL), NULL, '',
            if(countIf(kept.type = 'order') > 0, maxIf(kept.quantity, kept.type = 'order'), 0),
            toInt64(maxIf(toInt64OrZero(kept.attributes['parcels']), kept.type = 'fulfilment')),
            max(kept.buyer), max(kept.country), max(kept.payment_method), 0, arraySort(groupUniqArray(kept.source))
        FROM
        (
            SELECT
                store_id, order_id, type, toUnixTimestamp64Milli(event_time) AS at_ms, toDecimal128OrNull(amount, 9) AS amount, currency,
                attributes, quantity, buyer, country, payment_method, source
            FROM ${database}.events_raw${all} FINAL
            WHERE is_repeat = 0 AND order_id != '' AND type IN ('order', 'payment', 'fulfilment', 'delivered', 'cancel', 'refund')
            SETTINGS do_not_merge_across_partitions_select_final = 1
        ) AS kept
        GROUP BY store_id, order_id
    ) AS one
    GROUP BY store_id, order_id
) AS known;
