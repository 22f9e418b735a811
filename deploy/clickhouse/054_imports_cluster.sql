-- only on a cluster
ALTER TABLE ${database}.events_raw_all ${on_cluster} ADD COLUMN IF NOT EXISTS import_id LowCardinality(String) DEFAULT '';

CREATE TABLE IF NOT EXISTS ${database}.import_events_raw_all ${on_cluster} AS ${database}.import_events_raw
ENGINE = Distributed('${cluster}', '${database}', 'import_events_raw', cityHash64(store_id));
