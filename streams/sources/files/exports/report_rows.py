"""Report rows: a platform's own totals of a period, one for each measure. Never added to events; people never added over days."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from streams.sources.files.exports.cells import Cell, folded, is_blank, text_of
from streams.sources.files.exports.dates import Moment, read_moment
from streams.sources.files.exports.questions import Question
from streams.sources.files.exports.recognition import cell_at
from streams.sources.files.exports.values import ColumnValues, RowTally

_RANGE = re.compile(
    r"^(.{6,40}?)\s*(?:~|–|—|\bto\b|至|到|\s-\s|(?<=\d{4})-(?=\d{1,2}-\d{1,2}-\d{4}))\s*(.{6,40})$"
)
_TOTAL = re.compile(
    r"total|合计|总计|汇总|tổng|jumlah|summe|gesamt|suma|promedio|average|平均|valor|cambio|change",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ExportFigure:
    """One figure: the measure, its unit and the period that it speaks of. ``start`` is None where the file names none."""

    measure: str
    unit: str
    value: Decimal
    start: date | None
    end: date | None
    dimensions: tuple[tuple[str, str], ...] = ()
    is_unique: bool = False
    line: int = 0


class ReportTable:
    """The report rows of one table."""

    def __init__(self, values: ColumnValues) -> None:
        self._values, self._table, self._layout = values, values.table, values.table.layout
        self.tally = RowTally()
        self.is_never_added = self._layout.never_added
        self.rows: list[ExportFigure] = []
        self.questions: list[Question] = []
        for line, cells in values.rows(self.tally):
            self._take(line, cells)

    def _take(self, line: int, cells: Sequence[Cell]) -> None:
        start: date | None = None
        end: date | None = None
        if "day" in self._table.columns:
            period = self._period(cells)
            if period is None:
                self.tally.leave_out(self._why_no_day(cells), line)
                return
            start, end = period
            if start != end and self._layout.row == "day":
                self.tally.leave_out("total", line)
                return
        elif self._is_total(cells):
            self.tally.leave_out("total", line)
            return
        if self._is_part(cells):
            self.tally.leave_out("part_of_another_row", line)
            return
        self.tally.rows += 1
        try:
            found = list(self._figures(line, cells, start, end))
        except ValueError:
            self.tally.leave_out("bad_number", line)
            return
        self.rows += found

    def _figures(
        self, line: int, cells: Sequence[Cell], start: date | None, end: date | None
    ) -> Iterator[ExportFigure]:
        dimensions = tuple(
            (name, text_of(cell_at(cells, place))) for name, place in self._table.dimensions.items()
        )
        for measure in self._table.measures:
            value = self._values.number(measure, cells)
            if value is not None:
                spec = self._layout.measures[measure]
                yield ExportFigure(measure, spec.unit, value, start, end, dimensions, spec.unique, line)

    def _period(self, cells: Sequence[Cell]) -> tuple[date, date] | None:
        start = self._values.moment("day", cells)
        if start is not None:
            until = self._values.moment("until", cells) if "until" in self._table.columns else None
            return start.local.date(), (until or start).local.date()
        found = _RANGE.match(text_of(cell_at(cells, self._table.columns["day"])))
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

    def _why_no_day(self, cells: Sequence[Cell]) -> str:
        cell = cell_at(cells, self._table.columns["day"])
        if is_blank(cell):
            return "no_day"
        return "total" if _TOTAL.search(folded(text_of(cell))) else "no_day"

    def _is_total(self, cells: Sequence[Cell]) -> bool:
        first = next((text_of(cell) for cell in cells if not is_blank(cell)), "")
        return folded(first) in ("total", "totals", "合计", "总计", "汇总")

    def _is_part(self, cells: Sequence[Cell]) -> bool:
        """Whether the row is a part of another row, such as a variation under its product."""
        rule = self._layout.whole_when
        if rule is None:
            return False
        name = folded(str(rule["column"]))
        if name not in self._table.headers:
            return False
        return folded(text_of(cell_at(cells, self._table.headers.index(name)))) not in rule["is"]
