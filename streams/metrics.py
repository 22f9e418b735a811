"""Every Prometheus metric of every role, in one file, so that a name means one thing.

Names begin with ``funnelwatch_``. Labels are few and closed: role, topic, table, reason.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

# landing

LANDING_ROWS = Counter(
    "funnelwatch_landing_rows_total", "Rows inserted into ClickHouse, by table.", ["table"]
)
LANDING_INSERT_SECONDS = Histogram(
    "funnelwatch_landing_insert_seconds",
    "Duration of one insert in seconds, including waits for ClickHouse, by table.",
    ["table"],
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300),
)
LANDING_RETRIES = Counter(
    "funnelwatch_landing_retries_total",
    "Inserts that failed because ClickHouse was unreachable or rejected them; each is retried.",
)
LANDING_WAITING = Gauge(
    "funnelwatch_landing_waiting_seconds",
    "Seconds since the insert that ClickHouse has not yet answered was first tried; 0 if none is pending.",
)
LANDING_REJECTED = Counter(
    "funnelwatch_landing_rejected_total",
    "Records that could not be landed and became dead letters, by topic.",
    ["topic"],
)
LANDING_REPEATED = Counter(
    "funnelwatch_landing_repeated_total", "Events left out because their id was already landed."
)
LANDING_RECOUNTED = Counter(
    "funnelwatch_landing_recounted_minutes_total", "Store-minutes recounted from the raw events."
)
LANDING_RECOUNT_SECONDS = Histogram(
    "funnelwatch_landing_recount_seconds",
    "Duration of one recount in seconds.",
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100),
)
LANDING_LAG = Gauge("funnelwatch_landing_lag_records", "Records not yet landed, by topic.", ["topic"])
LANDING_EVENT_AGE = Gauge(
    "funnelwatch_landing_event_age_seconds",
    "Seconds between an event's acceptance and its landing (oldest of the last batch).",
)
LANDING_REBALANCES = Counter(
    "funnelwatch_landing_rebalances_total", "Rebalances: how often partitions were reassigned."
)

# monitor

MONITOR_EVENTS = Counter("funnelwatch_monitor_events_total", "Events counted in the stream.")
MONITOR_BATCHES = Counter(
    "funnelwatch_monitor_batches_total", "Record batches handed to the monitor's agent."
)
MONITOR_DUPLICATES = Counter(
    "funnelwatch_monitor_duplicates_total", "Events left out because they were already counted."
)
MONITOR_TOO_OLD = Counter(
    "funnelwatch_monitor_too_old_total",
    "Events older than the horizon: landed and recounted, not counted in the stream.",
)
MONITOR_OTHERS = Counter(
    "funnelwatch_monitor_other_events_total", "Events that belong to no stage of the funnel."
)
MONITOR_REJECTED = Counter(
    "funnelwatch_monitor_rejected_total",
    "Records that are not valid events and became dead letters, by reason.",
    ["reason"],
)
MONITOR_LATE = Counter(
    "funnelwatch_monitor_late_total", "Corrections of (minute, store) pairs that were already closed."
)
MONITOR_POSITION = Gauge(
    "funnelwatch_monitor_position", "Offset after the last record counted, by partition.", ["partition"]
)
MONITOR_LAG = Gauge(
    "funnelwatch_monitor_lag_records", "Records not yet counted, by partition.", ["partition"]
)
MONITOR_ROWS = Gauge("funnelwatch_monitor_table_rows", "Rows of the counts table in this process.")
MONITOR_FLUSH_SECONDS = Histogram(
    "funnelwatch_monitor_flush_seconds",
    "Duration of one flush of all partitions in seconds, including scoring.",
    buckets=(0.005, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30),
)
MONITOR_CLOSED = Counter(
    "funnelwatch_monitor_closed_minutes_total", "Minutes closed, summed over partitions."
)
MONITOR_SCORED = Counter("funnelwatch_monitor_scored_rows_total", "Score rows published.")
MONITOR_TRANSITIONS = Counter(
    "funnelwatch_monitor_alert_transitions_total", "Alert transitions published, by state.", ["state"]
)
MONITOR_EVENT_AGE = Gauge(
    "funnelwatch_monitor_event_age_seconds", "Seconds since the latest counted record was accepted."
)
MONITOR_LOOP_DELAY = Gauge(
    "funnelwatch_monitor_loop_delay_seconds",
    "Worst delay of the event loop in seconds since the last measurement.",
)
MONITOR_RECOVERY_SECONDS = Gauge(
    "funnelwatch_monitor_recovery_seconds", "Duration of the last recovery in seconds."
)
MONITOR_REBALANCES = Counter(
    "funnelwatch_monitor_rebalances_total", "Rebalances: how often partitions were reassigned."
)

# jobs

RECONCILE_DIFFERENCE = Gauge(
    "funnelwatch_reconcile_difference_events",
    "Events by which stage_counts and a fresh count of the raw events differed in the last comparison; expected: 0.",
)
RECONCILE_MINUTES = Gauge("funnelwatch_reconcile_minutes", "Store-minutes covered by the last comparison.")
RECONCILE_LAST_SUCCESS = Gauge(
    "funnelwatch_reconcile_last_success_timestamp_seconds",
    "When stage_counts were last compared with the raw events.",
)
RECONCILE_REPAIRED = Counter(
    "funnelwatch_reconcile_repaired_minutes_total",
    "Store-minutes recounted because a comparison found a lasting difference.",
)
BRUSHING_ORDERS = Gauge(
    "funnelwatch_brushing_orders", "Orders of the last eight days that several signs mark as brushing."
)
EVENT_DAYS_LAST_SUCCESS = Gauge(
    "funnelwatch_event_days_last_success_timestamp_seconds",
    "When what the events of each day add up to was last counted; without it an evaluation misses the newest days.",
)
ORDER_DAYS_LAST_SUCCESS = Gauge(
    "funnelwatch_order_days_last_success_timestamp_seconds",
    "When what the orders of each store add up to by day was last counted; without it an evaluation reads every order, and is slow.",
)
EVALUATIONS_LAST_SUCCESS = Gauge(
    "funnelwatch_evaluations_last_success_timestamp_seconds",
    "When stores were last evaluated; without it the views `evaluations` and `indicators` miss the newest periods.",
)
ROLLUP_HOURS = Counter(
    "funnelwatch_rollup_hours_total",
    "Hours whose sums were written, by what is summed: scores, counts.",
    ["kind"],
)
ROLLUP_LAST_SUCCESS = Gauge(
    "funnelwatch_rollup_last_success_timestamp_seconds",
    "When the hourly sums were last updated; without them dashboards read minutes: correct, but slow.",
)

# notifier and digests

NOTIFIER_SENT = Counter(
    "funnelwatch_notifier_sent_total", "Messages accepted by a receiver, by channel.", ["channel"]
)
NOTIFIER_FAILED = Counter(
    "funnelwatch_notifier_failed_total", "Failed attempts that are retried, by channel.", ["channel"]
)
NOTIFIER_REJECTED = Counter(
    "funnelwatch_notifier_rejected_total",
    "Messages rejected for good by a receiver, by channel.",
    ["channel"],
)
NOTIFIER_RECIPIENTS_REJECTED = Counter(
    "funnelwatch_notifier_recipients_rejected_total",
    "Readers rejected by the server while others got the same message, by channel; digests included.",
    ["channel"],
)

# digests

DIGESTS_SENT = Counter("funnelwatch_digests_sent_total", "Digests sent, by form.", ["form"])
DIGESTS_FAILED = Counter(
    "funnelwatch_digests_failed_total", "Failed attempts to build or send a digest, by form.", ["form"]
)
DIGESTS_LAST_SUCCESS = Gauge(
    "funnelwatch_digests_last_success_timestamp_seconds", "When a digest was last sent, by form.", ["form"]
)
DIGESTS_OVERDUE = Gauge("funnelwatch_digests_overdue", "Digests that are due and not yet sent.")

# page

PAGE_REQUESTS = Counter(
    "funnelwatch_page_requests_total",
    "Requests to the page and the read API, by route and status.",
    ["route", "status"],
)
PAGE_SECONDS = Histogram(
    "funnelwatch_page_request_seconds",
    "Duration of one answer of the page or the read API in seconds, by route.",
    ["route"],
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10),
)

# pools

POOLS_JUDGED = Gauge("funnelwatch_pools", "Pools: groups of stores judged as one.")
POOLS_AGE = Gauge(
    "funnelwatch_pools_minute_age_seconds", "Age in seconds of the end of the last minute judged for pools."
)
POOLS_TRANSITIONS = Counter(
    "funnelwatch_pools_transitions_total", "Alert transitions of pools, by state.", ["state"]
)

PERIODS_SERIES = Gauge(
    "funnelwatch_periods_series", "Steps of stores that are judged by their platforms' own reports."
)
PERIODS_TRANSITIONS = Counter(
    "funnelwatch_periods_transitions_total", "Alert transitions of reports, by state.", ["state"]
)

# records besides events

RECORDS_PUBLISHED = Counter(
    "funnelwatch_records_published_total",
    "What sources report besides events, by kind: reports, signals, orders (facts of orders), raw (deliveries).",
    ["kind"],
)
RECORDS_REJECTED = Counter(
    "funnelwatch_records_rejected_total",
    "Report rows, signals and facts of orders that could not be kept and became dead letters.",
)

# sources

SOURCES_TRANSLATED = Counter(
    "funnelwatch_sources_translated_total",
    "Deliveries of sources, by source and outcome: translated, quarantined (set aside whole, to be replayed).",
    ["source", "outcome"],
)
SOURCES_STATE = Gauge(
    "funnelwatch_sources_state",
    "State of a connection: 0 connected, 1 catching up, 2 late, 3 paused by a person, 4 broken or rejected by the platform.",
    ["source", "connection"],
)
SOURCES_TOKEN_DAYS = Gauge(
    "funnelwatch_sources_token_days",
    "Days until the authorisation of a connection ends; not there if it does not.",
    ["source", "connection"],
)
SOURCES_ENDING_DAYS = Gauge(
    "funnelwatch_sources_ending_days",
    "Days until a version or form of the platform that a connection uses ends; less than 0 afterwards, not there if no end is published.",
    ["source", "connection", "what"],
)
SOURCES_DIFFERING_DAYS = Gauge(
    "funnelwatch_sources_differing_days",
    "Closed days of a connection whose figures differ from the platform's own, after they were read again.",
    ["source", "connection"],
)
SOURCES_WAITING = Gauge(
    "funnelwatch_sources_waiting_records",
    "Deliveries that are not translated yet, by partition.",
    ["partition"],
)

# collector

COLLECTOR_EVENTS = Counter("funnelwatch_collector_events_total", "Events accepted, by door.", ["source"])
COLLECTOR_REJECTED = Counter(
    "funnelwatch_collector_rejected_total", "Records rejected, by door and reason.", ["source", "reason"]
)
COLLECTOR_NOTES = Counter(
    "funnelwatch_collector_notes_total",
    "Optional fields of accepted events that were repaired or dropped, by door, field and note.",
    ["source", "field", "note"],
)
COLLECTOR_REPEATED = Counter(
    "funnelwatch_collector_repeated_total", "Events left out because their id occurs twice in one request."
)
COLLECTOR_SET_APART = Counter(
    "funnelwatch_collector_set_apart_total",
    "Page events kept but not judged, by reason: few_sources, too_fast.",
    ["reason"],
)
COLLECTOR_REQUESTS = Counter(
    "funnelwatch_collector_requests_total", "Requests, by path and status.", ["path", "status"]
)
COLLECTOR_SECONDS = Histogram(
    "funnelwatch_collector_seconds",
    "Seconds from request to answer, including the acknowledgement of Kafka or the disk.",
    ["path"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1, 3, 10),
)
HOOKS_DELIVERIES = Counter(
    "funnelwatch_hooks_deliveries_total",
    "Deliveries to /v1/hooks, by source and outcome: kept, handshake, too_many, secret_missing, or why they are not genuine.",
    ["source", "outcome"],
)
COLLECTOR_KAFKA_UNREACHABLE = Gauge(
    "funnelwatch_collector_kafka_unreachable", "1 while Kafka accepts no records."
)
COLLECTOR_SPOOLED = Counter("funnelwatch_collector_spooled_total", "Records written to the disk spool.")
COLLECTOR_SET_ASIDE = Counter(
    "funnelwatch_collector_set_aside_total",
    "Spooled frames that are damaged, and records that Kafka rejects for good, kept in the spool's folder `aside`.",
    ["why"],
)
COLLECTOR_SPOOL_BYTES = Gauge("funnelwatch_collector_spool_bytes", "Bytes waiting in the disk spool.")
COLLECTOR_SPOOL_LIMIT = Gauge("funnelwatch_collector_spool_limit_bytes", "Limit of the disk spool in bytes.")
