-- The import that reported an event; empty for every other way.
ALTER TABLE ${database}.events_raw ${on_cluster} ADD COLUMN IF NOT EXISTS import_id LowCardinality(String) DEFAULT '';

-- Each version of an event that an import reported, whether it landed in events_raw or was a repeat there, and other sources' repeats of
-- such an event (import_id is empty there): what an import that is undone takes away, and what takes its place.
CREATE TABLE IF NOT EXISTS ${database}.import_events_raw ${on_cluster}
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
    set_apart      LowCardinality(String) DEFAULT '',
    import_id      LowCardinality(String)
)
ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (store_id, import_id, type, event_id)
TTL toDateTime(received_at) + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 1000;
