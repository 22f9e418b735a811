-- Why an event is kept and shown, but neither judged nor learned from; empty for all others.
ALTER TABLE ${database}.events_raw ${on_cluster} ADD COLUMN IF NOT EXISTS set_apart LowCardinality(String) DEFAULT '';
