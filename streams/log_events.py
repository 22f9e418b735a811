"""Every log event's name and what it means: one name for one situation, whichever role meets it.

Names are ``snake_case`` and say what is so (``kafka_unreachable``) or what was done (``partitions_assigned``). The reference in
``deploy/docs`` is made from this table, and a test fails when code logs a name that is not here or a name here is never logged.
"""

from __future__ import annotations

from collections.abc import Mapping

LOG_EVENTS: Mapping[str, str] = {
    # --- any role
    "kafka_reachable": "Kafka answers again.",
    "clickhouse_unreachable": "ClickHouse does not answer or rejects what is asked; the role tries again after `retry_in_s` seconds.",
    "clickhouse_reachable": "ClickHouse answers again.",
    "record_rejected": "A record of a topic cannot be used and becomes a dead letter; `why` says the reason.",
    "partitions_revoked": "The group took partitions away from this process.",
    "commit_failed": "Kafka did not take a commit; the next one covers it.",
    "commit_skipped": "A rebalance came before a commit; the new owner reads the batch again, which changes nothing.",
    "leadership_taken": "This process leads its role from now on.",
    "kafka_unreachable": "Kafka does not answer; the role tries again after `retry_in_s` seconds.",
    "retention_changed": "A table or topic keeps what it holds for another number of days from now on, as the setting says.",
    "record_skipped": "A record of a topic that only we write cannot be read and is left out; a store keeps the baseline it has.",
    "server_started": "A server of ours (collector, page) accepts requests at `url`.",
    "connection_close_failed": "Closing a connection to Kafka or ClickHouse ended with an error; nothing is lost.",
    "role_failed": "An error ended the role; the traceback is part of the record.",
    "state_not_written": "A process cannot write its state file (disk full, too many open files); the role goes on, and the first success ends it.",
    "preloading_failed": "The process from which roles are forked does not answer; `up` starts roles the ordinary way from now on.",
    # --- collector and sources
    "connection_owned": "This process owns a connection from now on: it asks its platform and keeps its token.",
    "connection_paused": "A connection is asked no more until its trouble is over; `trouble` and `why` say what it is.",
    "connection_failed": "The work on a connection ended with an error; it begins again.",
    "ownership_lost": "Another process owns a connection by now, or Kafka did not take its state; its work stops here.",
    "source_failed": "A fault in the code of a source; its other work and all other connections go on.",
    "mapping_failed": "A fault in the code of a mapping; the delivery is set aside whole.",
    "mapping_gap": "A mapping met something it has never seen (a value, a topic) and went on without it.",
    "poll_failed": "A resource could not be read whole; its cursor stays, and it is asked again.",
    "backfill_failed": "A part of a backfill could not be read; it is asked again.",
    "restated_days_not_read": "Days that a source still restates could not be read again; it is tried later.",
    "days_not_compared": "Closed days could not be compared with the platform's own figures; it is tried later.",
    "days_differ": "Closed days differ from the platform's own figures, also after they were read again.",
    "token_renewed": "A connection has a new token; the former one is kept until this one has answered.",
    "token_not_renewed": "A token could not be renewed now; the one in use goes on.",
    "token_rejected": "A platform accepts none of a connection's tokens; the connection is paused.",
    "connection_unusable": "A connection that was added at run time no longer fits this release's settings and is left out; `error` says why.",
    "no_write_keys": "No store has a write key, so every delivery will be rejected.",
    "spool_found": "The disk spool holds records of an earlier process; they are sent first.",
    "spool_drained": "Everything that waited in the disk spool has been sent.",
    "spool_damaged": "A frame of the disk spool is damaged and is kept aside; `detail` says how much and where. All others are sent.",
    "records_set_aside": "Kafka rejects records of the spool for good; they are kept at `path`, and all others are sent.",
    "records_not_set_aside": "Records that Kafka rejects for good cannot be kept aside (disk full); the spool waits.",
    "clock_differs": "The broker rejects the collector's time; records are sent without a time for a minute, and nothing is lost.",
    "request_rejected": "A request was rejected as a whole or held nothing but rejected records; `status` is what was answered.",
    # --- kafka, transport and monitor
    "alert_changed": "The monitor or the role pools published a transition of an alert; `state` is its new state.",
    "baselines_not_read": "The baselines were not read in time; scoring starts without those that are missing.",
    "counted_records_lost": "The broker lost records that had been counted; `funnelwatch reconcile` shows the difference.",
    "counts_recovered": "The counts of newly assigned partitions are restored; counting goes on.",
    "drain_timed_out": "The flush before a rebalance took too long; its partitions are recovered from the log.",
    "monitor_ended": "The monitor ended its process; `reason` says why. Its supervisor starts it again.",
    "partition_fenced": "Another process has taken the partition over; nothing was written.",
    "partitions_assigned": "The group assigned partitions to this process.",
    "topic_recreated": "The topic was deleted and created again; it is read from its beginning.",
    "transaction_open": "Another producer's transaction is open; records after it cannot be read until it ends.",
    # --- landing, clickhouse and jobs
    "baselines_published": "Baselines were fitted and published.",
    "benchmark_unusable": "The uploaded benchmark cannot be read; stores are fitted without it.",
    "counts_differ": "stage_counts differ from the raw events twice in the same way; the minutes are recounted.",
    "dedup_memory_loaded": "Landing has loaded the event ids by which it finds repeated events.",
    "brushing_marked": "Orders of a store were marked as brushing, or their marks were taken back.",
    "event_days_counted": "What the events of days add up to was counted, for the evaluation.",
    "hours_rolled_up": "Whole hours were summed up.",
    "stores_evaluated": "Stores of which something changed were evaluated in their complete periods.",
    "tables_migrated": "A numbered migration ran.",
    "topic_id_unknown": "Kafka does not say which topic this is; the batch is landed and not committed.",
    # --- notifier, channels and digests
    "receiver_unreachable": "A receiver did not answer or asked to wait; its messages are retried after `retry_in_s`.",
    "receiver_unusable": "A receiver cannot be built from its configuration and is left out.",
    "notification_sent": "A receiver took a message about one or more alerts.",
    "notification_rejected": "A receiver will not take a message; it is retried after `retry_in_s`, with growing pauses.",
    "notification_not_rendered": "A message could not be rendered (a bug): the others go out; it counts as rejected.",
    "console_message": "The text of a message to a console receiver.",
    "mail_recipient_rejected": "The mail server rejected one reader of a mail that the others got.",
    "slack_thread_not_updated": "A reply was sent, but the first message of its Slack thread could not be updated.",
    "feishu_card_not_updated": "A reply was sent, but the incident's card in Feishu could not be updated.",
    "digest_sent": "A digest was delivered to its subscriber.",
    "digest_waiting": "A digest cannot be composed or delivered now; it is retried within its time.",
    "digest_rejected": "The mail server will never take a digest; it is given up.",
    "digest_failed": "A digest could not be composed (a bug); it is retried within its time.",
    "facts_unavailable": "ClickHouse did not say what a card adds to its alert; the card goes out without.",
    "exchange_rates_unreadable": "The file of `alerting.exchange_rates` cannot be read; the rates known before hold.",
    # --- page
    "page_failed": "A request of the page or the API failed on a bug; the traceback is part of the record.",
}
