"""Made report rows: a store's days of sessions and order items."""

from __future__ import annotations

import numpy as np

from scoring.funnel.units import DAY_MS
from scoring.records.report_row import Period, ReportRow
from scoring.records.report_rules import rule_of

START_MS = 1_764_547_200_000  # Monday 2025-12-01 00:00 UTC
STEP = "amazon:sessions_to_order_items"


def row(day: int, measure: str, value: float, **more: object) -> ReportRow:
    """One figure of a day, reported as soon as it is complete."""
    known: dict[str, object] = {
        "store_id": "shop",
        "source": "amazon",
        "period": Period.DAY,
        "zone": "UTC",
        "import_id": f"day-{day}",
        **more,
    }
    start = START_MS + day * DAY_MS
    at_ms = start + DAY_MS + rule_of(str(known["source"])).complete_after_ms
    known = {"period_start_ms": start, "period_end_ms": start + DAY_MS, "told_at_ms": at_ms, **known}
    return ReportRow(measure=measure, value=f"{value:g}", **known)  # type: ignore[arg-type]


def day_rows(day: int, sessions: float, items: float, **more: object) -> list[ReportRow]:
    """Both figures of a day."""
    return [row(day, "sessions", sessions, **more), row(day, "order_items", items, **more)]


def shop(
    days: int,
    fall_from: int = 10_000,
    fall_to: int = 10_000,
    rate: float = 0.08,
    seed: int = 2,
    per_day: float = 2000,
) -> list[list[ReportRow]]:
    """Both figures of each of ``days`` days; in [fall_from, fall_to) a fifth of the items."""
    rng = np.random.default_rng(seed)
    made = []
    for day in range(days):
        sessions = rng.poisson(per_day * (1.3 if day % 7 >= 5 else 1.0))
        expected = sessions * rate * float(np.exp(rng.normal(0, 0.05)))
        made.append(
            day_rows(day, sessions, rng.poisson(expected * (0.2 if fall_from <= day < fall_to else 1.0)))
        )
    return made
