"""SQL of the dashboard Evaluation: what the role jobs wrote of every complete period, as the page shows it."""

from __future__ import annotations

import re

from deploy.grafana.query import CHOSEN_STORES
from deploy.grafana.wording import (
    ADVICE,
    ADVICE_STATE,
    ALSO_POSSIBLE,
    COMPARATOR,
    DIMENSION,
    DUTY,
    EFFORT,
    EVIDENCE,
    INDICATOR_UNIT,
    INSTEAD,
    LACK,
    OUTCOME,
    READING,
    RULE,
    STANDING,
    TARGET_OUTCOME,
    texted,
)
from scoring.evaluation.dimensions.registry import DIMENSIONS
from scoring.wording.text import Text

#: rows of periods of the chosen length that end in the chosen time
_SPAN = f"period = ${{length:sqlstring}} AND $__timeFilter(period_end) AND {CHOSEN_STORES}"
#: against what: the comparator that the page shows first, or the chosen one
_AGAINST = "if(${against:sqlstring} = 'headline', is_headline = 1, comparator = ${against:sqlstring})"
#: the newest of those periods of each store, with its days on the store's clock
_NEWEST = f"""SELECT store_id, max(period_start) FROM evaluations WHERE kind = 'health' AND {_SPAN} GROUP BY store_id"""
_PERIODS = f"""SELECT DISTINCT store_id, period, period_start, period_end, days FROM evaluations WHERE kind = 'health' AND {_SPAN}"""
#: lines of another version of the weights are another line
_VERSIONED = "if(weights_version = (SELECT max(weights_version) FROM evaluations), '', concat(' · weights ', toString(weights_version)))"
#: lines that can be distinguished
_MOST_LINES = 12

HEALTH_NOW = f"""
SELECT store_id AS store, days, round(score) AS score, round(low) AS score_low, round(high) AS score_high, coverage, {COMPARATOR} AS against_name,
       {LACK} AS lack_name
FROM evaluations
WHERE kind = 'health' AND {_SPAN} AND {_AGAINST}
ORDER BY store, period_start DESC LIMIT 1 BY store LIMIT 500
"""

HEALTH_LINES = f"""
SELECT period_end AS time, concat(store_id, {_VERSIONED}) AS line, score AS points
FROM evaluations
WHERE kind = 'health' AND {_SPAN} AND {_AGAINST} AND store_id IN
    (
        SELECT DISTINCT store_id FROM evaluations WHERE kind = 'health' AND score IS NOT NULL AND {_SPAN} AND {_AGAINST}
        ORDER BY store_id LIMIT {_MOST_LINES}
    )
ORDER BY time, line
"""

#: dimensions of the first two of the chosen stores: more lines cannot be distinguished, and scores of stores are never averaged
DIMENSION_LINES = f"""
SELECT period_end AS time, concat(store_id, ' · ', {DIMENSION}, {_VERSIONED}) AS line, score AS points
FROM (SELECT *, name AS dimension FROM evaluations WHERE kind = 'dimension' AND {_SPAN} AND {_AGAINST}) AS kept
WHERE store_id IN
    (
        SELECT DISTINCT store_id FROM evaluations WHERE kind = 'dimension' AND score IS NOT NULL AND {_SPAN} AND {_AGAINST}
        ORDER BY store_id LIMIT {_MOST_LINES // len(DIMENSIONS)}
    )
ORDER BY time, line
"""

_BY_DIMENSION = ", ".join(f"round(maxIf(score, name = '{one.id}')) AS {one.id}" for one in DIMENSIONS)
DIMENSION_TABLE = f"""
SELECT store_id AS store, any(days) AS days, {_BY_DIMENSION}
FROM evaluations
WHERE kind = 'dimension' AND {_SPAN} AND {_AGAINST}
GROUP BY store, period_start ORDER BY period_start DESC, store LIMIT 500
"""

#: as the page writes a value of its kind
_PERCENT = (
    "concat(multiIf(value = 0 OR value >= 0.995 OR abs(100 * value - round(100 * value)) < 1e-9, toString(round(100 * value)), "
    "value >= 0.01, toDecimalString(round(100 * value, 1), 1), toDecimalString(round(100 * value, 2), 2)), '%')"
)
_PER_HUNDRED = "if(${language:sqlstring} = 'zh', concat('每 100 次 ', toString(round(100 * value, 1))), concat(toString(round(100 * value, 1)), ' per 100'))"
_VALUE = f"multiIf(figure_kind = 'index', toDecimalString(round(value, 2), 2), figure_kind = 'rate', {_PERCENT}, figure_kind = 'count' AND startsWith(reading, 'step:'), {_PER_HUNDRED}, trimRight(concat(toString(round(value, 1)), ' ', {INDICATOR_UNIT})))"
#: what was asked for, as its value is written
_GOAL = re.sub(r"\bvalue\b", "target", _VALUE)
_DIMENSION_OR_FUNNEL = texted(
    "dimension", {**{one.id: one.name for one in DIMENSIONS}, "": Text("漏斗", "Funnel")}
)

INDICATORS = f"""
SELECT store_id AS store, {_DIMENSION_OR_FUNNEL} AS dimension_name, {READING} AS indicator_name, {_VALUE} AS figure, ifNull({_GOAL}, '') AS goal, {TARGET_OUTCOME} AS goal_reached, round(cases) AS cases,
       round(score) AS score, round(low) AS score_low, round(high) AS score_high, {COMPARATOR} AS against_name, {LACK} AS lack_name,
       relation, row_count
FROM
(
    SELECT scored.store_id AS store_id, scored.reading AS reading, scored.comparator AS comparator, scored.score AS score, scored.low AS low,
           scored.high AS high, scored.reason AS reason, found.value AS value, found.cases AS cases, found.figure_kind AS figure_kind, found.relation AS relation,
           found.row_count AS row_count, asked.target AS target, asked.outcome AS outcome, if(scored.kind = 'step', '', splitByChar('.', scored.name)[1]) AS dimension
    FROM
    (
        SELECT store_id, period_start, kind, name, if(kind = 'step', concat('step:', name), name) AS reading, comparator, score, low, high, reason
        FROM evaluations
        WHERE kind IN ('indicator', 'step') AND {_SPAN} AND {_AGAINST} AND (store_id, period_start) IN ({_NEWEST})
    ) AS scored
    INNER JOIN
    (
        SELECT store_id, period_start, name AS reading, value, cases, figure_kind, relation, row_count FROM indicators
        WHERE period = ${{length:sqlstring}} AND value IS NOT NULL AND {CHOSEN_STORES}
    ) AS found ON found.store_id = scored.store_id AND found.period_start = scored.period_start AND found.reading = scored.reading
    LEFT JOIN
    (
        SELECT store_id, period_start, if(kind = 'step', concat('step:', name), name) AS reading, target, reason AS outcome FROM evaluations
        WHERE comparator = 'target' AND {_SPAN} AND (store_id, period_start, evaluated_at) IN
            (SELECT store_id, period_start, max(evaluated_at) FROM evaluations WHERE kind = 'health' AND {_SPAN} GROUP BY store_id, period_start)
    ) AS asked ON asked.store_id = scored.store_id AND asked.period_start = scored.period_start AND asked.reading = scored.reading
)
ORDER BY store, dimension = '', dimension, reading LIMIT 1000
"""

FINDINGS = f"""
SELECT store_id AS store, days, {RULE} AS finding, {STANDING} AS standing_name, strength, {EVIDENCE} AS evidence_names,
       {INSTEAD} AS instead_names, {ALSO_POSSIBLE} AS also_names
FROM findings INNER JOIN ({_PERIODS}) AS periods USING (store_id, period, period_start)
WHERE standing IN ('found', 'replaced')
ORDER BY period_start DESC, store, strength DESC, rule LIMIT 500
"""

#: the day on which it is judged, on the store's clock
_CHECKED = "toString(toDate(splitByChar('/', days)[2]) + 1 + toInt32(round((toUnixTimestamp(check_at) - toUnixTimestamp(period_end)) / 86400)))"
ADVICE_GIVEN = f"""
SELECT store_id AS store, days, {ADVICE} AS advice_text, {DUTY} AS duty_name, {EFFORT} AS effort_name, {ADVICE_STATE} AS advice_state, who,
       {_CHECKED} AS checked, {OUTCOME} AS outcome_name, round(gained, 1) AS gained,
       if(judged + unclear = 0, '', concat(toString(helped), '/', toString(judged))) AS hit_rate
FROM advice INNER JOIN ({_PERIODS}) AS periods USING (store_id, period, period_start)
ORDER BY period_start DESC, store, advice LIMIT 500
"""
