-- repeatable: run again whenever this file changes
CREATE OR REPLACE VIEW ${database}.alert_transitions ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    alert_id, store_id, step, segment, kind, level, state, sequence, at, opened_at, fired_at, resolved_at, surprise,
    observed, expected, low, high, window_minutes, sample, lost, lost_low, lost_high, label, contributions, members, note,
    end_observed, end_expected, end_low, end_high, end_minutes, end_sample
FROM ${database}.alert_transitions_raw${all} FINAL;

CREATE OR REPLACE VIEW ${database}.alerts ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    alert_id, store_id, step, segment, kind, level, state, sequence, at, opened_at, fired_at, resolved_at, surprise,
    observed, expected, low, high, window_minutes, sample, lost, lost_low, lost_high, label, contributions, members, note,
    end_observed, end_expected, end_low, end_high, end_minutes, end_sample
FROM ${database}.alert_transitions_raw${all} FINAL
ORDER BY store_id, alert_id, sequence DESC
LIMIT 1 BY store_id, alert_id;
