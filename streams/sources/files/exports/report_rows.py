"""Report rows: a platform's own totals of a period, one for each measure. Never added to events; people never added over days."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from scoring.records.measures import Unit
from streams.sources.files.exports.cells import folded, header_name, is_blank, text_of
from streams.sources.files.exports.columns import TableChunk
from streams.sources.files.exports.data_rows import RowTally
from streams.sources.files.exports.dates import Moment, read_moment
from streams.sources.files.exports.questions import Question
from streams.sources.files.exports.values import BAD_NUMBER, ColumnValues

_RANGE = re.compile(
    r"^(.{6,40}?)\s*(?:~|–|—|\bto\b|至|到|\s-\s|(?<=\d{4})-(?=\d{1,2}-\d{1,2}-\d{4}))\s*(.{6,40})$"
)
#: figures of which it is seen whether another one is of the same
_LOOKED_AT = 100_000
_TOTAL = re.compile(
    r"total|合计|总计|汇总|tổng|jumlah|summe|gesamt|suma|promedio|average|平均|valor|cambio|change",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ExportFigure:
    """One figure: the measure, its unit and the period that it speaks of. ``start`` is None where the file names none, and ``currency`` empty where its row does not name it."""

    measure: str
    unit: str
    value: Decimal
    start: date | None
    end: date | None
    dimensions: tuple[tuple[str, str], ...] = ()
    is_unique: bool = False
    line: int = 0
    currency: str = ""


class ReportTable:
    """The report rows of one table. ``rows`` are worked out each time that they are asked for: there may be millions."""

    def __init__(self, values: ColumnValues) -> None:
        self._values, self._table, self._layout = values, values.table, values.table.layout
        self.tally = values.tally()
        self.is_never_added = self._layout.never_added
        self.questions: list[Question] = []
        #: figures that a period has twice, with two values: the column that distinguishes the rows is not read
        self.differing = 0
        self._parts = self._place_of_whole()
        #: whether each row names the currency of its amounts
        self.has_currencies = "currency" in self._table.columns

    @property
    def rows(self) -> Iterator[ExportFigure]:
        """The figures; what became of the rows is in ``tally`` and ``differing`` afterwards."""
        tally = self._values.tally()
        seen: dict[int, Decimal] = {}
        self.differing = 0
        for chunk in self._values.chunks():
            for figure in self._of_chunk(chunk, tally):
                if figure.start is not None and len(seen) < _LOOKED_AT:
                    mark = hash((figure.measure, figure.start, figure.end, figure.dimensions))
                    self.differing += seen.setdefault(mark, figure.value) != figure.value
                yield figure
        self.tally = tally

    def _of_chunk(self, chunk: TableChunk, tally: RowTally) -> Iterator[ExportFigure]:
        values, has_day = self._values, "day" in self._table.columns
        figures = [
            (one, self._layout.measures[one], values.numbers(one, chunk)) for one in self._table.measures
        ]
        cells_of = {one: chunk.columns[place] for one, place in self._table.measures.items()}
        dimensions = [(name, chunk.columns[place]) for name, place in self._table.dimensions.items()]
        days, untils = values.moments("day", chunk), values.moments("until", chunk)
        currencies = values.currencies(chunk) if self.has_currencies else [""] * len(chunk.lines)
        for at, line in enumerate(chunk.lines):
            period = self._period(chunk, at, days[at], untils[at]) if has_day else (None, None)
            if reason := self._why_left_out(chunk, at, period):
                tally.leave_out(reason, line)
                continue
            tally.rows += 1
            if any(numbers[at] is BAD_NUMBER for _, _, numbers in figures):
                tally.leave_out("bad_number", line)
                continue
            start, end = period or (None, None)
            names = tuple((name, text_of(cells[at])) for name, cells in dimensions)
            for one, spec, numbers in figures:
                if isinstance(number := numbers[at], Decimal):
                    if spec.unit == Unit.SHARE and text_of(cells_of[one][at]).endswith("%"):
                        number /= 100
                    code = currencies[at] if spec.unit == "money" else ""
                    yield ExportFigure(one, spec.unit, number, start, end, names, spec.unique, line, code)

    def _why_left_out(
        self, chunk: TableChunk, at: int, period: tuple[date | None, date | None] | None
    ) -> str:
        """Why a row is not used; empty for one that is."""
        if period is None:
            cell = chunk.columns[self._table.columns["day"]][at]
            return "total" if not is_blank(cell) and _TOTAL.search(folded(text_of(cell))) else "no_day"
        if period[0] != period[1] and self._layout.row == "day":
            return "total"
        if period[0] is None and self._is_total(chunk, at):
            return "total"
        return "part_of_another_row" if self._is_part(chunk, at) else ""

    def _period(
        self, chunk: TableChunk, at: int, start: Moment | None, until: Moment | None
    ) -> tuple[date, date] | None:
        if start is not None:
            return start.local.date(), (until or start).local.date()
        found = _RANGE.match(text_of(chunk.columns[self._table.columns["day"]][at]))
        if found is None:
            return None
        ends = [self._end(text) for text in found.groups()]
        if ends[0] is None or ends[1] is None:
            return None
        return ends[0].local.date(), ends[1].local.date()

    def _end(self, text: str) -> Moment | None:
        """One end of a range; where day and month cannot be distinguished it is a total all the same."""
        return (
            read_moment(text, self._layout.day_first) or read_moment(text, True) or read_moment(text, False)
        )

    def _is_total(self, chunk: TableChunk, at: int) -> bool:
        first = next(
            (text_of(cell) for place in chunk.columns if not is_blank(cell := chunk.columns[place][at])), ""
        )
        return folded(first) in ("total", "totals", "合计", "总计", "汇总")

    def _place_of_whole(self) -> int | None:
        """The column that distinguishes a whole row from a part of one, such as a variation under its product."""
        rule = self._layout.whole_when
        name = header_name(str(rule["column"])) if rule else ""
        return self._table.headers.index(name) if name and name in self._table.headers else None

    def _is_part(self, chunk: TableChunk, at: int) -> bool:
        rule = self._layout.whole_when
        if rule is None or self._parts is None:
            return False
        return folded(text_of(chunk.columns[self._parts][at])) not in rule["is"]
