-- only on a cluster
ALTER TABLE ${database}.dead_letters_raw_all ${on_cluster} ADD COLUMN IF NOT EXISTS door LowCardinality(String) DEFAULT '';
