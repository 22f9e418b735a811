"""What the note of an alert on a report says, as data: which days of which zone, and how they changed. Read back by cards and pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from scoring.funnel.units import DAY_MS, HOUR_MS, MINUTE_MS

_HEAD = "report"


class PeriodChange(StrEnum):
    """What became of an alert since it was first reported, besides going on."""

    NONE = "as_reported"
    #: the platform changed figures of its days; it holds all the same
    RESTATED = "restated"
    #: the changed figures are no longer below expectation: taken back
    TAKEN_BACK = "taken_back"
    #: the figures themselves were withdrawn (an import was undone)
    WITHDRAWN = "withdrawn"
    #: it has lasted so long that it is what is usual now
    NEW_NORMAL = "new_normal"
    #: the calendar holds it back
    HELD = "held"


@dataclass(frozen=True, slots=True)
class PeriodNote:
    """The note of an alert on a report.

    Attributes:
        first, last: days of the report that it speaks of, both included.
        zone: of the report.
        change: what became of it.
        detail: a calendar entry's name.
    """

    first: date
    last: date
    zone: str
    change: PeriodChange = PeriodChange.NONE
    detail: str = ""

    def text(self) -> str:
        """As it is kept in the alert."""
        return f"{_HEAD} {self.first}/{self.last} {self.zone} {self.change} {self.detail}".strip()


def parse_period_note(text: str) -> PeriodNote | None:
    """The note that ``text`` holds; None if it is none."""
    head, _, rest = text.partition(" ")
    parts = rest.split(" ", 3)
    if head != _HEAD or len(parts) < 3:
        return None
    first, _, last = parts[0].partition("/")
    try:
        return PeriodNote(
            date.fromisoformat(first),
            date.fromisoformat(last),
            parts[1],
            PeriodChange(parts[2]),
            parts[3] if len(parts) > 3 else "",
        )
    except ValueError:
        return None


def period_ms_of(window_minutes: int) -> int:
    """The length of the periods that an alert on a report is about, by the window it opened on.

    A window has at most five periods (``scoring/periods/judging.py``), so hours are never as long as half a day.
    """
    return DAY_MS if window_minutes * MINUTE_MS > DAY_MS // 2 else HOUR_MS
