-- only on a cluster
CREATE TABLE IF NOT EXISTS ${database}.report_versions_raw_all ${on_cluster} AS ${database}.report_versions_raw
ENGINE = Distributed('${cluster}', '${database}', 'report_versions_raw', cityHash64(store_id));

CREATE TABLE IF NOT EXISTS ${database}.signal_versions_raw_all ${on_cluster} AS ${database}.signal_versions_raw
ENGINE = Distributed('${cluster}', '${database}', 'signal_versions_raw', cityHash64(store_id));

CREATE TABLE IF NOT EXISTS ${database}.order_versions_raw_all ${on_cluster} AS ${database}.order_versions_raw
ENGINE = Distributed('${cluster}', '${database}', 'order_versions_raw', cityHash64(store_id));

CREATE TABLE IF NOT EXISTS ${database}.raw_deliveries_raw_all ${on_cluster} AS ${database}.raw_deliveries_raw
ENGINE = Distributed('${cluster}', '${database}', 'raw_deliveries_raw', cityHash64(connection));
