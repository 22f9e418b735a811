-- only on a cluster
CREATE TABLE IF NOT EXISTS ${database}.repeats_raw_all ${on_cluster} AS ${database}.repeats_raw
ENGINE = Distributed('${cluster}', '${database}', 'repeats_raw', cityHash64(store_id));
