-- repeatable: run again whenever this file changes
-- Every time an event came again; when it first came is in events.
CREATE OR REPLACE VIEW ${database}.repeats ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT received_at, store_id, source, event_id
FROM ${database}.repeats_raw${all} FINAL;
