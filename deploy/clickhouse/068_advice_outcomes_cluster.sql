-- only on a cluster
ALTER TABLE ${database}.evaluations_raw_all ${on_cluster} ADD COLUMN IF NOT EXISTS is_headline UInt8 DEFAULT 0;

ALTER TABLE ${database}.evaluations_raw_all ${on_cluster} ADD COLUMN IF NOT EXISTS days LowCardinality(String) DEFAULT '';

ALTER TABLE ${database}.advice_raw_all ${on_cluster} ADD COLUMN IF NOT EXISTS key String DEFAULT '';

CREATE TABLE IF NOT EXISTS ${database}.advice_outcomes_raw_all ${on_cluster} AS ${database}.advice_outcomes_raw
ENGINE = Distributed('${cluster}', '${database}', 'advice_outcomes_raw', cityHash64(store_id));
