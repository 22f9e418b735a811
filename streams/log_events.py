"""Every log event's name and what it means: one name for one situation, whichever role meets it.

Names are ``snake_case`` and say what is so (``kafka_unreachable``) or what was done (``partitions_assigned``). The reference in
``deploy/docs`` is made from this table, and a test fails when code logs a name that is not here or a name here is never logged.
"""

from __future__ import annotations

from collections.abc import Mapping

LOG_EVENTS: Mapping[str, str] = {
    # --- any role
    # --- collector and sources
    # --- kafka, transport and monitor
    # --- landing, clickhouse and jobs
    # --- pools
    # --- notifier, channels and digests
    # --- page
    # --- embedded, demo and command line
}
