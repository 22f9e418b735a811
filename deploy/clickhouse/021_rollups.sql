-- Sums of whole hours, so that a month of all stores need not be read by the minute. Minute rows are replaced when late
-- events arrive, so an hour is not added up as rows come in but written anew, whole, by the jobs role (streams/jobs/rollups.py);
-- the version is the millisecond at which its writing began. Nobody reads these plainly: score_sums and count_sums of 023
-- take from here only hours that nothing has landed in since.
CREATE TABLE IF NOT EXISTS ${database}.hour_scores_raw ${on_cluster}
(
    segment         LowCardinality(String),
    hour            DateTime('UTC') CODEC(Delta, ZSTD(1)),
    store_id        LowCardinality(String),
    step            LowCardinality(String),
    minutes         UInt32,
    observed        Float64 CODEC(ZSTD(1)),
    judged_minutes  UInt32,
    judged_observed Float64 CODEC(ZSTD(1)),
    expected        Float64 CODEC(ZSTD(1)),
    low             Float64 CODEC(ZSTD(1)),
    below           Float64 CODEC(ZSTD(1)),
    above           Float64 CODEC(ZSTD(1)),
    missing_minutes UInt32,
    newest_minute   DateTime('UTC') CODEC(Delta, ZSTD(1)),
    newest_state    LowCardinality(String),
    version         UInt64 CODEC(ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY toYYYYMM(hour)
ORDER BY (segment, hour, store_id, step)
TTL toDateTime(intDiv(version, 1000)) + INTERVAL 400 DAY
SETTINGS ttl_only_drop_parts = 1;

-- Counts of a store over all its segments, seven numbers a row. firsts and lasts: the first and the last minute, in
-- seconds since 1970, in which a stage had a count; 4294967295 and 0 where it had none.
CREATE TABLE IF NOT EXISTS ${database}.hour_counts_raw ${on_cluster}
(
    hour     DateTime('UTC') CODEC(Delta, ZSTD(1)),
    store_id LowCardinality(String),
    counts   Array(UInt64) CODEC(ZSTD(1)),
    firsts   Array(UInt32) CODEC(ZSTD(1)),
    lasts    Array(UInt32) CODEC(ZSTD(1)),
    version  UInt64 CODEC(ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY toYYYYMM(hour)
ORDER BY (hour, store_id)
TTL toDateTime(intDiv(version, 1000)) + INTERVAL 1100 DAY
SETTINGS ttl_only_drop_parts = 1;

-- How far each of the two goes: every hour before horizon is summed up, and with all that had landed before through.
CREATE TABLE IF NOT EXISTS ${database}.rollup_marks_raw ${on_cluster}
(
    kind    LowCardinality(String),
    horizon DateTime('UTC'),
    through DateTime('UTC'),
    version UInt64
)
ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY kind;

-- What has landed of late is looked up at every read.
ALTER TABLE ${database}.scores_raw ${on_cluster} ADD INDEX IF NOT EXISTS by_landed_at landed_at TYPE minmax GRANULARITY 1;
ALTER TABLE ${database}.scores_raw ${on_cluster} MATERIALIZE INDEX by_landed_at;
ALTER TABLE ${database}.minutes_raw ${on_cluster} ADD INDEX IF NOT EXISTS by_landed_at landed_at TYPE minmax GRANULARITY 1;
ALTER TABLE ${database}.minutes_raw ${on_cluster} MATERIALIZE INDEX by_landed_at;

-- All stores' minutes of one hour: the table itself is in the order of stores, and would be read nearly whole for them.
ALTER TABLE ${database}.minutes_raw ${on_cluster}
    MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild', lightweight_mutation_projection_mode = 'rebuild';
ALTER TABLE ${database}.minutes_raw ${on_cluster} ADD PROJECTION IF NOT EXISTS by_hour
    (SELECT store_id, minute, segment, counts, version ORDER BY toStartOfHour(minute), store_id, segment, minute);
ALTER TABLE ${database}.minutes_raw ${on_cluster} MATERIALIZE PROJECTION by_hour;
