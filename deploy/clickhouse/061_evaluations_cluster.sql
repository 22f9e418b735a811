-- only on a cluster
CREATE TABLE IF NOT EXISTS ${database}.evaluations_raw_all ${on_cluster} AS ${database}.evaluations_raw
ENGINE = Distributed('${cluster}', '${database}', 'evaluations_raw', cityHash64(store_id));

CREATE TABLE IF NOT EXISTS ${database}.indicators_raw_all ${on_cluster} AS ${database}.indicators_raw
ENGINE = Distributed('${cluster}', '${database}', 'indicators_raw', cityHash64(store_id));

CREATE TABLE IF NOT EXISTS ${database}.findings_raw_all ${on_cluster} AS ${database}.findings_raw
ENGINE = Distributed('${cluster}', '${database}', 'findings_raw', cityHash64(store_id));

CREATE TABLE IF NOT EXISTS ${database}.advice_raw_all ${on_cluster} AS ${database}.advice_raw
ENGINE = Distributed('${cluster}', '${database}', 'advice_raw', cityHash64(store_id));

CREATE TABLE IF NOT EXISTS ${database}.evaluation_marks_raw_all ${on_cluster} AS ${database}.evaluation_marks_raw
ENGINE = Distributed('${cluster}', '${database}', 'evaluation_marks_raw', cityHash64(store_id));
