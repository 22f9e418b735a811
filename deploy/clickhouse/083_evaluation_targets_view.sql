-- repeatable: run again whenever this file changes
-- What a step lost against the comparator (usual − observed, in events of the last stage) with its interval, and what that is worth.
ALTER TABLE ${database}.evaluations_raw ${on_cluster}
    ADD COLUMN IF NOT EXISTS lost Nullable(Float64), ADD COLUMN IF NOT EXISTS lost_low Nullable(Float64),
    ADD COLUMN IF NOT EXISTS lost_high Nullable(Float64), ADD COLUMN IF NOT EXISTS lost_money Nullable(Float64),
    ADD COLUMN IF NOT EXISTS currency LowCardinality(String);

-- On a cluster the same of the table over all nodes; on one server these are there already.
ALTER TABLE ${database}.evaluations_raw${all} ${on_cluster}
    ADD COLUMN IF NOT EXISTS lost Nullable(Float64), ADD COLUMN IF NOT EXISTS lost_low Nullable(Float64),
    ADD COLUMN IF NOT EXISTS lost_high Nullable(Float64), ADD COLUMN IF NOT EXISTS lost_money Nullable(Float64),
    ADD COLUMN IF NOT EXISTS currency LowCardinality(String);

-- Scores of every period that is complete, against each comparator; and, where comparator is target, what was asked for and how it came out.
CREATE OR REPLACE VIEW ${database}.evaluations ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    store_id, period_start, period, kind, name, comparator, score, low, high, coverage, reason, is_headline, period_end, zone,
    days, weights_version, evaluated_at, target, lost, lost_low, lost_high, lost_money, currency
FROM ${database}.evaluations_raw${all} FINAL;
