-- By which channels and campaigns orders came in a period, what that cost and what platforms claim of it, written by the role jobs. Every
-- row of a period has its time; only those of the newest are shown, since a place may have none any more.
CREATE TABLE IF NOT EXISTS ${database}.attribution_raw ${on_cluster}
(
    store_id           LowCardinality(String),
    period             LowCardinality(String),
    period_start       DateTime('UTC') CODEC(Delta, ZSTD(1)),
    period_end         DateTime('UTC') CODEC(Delta, ZSTD(1)),
    zone               LowCardinality(String),
    kind               LowCardinality(String),
    channel            LowCardinality(String),
    campaign           String CODEC(ZSTD(1)),
    source             LowCardinality(String),
    model              LowCardinality(String),
    visits             Nullable(Int64),
    orders             Nullable(Decimal(38, 2)),
    orders_low         Nullable(Float64),
    orders_high        Nullable(Float64),
    money              Nullable(Decimal(38, 2)),
    money_low          Nullable(Float64),
    money_high         Nullable(Float64),
    currency           LowCardinality(String),
    spend              Nullable(Decimal(38, 2)),
    spend_currency     LowCardinality(String),
    compared_orders    Nullable(Int64),
    cost_per_order     Nullable(Float64),
    cost_low           Nullable(Float64),
    cost_high          Nullable(Float64),
    roas               Nullable(Float64),
    roas_low           Nullable(Float64),
    roas_high          Nullable(Float64),
    claimed_orders     Nullable(Float64),
    claimed_money      Nullable(Decimal(38, 2)),
    claimed_roas       Nullable(Float64),
    claimed_per_order  Nullable(Float64),
    base_currency      LowCardinality(String),
    base_rate          Nullable(Float64),
    base_day           LowCardinality(String),
    reasons            Map(LowCardinality(String), LowCardinality(String)) CODEC(ZSTD(1)),
    relation           String CODEC(ZSTD(1)),
    condition          String CODEC(ZSTD(1)),
    row_count          UInt64 CODEC(ZSTD(1)),
    attributed_at      DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree(attributed_at)
ORDER BY (store_id, period, period_start, kind, channel, campaign, source, model)
TTL period_start + INTERVAL 1100 DAY
SETTINGS non_replicated_deduplication_window = 1000;
