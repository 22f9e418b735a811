"""Cells whose formula has no result in the file: nobody has worked it out since a program wrote it, so they look empty, or zero.

Spreadsheet programs keep each formula's last result next to it; libraries write the formula only (openpyxl), or a zero and the
request to work all out when the workbook is opened (XlsxWriter).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from streams.sources.files.exports import order_words as says
from streams.sources.files.exports import sentences
from streams.sources.files.exports.cells import text_of
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


class UnworkedFormulas:
    """Collects such cells of the columns that a table is read from."""

    def __init__(self, table: RecognizedTable) -> None:
        self._table = table
        self._order = table.columns.get("order")
        self._used = {**table.dimensions, **table.measures, **table.columns}
        self._counts: dict[int, int] = {}
        self._names: dict[int, list[str]] = {}

    def note(self, chunk: TableChunk) -> None:
        """Take some rows into account; those without an order are none: totals below all others are formulas, too."""
        if not chunk.unworked:
            return
        numbers = self._order
        row = {line: at for at, line in enumerate(chunk.lines)} if numbers is not None else {}
        unnumbered: Mapping[int, str] = chunk.unworked.get(numbers, {}) if numbers is not None else {}
        for place in set(self._used.values()) & chunk.unworked.keys():
            for line, name in chunk.unworked[place].items():
                if line <= self._table.header_line:
                    continue
                if numbers is not None and line not in unnumbered:
                    at = row.get(line)
                    if at is None or not says.DIGIT.search(text_of(chunk.columns[numbers][at])):
                        continue
                self._counts[place] = self._counts.get(place, 0) + 1
                names = self._names.setdefault(place, [])
                if len(names) < _CELLS_SHOWN:
                    names.append(name)

    def questions(self) -> Iterator[Question]:
        """One for each column."""
        fields = {place: one for one, place in self._used.items()}
        for place, count in sorted(self._counts.items()):
            names = ", ".join(self._names[place]) + (", …" if count > _CELLS_SHOWN else "")
            text = sentences.UNWORKED.both(shown=self._table.shown[place], n=count, cells=names)
            yield Question("formulas", text, "", fields[place])
