"""XLSX and XLS as grids, by the cells that are there and not by the size a sheet declares."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import python_calamine as calamine
import xlrd

from streams.sources.files.exports.cells import Cell, Row
from streams.sources.files.exports.unreadable import UnreadableExportError

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: a workbook that unpacks to more than this, or to this many times its size, is not read
MOST_UNPACKED = 1 << 30
MOST_RATIO = 400
#: cells of the rectangle that a sheet spans: calamine keeps all of them
_MOST_CELLS = 60_000_000
_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?r="([A-Z]{1,3})([0-9]{1,7})"')
_OVERLAP = 512


class SheetRows:
    """The rows of one sheet, as often as they are asked for."""

    def __init__(self, book: calamine.CalamineWorkbook | None, old: xlrd.book.Book | None, name: str) -> None:
        self._book, self._old, self.name = book, old, name
        self._sheet: calamine.CalamineSheet | None = None

    def __call__(self) -> Iterator[Row]:
        """Rows with their number in the sheet; a merged header group stands in each of its columns."""
        if self._old is not None:
            yield from _old_rows(self._old, self.name)
            return
        assert self._book is not None
        if self._sheet is None:  # parsed once, read several times
            self._sheet = self._book.get_sheet_by_name(self.name)
        yield from enumerate(self._sheet.iter_rows(), 1)


def open_workbook(path: Path) -> list[SheetRows]:
    """The visible sheets of a workbook.

    Raises:
        UnreadableExportError: encrypted, broken, or far larger unpacked than a file of orders is.
    """
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(OLE):
        if _is_encrypted(path):
            raise UnreadableExportError(
                "the workbook is protected by a password; save it without one, and import that"
            )
    else:
        _check_package(path)
    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
        sheets = [
            SheetRows(book, None, sheet.name)
            for sheet in book.sheets_metadata
            if sheet.typ == calamine.SheetTypeEnum.WorkSheet
            and sheet.visible == calamine.SheetVisibleEnum.Visible
        ]
        garbled = start.startswith(OLE) and any(_is_garbled(sheet) for sheet in sheets)
    except calamine.PasswordError as error:
        raise UnreadableExportError("the workbook is protected by a password; save it without one") from error
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise UnreadableExportError(f"the workbook is damaged ({error}); export it again") from error
    return _by_xlrd(path) if garbled else sheets


def _check_package(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as package:
            names = package.namelist()
            if not any(
                name.endswith(("xl/workbook.xml", "xl/workbook.bin", "content.xml")) for name in names
            ):
                raise UnreadableExportError("this package holds no workbook")
            check_unpacked(package)
            for name in names:
                if re.search(r"xl/worksheets/[^/]+\.xml$", name):
                    _check_span(package, name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise UnreadableExportError(f"the workbook is damaged ({error}); export it again") from error


def check_unpacked(package: zipfile.ZipFile) -> None:
    """Reject a package that would unpack to far more than a file of orders.

    Raises:
        UnreadableExportError: it would.
    """
    whole = sum(member.file_size for member in package.infolist())
    packed = max(sum(member.compress_size for member in package.infolist()), 1)
    if whole > MOST_UNPACKED or (whole > 64 << 20 and whole > packed * MOST_RATIO):
        raise UnreadableExportError(
            f"unpacks to {whole / 1e6:,.0f} MB from {packed / 1e6:,.1f} MB, which no export does; it is not opened"
        )


def _check_span(package: zipfile.ZipFile, name: str) -> None:
    """Reject a sheet whose few cells lie so far apart that the rectangle around them would not fit into memory."""
    columns: set[bytes] = set()
    last_row, rest = 0, b""
    with package.open(name) as sheet:
        while block := sheet.read(4 << 20):
            found = _CELL.findall(rest + block)
            if found:
                columns.update({letters for letters, _ in found})
                last_row = max(last_row, int(found[-1][1]), int(found[0][1]))
            rest = block[-_OVERLAP:]
    width = max((_column(letters) for letters in columns), default=0)
    if width * last_row > _MOST_CELLS:
        raise UnreadableExportError(
            f"a sheet spans {last_row:,} rows and {width:,} columns, at most {_MOST_CELLS:,} cells are read; "
            "delete what lies outside the table, or save it as CSV"
        )


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _is_encrypted(path: Path) -> bool:
    with path.open("rb") as file:
        content = file.read(1 << 20)
        file.seek(0, io.SEEK_END)
        file.seek(max(file.tell() - (1 << 20), 0))
        content += file.read()
    return any(mark.encode("utf-16-le") in content for mark in ("EncryptedPackage", "EncryptionInfo"))


def _is_garbled(sheet: SheetRows) -> bool:
    """Whether texts hold a zero after each letter: two bytes of a character that were read as two characters."""
    for number, cells in sheet():
        if any(isinstance(cell, str) and "\x00" in cell for cell in cells):
            return True
        if number > 60:
            break
    return False


def _by_xlrd(path: Path) -> list[SheetRows]:
    try:
        book = xlrd.open_workbook(str(path), logfile=io.StringIO(), on_demand=True)
    except (xlrd.XLRDError, AssertionError, IndexError, ValueError, UnicodeError) as error:
        raise UnreadableExportError(f"the workbook is damaged ({error}); export it again") from error
    return [SheetRows(None, book, sheet.name) for sheet in book.sheets() if sheet.visibility == 0]


def _old_rows(book: xlrd.book.Book, name: str) -> Iterator[Row]:
    sheet = book.sheet_by_name(name)
    for number in range(sheet.nrows):
        yield number + 1, [_old_cell(cell, book.datemode) for cell in sheet.row(number)]


def _old_cell(cell: xlrd.sheet.Cell, datemode: int) -> Cell:
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            moment: datetime = xlrd.xldate_as_datetime(cell.value, datemode)
            return moment
        except (ValueError, OverflowError):
            return float(cell.value)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK, xlrd.XL_CELL_ERROR):
        return ""
    value: object = cell.value
    return value if isinstance(value, (str, float)) else str(value)
