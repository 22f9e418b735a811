-- The tables. Nobody reads them plainly: each may hold a row several times until a merge, so people read the views of 003.
-- ${on_cluster}, ${replicated}, ${all} and ${database} are filled in by streams/clickhouse/migrations.py.
-- A TTL can be changed at any time: ALTER TABLE … MODIFY TTL …

-- Events. A repeated event has the same key and collapses into the first received (the highest version).
CREATE TABLE IF NOT EXISTS ${database}.events_raw ${on_cluster}
(
    store_id       LowCardinality(String),
    event_time     DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    type           LowCardinality(String),
    event_id       String CODEC(ZSTD(1)),
    received_at    DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    schema_version UInt16,
    platform       LowCardinality(String),
    visitor        String CODEC(ZSTD(1)),
    buyer          String CODEC(ZSTD(1)),
    session        String CODEC(ZSTD(1)),
    order_id       String CODEC(ZSTD(1)),
    product        String CODEC(ZSTD(1)),
    category       LowCardinality(String),
    country        LowCardinality(String),
    device_class   LowCardinality(String),
    channel        LowCardinality(String),
    campaign       LowCardinality(String),
    payment_method LowCardinality(String),
    quantity       Int64 CODEC(ZSTD(1)),
    amount         String CODEC(ZSTD(1)),
    currency       LowCardinality(String),
    source         LowCardinality(String),
    attributes     Map(String, String) CODEC(ZSTD(1)),
    log_offset     Int64 CODEC(Delta, ZSTD(1)),
    version        UInt64 CODEC(Delta, ZSTD(1)),
    is_deleted     UInt8 DEFAULT 0,
    INDEX by_event_id event_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_order_id order_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_received_at received_at TYPE minmax GRANULARITY 1
)
ENGINE = ${replicated}ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(event_time)
ORDER BY (store_id, toStartOfHour(event_time), type, event_id)
TTL toDateTime(received_at) + INTERVAL 400 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

-- Minute counts, seven numbers a row in the order of the funnel's stages. The highest version holds:
-- rank << 56 | (rank 0, from the stream: the total; rank 1, recounted from events: the millisecond of the recount).
-- So a smaller, partial count never replaces a larger one, and a recount replaces both.
CREATE TABLE IF NOT EXISTS ${database}.minutes_raw ${on_cluster}
(
    store_id LowCardinality(String),
    minute   DateTime('UTC') CODEC(Delta, ZSTD(1)),
    segment  LowCardinality(String),
    counts   Array(UInt64) CODEC(ZSTD(1)),
    version  UInt64 CODEC(ZSTD(1)),
    landed_at DateTime('UTC') DEFAULT now() CODEC(Delta, ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY toYYYYMM(minute)
ORDER BY (store_id, minute, segment)
TTL landed_at + INTERVAL 1100 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

-- Minutes that were recounted from events: rows of the stream no longer count there, and every later event of such a
-- minute makes it be recounted again.
CREATE TABLE IF NOT EXISTS ${database}.recounts_raw ${on_cluster}
(
    minute   DateTime('UTC') CODEC(Delta, ZSTD(1)),
    store_id LowCardinality(String),
    batch    String CODEC(ZSTD(1)),
    at       DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree(at)
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, store_id)
TTL toDateTime(at) + INTERVAL 1100 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

-- The key ends in the minute of the hour: with the minute itself a time range would be looked up there, behind the store,
-- and prune nothing.
CREATE TABLE IF NOT EXISTS ${database}.scores_raw ${on_cluster}
(
    store_id        LowCardinality(String),
    minute          DateTime('UTC') CODEC(Delta, ZSTD(1)),
    step            LowCardinality(String),
    segment         LowCardinality(String),
    observed        Float64 CODEC(ZSTD(1)),
    expected        Float64 CODEC(ZSTD(1)),
    low             Float64 CODEC(ZSTD(1)),
    high            Float64 CODEC(ZSTD(1)),
    surprise        Float64 CODEC(ZSTD(1)),
    sample          Float64 CODEC(ZSTD(1)),
    state           LowCardinality(String),
    window_minutes  UInt32 CODEC(ZSTD(1)),
    window_observed Float64 CODEC(ZSTD(1)),
    window_expected Float64 CODEC(ZSTD(1)),
    version         UInt64 CODEC(ZSTD(1)),
    landed_at       DateTime('UTC') DEFAULT now() CODEC(Delta, ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY toYYYYMM(minute)
ORDER BY (toStartOfHour(minute), store_id, step, segment, toMinute(minute))
TTL landed_at + INTERVAL 400 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS ${database}.alert_transitions_raw ${on_cluster}
(
    alert_id       String,
    store_id       LowCardinality(String),
    step           LowCardinality(String),
    segment        LowCardinality(String),
    kind           LowCardinality(String),
    level          LowCardinality(String),
    state          LowCardinality(String),
    sequence       UInt32,
    at             DateTime64(3, 'UTC'),
    opened_at      DateTime64(3, 'UTC'),
    fired_at       Nullable(DateTime64(3, 'UTC')),
    resolved_at    Nullable(DateTime64(3, 'UTC')),
    surprise       Float64,
    observed       Float64,
    expected       Float64,
    low            Float64,
    high           Float64,
    window_minutes UInt32,
    sample         Float64,
    lost           Float64,
    lost_low       Float64,
    lost_high      Float64,
    label          LowCardinality(String),
    contributions  Array(Tuple(segment String, share Float64)),
    members        Array(String),
    note           String,
    version        UInt64,
    landed_at      DateTime('UTC') DEFAULT now()
)
ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (store_id, alert_id, sequence)
TTL landed_at + INTERVAL 1100 DAY
SETTINGS non_replicated_deduplication_window = 1000;

-- The first time that a letter was refused holds (the highest version).
CREATE TABLE IF NOT EXISTS ${database}.dead_letters_raw ${on_cluster}
(
    letter_id   String,
    received_at DateTime64(3, 'UTC'),
    reason      LowCardinality(String),
    source      LowCardinality(String),
    store_id    LowCardinality(String),
    payload     String CODEC(ZSTD(3)),
    detail      String CODEC(ZSTD(3)),
    version     UInt64
)
ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY letter_id
TTL toDateTime(received_at) + INTERVAL 90 DAY
SETTINGS non_replicated_deduplication_window = 1000;

-- A store's latest rolling windows, one row a (store, window).
CREATE TABLE IF NOT EXISTS ${database}.windows_raw ${on_cluster}
(
    store_id       LowCardinality(String),
    window_minutes UInt32,
    minute         DateTime('UTC'),
    counts         Array(UInt64),
    version        UInt64
)
ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (store_id, window_minutes)
SETTINGS non_replicated_deduplication_window = 1000;

-- A store's latest baseline, as it stands on funnel.baselines.v1.
CREATE TABLE IF NOT EXISTS ${database}.baselines_raw ${on_cluster}
(
    store_id     LowCardinality(String),
    published_at DateTime64(3, 'UTC'),
    baseline     String CODEC(ZSTD(3)),
    version      UInt64,
    is_deleted   UInt8 DEFAULT 0
)
ENGINE = ${replicated}ReplacingMergeTree(version, is_deleted)
ORDER BY store_id
SETTINGS non_replicated_deduplication_window = 1000;

-- What people did about alerts, as it stands on funnel.actions.v1; never merged away.
CREATE TABLE IF NOT EXISTS ${database}.actions_raw ${on_cluster}
(
    at         DateTime64(3, 'UTC'),
    log_part   UInt32,
    log_offset Int64,
    store_id   LowCardinality(String),
    action     String CODEC(ZSTD(3))
)
ENGINE = ${replicated}ReplacingMergeTree
ORDER BY (at, log_part, log_offset)
TTL toDateTime(at) + INTERVAL 1100 DAY
SETTINGS non_replicated_deduplication_window = 1000;
