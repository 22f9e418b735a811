"""What dead letters are answered with.

Times are milliseconds since 1970 UTC (suffix ``_ms``), rates are in [0, 1], money is in the store's own currency. None always
means "not known" or "not supplied", never zero.
"""

from __future__ import annotations

import msgspec


class ReasonCount(msgspec.Struct, frozen=True):
    """How many records were rejected for one reason, and when last."""

    reason: str
    count: int
    last_ms: int


class DeadLetterRow(msgspec.Struct, frozen=True):
    """One rejected record (cut, personal data removed)."""

    letter_id: str
    received_at_ms: int
    reason: str
    source: str
    store_id: str
    detail: str
    payload: str


class DeadLetterSummary(msgspec.Struct, frozen=True):
    """Rejected records of the last hours by reason, most first."""

    from_ms: int
    to_ms: int
    total: int
    reasons: tuple[ReasonCount, ...]


class DeadLetters(msgspec.Struct, frozen=True):
    """Rejected records, newest first."""

    letters: tuple[DeadLetterRow, ...]
