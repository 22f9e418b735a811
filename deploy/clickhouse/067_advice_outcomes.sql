-- Whether a comparator is the one whose scores are shown first (scoring/evaluation/evaluating.py).
ALTER TABLE ${database}.evaluations_raw ${on_cluster} ADD COLUMN IF NOT EXISTS is_headline UInt8 DEFAULT 0;

-- The first and the last day of the period on the store's clock: 2026-10-01/2026-10-31.
ALTER TABLE ${database}.evaluations_raw ${on_cluster} ADD COLUMN IF NOT EXISTS days LowCardinality(String) DEFAULT '';

-- By what a piece of advice is known in actions.
ALTER TABLE ${database}.advice_raw ${on_cluster} ADD COLUMN IF NOT EXISTS key String DEFAULT '' CODEC(ZSTD(1));

-- What came of advice that was done, judged with the newest period of each length; outcome is empty while nothing can be said.
CREATE TABLE IF NOT EXISTS ${database}.advice_outcomes_raw ${on_cluster}
(
    store_id     LowCardinality(String),
    period       LowCardinality(String),
    key          String CODEC(ZSTD(1)),
    advice       LowCardinality(String),
    outcome      LowCardinality(String),
    gained       Nullable(Float64),
    low          Nullable(Float64),
    high         Nullable(Float64),
    evaluated_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree(evaluated_at)
ORDER BY (store_id, period, key)
SETTINGS non_replicated_deduplication_window = 1000;
