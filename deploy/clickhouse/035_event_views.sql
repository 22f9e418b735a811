-- repeatable: run again whenever this file changes
-- Events, right when read plainly: an event once, and an order once for each thing that happens to it, however often, by
-- however many doors and in however many parcels it was reported. What a trusted door says of an order is what is shown here.
CREATE OR REPLACE VIEW ${database}.events ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    event_id, store_id, platform, type, event_time, received_at, visitor, buyer, session, order_id, product, category,
    country, device_class, channel, campaign, payment_method, quantity,
    toDecimal128OrNull(amount, 9) AS amount, currency, source, attributes, schema_version, log_offset, set_apart
FROM ${database}.events_raw${all} FINAL
WHERE is_repeat = 0
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- Everything that was reported: also what a page said of an order that a server reported, an order's second delivery, and its parcels.
CREATE OR REPLACE VIEW ${database}.event_records ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    event_id, store_id, platform, type, event_time, received_at, visitor, buyer, session, order_id, product, category,
    country, device_class, channel, campaign, payment_method, quantity,
    toDecimal128OrNull(amount, 9) AS amount, currency, source, attributes, schema_version, log_offset, set_apart, is_repeat
FROM ${database}.events_raw${all} FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
