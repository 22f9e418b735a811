"""SQL text for people to copy: the rows behind what a page shows.

Called by the store's queries and by the alerts' pages; whoever copies it runs it with ``funnelwatch sql``.
"""

from __future__ import annotations

from collections.abc import Sequence

from scoring.funnel.period_steps import PeriodStep


def rows_sql(
    stores: Sequence[str], types: tuple[str, ...], from_ms: int, to_ms: int, counted: str = ""
) -> str:
    """SQL text for people to copy: the raw events of a store, or of a pool's stores, in [from_ms, to_ms), under the condition ``counted``."""
    named = ", ".join(quote(name) for name in types)
    (first, *others) = stores
    of = f"IN ({', '.join(map(quote, stores))})" if others else f"= {quote(first)}"
    return (
        "SELECT *\nFROM events\n"
        f"WHERE store_id {of}\n  AND type IN ({named})\n"
        f"  AND event_time >= toDateTime({from_ms // 1000}, 'UTC')\n"
        f"  AND event_time <  toDateTime({to_ms // 1000}, 'UTC')\n"
        + (f"  AND {counted}\n" if counted else "")
        + "ORDER BY event_time DESC\nLIMIT 1000"
    )


def report_rows_sql(store_id: str, step: PeriodStep, from_ms: int, to_ms: int) -> str:
    """SQL text for people to copy: what was reported of a step's two measures in [from_ms, to_ms), each time it was."""
    return (
        "SELECT *\nFROM report_versions\n"
        f"WHERE store_id = {quote(store_id)}\n  AND source = {quote(step.source)}\n"
        f"  AND measure IN ({quote(step.upstream)}, {quote(step.downstream)})\n"
        f"  AND period_start >= toDateTime({from_ms // 1000}, 'UTC')\n"
        f"  AND period_start <  toDateTime({to_ms // 1000}, 'UTC')\n"
        "ORDER BY period_start DESC, measure, told_at\nLIMIT 1000"
    )


def quote(text: str) -> str:
    """A ClickHouse string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def spend_rows_sql(store: str, from_ms: int, to_ms: int) -> str:
    """What a store's sources reported of its ad spend."""
    return (
        f"SELECT *\nFROM report_rows\nWHERE store_id = {quote(store)} AND measure = 'spend'\n"
        f"  AND period_end > fromUnixTimestamp64Milli({from_ms}, 'UTC') AND period_start < fromUnixTimestamp64Milli({to_ms}, 'UTC')\n"
        "ORDER BY period_start DESC, source\nLIMIT 1000"
    )
