-- only on a cluster
CREATE TABLE IF NOT EXISTS ${database}.stores_raw_all ${on_cluster} AS ${database}.stores_raw
ENGINE = Distributed('${cluster}', '${database}', 'stores_raw', cityHash64(store_id));
