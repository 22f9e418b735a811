-- only on a cluster
ALTER TABLE ${database}.events_raw_all ${on_cluster} ADD COLUMN IF NOT EXISTS set_apart LowCardinality(String) DEFAULT '';
