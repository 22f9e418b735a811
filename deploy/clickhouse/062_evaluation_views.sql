-- repeatable: run again whenever this file changes
-- What the evaluation is made of and what came of it.

-- What a store's events of one day of its clock add up to.
CREATE OR REPLACE VIEW ${database}.event_days ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT store_id, zone, day, fact, hits, cases, total, squares, looked_at
FROM ${database}.event_days_raw${all} FINAL;
