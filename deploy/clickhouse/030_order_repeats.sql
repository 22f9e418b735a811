-- A telling of an order that does not count, because another one does: from another door, under another id, of another parcel.
-- streams/clickhouse/repeats.py writes such a row once more with the mark, and a version above all that landing writes.
ALTER TABLE ${database}.events_raw ${on_cluster} ADD COLUMN IF NOT EXISTS is_repeat UInt8 DEFAULT 0;
