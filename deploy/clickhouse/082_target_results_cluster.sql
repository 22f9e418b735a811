-- only on a cluster
ALTER TABLE ${database}.evaluations_raw_all ${on_cluster} ADD COLUMN IF NOT EXISTS target Nullable(Float64);
