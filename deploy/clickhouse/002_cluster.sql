-- only on a cluster
-- One Distributed table before each table, so that a query on any node sees every store. Rows are spread by store, so
-- FINAL, GROUP BY and IN of one store never leave its shard.
CREATE TABLE IF NOT EXISTS ${database}.events_raw_all ${on_cluster} AS ${database}.events_raw
ENGINE = Distributed('${cluster}', '${database}', 'events_raw', cityHash64(store_id));

CREATE TABLE IF NOT EXISTS ${database}.minutes_raw_all ${on_cluster} AS ${database}.minutes_raw
ENGINE = Distributed('${cluster}', '${database}', 'minutes_raw', cityHash64(store_id));

CREATE TABLE IF NOT EXISTS ${database}.recounts_raw_all ${on_cluster} AS ${database}.recounts_raw
ENGINE = Distributed('${cluster}', '${database}', 'recounts_raw', cityHash64(store_id));

CREATE TABLE IF NOT EXISTS ${database}.scores_raw_all ${on_cluster} AS ${database}.scores_raw
ENGINE = Distributed('${cluster}', '${database}', 'scores_raw', cityHash64(store_id));

CREATE TABLE IF NOT EXISTS ${database}.alert_transitions_raw_all ${on_cluster} AS ${database}.alert_transitions_raw
ENGINE = Distributed('${cluster}', '${database}', 'alert_transitions_raw', cityHash64(store_id));

CREATE TABLE IF NOT EXISTS ${database}.dead_letters_raw_all ${on_cluster} AS ${database}.dead_letters_raw
ENGINE = Distributed('${cluster}', '${database}', 'dead_letters_raw', cityHash64(letter_id));

CREATE TABLE IF NOT EXISTS ${database}.windows_raw_all ${on_cluster} AS ${database}.windows_raw
ENGINE = Distributed('${cluster}', '${database}', 'windows_raw', cityHash64(store_id));

CREATE TABLE IF NOT EXISTS ${database}.baselines_raw_all ${on_cluster} AS ${database}.baselines_raw
ENGINE = Distributed('${cluster}', '${database}', 'baselines_raw', cityHash64(store_id));

CREATE TABLE IF NOT EXISTS ${database}.actions_raw_all ${on_cluster} AS ${database}.actions_raw
ENGINE = Distributed('${cluster}', '${database}', 'actions_raw', cityHash64(toString(at)));
