"""What was left out of a store's counts as the page shows it: by reason its days and its newest rows. No words, no colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.web.cleaning.answers import CleanedCounts, CleanedRow

#: days that the page shows, and rows of each reason
CLEANED_DAYS, CLEANED_ROWS = 14, 10


@dataclass(frozen=True, slots=True)
class CleanedDay:
    """How many of one day; ``height`` in percent of the reason's largest day."""

    day: str
    count: int
    height: float


@dataclass(frozen=True, slots=True)
class CleanedReasonLine:
    """One reason: how many in all, by day (oldest first), and its newest rows."""

    reason: str
    is_counted: bool
    total: int
    days: tuple[CleanedDay, ...]
    rows: tuple[CleanedRow, ...]


def cleaned_lines(
    counts: CleanedCounts, newest: Sequence[CleanedRow], days: Sequence[str]
) -> tuple[CleanedReasonLine, ...]:
    """A line a reason, what is left out before what is only marked, the most first; ``days`` are those of the picture."""
    totals: dict[tuple[str, bool], dict[str, int]] = {}
    for one in counts.counts:
        of_day = totals.setdefault((one.reason, one.is_counted), {})
        of_day[one.day] = of_day.get(one.day, 0) + one.count
    lines = []
    for (reason, is_counted), of_day in totals.items():
        tallest = max(of_day.values())
        bars = tuple(
            CleanedDay(day, of_day.get(day, 0), round(of_day.get(day, 0) / tallest * 100, 1)) for day in days
        )
        rows = tuple(row for row in newest if (row.reason, row.is_counted) == (reason, is_counted))
        lines.append(CleanedReasonLine(reason, is_counted, sum(of_day.values()), bars, rows))
    return tuple(sorted(lines, key=lambda line: (line.is_counted, -line.total, line.reason)))
