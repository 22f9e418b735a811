-- Spans of events that somebody took out of the counts, or back in: who, when, which, and what it touched.
CREATE TABLE IF NOT EXISTS ${database}.exclusions_raw ${on_cluster}
(
    at         DateTime64(3, 'UTC') DEFAULT now64(3),
    action     LowCardinality(String),
    store_id   LowCardinality(String),
    begins     DateTime64(3, 'UTC'),
    ends       DateTime64(3, 'UTC'),
    source     LowCardinality(String),
    visitor    String,
    who        String,
    reason     String,
    events     UInt64,
    minutes    UInt64
)
ENGINE = ${replicated}MergeTree
ORDER BY (at, store_id);
