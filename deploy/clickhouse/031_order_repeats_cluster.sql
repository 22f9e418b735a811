-- only on a cluster
ALTER TABLE ${database}.events_raw_all ${on_cluster} ADD COLUMN IF NOT EXISTS is_repeat UInt8 DEFAULT 0;
