"""Cells that libraries give as empty, though a workbook says more: errors, and formulas whose result nobody has saved.

Old XLS is looked through record by record ([MS-XLS] 2.4.127 Formula, 2.4.24 BoolErr), ODS element by element. XLSX has a reader of
its own (``xlsx_rows.py``).
"""

from __future__ import annotations

import functools
import io
import struct
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO
from xml.parsers import expat

import xlrd
from xlrd.compdoc import CompDoc, CompDocError

from streams.sources.files.exports.cells import Row, TableRows

#: place → line → name of a cell
Marks = Mapping[int, Mapping[int, str]]
#: name of a sheet → its cells: those with an error, and those without a result
SheetMarks = Mapping[str, "CellMarks"]

_BOUND_SHEET, _BOF, _FORMULA, _BOOL_ERR = 0x0085, 0x0809, 0x0006, 0x0205
#: a formula whose result is worked out when the workbook is opened
_ON_LOAD = 0x0002
_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0 "
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0 "
_CALC = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 "


class CellMarks:
    """Of one sheet: the cells with an error, and those whose formula has no result; each by place and line."""

    def __init__(self) -> None:
        self.errors: dict[int, dict[int, str]] = {}
        self.unworked: dict[int, dict[int, str]] = {}

    def add(self, place: int, line: int, *, is_error: bool) -> None:
        """Mark a cell."""
        some = self.errors if is_error else self.unworked
        some.setdefault(place, {})[line] = cell_name(place, line)


class MarkedRows:
    """The rows of a library, with what it does not say of its cells."""

    def __init__(self, rows: TableRows, name: str, marks: functools.partial[SheetMarks]) -> None:
        self._rows, self._name, self._marks = rows, name, marks

    def __call__(self) -> Iterator[Row]:
        return self._rows()

    @functools.cached_property
    def marks(self) -> CellMarks:
        """Of this sheet."""
        return self._marks().get(self._name) or CellMarks()


def cell_name(place: int, line: int) -> str:
    """``B3`` for the second column of line 3."""
    letters, place = "", place + 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{line}"


@functools.lru_cache(maxsize=2)
def marks_of_xls(path: Path) -> SheetMarks:
    """Of each sheet of an old workbook; nothing where its records cannot be followed."""
    try:
        content = path.read_bytes()
        memory, base, length = CompDoc(content, logfile=io.StringIO()).locate_named_stream("Workbook")
    except (CompDocError, xlrd.XLRDError, struct.error, IndexError, AssertionError):
        return {}
    return marks_of_records(bytes(memory[base : base + length])) if memory is not None else {}


def marks_of_records(stream: bytes) -> SheetMarks:
    """The same of a stream of records."""
    names: dict[int, str] = {}
    found: dict[str, CellMarks] = {}
    sheet: CellMarks | None = None
    for start, kind, record in _records(stream):
        if kind == _BOUND_SHEET and len(record) > 8:
            names[struct.unpack_from("<I", record)[0]] = _short_text(record[6:])
        elif kind == _BOF:
            sheet = found.setdefault(names[start], CellMarks()) if start in names else None
        elif sheet is not None and kind in (_FORMULA, _BOOL_ERR) and len(record) >= 8:
            line, place = struct.unpack_from("<HH", record)
            if kind == _BOOL_ERR:
                if record[7]:
                    sheet.add(place, line + 1, is_error=True)
            elif len(record) >= 16:
                result, flags = record[6:14], struct.unpack_from("<H", record, 14)[0]
                if result[6:8] == b"\xff\xff" and result[0] == 2:
                    sheet.add(place, line + 1, is_error=True)
                elif result == bytes(8) and flags & _ON_LOAD:
                    sheet.add(place, line + 1, is_error=False)
    return found


def _records(stream: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        yield at, kind, stream[at + 4 : at + 4 + size]
        at += 4 + size


def _short_text(record: bytes) -> str:
    length, is_wide = record[0], record[1] & 1
    return record[2 : 2 + length * (1 + is_wide)].decode("utf-16-le" if is_wide else "latin-1", "replace")


@functools.lru_cache(maxsize=2)
def marks_of_ods(path: Path) -> SheetMarks:
    """Of each sheet of an OpenDocument workbook; nothing where it defines words of its own, as no spreadsheet program does."""
    reader = _OpenDocument()
    try:
        with zipfile.ZipFile(path) as package, package.open("content.xml") as content:
            reader.read(content)
    except expat.ExpatError:
        return {}
    return reader.found


class _OpenDocument:
    """Follows the cells of a ``content.xml`` as they come."""

    def __init__(self) -> None:
        self.found: dict[str, CellMarks] = {}
        self._sheet = CellMarks()
        self._line = self._place = self._rows = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.EntityDeclHandler = self._no_entities

    def read(self, content: IO[bytes]) -> None:
        """Raises: expat.ExpatError: it is not XML, or defines entities."""
        while block := content.read(1 << 16):
            self._parser.Parse(block, False)

    def _start(self, name: str, said: dict[str, str]) -> None:
        if name == _TABLE + "table":
            self._sheet = self.found.setdefault(said.get(_TABLE + "name", ""), CellMarks())
            self._line = 0
        elif name == _TABLE + "table-row":
            self._place, self._rows = 0, int(said.get(_TABLE + "number-rows-repeated", 1))
        elif name in (_TABLE + "table-cell", _TABLE + "covered-table-cell"):
            if _TABLE + "formula" in said:
                if said.get(_CALC + "value-type") == "error":
                    self._sheet.add(self._place, self._line + 1, is_error=True)
                elif _OFFICE + "value-type" not in said:
                    self._sheet.add(self._place, self._line + 1, is_error=False)
            self._place += int(said.get(_TABLE + "number-columns-repeated", 1))

    def _end(self, name: str) -> None:
        if name == _TABLE + "table-row":
            self._line += self._rows

    def _no_entities(self, *declared: object) -> None:
        raise expat.ExpatError("entities")
