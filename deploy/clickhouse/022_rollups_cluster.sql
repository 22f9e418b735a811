-- only on a cluster
-- The marks lie where their kind falls; there are two rows in all.
CREATE TABLE IF NOT EXISTS ${database}.hour_scores_raw_all ${on_cluster} AS ${database}.hour_scores_raw
ENGINE = Distributed('${cluster}', '${database}', 'hour_scores_raw', cityHash64(store_id));

CREATE TABLE IF NOT EXISTS ${database}.hour_counts_raw_all ${on_cluster} AS ${database}.hour_counts_raw
ENGINE = Distributed('${cluster}', '${database}', 'hour_counts_raw', cityHash64(store_id));

CREATE TABLE IF NOT EXISTS ${database}.rollup_marks_raw_all ${on_cluster} AS ${database}.rollup_marks_raw
ENGINE = Distributed('${cluster}', '${database}', 'rollup_marks_raw', cityHash64(kind));
