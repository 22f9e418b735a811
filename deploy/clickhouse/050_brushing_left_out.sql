-- Whether a marked order is left out of the counts, because the configuration says so (cleaning.leave_out_brushing).
ALTER TABLE ${database}.brushing_raw ${on_cluster} ADD COLUMN IF NOT EXISTS is_left_out UInt8 DEFAULT 0;
