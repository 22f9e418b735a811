-- repeatable: run again whenever this file changes
-- What sources report besides events, right when read plainly. Of several versions of one thing the newest holds, but for those that
-- their way (source, connection, import) has withdrawn since: the rules are those of scoring/records/merging.py.

-- Every version of every figure.
CREATE OR REPLACE VIEW ${database}.report_versions ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    store_id, source, measure, period_start, period, zone, dimensions, value, complete, told_at, period_end, currency,
    connection, import_id, withdrawn
FROM ${database}.report_versions_raw${all} FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- Every figure as it is now. is_unique: figures of two periods or two parts must never be added. restated: another value was reported
-- before.
CREATE OR REPLACE VIEW ${database}.report_rows ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    store_id, source, measure, period_start, period, zone,
    argMax(of_way.dimensions, of_way.rank) AS dimensions,
    argMax(of_way.value, of_way.rank) AS value,
    argMax(of_way.complete, of_way.rank) AS complete,
    argMax(of_way.told_at, of_way.rank) AS told_at,
    argMax(of_way.period_end, of_way.rank) AS period_end,
    argMax(of_way.currency, of_way.rank) AS currency,
    transform(measure, [${measures}], [${measure_units}], '') AS unit,
    measure IN (${unique_measures}) AS is_unique,
    length(arrayDistinct(groupArrayArray(of_way.values))) > 1 AS restated,
    argMax(of_way.connection, of_way.rank) AS connection,
    argMax(of_way.import_id, of_way.rank) AS import_id
FROM
(
    SELECT
        store_id, source, measure, period_start, period, zone, parts, connection, import_id,
        maxIf(tuple(kept.told_at, kept.digest), kept.withdrawn = 0) AS rank,
        maxIf(kept.told_at, kept.withdrawn = 1) AS withdrawn_at,
        argMaxIf(kept.dimensions, tuple(kept.told_at, kept.digest), kept.withdrawn = 0) AS dimensions,
        argMaxIf(kept.value, tuple(kept.told_at, kept.digest), kept.withdrawn = 0) AS value,
        argMaxIf(kept.complete, tuple(kept.told_at, kept.digest), kept.withdrawn = 0) AS complete,
        maxIf(kept.told_at, kept.withdrawn = 0) AS told_at,
        argMaxIf(kept.period_end, tuple(kept.told_at, kept.digest), kept.withdrawn = 0) AS period_end,
        argMaxIf(kept.currency, tuple(kept.told_at, kept.digest), kept.withdrawn = 0) AS currency,
        arrayMap(one -> one.2, arrayFilter(one -> one.1 > withdrawn_at, groupArrayIf(tuple(kept.told_at, kept.value), kept.withdrawn = 0))) AS values
    FROM ${database}.report_versions_raw${all} AS kept
    GROUP BY store_id, source, measure, period_start, period, zone, parts, connection, import_id
    HAVING told_at > withdrawn_at
) AS of_way
GROUP BY store_id, source, measure, period_start, period, zone, of_way.parts;

-- Every state as it is now; until is empty while it lasts.
CREATE OR REPLACE VIEW ${database}.signals ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    store_id, kind, object, since,
    argMax(of_way.until, of_way.rank) AS until,
    argMax(of_way.source, of_way.rank) AS source,
    argMax(of_way.details, of_way.rank) AS details,
    argMax(of_way.told_at, of_way.rank) AS told_at
FROM
(
    SELECT
        store_id, kind, object, since, source, connection, import_id,
        maxIf(tuple(kept.told_at, kept.digest), kept.withdrawn = 0) AS rank,
        maxIf(kept.told_at, kept.withdrawn = 1) AS withdrawn_at,
        nullIf(argMaxIf(kept.until, tuple(kept.told_at, kept.digest), kept.withdrawn = 0), toDateTime64(0, 3, 'UTC')) AS until,
        argMaxIf(kept.details, tuple(kept.told_at, kept.digest), kept.withdrawn = 0) AS details,
        maxIf(kept.told_at, kept.withdrawn = 0) AS told_at
    FROM ${database}.signal_versions_raw${all} AS kept
    GROUP BY store_id, kind, object, since, source, connection, import_id
    HAVING told_at > withdrawn_at
) AS of_way
GROUP BY store_id, kind, object, since;

-- What platforms sent, as it came.
CREATE OR REPLACE VIEW ${database}.raw_deliveries ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT source, connection, received_at, delivery_id, topic, door, body, headers, schema_version
FROM ${database}.raw_deliveries_raw${all} FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
