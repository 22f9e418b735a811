"""Times in two columns: a day in one and the time of day in the other are one time, and no day is taken for its midnight without a word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from streams.sources.files.exports import order_words as says
from streams.sources.files.exports import sentences
from streams.sources.files.exports.cells import LONGEST_VALUE, Cell, is_blank, text_of
from streams.sources.files.exports.columns import CellMemory, TableChunk
from streams.sources.files.exports.dates import Moment, offset_of, read_moment
from streams.sources.files.exports.header_meanings import is_other_time
from streams.sources.files.exports.header_patterns import one_of, plain_words
from streams.sources.files.exports.layout import TIME_FIELDS
from streams.sources.files.exports.questions import Question
from streams.sources.files.exports.recognition import RecognizedTable

_CLOCK = re.compile(
    r"^(?P<before>上午|下午|午前|午後|오전|오후)?\s*(\d{1,2})\s*[:.h時时点點시]\s*(\d{2})?\s*[:.분分m]?\s*(\d{2})?(?:[.,]\d{1,9})?\s*秒?초?\s*"
    r"(?P<after>[ap]\.?\s?m\.?)?\s*(?:uhr|hs\.?|h)?\s*(?P<zone>.*)$",
    re.IGNORECASE,
)
_AFTERNOON = ("下午", "午後", "오후", "p")
_WORDS = one_of(
    r"time\b|hour\b|hora\b|heure|uhrzeit|zeit\b|ora\b|oră\b|orario|uur\b|tijd|tijdstip|godzina|saat|время|час\b|giờ|thời gian|jam\b|waktu|pukul|masa\b|tid\b|klokke|klockslag|čas\b|idő\b|időpont|ώρα|เวลา|时间|時間|时刻|時刻|시간|시각|وقت|ساعت|زمان|שעה"
)
#: days of reports have no time of day
_FIELDS = tuple(one for one in TIME_FIELDS if one not in ("day", "until"))


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day, with the offset that is written behind it."""

    hour: int
    minute: int
    second: int = 0
    offset: tzinfo | None = None


def read_clock(cell: Cell) -> Clock | None:
    """The time of day in a cell that holds nothing else; None for everything else."""
    if isinstance(cell, datetime):
        return None
    if isinstance(cell, time):
        return Clock(cell.hour, cell.minute, cell.second)
    if isinstance(cell, float) and 0 <= cell < 1:
        cell = timedelta(seconds=round(cell * 86_400))
    if isinstance(cell, timedelta):
        minutes, second = divmod(int(cell.total_seconds()), 60)
        return Clock(minutes // 60, minutes % 60, second) if 0 <= minutes < 24 * 60 else None
    text = text_of(cell)
    if not isinstance(cell, str) or len(text) > LONGEST_VALUE:
        return None
    return _of_text(unicodedata.normalize("NFKC", text))


def _of_text(text: str) -> Clock | None:
    found = _CLOCK.match(text)
    if found is None:
        return None
    hour, minute, second = (int(one or 0) for one in found.group(2, 3, 4))
    offset = offset_of(found["zone"])
    half = (found["before"] or found["after"] or "").casefold()
    if offset is False or minute > 59 or second > 59 or hour > 23 or (half and not 0 <= hour <= 12):
        return None
    if half:
        hour = hour % 12 + 12 * half.startswith(_AFTERNOON)
    return Clock(hour, minute, second, None if isinstance(offset, bool) else offset)


@dataclass(slots=True)
class _Pair:
    """A column of days and the one that may hold their times of day. Counts are of rows that have a day."""

    field: str
    days: int
    clocks: int
    is_bare: bool
    has_own_times: bool = False
    read: int = 0
    missing: int = 0
    wrong: int = 0
    others: int = 0
    example: str = ""

    @property
    def is_one_time(self) -> bool:
        return not self.has_own_times and self.read > 0 and self.read >= self.wrong + self.others

    @property
    def is_unreadable(self) -> bool:
        """Whether the column should hold times of day by its header, and holds something else."""
        return not self.has_own_times and self.is_bare and not self.is_one_time and self.wrong > 0


class ClockColumns:
    """The times of day of one table: which column belongs to which days, by its header and by what it holds."""

    def __init__(self, table: RecognizedTable) -> None:
        self._table = table
        self._read: CellMemory[Clock | None] = CellMemory(read_clock)
        self._pairs = {pair.field: pair for pair in _pairs(table)}

    @property
    def places(self) -> set[int]:
        """The columns that have to be read."""
        return {pair.clocks for pair in self._pairs.values()}

    def note(self, chunk: TableChunk) -> None:
        """Take some rows into account."""
        for pair in self._pairs.values():
            days, clocks = chunk.columns[pair.days], chunk.columns[pair.clocks]
            pair.has_own_times = pair.has_own_times or any(map(_has_time, set(days)))
            if pair.has_own_times:
                continue
            for day, cell in zip(days, clocks, strict=True):
                if is_blank(day):
                    continue
                if is_blank(cell):
                    pair.missing += 1
                elif self._read[cell] is not None:
                    pair.read += 1
                elif _has_time(cell):
                    pair.others += 1
                else:
                    pair.wrong += 1
                    pair.example = pair.example or text_of(cell)

    def settle(self) -> Iterator[Question]:
        """Decide, once all rows are noted; what cannot be read is asked about."""
        shown = self._table.shown
        for pair in list(self._pairs.values()):
            names = {"days": shown[pair.days], "clocks": shown[pair.clocks]}
            if pair.is_one_time:
                self._table.clocks[pair.field] = pair.clocks
            else:
                del self._pairs[pair.field]
            if pair.wrong and (pair.is_one_time or pair.is_unreadable):
                text = sentences.UNREAD_CLOCKS.both(n=pair.wrong, example=pair.example, **names)
                yield Question("clock", text, "", pair.field)
            elif pair.missing and pair.is_one_time:
                text = sentences.NO_CLOCKS.both(n=pair.missing, **names)
                yield Question("clock", text, "", pair.field)

    def added(self, field: str, moments: list[Moment | None], chunk: TableChunk) -> list[Moment | None]:
        """The times of a field, each day with its time of day."""
        pair = self._pairs.get(field)
        if pair is None:
            return moments
        clocks = self._read.of(chunk.columns[pair.clocks])
        return [_at(day, clock) for day, clock in zip(moments, clocks, strict=True)]


def _at(day: Moment | None, clock: Clock | None) -> Moment | None:
    if day is None or clock is None:
        return day
    local = day.local.replace(hour=clock.hour, minute=clock.minute, second=clock.second)
    return Moment(local, clock.offset or day.offset)


def _has_time(cell: Cell) -> bool:
    """Whether a cell holds a day and its time; midnight is how a day alone is written, too."""
    moment = read_moment(cell, True) or read_moment(cell, False)
    return moment is not None and moment.local.time() != time()


def _pairs(table: RecognizedTable) -> Iterator[_Pair]:
    taken = {*table.columns.values(), *table.measures.values(), *table.dimensions.values()}
    words = [plain_words(text, with_brackets=True) for text in table.shown]
    for field in _FIELDS:
        days = table.columns.get(field)
        if days is None:
            continue
        near: Sequence[int] = (days + 1, days - 1)
        far = [place for place in range(len(words)) if place not in near]
        for place in (*near, *far):
            if not 0 <= place < len(words) or place in taken or not _says_clock(words[place]):
                continue
            said = _event(words[place])
            if said == field or (not said and place in near):
                taken.add(place)
                yield _Pair(field, days, place, is_bare=place in near and _is_bare(words[place]))
                break


def _is_bare(words: str) -> bool:
    """Whether a header is the word for a time of day and nothing more."""
    return not _WORDS.sub("", words, count=1).strip() or words == "time of day"


def _says_clock(words: str) -> bool:
    return _WORDS.search(words) is not None and not is_other_time(words)


def _event(words: str) -> str:
    """What happened at that time; empty where the header does not say it."""
    found = next((field for field, pattern in says.EVENTS if pattern.search(words)), "")
    return found or ("placed" if says.PLACED.search(words) else "")
