-- only on a cluster
CREATE TABLE IF NOT EXISTS ${database}.order_days_raw_all ${on_cluster} AS ${database}.order_days_raw
ENGINE = Distributed('${cluster}', '${database}', 'order_days_raw', cityHash64(store_id));
