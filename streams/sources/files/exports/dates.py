"""Times in a column, by the evidence of the whole column: which number is the day is never decided cell by cell.

A cell is first taken apart (``parts_of``); where two of its numbers may be day and month, ``DayOrder`` collects what the column
says, and only then are the cells read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple, TypeVar

from streams.sources.files.exports.cells import LONGEST_VALUE, Cell, is_blank, text_of
from streams.sources.files.exports.month_names import MONTHS

_TIME = (
    r"(?:[ T,]+(?:às|at|um|à)?\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?\s*([AaPp]\.?\s?[Mm]\.?)?)?"
)
_TAIL = r"\s*(?:uhr|hs\.?|h)?\s*(?P<zone>.*)$"
_YEAR_FIRST = re.compile(
    r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?:\s*日)?" + _TIME + _TAIL, re.IGNORECASE
)
_YEAR_LAST = re.compile(
    r"^(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{4}|\d{2})(?!\d)" + _TIME + _TAIL, re.IGNORECASE
)
#: a weekday before a date, and ways of writing a half of the day, of other scripts
_WEEKDAY = re.compile(r"^(?:[^\W\d_]+[.,]+\s*|[^\W\d_]{3}\s+)(?=[^\W\d_]+|\d)")
_HALVES = re.compile(r"\s*(?:(上午|午前|오전|凌晨|早上)|(下午|午後|오후|晚上))\s*(\d{1,2}:\d{2}(?::\d{2})?)")
_KOREAN = re.compile(r"(\d{4})\s*년\s*(\d{1,2})\s*월\s*(\d{1,2})\s*일")
_DOTTED = re.compile(r"^(\d{4})\.\s*(\d{1,2})\.\s*(\d{1,2})\.(?=\s|$)")
_DOTTED_CLOCK = re.compile(r"(\d{4}\s+\d{1,2})\.(\d{2})(?:\.(\d{2}))?$")
#: years of the Buddhist era, 543 ahead
_BUDDHIST = range(2543, 2643)
_WORD = r"([^\W\d_][^\W\d_.]*(?:\.[^\W\d_]+)?)\.?"
_DAY_MONTH = re.compile(
    r"^(\d{1,2})\.?(?:\s+de)?[\s-]+"
    + _WORD
    + r",?(?:\s+de)?[\s-]+'?(\d{4}|\d{2})(?!\d|:)(?:\s*г\.?)?"
    + _TIME
    + _TAIL,
    re.IGNORECASE,
)
_MONTH_DAY = re.compile(
    r"^" + _WORD + r"[\s-]+(\d{1,2})(?:st|nd|rd|th)?,?[\s-]+(\d{4}|\d{2})(?!\d|:)" + _TIME + _TAIL,
    re.IGNORECASE,
)
_COMPACT = re.compile(r"^(20\d{2})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?$")
_NUMBER = re.compile(r"^\d+(?:\.\d+)?$")
_OFFSET = re.compile(
    r"^(?:[A-Z]{2,5}\s*)?\(?(?:UTC|GMT)?\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?\)?$", re.IGNORECASE
)
_NAMED = {"z": 0, "utc": 0, "gmt": 0, "pst": -8, "pdt": -7, "est": -5, "edt": -4, "cst-us": -6, "jst": 9, "wib": 7, "cet": 1, "cest": 2, "met": 1, "mez": 1, "mesz": 2, "bst": 1}  # fmt: skip
_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 (a serial has no zone)
#: Excel serials of 2000 to 2064; Unix seconds and milliseconds from 2000
_SERIALS = (36_526, 60_000)
#: 2026-11-28, with minutes, with seconds
_ISO_LENGTHS = (10, 16, 19)
_T = TypeVar("_T")
_UNIX_S = (946_684_800, 4_102_444_800)


class Moment(NamedTuple):
    """A time as written: local, with the offset that the text itself gives, if it does."""

    local: datetime
    offset: tzinfo | None = None
    has_time: bool = True

    def at(self, zone: tzinfo) -> datetime:
        """The time with its own offset, else in ``zone``."""
        return self.local.replace(tzinfo=self.offset or zone)


@dataclass(frozen=True, slots=True)
class _DateParts:
    """A time taken apart. ``first`` and ``second`` are day and month in an order yet to be found."""

    first: int
    second: int
    year: int
    clock: tuple[int, int, int] | None
    offset: tzinfo | None

    def moment(self, is_day_first: bool) -> Moment | None:
        day, month = (self.first, self.second) if is_day_first else (self.second, self.first)
        return _moment(self.year, month, day, self.clock, self.offset)


class DayOrder:
    """What columns of dates such as 03/04/2026 say of which number is the day."""

    def __init__(self) -> None:
        self.day_first = self.month_first = self.open = 0
        self.native_swappable = self.native = 0

    def add(self, cell: Cell) -> None:
        """Take a cell into account."""
        if isinstance(cell, (datetime, date)):
            self.native += 1
            self.native_swappable += cell.day <= 12
            return
        if isinstance(cell, str) and cell[4:5] == "-" and cell[:4].isdigit():
            return  # the year comes first, and the month after it
        parts = parts_of(cell)
        if not isinstance(parts, _DateParts):
            return
        if parts.first > 12 >= parts.second:
            self.day_first += 1
        elif parts.second > 12 >= parts.first:
            self.month_first += 1
        elif parts.first != parts.second:
            self.open += 1

    @property
    def is_day_first(self) -> bool | None:
        """True or False where the cells say so; None where all can be read both ways."""
        if self.day_first and not self.month_first:
            return True
        return False if self.month_first and not self.day_first else None

    @property
    def is_contradictory(self) -> bool:
        """Whether some cells can only be day first and others only month first."""
        return bool(self.day_first and self.month_first)

    @property
    def was_swapped(self) -> bool:
        """Whether a spreadsheet read some texts as dates, with day and month exchanged, and left the others as text."""
        texts = self.day_first + self.month_first
        return bool(self.native and texts and not self.open and self.native == self.native_swappable)


def read_moment(cell: Cell, is_day_first: bool | None) -> Moment | None:
    """The time in a cell; None where there is none, or where it needs an order that is not known."""
    parts = parts_of(cell)
    if isinstance(parts, _DateParts):
        if is_day_first is None:
            if parts.first == parts.second or max(parts.first, parts.second) > 12:
                return parts.moment(parts.first > 12 or parts.first == parts.second)
            return None
        return parts.moment(is_day_first)
    return parts


def parts_of(cell: Cell) -> Moment | _DateParts | None:
    """A cell's time, or its parts where day and month are yet to be distinguished; None if it is not a time."""
    if isinstance(cell, str) and (moment := _iso_moment(cell)) is not None:
        return moment
    if isinstance(cell, datetime):
        return Moment(cell.replace(tzinfo=None), cell.tzinfo)
    if isinstance(cell, date):
        return Moment(datetime(cell.year, cell.month, cell.day), has_time=False)  # noqa: DTZ001
    if isinstance(cell, bool) or is_blank(cell):
        return None
    if isinstance(cell, (int, float)):
        return _number(float(cell))
    text = text_of(cell)
    return _parts_of_text(text) if len(text) <= LONGEST_VALUE else None


def _iso_moment(text: str) -> Moment | None:
    """A time as most files write it; None for all others, which take longer to read."""
    if len(text) not in _ISO_LENGTHS or not text[4] == text[7] == "-" or not text.isascii():
        return None
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return None
    return Moment(local, None, len(text) > _ISO_LENGTHS[0]) if local.tzinfo is None else None


def _parts_of_text(text: str) -> Moment | _DateParts | None:
    """A text's time or parts."""
    text = unicodedata.normalize("NFKC", text)
    made: Moment | _DateParts | None = None
    if found := _YEAR_FIRST.match(text):
        year, month, day, *clock = found.groups()
        made = _checked(int(year), int(month), int(day), clock)
    elif found := _YEAR_LAST.match(text):
        made = _year_last(found.groups())
    else:
        made = _in_words(text)
    return made or _rewritten(text)


def _rewritten(text: str) -> Moment | _DateParts | None:
    """The same, of a text with a weekday, a half of the day before its clock, or the marks of another script."""
    plainer = _KOREAN.sub(r"\1-\2-\3", _WEEKDAY.sub("", text, count=1))
    plainer = _DOTTED_CLOCK.sub(_with_colons, _DOTTED.sub(r"\1-\2-\3", plainer))
    plainer = _HALVES.sub(lambda found: f" {found[3]} {'am' if found[1] else 'pm'}", plainer)
    return _parts_of_text(plainer) if plainer != text else None


def _with_colons(found: re.Match[str]) -> str:
    return ":".join(filter(None, found.groups()))


def _in_words(text: str) -> Moment | None:
    if found := _DAY_MONTH.match(text):
        day, word, year, *clock = found.groups()
        month = MONTHS.get(word.casefold().rstrip("."))
        return _checked(_whole(year), month, int(day), clock) if month else None
    if found := _MONTH_DAY.match(text):
        word, day, year, *clock = found.groups()
        month = MONTHS.get(word.casefold().rstrip("."))
        return _checked(_whole(year), month, int(day), clock) if month else None
    if found := _COMPACT.match(text):
        year, month_text, day, hour, minute, second = found.groups()
        written = (int(hour), int(minute), int(second or 0)) if hour else None
        return _moment(int(year), int(month_text), int(day), written, None)
    return _number(float(text)) if _NUMBER.match(text) else None


def _year_last(groups: Sequence[str | None]) -> _DateParts | None:
    first, second, year, *rest = groups
    clock, offset = _clock(rest[:4]), offset_of(rest[4] or "")
    if clock is False or offset is False:
        return None
    assert first is not None
    assert second is not None
    assert year is not None
    return _DateParts(int(first), int(second), _whole(year), _given(clock), _given(offset))


def _whole(year: str) -> int:
    return int(year) + (2000 if len(year) == 2 else 0)


def _checked(year: int, month: int, day: int, rest: Sequence[str | None]) -> Moment | None:
    clock, offset = _clock(rest[:4]), offset_of(rest[4] or "")
    if clock is False or offset is False:
        return None
    return _moment(year, month, day, _given(clock), _given(offset))


def _given(found: _T | bool) -> _T | None:
    return None if isinstance(found, bool) else found


def _moment(
    year: int, month: int, day: int, clock: tuple[int, int, int] | None, offset: tzinfo | None
) -> Moment | None:
    if year in _BUDDHIST:
        year -= 543
    try:
        return Moment(datetime(year, month, day, *(clock or (0, 0, 0))), offset, clock is not None)  # noqa: DTZ001
    except ValueError:
        return None


def _clock(groups: Sequence[str | None]) -> tuple[int, int, int] | bool:
    """Hour, minute and second; True if there is no time of day, False if what is there is none."""
    hour_text, minute, second, half = groups
    if hour_text is None:
        return True
    hour = int(hour_text)
    if half:
        if not 1 <= hour <= 12:
            return False
        hour = hour % 12 + (12 if half[0].lower() == "p" else 0)
    return (hour, int(minute or 0), int(second or 0))


def offset_of(text: str) -> tzinfo | bool:
    """The offset a text ends in; True for none, False for a tail that is not an offset."""
    text = text.strip()
    if not text:
        return True
    if found := _OFFSET.match(text):
        sign, hours, minutes = found.groups()
        whole = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return timezone(whole if sign == "+" else -whole) if whole < timedelta(hours=15) else False
    hours_named = _NAMED.get(text.casefold().strip("()"))
    return False if hours_named is None else timezone(timedelta(hours=hours_named))


def _number(number: float) -> Moment | None:
    """An Excel serial, or Unix seconds or milliseconds."""
    if _SERIALS[0] <= number < _SERIALS[1]:
        seconds = round(number * 86_400)
        return Moment(_EXCEL_EPOCH + timedelta(seconds=seconds), has_time=number != int(number))
    for unit in (1, 1000, 1_000_000):
        if _UNIX_S[0] <= number / unit < _UNIX_S[1]:
            return Moment(datetime.fromtimestamp(number / unit, UTC).replace(tzinfo=None), UTC)
    if number == int(number) and (found := _COMPACT.match(str(int(number)))):
        return parts_of(found.group()) if len(found.group()) != 10 else None  # type: ignore[return-value]
    return None


def order_by_consecutive_days(cells: Iterable[Cell]) -> bool | None:
    """Day first or month first, for a report's days: they follow one another in one reading and not in the other."""
    parts = [part for part in map(parts_of, cells) if isinstance(part, _DateParts)]
    spans = {}
    for is_day_first in (True, False):
        days = [moment.local.date() for part in parts if (moment := part.moment(is_day_first))]
        if len(days) == len(parts) and days:
            spans[is_day_first] = (max(days) - min(days)).days + 1 == len(set(days)) and len(set(days)) > 1
    readings = [order for order, follows in spans.items() if follows]
    return readings[0] if len(readings) == 1 else None
