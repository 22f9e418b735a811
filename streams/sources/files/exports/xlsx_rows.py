"""The rows of an XLSX sheet, one at a time: a million rows in the memory of a few.

Libraries read a sheet whole (``python-calamine`` keeps the rectangle of all its cells), so this reads the sheet's XML itself. Nearly
all programs write cells in one shape, which one search over a block finds; a block with anything else in it is read cell by cell.
What a cell holds is what ``python-calamine`` says it does: a test compares them.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

from scoring.wording.text import Bilingual
from streams.sources.files.exports.cells import Cell, Row
from streams.sources.files.exports.columns import TableChunk, columns_of
from streams.sources.files.exports.formulas import unworked_formulas
from streams.sources.files.exports.unreadable import UnreadableExportError
from streams.sources.files.exports.xlsx_columns import BlockColumns
from streams.sources.files.exports.xlsx_package import (
    SharedTexts,
    XlsxPackage,
    check_plain,
    place_of,
    text_of_runs,
    text_of_xml,
    without_sections,
)

_BLOCK, _LARGE_BLOCK = 1 << 18, 1 << 21
#: bytes of one row: Excel's widest, each cell filled with its longest text, is not an export
_LONGEST_ROW = 64 << 20
_MOST_COLUMNS = 16_384
_MOST_ROWS = 1_048_576
#: a cell that holds something, as nearly all programs write it: letters, row, other attributes, content
_CELL = re.compile(
    r'<c r="([A-Z]{1,3})([0-9]{1,7})"([^>]*)>(?:<f[^>]*/>|<f[^>]*>[^<]*</f>)?'
    r'(?:<is>)?<[vt](?: xml:space="preserve")?>([^<]*)</[vt]>'
)
_ATTRIBUTE = re.compile(r"([a-zA-Z]+)\s*=\s*[\"']([^\"']*)[\"']")
_VALUE = re.compile(rb"<v(?:\s[^>]*)?>(.*?)</v>", re.DOTALL)
_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_PREFIX = re.compile(rb"<(\w+):worksheet[\s>]")
_ROW_TAG = re.compile(rb"<row(?=[\s/>])([^>]*)>")
_ANY_CELL = re.compile(rb"<c(?=[\s/>])([^>]*)>")
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 (a sheet's times have no zone)
#: serials of the years 1900 to 9999
_LAST_SERIAL = 2_958_466
#: a spreadsheet's year 1900 has a 29th of February, which is this serial
_LEAP_DAY = 60


#: what a cell's attributes say of its content
_NUMBER, _TIME, _SPAN, _SHARED, _TEXT, _TRUTH, _ERROR, _ISO = range(8)
_KINDS = {"s": _SHARED, "str": _TEXT, "inlineStr": _TEXT, "b": _TRUTH, "e": _ERROR, "d": _ISO}


class XlsxRows:
    """The rows of one sheet, as often as they are asked for."""

    def __init__(
        self, path: Path, member: str, package: XlsxPackage, open_texts: Callable[[], SharedTexts]
    ) -> None:
        self._path, self._member, self._package, self._open_texts = path, member, package, open_texts
        self._epoch = _EPOCH_1904 if package.is_1904 else _EPOCH
        self._kinds: dict[str, int] = {}

    def __call__(self) -> Iterator[Row]:
        """Rows that hold anything, with their number in the sheet.

        Raises:
            UnreadableExportError: the sheet is damaged.
        """
        last = 0
        for block in self._blocks(_BLOCK):
            for number, cells in self._rows(block, last):
                last = number
                yield number, cells

    def chunks(self, places: Sequence[int]) -> Iterator[TableChunk]:
        """The same rows by columns, of those at ``places`` only.

        Raises:
            UnreadableExportError: the sheet is damaged.
        """
        reader = BlockColumns(lambda numbers: self._open_texts().of(numbers), self._value_by)
        last = 0
        for block in self._blocks(_LARGE_BLOCK):
            chunk = reader.read(block, places)
            if chunk is None:
                rows = list(self._rows(block, last))
                chunk = TableChunk(
                    [number for number, _ in rows], columns_of([cells for _, cells in rows], places)
                )
            if chunk.lines:
                last = chunk.lines[-1]
                chunk.unworked = unworked_formulas(block, is_stale=self._package.is_stale)
                yield chunk

    def _rows(self, block: bytes, last: int) -> Iterator[tuple[int, list[Cell]]]:
        """The rows of a block; ``last`` is the number of the one before it."""
        text = block.decode("utf-8", "replace")
        found = _CELL.findall(text)
        is_plain = len(found) == text.count("</v>") + text.count("</is>") and "<!" not in text
        for number, cells in self._plain_rows(found) if is_plain else self._odd_rows(block, last):
            if any(cell is not None and cell != "" for cell in cells):
                yield number, cells

    def _blocks(self, size: int) -> Iterator[bytes]:
        """The sheet's XML in pieces that hold whole rows."""
        try:
            with zipfile.ZipFile(self._path) as package, package.open(self._member) as sheet:
                rest = sheet.read(size)
                prefix = _prefix_of(rest)
                while rest:
                    block = sheet.read(size)
                    end = rest.rfind(b"row>") + 4 if block else len(rest)
                    if end > 3:
                        whole, rest = rest[:end], rest[end:] + block
                        yield _without_prefix(whole, prefix) if prefix else whole
                    else:
                        rest += block
                    if len(rest) > _LONGEST_ROW:
                        raise UnreadableExportError(
                            Bilingual(
                                "工作簿已损坏（行没有结尾）；请重新导出",
                                "the workbook is damaged (a row without an end); export it again",
                            )
                        )
        except (
            zipfile.BadZipFile,
            EOFError,
            OSError,
            NotImplementedError,
            RuntimeError,
            zlib.error,
        ) as error:
            raise UnreadableExportError(
                Bilingual(
                    f"工作簿已损坏（{error}）；请重新导出",
                    f"the workbook is damaged ({error}); export it again",
                )
            ) from error

    def _plain_rows(self, found: Sequence[tuple[str, str, str, str]]) -> Iterator[tuple[int, list[Cell]]]:
        number = ""
        cells: list[Cell] = []
        for letters, row, attributes, raw in found:
            if row != number:
                if number:
                    yield int(number), cells
                number, cells = row, []
            place = place_of(letters)
            if place >= len(cells):
                cells.extend([None] * (place + 1 - len(cells)))
            cells[place] = self._value_by(attributes, raw)
        if number:
            yield int(number), cells

    def _value_by(self, attributes: str, raw: str) -> Cell:
        """The value of a cell by its attributes as they are written."""
        kind = self._kinds.get(attributes)
        if kind is None:
            kind = self._kinds[attributes] = self._kind(dict(_ATTRIBUTE.findall(attributes)))
        return self._value(kind, raw)

    def _odd_rows(self, block: bytes, last: int) -> Iterator[tuple[int, list[Cell]]]:
        """The rows of a block in which some cell has runs of text, no place, or its attributes in another order."""
        starts = list(_ROW_TAG.finditer(block))
        ends = [start.start() for start in starts[1:]] + [len(block)]
        for start, end in zip(starts, ends, strict=True):
            said = dict(_ATTRIBUTE.findall(start.group(1).decode("utf-8", "replace")))
            last = int(said["r"]) if said.get("r", "").isdigit() else last + 1
            if last > _MOST_ROWS:
                raise UnreadableExportError(
                    Bilingual(
                        "工作簿已损坏（行在表格之外）；请重新导出",
                        "the workbook is damaged (a row outside the sheet); export it again",
                    )
                )
            if not start.group(1).endswith(b"/"):
                yield last, self._odd_cells(without_sections(block[start.end() : end]))

    def _odd_cells(self, content: bytes) -> list[Cell]:
        cells: list[Cell] = []
        starts = list(_ANY_CELL.finditer(content))
        ends = [start.start() for start in starts[1:]] + [len(content)]
        for start, end in zip(starts, ends, strict=True):
            said = dict(_ATTRIBUTE.findall(start.group(1).decode("utf-8", "replace")))
            found = _PLACE.fullmatch(said.get("r", ""))
            place = place_of(found.group(1)) if found else len(cells)
            if place >= _MOST_COLUMNS:
                raise UnreadableExportError(
                    Bilingual(
                        "工作簿已损坏（单元格在表格之外）；请重新导出",
                        "the workbook is damaged (a cell outside the sheet); export it again",
                    )
                )
            if place >= len(cells):
                cells.extend([None] * (place + 1 - len(cells)))
            if not start.group(1).endswith(b"/"):
                cells[place] = self._odd_value(said, content[start.end() : end])
        return cells

    def _odd_value(self, said: Mapping[str, str], content: bytes) -> Cell:
        if said.get("t") == "inlineStr":
            return text_of_runs(content)
        found = _VALUE.search(content)
        return (
            None
            if found is None
            else self._value(self._kind(said), found.group(1).decode("utf-8", "replace"))
        )

    def _kind(self, said: Mapping[str, str]) -> int:
        kind = said.get("t", "n")
        if kind != "n":
            return _KINDS.get(kind, _TEXT)
        style = said.get("s", "")
        if not style.isdigit():
            return _NUMBER
        if int(style) in self._package.times:
            return _TIME
        return _SPAN if int(style) in self._package.spans else _NUMBER

    def _value(self, kind: int, raw: str) -> Cell:
        if kind == _TEXT:
            return text_of_xml(raw)
        if kind == _SHARED:
            try:
                return self._open_texts()[int(raw)]
            except ValueError:
                return None
        if kind == _TRUTH:
            return raw.strip() not in ("0", "false", "")
        if kind == _ERROR:
            return text_of_xml(raw).strip() or None
        if kind == _ISO:
            return _iso(raw)
        try:
            number = float(raw)
        except ValueError:
            return text_of_xml(raw) or None
        if kind == _TIME:
            return _moment(number, self._epoch)
        if kind == _SPAN and abs(number) < _LAST_SERIAL:
            return timedelta(milliseconds=round(number * 86_400_000))
        return number


def _prefix_of(start: bytes) -> bytes:
    """What the sheet's tags have before their names, such as ``x:``; mostly nothing."""
    check_plain(start[:4096])
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UnreadableExportError(
            Bilingual(
                "工作表是 UTF-16 编码；请把工作簿重新另存后再导入",
                "the sheet is written in UTF-16; save the workbook again, and import that",
            )
        )
    found = _PREFIX.search(start[:4096])
    return found.group(1) + b":" if found else b""


def _without_prefix(xml: bytes, prefix: bytes) -> bytes:
    return xml.replace(b"<" + prefix, b"<").replace(b"</" + prefix, b"</")


def _moment(serial: float, epoch: datetime) -> Cell:
    """A serial number as a time: a day where it is whole, a time of day below one."""
    if not 0 <= serial < _LAST_SERIAL:
        return serial
    real = serial + 1 if epoch is _EPOCH and serial < _LEAP_DAY else serial
    moment = epoch + timedelta(milliseconds=round(real * 86_400_000))
    if serial == int(serial):
        return date(moment.year, moment.month, moment.day)
    return time(moment.hour, moment.minute, moment.second, moment.microsecond) if serial < 1 else moment


def _iso(raw: str) -> Cell:
    text = text_of_xml(raw)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text
