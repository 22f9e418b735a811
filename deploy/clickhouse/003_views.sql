-- repeatable: run again whenever this file changes
-- The views people read. Each is right when read plainly: the FINAL or the latest row is inside. They run with the
-- rights of who made them, so a reader needs no right on the tables.
-- The views of events are in 035.
-- do_not_merge_across_partitions_select_final is safe where the partition follows from the sorting key.
-- A count of nothing has no row: a missing stage is missing, not zero. Without what is set apart (set_apart_counts).
CREATE OR REPLACE VIEW ${database}.stage_counts ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT store_id, minute, segment, stage, count
FROM
(
    SELECT
        store_id, minute, segment,
        [${stages}] AS stages, counts
    FROM ${database}.minutes_raw${all} FINAL
    SETTINGS do_not_merge_across_partitions_select_final = 1
)
ARRAY JOIN stages AS stage, counts AS count
WHERE count > 0 AND segment NOT IN ('[bots]', '[set apart]') AND NOT startsWith(segment, 'bot/');

-- What is counted, but neither judged nor learned from: events of known bots, and those marked as set apart.
CREATE OR REPLACE VIEW ${database}.set_apart_counts ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT store_id, minute, if(segment = '[set apart]', 'marked', 'bots') AS why, stage, count
FROM
(
    SELECT
        store_id, minute, segment,
        [${stages}] AS stages, counts
    FROM ${database}.minutes_raw${all} FINAL
    SETTINGS do_not_merge_across_partitions_select_final = 1
)
ARRAY JOIN stages AS stage, counts AS count
WHERE count > 0 AND NOT (segment NOT IN ('[bots]', '[set apart]') AND NOT startsWith(segment, 'bot/'));

CREATE OR REPLACE VIEW ${database}.scores ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    store_id, minute, step, segment, observed, expected, low, high, surprise, sample, state, window_minutes,
    window_observed, window_expected
FROM ${database}.scores_raw${all} FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE OR REPLACE VIEW ${database}.alert_transitions ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    alert_id, store_id, step, segment, kind, level, state, sequence, at, opened_at, fired_at, resolved_at, surprise,
    observed, expected, low, high, window_minutes, sample, lost, lost_low, lost_high, label, contributions, members, note
FROM ${database}.alert_transitions_raw${all} FINAL;

CREATE OR REPLACE VIEW ${database}.alerts ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    alert_id, store_id, step, segment, kind, level, state, sequence, at, opened_at, fired_at, resolved_at, surprise,
    observed, expected, low, high, window_minutes, sample, lost, lost_low, lost_high, label, contributions, members, note
FROM ${database}.alert_transitions_raw${all} FINAL
ORDER BY store_id, alert_id, sequence DESC
LIMIT 1 BY store_id, alert_id;

CREATE OR REPLACE VIEW ${database}.dead_letters ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT received_at, reason, source, store_id, payload, detail, letter_id
FROM ${database}.dead_letters_raw${all} FINAL;

CREATE OR REPLACE VIEW ${database}.store_windows ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT store_id, minute, window_minutes, stage, count
FROM
(
    SELECT
        store_id, minute, window_minutes,
        [${stages}] AS stages, counts
    FROM ${database}.windows_raw${all} FINAL
)
ARRAY JOIN stages AS stage, counts AS count;

CREATE OR REPLACE VIEW ${database}.baselines ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT store_id, published_at, baseline
FROM ${database}.baselines_raw${all} FINAL;

CREATE OR REPLACE VIEW ${database}.actions ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT at, store_id, action
FROM ${database}.actions_raw${all} FINAL;
