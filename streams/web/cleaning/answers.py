"""What is answered about what was left out of a store's counts.

Times are milliseconds since 1970 UTC (suffix ``_ms``); days are those of the store's own zone.
"""

from __future__ import annotations

import msgspec


class CleanedCount(msgspec.Struct, frozen=True):
    """How many of a store's day were left out for one reason. ``is_counted``: they are only marked, and counted nevertheless."""

    day: str
    reason: str
    what: str
    is_counted: bool
    count: int


class CleanedCounts(msgspec.Struct, frozen=True):
    """What was left out in [from_ms, to_ms), newest day first."""

    store_id: str
    zone: str
    from_ms: int
    to_ms: int
    counts: tuple[CleanedCount, ...]


class CleanedRow(msgspec.Struct, frozen=True):
    """One of them. ``reference`` is the id of the event, order (``is_order``) or dead letter; ``detail`` its source, signs or what was wrong."""

    at_ms: int
    reason: str
    what: str
    is_counted: bool
    reference: str
    detail: str
    is_order: bool


class CleanedRows(msgspec.Struct, frozen=True):
    """Rows that were left out, newest first; ``truncated`` says that the limit cut them."""

    store_id: str
    from_ms: int
    to_ms: int
    truncated: bool
    rows: tuple[CleanedRow, ...]
