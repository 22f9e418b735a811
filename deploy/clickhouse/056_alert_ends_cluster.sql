-- only on a cluster
ALTER TABLE ${database}.alert_transitions_raw_all ${on_cluster}
    ADD COLUMN IF NOT EXISTS end_observed Nullable(Float64),
    ADD COLUMN IF NOT EXISTS end_expected Nullable(Float64),
    ADD COLUMN IF NOT EXISTS end_low Nullable(Float64),
    ADD COLUMN IF NOT EXISTS end_high Nullable(Float64),
    ADD COLUMN IF NOT EXISTS end_minutes Nullable(UInt32),
    ADD COLUMN IF NOT EXISTS end_sample Nullable(Float64);
