-- What sources report besides events. Each version is kept; which of them holds is worked out by the views of 042.
-- A record landed twice has the same key, its digest included, and collapses.

-- A platform's own total of a measure for a period. parts is the text of its dimensions, in order.
CREATE TABLE IF NOT EXISTS ${database}.report_versions_raw ${on_cluster}
(
    store_id     LowCardinality(String),
    source       LowCardinality(String),
    measure      LowCardinality(String),
    period       LowCardinality(String),
    period_start DateTime('UTC') CODEC(Delta, ZSTD(1)),
    period_end   DateTime('UTC') CODEC(Delta, ZSTD(1)),
    zone         LowCardinality(String),
    dimensions   Map(String, String) CODEC(ZSTD(1)),
    parts        String CODEC(ZSTD(1)),
    value        Decimal(38, 9) CODEC(ZSTD(1)),
    currency     LowCardinality(String),
    complete     UInt8,
    told_at      DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    connection   LowCardinality(String),
    import_id    LowCardinality(String),
    withdrawn    UInt8,
    digest       UInt64 CODEC(ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree
PARTITION BY toYYYYMM(period_start)
ORDER BY (store_id, measure, period_start, source, period, zone, parts, told_at, connection, import_id, digest)
TTL toDateTime(told_at) + INTERVAL 1100 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

-- A state with a beginning; until is 1970 while it lasts.
CREATE TABLE IF NOT EXISTS ${database}.signal_versions_raw ${on_cluster}
(
    store_id   LowCardinality(String),
    kind       LowCardinality(String),
    object     String CODEC(ZSTD(1)),
    since      DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    until      DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    source     LowCardinality(String),
    details    Map(String, String) CODEC(ZSTD(1)),
    told_at    DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    connection LowCardinality(String),
    import_id  LowCardinality(String),
    withdrawn  UInt8,
    digest     UInt64 CODEC(ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree
ORDER BY (store_id, kind, object, since, source, told_at, connection, import_id, digest)
TTL toDateTime(told_at) + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 1000;

-- All that one source knew of one order at one time. Times are milliseconds since 1970, 0 where unknown.
CREATE TABLE IF NOT EXISTS ${database}.order_versions_raw ${on_cluster}
(
    store_id       LowCardinality(String),
    order_id       String CODEC(ZSTD(1)),
    source         LowCardinality(String),
    connection     LowCardinality(String),
    import_id      LowCardinality(String),
    as_of_ms       Int64 CODEC(Delta, ZSTD(1)),
    told_at_ms     Int64 CODEC(Delta, ZSTD(1)),
    placed_ms      Int64 CODEC(Delta, ZSTD(1)),
    authorised_ms  Int64 CODEC(Delta, ZSTD(1)),
    paid_ms        Int64 CODEC(Delta, ZSTD(1)),
    shipped_ms     Int64 CODEC(Delta, ZSTD(1)),
    delivered_ms   Int64 CODEC(Delta, ZSTD(1)),
    cancelled_ms   Int64 CODEC(Delta, ZSTD(1)),
    on_hold        Nullable(UInt8),
    is_paid        Nullable(UInt8),
    is_shipped     Nullable(UInt8),
    is_delivered   Nullable(UInt8),
    is_cancelled   Nullable(UInt8),
    amount         String CODEC(ZSTD(1)),
    currency       LowCardinality(String),
    refunds        Map(String, String) CODEC(ZSTD(1)),
    refund_times   Map(String, Int64) CODEC(ZSTD(1)),
    units          Int64 CODEC(ZSTD(1)),
    cod            Nullable(UInt8),
    test           Nullable(UInt8),
    kind           LowCardinality(String),
    buyer          String CODEC(ZSTD(1)),
    country        LowCardinality(String),
    payment_method LowCardinality(String),
    parcels        Int64 CODEC(ZSTD(1)),
    history        UInt8,
    withdrawn      UInt8,
    digest         UInt64 CODEC(ZSTD(1)),
    INDEX by_import import_id TYPE set(100) GRANULARITY 1
)
ENGINE = ${replicated}ReplacingMergeTree
ORDER BY (store_id, order_id, source, connection, import_id, told_at_ms, digest)
TTL toDateTime(intDiv(told_at_ms, 1000)) + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 1000;

-- What platforms sent, as it came, so that it can be translated again after a fault of a mapping.
CREATE TABLE IF NOT EXISTS ${database}.raw_deliveries_raw ${on_cluster}
(
    source         LowCardinality(String),
    connection     LowCardinality(String),
    received_at    DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    delivery_id    String CODEC(ZSTD(1)),
    topic          LowCardinality(String),
    door           LowCardinality(String),
    body           String CODEC(ZSTD(3)),
    headers        Map(String, String) CODEC(ZSTD(1)),
    schema_version UInt16,
    digest         UInt64 CODEC(ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree
PARTITION BY toDate(received_at)
ORDER BY (source, connection, received_at, delivery_id, digest)
TTL toDateTime(received_at) + INTERVAL 14 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;
