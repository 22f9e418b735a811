-- Orders that several signs together mark as brushing (scoring/records/brushing.py), as the role jobs found them. Marked, never taken out
-- of anything by this. The newest look at an order holds; one without signs takes the mark back.
CREATE TABLE IF NOT EXISTS ${database}.brushing_raw ${on_cluster}
(
    store_id  LowCardinality(String),
    order_id  String CODEC(ZSTD(1)),
    placed_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    signs     Array(LowCardinality(String)) CODEC(ZSTD(1)),
    looked_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree(looked_at)
ORDER BY (store_id, order_id)
TTL toDateTime(placed_at) + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 1000;
