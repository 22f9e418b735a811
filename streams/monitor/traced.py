"""Traces of what the monitor judges."""

from __future__ import annotations

from streams import tracing
from streams.monitor.partition import Work


def trace_flush(place: tuple[str, int], first: int, work: Work, begun_ns: int) -> None:
    """Spans of a flush of a topic's partition, from its first offset on, and of each alert that changed by it."""
    last = work.mark.offset
    if last >= first:
        closed = {"funnelwatch.minutes_closed": len(work.closing)}
        tracing.of_records("count and judge", *place, (first, last), begun_ns, attributes=closed)
    for one in work.transitions:
        tracing.of_alert(f"alert {one.state}", one.alert_id, begun_ns, (*place, last))
