"""What a store's reports are answered with.

Times are milliseconds since 1970 UTC (suffix ``_ms``); figures are decimal text, exactly as they were reported. None always means
"not known" or "not to be had", never zero.
"""

from __future__ import annotations

import msgspec


class ReportFigure(msgspec.Struct, frozen=True):
    """One figure as it is now: ``day`` is the first day of its period in the report's own ``zone``.

    ``complete``: the platform had the time that it needs when it said so. ``restated``: it said something else before.
    """

    source: str
    measure: str
    unit: str
    period: str
    day: str
    period_start_ms: int
    period_end_ms: int
    zone: str
    dimensions: dict[str, str]
    value: str
    currency: str
    complete: bool
    restated: bool
    told_at_ms: int
    connection: str
    import_id: str


class ReportTotal(msgspec.Struct, frozen=True):
    """The days of a measure added up; ``total`` is None where they must not be, and ``why_not`` says why.

    ``days`` is how many were added, ``incomplete_days`` how many of them may still change.
    """

    source: str
    measure: str
    unit: str
    zone: str
    currency: str
    total: str | None
    days: int
    incomplete_days: int
    why_not: str = ""


class Reports(msgspec.Struct, frozen=True):
    """Figures of platforms whose periods begin in [from_ms, to_ms), newest first. They are never part of event counts.

    ``truncated`` says that the limit cut them. ``totals`` is empty unless asked for.
    """

    store_id: str
    from_ms: int
    to_ms: int
    truncated: bool
    figures: tuple[ReportFigure, ...]
    totals: tuple[ReportTotal, ...] = ()
