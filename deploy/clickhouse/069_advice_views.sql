-- repeatable: run again whenever this file changes
-- What people did about each piece of advice, the last word; key is advice|STORE|ADVICE|DAYS|READING.
CREATE OR REPLACE VIEW ${database}.advice_actions ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    splitByChar('|', key)[2] AS store_id,
    key,
    splitByChar('|', key)[3] AS advice,
    argMax(said.kind, said.acted_ms) AS state,
    argMax(said.who, said.acted_ms) AS who,
    argMax(said.text, said.acted_ms) AS text,
    fromUnixTimestamp64Milli(max(said.acted_ms), 'UTC') AS acted_at
FROM
(
    SELECT
        JSONExtractString(action, 'about') AS key,
        JSONExtractString(action, 'kind') AS kind,
        JSONExtractString(action, 'who') AS who,
        JSONExtractString(action, 'text') AS text,
        JSONExtractInt(action, 'at_ms') AS acted_ms
    FROM ${database}.actions_raw${all} FINAL
    WHERE position(action, '"about":"advice|') > 0
) AS said
WHERE said.kind IN ('accept', 'decline', 'done')
GROUP BY key;

-- What came of advice that was done, judged with the newest period of each length.
CREATE OR REPLACE VIEW ${database}.advice_outcomes ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT store_id, period, key, advice, outcome, gained, low, high, evaluated_at
FROM ${database}.advice_outcomes_raw${all} FINAL
WHERE outcome != '';

-- What was advised, what people did about it, what came of it, and how often the same advice helped in this store so far.
CREATE OR REPLACE VIEW ${database}.advice ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    given.store_id AS store_id, given.period_start AS period_start, given.period AS period, given.rule AS rule, given.advice AS advice,
    given.duty AS duty, given.effort AS effort, given.judged_by AS judged_by, given.check_at AS check_at, given.key AS key,
    if(acted.state = '', 'open', acted.state) AS state, acted.who AS who,
    if(acted.state = '', NULL, acted.acted_at) AS acted_at,
    came.outcome AS outcome, came.gained AS gained, came.low AS low, came.high AS high,
    hits.judged AS judged, hits.helped AS helped, hits.unclear AS unclear, given.evaluated_at AS evaluated_at
FROM (SELECT * FROM ${database}.advice_raw${all} FINAL WHERE is_given = 1) AS given
LEFT JOIN ${database}.advice_actions AS acted ON acted.key = given.key
LEFT JOIN ${database}.advice_outcomes AS came
    ON came.store_id = given.store_id AND came.period = given.period AND came.key = given.key
LEFT JOIN
(
    SELECT store_id, period, advice, countIf(outcome IN ('helped', 'did_not')) AS judged, countIf(outcome = 'helped') AS helped,
           countIf(outcome = 'cannot_say') AS unclear
    FROM ${database}.advice_outcomes
    GROUP BY store_id, period, advice
) AS hits ON hits.store_id = given.store_id AND hits.period = given.period AND hits.advice = given.advice;
