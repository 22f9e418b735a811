-- What evaluations came to, written by the role jobs once a period is complete, and again when what it was made of has changed. Every row of
-- a period is written each time, so the newest holds.

-- Scores. kind: health, dimension, indicator or step; score is empty where there is none, and reason says why.
CREATE TABLE IF NOT EXISTS ${database}.evaluations_raw ${on_cluster}
(
    store_id        LowCardinality(String),
    period          LowCardinality(String),
    period_start    DateTime('UTC') CODEC(Delta, ZSTD(1)),
    period_end      DateTime('UTC') CODEC(Delta, ZSTD(1)),
    zone            LowCardinality(String),
    kind            LowCardinality(String),
    name            LowCardinality(String),
    comparator      LowCardinality(String),
    score           Nullable(Float64),
    low             Nullable(Float64),
    high            Nullable(Float64),
    coverage        Nullable(Float64),
    reason          LowCardinality(String),
    weights_version UInt16,
    evaluated_at    DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree(evaluated_at)
ORDER BY (store_id, period, period_start, kind, name, comparator)
TTL period_start + INTERVAL 1100 DAY
SETTINGS non_replicated_deduplication_window = 1000;

-- The figures behind the scores: what they were worked out from, and where the rows are.
CREATE TABLE IF NOT EXISTS ${database}.indicators_raw ${on_cluster}
(
    store_id     LowCardinality(String),
    period       LowCardinality(String),
    period_start DateTime('UTC') CODEC(Delta, ZSTD(1)),
    name         LowCardinality(String),
    figure_kind  LowCardinality(String),
    value        Nullable(Float64),
    cases        Nullable(Float64),
    g            Nullable(Float64),
    variance     Nullable(Float64),
    inputs       Map(LowCardinality(String), Float64) CODEC(ZSTD(1)),
    counted_by   LowCardinality(String),
    relation     LowCardinality(String),
    condition    String CODEC(ZSTD(1)),
    row_count    UInt64 CODEC(ZSTD(1)),
    evaluated_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree(evaluated_at)
ORDER BY (store_id, period, period_start, name)
TTL period_start + INTERVAL 1100 DAY
SETTINGS non_replicated_deduplication_window = 1000;

-- What each rule came to.
CREATE TABLE IF NOT EXISTS ${database}.findings_raw ${on_cluster}
(
    store_id      LowCardinality(String),
    period        LowCardinality(String),
    period_start  DateTime('UTC') CODEC(Delta, ZSTD(1)),
    rule          LowCardinality(String),
    standing      LowCardinality(String),
    strength      Float64,
    evidence      Array(LowCardinality(String)),
    against       Array(LowCardinality(String)),
    unknown       Array(LowCardinality(String)),
    instead       Array(LowCardinality(String)),
    also_possible Array(LowCardinality(String)),
    unchecked     Array(LowCardinality(String)),
    evaluated_at  DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree(evaluated_at)
ORDER BY (store_id, period, period_start, rule)
TTL period_start + INTERVAL 1100 DAY
SETTINGS non_replicated_deduplication_window = 1000;

-- The advice of each rule; is_given: the rule was found in the period, and a reading will judge it.
CREATE TABLE IF NOT EXISTS ${database}.advice_raw ${on_cluster}
(
    store_id     LowCardinality(String),
    period       LowCardinality(String),
    period_start DateTime('UTC') CODEC(Delta, ZSTD(1)),
    rule         LowCardinality(String),
    advice       LowCardinality(String),
    duty         LowCardinality(String),
    effort       LowCardinality(String),
    judged_by    LowCardinality(String),
    check_at     DateTime('UTC') CODEC(Delta, ZSTD(1)),
    is_given     UInt8,
    evaluated_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree(evaluated_at)
ORDER BY (store_id, period, period_start, rule, advice)
TTL period_start + INTERVAL 1100 DAY
SETTINGS non_replicated_deduplication_window = 1000;

-- What a store's evaluations were made of, so that only what changed is evaluated again.
CREATE TABLE IF NOT EXISTS ${database}.evaluation_marks_raw ${on_cluster}
(
    store_id     LowCardinality(String),
    fingerprint  String CODEC(ZSTD(1)),
    evaluated_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree(evaluated_at)
ORDER BY store_id
SETTINGS non_replicated_deduplication_window = 1000;
