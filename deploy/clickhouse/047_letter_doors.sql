-- The collector's door that a rejected record came in by; empty for one that came another way, or before there was this column.
ALTER TABLE ${database}.dead_letters_raw ${on_cluster} ADD COLUMN IF NOT EXISTS door LowCardinality(String) DEFAULT '';
