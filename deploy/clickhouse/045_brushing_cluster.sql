-- only on a cluster
CREATE TABLE IF NOT EXISTS ${database}.brushing_raw_all ${on_cluster} AS ${database}.brushing_raw
ENGINE = Distributed('${cluster}', '${database}', 'brushing_raw', cityHash64(store_id));
