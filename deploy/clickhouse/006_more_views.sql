-- repeatable: run again whenever this file changes
-- The stores of the configuration in force.
CREATE OR REPLACE VIEW ${database}.stores ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT store_id, name, platform, zone, currency, country, category
FROM ${database}.stores_raw${all} FINAL;

-- What people did about alerts, a column a field. The same action received twice (one link pressed twice) is one row.
CREATE OR REPLACE VIEW ${database}.alert_actions ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    JSONExtractString(action, 'action_id') AS action_id,
    fromUnixTimestamp64Milli(JSONExtractInt(action, 'at_ms'), 'UTC') AS acted_at,
    JSONExtractString(action, 'kind') AS kind,
    JSONExtractString(action, 'who') AS who,
    JSONExtractString(action, 'alert_id') AS alert_id,
    JSONExtractString(action, 'reason') AS reason,
    JSONExtractString(action, 'text') AS text,
    JSONExtractString(action, 'assignee') AS assignee,
    JSONExtract(action, 'matchers', 'Array(String)') AS matchers,
    fromUnixTimestamp64Milli(JSONExtractInt(action, 'until_ms'), 'UTC') AS until,
    JSONExtractString(action, 'via') AS via
FROM ${database}.actions_raw${all} FINAL
ORDER BY acted_at
LIMIT 1 BY action_id;

-- Every alert with how long people and the shop took, in minutes from firing; empty where it has not happened.
-- It is over when the shop has recovered or when somebody has closed it, whichever came first (ended_at).
CREATE OR REPLACE VIEW ${database}.alert_responses ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    alerts.alert_id AS alert_id, alerts.store_id AS store_id, alerts.step AS step, alerts.level AS level,
    alerts.state AS state, alerts.opened_at AS opened_at, alerts.fired_at AS fired_at, alerts.resolved_at AS resolved_at,
    done.acknowledged_at AS acknowledged_at, done.acknowledged_by AS acknowledged_by, done.closed_as AS closed_as,
    done.closed_at AS closed_at, least(ifNull(alerts.resolved_at, done.closed_at), ifNull(done.closed_at, alerts.resolved_at)) AS ended_at,
    if(done.acknowledged_at IS NULL, NULL, dateDiff('second', alerts.fired_at, done.acknowledged_at) / 60)
        AS minutes_to_acknowledge,
    if(ended_at IS NULL, NULL, greatest(0, dateDiff('second', alerts.fired_at, ended_at)) / 60)
        AS minutes_to_resolve
FROM ${database}.alerts AS alerts
LEFT JOIN
(
    SELECT
        alert_id,
        minOrNullIf(acted_at, kind = 'acknowledge') AS acknowledged_at,
        argMinIf(who, acted_at, kind = 'acknowledge') AS acknowledged_by,
        argMinIf(reason, acted_at, kind = 'close') AS closed_as,
        minOrNullIf(acted_at, kind = 'close') AS closed_at
    FROM ${database}.alert_actions
    WHERE alert_id != ''
    GROUP BY alert_id
) AS done ON done.alert_id = alerts.alert_id
WHERE alerts.fired_at IS NOT NULL;
