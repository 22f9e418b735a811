-- only on a cluster
ALTER TABLE ${database}.hour_counts_raw_all ${on_cluster} ADD COLUMN IF NOT EXISTS pageless Array(UInt64) DEFAULT [] AFTER counts;
