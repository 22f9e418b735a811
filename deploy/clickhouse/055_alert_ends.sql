-- How it was when an alert was resolved (at_end of the transition that resolves it): its evidence is the bad minutes. Empty in every
-- other transition, and for alerts that have no such figures.
ALTER TABLE ${database}.alert_transitions_raw ${on_cluster}
    ADD COLUMN IF NOT EXISTS end_observed Nullable(Float64),
    ADD COLUMN IF NOT EXISTS end_expected Nullable(Float64),
    ADD COLUMN IF NOT EXISTS end_low Nullable(Float64),
    ADD COLUMN IF NOT EXISTS end_high Nullable(Float64),
    ADD COLUMN IF NOT EXISTS end_minutes Nullable(UInt32),
    ADD COLUMN IF NOT EXISTS end_sample Nullable(Float64);
