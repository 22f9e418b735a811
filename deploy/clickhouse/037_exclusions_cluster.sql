-- only on a cluster
CREATE TABLE IF NOT EXISTS ${database}.exclusions_raw_all ${on_cluster} AS ${database}.exclusions_raw
ENGINE = Distributed('${cluster}', '${database}', 'exclusions_raw', cityHash64(store_id));
