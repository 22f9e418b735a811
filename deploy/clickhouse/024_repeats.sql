-- Events that came again after they had been landed, and were left out: what a source's health is told by. Landed twice, a
-- row is one row.
CREATE TABLE IF NOT EXISTS ${database}.repeats_raw ${on_cluster}
(
    store_id    LowCardinality(String),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    event_id    String CODEC(ZSTD(1)),
    source      LowCardinality(String)
)
ENGINE = ${replicated}ReplacingMergeTree
ORDER BY (toStartOfHour(received_at), store_id, received_at, event_id)
TTL toDateTime(received_at) + INTERVAL 30 DAY;
