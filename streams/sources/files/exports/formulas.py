"""Cells that look empty and are not: their formula has an error, or no result in the file, for nobody has worked it out since it was written.

Spreadsheet programs keep each formula's last result next to it; libraries write the formula only (openpyxl), or a zero and the
request to work all out when the workbook is opened (XlsxWriter).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from streams.sources.files.exports import order_words as says
from streams.sources.files.exports import sentences
from streams.sources.files.exports.cell_marks import cell_name
from streams.sources.files.exports.cells import ERRORS, text_of
from streams.sources.files.exports.columns import TableChunk
from streams.sources.files.exports.questions import Question
from streams.sources.files.exports.recognition import RecognizedTable
from streams.sources.files.exports.xlsx_package import place_of

_FORMULA = re.compile(
    rb"<c\s([^>]*)>\s*(?:<f(?:\s[^>]*)?/>|<f(?:\s[^>]*)?>[^<]*</f>)\s*(?:<v\s*/>|<v(?:\s[^>]*)?>([^<]*)</v>|())\s*</c>"
)
_NAME = re.compile(rb"(?:^|\s)r\s*=\s*[\"'](([A-Z]{1,3})([0-9]{1,7}))[\"']")
#: a text may be a formula's result and empty
_IS_TEXT = re.compile(rb"(?:^|\s)t\s*=\s*[\"']str[\"']")
_CELLS_SHOWN = 3


def unworked_formulas(block: bytes, *, is_stale: bool) -> dict[int, dict[int, str]]:
    """Place → line → name of the cells of a block of a sheet's XML whose formula has no result.

    Args:
        is_stale: whether the workbook asks for being worked out, so that a zero does not count as a result.
    """
    found: dict[int, dict[int, str]] = {}
    if b"<f" not in block:
        return found
    for cell in _FORMULA.finditer(block):
        said, value, nothing = cell.groups()
        if value and not (is_stale and value.strip() == b"0"):
            continue
        if nothing is None and _IS_TEXT.search(said):
            continue
        if name := _NAME.search(said):
            cells = found.setdefault(place_of(name.group(2).decode()), {})
            cells[int(name.group(3))] = name.group(1).decode()
    return found


class UnreadCells:
    """Collects such cells, and those with an error, of the columns that a table is read from."""

    def __init__(self, table: RecognizedTable) -> None:
        self._table = table
        self._order = table.columns.get("order")
        self._used = {**table.dimensions, **table.measures, **table.columns}
        self._unworked, self._errors = _CountedCells(), _CountedCells()

    def note(self, chunk: TableChunk) -> None:
        """Take some rows into account; those without an order are none: totals below all others are formulas, too."""
        places = set(self._used.values())
        errors = {place: dict(cells) for place, cells in chunk.errors.items() if place in places}
        for place in places & chunk.columns.keys():
            if not ERRORS.isdisjoint(set(chunk.columns[place])):
                shown = errors.setdefault(place, {})
                for line, cell in zip(chunk.lines, chunk.columns[place], strict=True):
                    if cell in ERRORS:
                        shown[line] = cell_name(place, line)
        for marks, named in ((chunk.unworked, self._unworked), (errors, self._errors)):
            if marks:
                self._note(chunk, marks, named)

    def _note(self, chunk: TableChunk, marks: Mapping[int, Mapping[int, str]], named: _CountedCells) -> None:
        numbers = self._order
        row = {line: at for at, line in enumerate(chunk.lines)} if numbers is not None else {}
        unnumbered: Mapping[int, str] = marks.get(numbers, {}) if numbers is not None else {}
        for place in set(self._used.values()) & marks.keys():
            for line, name in marks[place].items():
                if line <= self._table.header_line:
                    continue
                if numbers is not None and line not in unnumbered:
                    at = row.get(line)
                    if at is None or not says.DIGIT.search(text_of(chunk.columns[numbers][at])):
                        continue
                named.add(place, name)

    def questions(self) -> Iterator[Question]:
        """One for each column."""
        fields = {place: one for one, place in self._used.items()}
        for named, sentence in ((self._unworked, sentences.UNWORKED), (self._errors, sentences.ERRORS)):
            for place, count in sorted(named.counts.items()):
                names = ", ".join(named.names[place]) + (", …" if count > _CELLS_SHOWN else "")
                text = sentence.both(shown=self._table.shown[place], n=count, cells=names)
                yield Question("formulas", text, "", fields[place])


class _CountedCells:
    """Counts cells by column, and keeps the names of the first."""

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.names: dict[int, list[str]] = {}

    def add(self, place: int, name: str) -> None:
        self.counts[place] = self.counts.get(place, 0) + 1
        names = self.names.setdefault(place, [])
        if len(names) < _CELLS_SHOWN:
            names.append(name)
