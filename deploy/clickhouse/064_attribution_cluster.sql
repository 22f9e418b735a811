-- only on a cluster
CREATE TABLE IF NOT EXISTS ${database}.attribution_raw_all ${on_cluster} AS ${database}.attribution_raw
ENGINE = Distributed('${cluster}', '${database}', 'attribution_raw', cityHash64(store_id));
