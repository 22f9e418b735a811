"""The rows of a table that may hold data, by columns: what is above the header, empty, a header again or of a wrong width is counted and left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from scoring.wording.text import Bilingual
from streams.sources.files.exports.cell_marks import MarkedRows, Marks
from streams.sources.files.exports.cells import Cell, Row, TableRows, header_name, is_blank, is_blank_row
from streams.sources.files.exports.columns import TableChunk, TableColumns, batches, columns_of
from streams.sources.files.exports.recognition import RecognizedTable
from streams.sources.files.exports.unreadable import UnreadableExportError

#: what may be between the cells of a text file
_DELIMITERS = ",;\t|"


@dataclass(slots=True)
class RowTally:
    """What became of a table's rows, and where the first of each kind is."""

    rows: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    lines: dict[str, list[int]] = field(default_factory=dict)

    def leave_out(self, reason: str, line: int) -> None:
        """Count a row that is not used, with its line."""
        self.left_out[reason] += 1
        kept = self.lines.setdefault(reason, [])
        if len(kept) < 5:
            kept.append(line)


class DataRows:
    """The data of one table. ``tally`` is complete once it has been read to its end.

    Args:
        table: the recognised table.
        rows: its rows.
        places: the columns that are wanted.
        is_text: whether it is a text file, whose rows must all have the header's width.
    """

    def __init__(
        self, table: RecognizedTable, rows: TableRows, places: Sequence[int], *, is_text: bool
    ) -> None:
        self._table, self._rows, self._places, self._is_text = table, rows, places, is_text
        self._width = len(table.shown)
        self._first = first_named(table)
        self.tally = RowTally()

    def __iter__(self) -> Iterator[TableChunk]:
        if isinstance(self._rows, TableColumns):
            for chunk in self._rows.chunks(self._places):
                yield self._below_header(chunk)
        else:
            for batch in batches(self._rows()):
                lines, rows = self._sorted_out(batch)
                marks = self._rows.marks if isinstance(self._rows, MarkedRows) else None
                yield TableChunk(
                    lines,
                    columns_of(rows, self._places),
                    _of_lines(marks.unworked, lines) if marks else {},
                    _of_lines(marks.errors, lines) if marks else {},
                )

    def _below_header(self, chunk: TableChunk) -> TableChunk:
        """The rows of a chunk that are under the header, and no header themselves."""
        first = chunk.columns[self._first]
        headers = {
            at
            for at, head in enumerate(first)
            if isinstance(head, str)
            and (" " in head or head.isalpha())
            and self._is_header(head, [chunk.columns[place][at] for place in self._places])
        }
        begin = self._table.header_line
        if not headers and chunk.lines[0] > begin:
            return chunk
        kept = [at for at, line in enumerate(chunk.lines) if line > begin and at not in headers]
        for at in headers:
            if chunk.lines[at] > begin:
                self.tally.leave_out("repeated_header", chunk.lines[at])
        columns = {place: [column[at] for at in kept] for place, column in chunk.columns.items()}
        return TableChunk([chunk.lines[at] for at in kept], columns, chunk.unworked, chunk.errors)

    def _sorted_out(self, batch: Sequence[Row]) -> tuple[list[int], list[Sequence[Cell]]]:
        """The lines and cells of rows that may hold data; the others are counted."""
        lines, rows = [], []
        first, width, is_text, begin = self._first, self._width, self._is_text, self._table.header_line
        for line, cells in batch:
            if line <= begin:
                continue
            head = cells[first] if first < len(cells) else None
            if not head or not isinstance(head, str) or " " in head or head.isalpha():
                if is_blank_row(cells):
                    continue
                if self._is_header(head, cells[:width]):
                    self.tally.leave_out("repeated_header", line)
                    continue
            if is_text and len(cells) != width:
                if len(cells) < width:
                    if not is_blank_row(cells):
                        _check_quotes(cells, line, width)
                        self.tally.rows += 1
                        self.tally.leave_out("cut_short", line)
                    continue
                if any(not is_blank(cell) for cell in cells[width:]):
                    self.tally.rows += 1
                    self.tally.leave_out("too_many_columns", line)
                    continue
            lines.append(line)
            rows.append(cells)
        return lines, rows

    def _is_header(self, head: Cell, cells: Sequence[Cell]) -> bool:
        """Whether the cells, those of ``places`` or of all columns, are the header again."""
        headers = self._table.headers
        if header_name(head) != headers[self._first]:
            return False
        names = [headers[place] for place in self._places] if len(cells) == len(self._places) else headers
        return all(header_name(cell) == name for cell, name in zip(cells, names, strict=False))


def _check_quotes(cells: Sequence[Cell], line: int, width: int) -> None:
    """A quote that is never closed makes one cell of all rows after it: they would be missing, and one row be counted as cut short.

    Raises:
        UnreadableExportError: a cell holds whole rows.
    """
    for cell in cells:
        if isinstance(cell, str) and "\n" in cell:
            rows = [one for one in cell.splitlines() if max(map(one.count, _DELIMITERS)) >= width - 1]
            if len(rows) > 1:
                raise UnreadableExportError(
                    Bilingual(
                        f"第 {line:,} 行：引号没有结束，后面的行都成了同一个单元格；请重新导出",
                        f"line {line:,}: a quote is never closed, and all rows after it are in one cell; export the file again",
                    )
                )


def first_named(table: RecognizedTable) -> int:
    """The first column that has a name."""
    return next((place for place, name in enumerate(table.headers) if name), 0)


def _of_lines(marks: Marks, lines: Sequence[int]) -> Marks:
    """The marked cells of some lines."""
    wanted = set(lines)
    return {
        place: {line: name for line, name in cells.items() if line in wanted}
        for place, cells in marks.items()
    }
