-- only on a cluster
ALTER TABLE ${database}.order_versions_raw_all ${on_cluster} ADD COLUMN IF NOT EXISTS channel LowCardinality(String) DEFAULT '';
