-- What a target asked for: of rows whose comparator is target. reason says how it came out: met, missed, and _unsure where too few cases leave
-- that open. Such a row has no score.
ALTER TABLE ${database}.evaluations_raw ${on_cluster} ADD COLUMN IF NOT EXISTS target Nullable(Float64);
