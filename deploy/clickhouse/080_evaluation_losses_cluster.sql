-- only on a cluster
ALTER TABLE ${database}.evaluations_raw_all ${on_cluster}
    ADD COLUMN IF NOT EXISTS lost Nullable(Float64), ADD COLUMN IF NOT EXISTS lost_low Nullable(Float64),
    ADD COLUMN IF NOT EXISTS lost_high Nullable(Float64), ADD COLUMN IF NOT EXISTS lost_money Nullable(Float64),
    ADD COLUMN IF NOT EXISTS currency LowCardinality(String);
