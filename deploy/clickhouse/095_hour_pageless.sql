-- Of the counts of an hour those of orders that no page led to, in the same order; empty: none.
ALTER TABLE ${database}.hour_counts_raw ${on_cluster} ADD COLUMN IF NOT EXISTS pageless Array(UInt64) DEFAULT [] CODEC(ZSTD(1)) AFTER counts;
