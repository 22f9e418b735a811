-- repeatable: run again whenever this file changes
CREATE OR REPLACE VIEW ${database}.dead_letters ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT received_at, reason, source, store_id, payload, detail, letter_id, door
FROM ${database}.dead_letters_raw${all} FINAL;
