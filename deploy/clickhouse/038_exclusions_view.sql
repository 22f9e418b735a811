-- repeatable: run again whenever this file changes
CREATE OR REPLACE VIEW ${database}.exclusions ${on_cluster}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT at, action, store_id, begins, ends, source, visitor, who, reason, events, minutes
FROM ${database}.exclusions_raw${all};
