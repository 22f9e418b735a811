-- repeatable: run again whenever this file changes
-- Every version of every order.
CREATE OR REPLACE VIEW ${database}.order_versions ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    store_id, order_id, source, connection, import_id, as_of_ms, told_at_ms, placed_ms, authorised_ms, paid_ms, shipped_ms, delivered_ms,
    cancelled_ms, on_hold, is_paid, is_shipped, is_delivered, is_cancelled, amount, currency, refunds, refund_times, units, cod, test, kind,
    channel, buyer, country, payment_method, parcels, history, withdrawn
FROM ${database}.order_versions_raw${all} FINAL;

-- Where each order was made, by the newest version that knows it (scoring/records/order_life.py).
CREATE OR REPLACE VIEW ${database}.order_channels ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    store_id, order_id,
    argMaxIf(kept.channel, tuple(if(kept.as_of_ms = 0, kept.told_at_ms, kept.as_of_ms), kept.told_at_ms, kept.digest), kept.channel != '') AS channel
FROM ${database}.order_versions_raw${all} AS kept
WHERE kept.withdrawn = 0
GROUP BY store_id, order_id;
