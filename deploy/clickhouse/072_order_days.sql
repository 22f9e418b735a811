-- What a store's orders add up to by day of a zone's clock, as the role jobs counted them: an evaluation reads days and not orders. One row
-- a store and zone, all of it written whenever any of its orders may have changed, so the newest look holds and a reader sees one look whole.
-- windows: of the orders that begin a wait on a day, how many, how many have both times, how many got there without anybody knowing when, and
-- per number of days how many got there, and their hours as logs and squares of logs. promises: the numbers of days of windows "promise N".
-- digest: of all that was looked at.
CREATE TABLE IF NOT EXISTS ${database}.order_days_raw ${on_cluster}
(
    store_id  LowCardinality(String),
    zone      LowCardinality(String),
    promises  Array(UInt16),
    first_ms  Int64 CODEC(ZSTD(1)),
    last_ms   Int64 CODEC(ZSTD(1)),
    windows   Array(Tuple(
        name String, day Int32, begun UInt64, timed UInt64, untimed UInt64, reached Array(UInt64), logs Array(Decimal(38, 12)),
        squares Array(Decimal(38, 12)))) CODEC(ZSTD(1)),
    hours     Array(Tuple(day Int32, due_day Int32, paid_hour Int32, shipped_hour Int32, orders UInt64, reached Array(UInt64))) CODEC(ZSTD(1)),
    worth     Array(Tuple(day Int32, currency String, orders UInt64, amount Decimal(38, 9))) CODEC(ZSTD(1)),
    digest    UInt64 CODEC(ZSTD(1)),
    looked_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree(looked_at)
ORDER BY (store_id, zone)
SETTINGS non_replicated_deduplication_window = 1000;
