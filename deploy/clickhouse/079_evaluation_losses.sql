-- What a step lost against the comparator (usual − observed, in events of the last stage) with its interval, and what that is worth.
ALTER TABLE ${database}.evaluations_raw ${on_cluster}
    ADD COLUMN IF NOT EXISTS lost Nullable(Float64), ADD COLUMN IF NOT EXISTS lost_low Nullable(Float64),
    ADD COLUMN IF NOT EXISTS lost_high Nullable(Float64), ADD COLUMN IF NOT EXISTS lost_money Nullable(Float64),
    ADD COLUMN IF NOT EXISTS currency LowCardinality(String);
