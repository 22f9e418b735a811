-- only on a cluster
ALTER TABLE ${database}.brushing_raw_all ${on_cluster} ADD COLUMN IF NOT EXISTS is_left_out UInt8 DEFAULT 0;
