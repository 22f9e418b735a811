-- repeatable: run again whenever this file changes
-- Scores of every period that is complete, against each comparator; and, where comparator is target, what was asked for and how it came out.
CREATE OR REPLACE VIEW ${database}.evaluations ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    store_id, period_start, period, kind, name, comparator, score, low, high, coverage, reason, is_headline, period_end, zone,
    days, weights_version, evaluated_at, target, lost, lost_low, lost_high, lost_money, currency
FROM ${database}.evaluations_raw${all} FINAL;
