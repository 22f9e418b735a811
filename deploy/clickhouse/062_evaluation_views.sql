-- repeatable: run again whenever this file changes
-- What the evaluation is made of and what came of it.

-- What a store's events of one day of its clock add up to.
CREATE OR REPLACE VIEW ${database}.event_days ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT store_id, zone, day, fact, hits, cases, total, squares, looked_at
FROM ${database}.event_days_raw${all} FINAL;

-- The figures behind the scores.
CREATE OR REPLACE VIEW ${database}.indicators ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    store_id, period_start, period, name, figure_kind, value, cases, g, variance, inputs, counted_by, relation, condition, row_count,
    evaluated_at
FROM ${database}.indicators_raw${all} FINAL;

-- What each rule came to.
CREATE OR REPLACE VIEW ${database}.findings ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    store_id, period_start, period, rule, standing, strength, evidence, against, unknown, instead, also_possible, unchecked, evaluated_at
FROM ${database}.findings_raw${all} FINAL;
