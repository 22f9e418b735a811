-- The stores as funnelwatch.yaml names them, so that a query or a dashboard can speak of platform, country and zone.
CREATE TABLE IF NOT EXISTS ${database}.stores_raw ${on_cluster}
(
    store_id   String,
    name       String,
    platform   LowCardinality(String),
    zone       LowCardinality(String),
    currency   LowCardinality(String),
    country    LowCardinality(String),
    category   LowCardinality(String),
    version    UInt64,
    is_deleted UInt8 DEFAULT 0
)
ENGINE = ${replicated}ReplacingMergeTree(version, is_deleted)
ORDER BY store_id;
