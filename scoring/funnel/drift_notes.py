"""What the note of an alert on a slow change says, as data: which days of the store are compared with those before them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

_HEAD = "drift"


@dataclass(frozen=True, slots=True)
class DriftNote:
    """The days that converted less than the 28 before them, both included, on the store's clock."""

    first: date
    last: date

    def text(self) -> str:
        """As it is kept in the alert."""
        return f"{_HEAD} {self.first}/{self.last}"


def parse_drift_note(text: str) -> DriftNote | None:
    """The note that ``text`` holds; None if it is none."""
    head, _, days = text.partition(" ")
    first, _, last = days.partition("/")
    if head != _HEAD:
        return None
    try:
        return DriftNote(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        return None
