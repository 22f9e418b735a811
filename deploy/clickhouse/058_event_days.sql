-- What a store's events of one day of its clock add up to (scoring/evaluation/event_facts.py), as the role jobs counted them. Every fact
-- of a day is written whenever one of them may have changed, so the newest look at a day holds. digest: of the events looked at.
CREATE TABLE IF NOT EXISTS ${database}.event_days_raw ${on_cluster}
(
    store_id  LowCardinality(String),
    zone      LowCardinality(String),
    day       Date,
    fact      LowCardinality(String),
    hits      UInt64 CODEC(ZSTD(1)),
    cases     UInt64 CODEC(ZSTD(1)),
    total     Decimal(38, 12) CODEC(ZSTD(1)),
    squares   Decimal(38, 12) CODEC(ZSTD(1)),
    digest    UInt64 CODEC(ZSTD(1)),
    looked_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree(looked_at)
ORDER BY (store_id, zone, day, fact)
TTL day + INTERVAL 1100 DAY
SETTINGS non_replicated_deduplication_window = 1000;
