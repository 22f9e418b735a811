"""Workbooks as grids: XLSX streamed, old XLS and the rarer kinds by libraries that read them whole."""

from __future__ import annotations

import functools
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import python_calamine as calamine
import xlrd

from scoring.wording.text import Bilingual
from streams.sources.files.exports.cell_marks import MarkedRows, SheetMarks, marks_of_ods, marks_of_xls
from streams.sources.files.exports.cells import Cell, Row, TableRows
from streams.sources.files.exports.memory_trial import check_memory
from streams.sources.files.exports.unreadable import UnreadableExportError
from streams.sources.files.exports.xlsx_package import SharedTexts, read_package
from streams.sources.files.exports.xlsx_rows import XlsxRows

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: a package that unpacks to more than this, or to this many times its size, is not read
MAX_UNPACKED = 8 << 30
MOST_RATIO = 400
#: the same of workbooks that a library keeps in memory
_MOST_WHOLE = 256 << 20
_ROWS_LOOKED_AT = 60


@dataclass(frozen=True, slots=True)
class Sheet:
    """A visible sheet and its rows."""

    name: str
    rows: TableRows


@dataclass(frozen=True, slots=True)
class Workbook:
    """The sheets that are shown, and the names of those that are not: what is in them is left out."""

    sheets: list[Sheet]
    hidden: tuple[str, ...] = ()


def open_workbook(path: Path) -> Workbook:
    """The visible sheets of a workbook. Formulas are not worked out, macros not run and links not followed: what counts are the values kept in it.

    Raises:
        UnreadableExportError: encrypted, broken, or far larger unpacked than a file of orders is.
    """
    with path.open("rb") as file:
        is_old = file.read(8).startswith(OLE)
    if is_old:
        if _is_encrypted(path):
            raise UnreadableExportError(
                Bilingual(
                    "工作簿有密码保护；请另存为不带密码的文件再导入",
                    "the workbook is protected by a password; save it without one, and import that",
                )
            )
        return _by_library(path, is_old=True)
    return _packaged(path)


def _packaged(path: Path) -> Workbook:
    try:
        with zipfile.ZipFile(path) as package:
            check_unpacked(package)
            names = set(package.namelist())
            if "xl/workbook.bin" in names or "content.xml" in names:
                if sum(member.file_size for member in package.infolist()) > _MOST_WHOLE:
                    raise UnreadableExportError(
                        Bilingual(
                            "XLSB 或 ODS 工作簿过大；请另存为 XLSX 或 CSV",
                            "the workbook is too large for its kind (XLSB or ODS); save it as XLSX or CSV",
                        )
                    )
                return _by_library(path, is_old=False)
            parts = read_package(package)
        texts = functools.lru_cache(maxsize=1)(functools.partial(_shared_texts, path, parts.texts))
        sheets = [Sheet(one.name, XlsxRows(path, one.member, parts, texts)) for one in parts.sheets]
        return Workbook(sheets, parts.hidden)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, KeyError) as error:
        raise UnreadableExportError(
            Bilingual(
                f"工作簿已损坏（{error}）；请重新导出", f"the workbook is damaged ({error}); export it again"
            )
        ) from error


def _shared_texts(path: Path, member: str) -> SharedTexts:
    with zipfile.ZipFile(path) as package:
        return SharedTexts(package, member)


def _by_library(path: Path, *, is_old: bool) -> Workbook:
    marks = functools.partial(marks_of_xls if is_old else _marks_of_package, path)
    check_memory(path)
    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
        every = [one for one in book.sheets_metadata if one.typ == calamine.SheetTypeEnum.WorkSheet]
        sheets = [
            Sheet(
                sheet.name,
                MarkedRows(
                    _whole_rows(functools.partial(book.get_sheet_by_name, sheet.name)), sheet.name, marks
                ),
            )
            for sheet in every
            if sheet.visible == calamine.SheetVisibleEnum.Visible
        ]
        hidden = tuple(one.name for one in every if one.visible != calamine.SheetVisibleEnum.Visible)
        is_garbled = is_old and any(_is_garbled(sheet) for sheet in sheets)
    except calamine.PasswordError as error:
        raise UnreadableExportError(
            Bilingual(
                "工作簿有密码保护；请另存为不带密码的文件",
                "the workbook is protected by a password; save it without one",
            )
        ) from error
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise UnreadableExportError(
            Bilingual(
                f"工作簿已损坏（{error}）；请重新导出", f"the workbook is damaged ({error}); export it again"
            )
        ) from error
    return _by_xlrd(path) if is_garbled else Workbook(sheets, hidden)


def _marks_of_package(path: Path) -> SheetMarks:
    with zipfile.ZipFile(path) as package:
        is_open_document = "content.xml" in package.namelist()
    return marks_of_ods(path) if is_open_document else {}


def _whole_rows(open_sheet: Callable[[], calamine.CalamineSheet]) -> TableRows:
    sheet = functools.lru_cache(maxsize=1)(open_sheet)  # parsed once, read several times

    def rows() -> Iterator[Row]:
        yield from enumerate(sheet().iter_rows(), 1)

    return rows


def check_unpacked(package: zipfile.ZipFile) -> None:
    """Reject a package that would unpack to far more than a file of orders.

    Raises:
        UnreadableExportError: it would.
    """
    check_sizes(sum(one.file_size for one in package.infolist()), packed_bytes(package))


def packed_bytes(package: zipfile.ZipFile) -> int:
    """The bytes that a package's members take in it, at least one."""
    return max(sum(one.compress_size for one in package.infolist()), 1)


def check_sizes(whole: int, packed: int) -> None:
    """Reject what would unpack to ``whole`` bytes from ``packed`` ones, where no file of orders does.

    Raises:
        UnreadableExportError: it would.
    """
    if whole > 64 << 20 and whole > packed * MOST_RATIO:
        raise UnreadableExportError(
            Bilingual(
                f"从 {packed / 1e6:,.1f} MB 解压成 {whole / 1e6:,.0f} MB，正常的导出不会这样；不打开",
                f"unpacks to {whole / 1e6:,.0f} MB from {packed / 1e6:,.1f} MB, which no export does; it is not opened",
            )
        )
    if whole > MAX_UNPACKED:
        raise UnreadableExportError(
            Bilingual(
                f"解压后有 {whole / 1e9:,.1f} GB，最多读取 {MAX_UNPACKED / 1e9:,.0f} GB；请每次少导出几个月",
                f"unpacks to {whole / 1e9:,.1f} GB, at most {MAX_UNPACKED / 1e9:,.0f} GB are read; export fewer months at a time",
            )
        )


def _is_encrypted(path: Path) -> bool:
    with path.open("rb") as file:
        content = file.read(1 << 20)
        file.seek(0, io.SEEK_END)
        file.seek(max(file.tell() - (1 << 20), 0))
        content += file.read()
    return any(mark.encode("utf-16-le") in content for mark in ("EncryptedPackage", "EncryptionInfo"))


def _is_garbled(sheet: Sheet) -> bool:
    """Whether texts hold a zero after each letter: two bytes of a character that were read as two characters."""
    for number, cells in sheet.rows():
        if any(isinstance(cell, str) and "\x00" in cell for cell in cells):
            return True
        if number > _ROWS_LOOKED_AT:
            break
    return False


def _by_xlrd(path: Path) -> Workbook:
    try:
        book = xlrd.open_workbook(str(path), logfile=io.StringIO(), on_demand=True)
    except (xlrd.XLRDError, AssertionError, IndexError, ValueError, UnicodeError) as error:
        raise UnreadableExportError(
            Bilingual(
                f"工作簿已损坏（{error}）；请重新导出", f"the workbook is damaged ({error}); export it again"
            )
        ) from error
    marks = functools.partial(marks_of_xls, path)
    sheets = [
        Sheet(sheet.name, MarkedRows(_old_rows(book, sheet.name), sheet.name, marks))
        for sheet in book.sheets()
        if sheet.visibility == 0
    ]
    return Workbook(sheets, tuple(sheet.name for sheet in book.sheets() if sheet.visibility != 0))


def _old_rows(book: xlrd.book.Book, name: str) -> TableRows:
    def rows() -> Iterator[Row]:
        sheet = book.sheet_by_name(name)
        for number in range(sheet.nrows):
            yield number + 1, [_old_cell(cell, book.datemode) for cell in sheet.row(number)]

    return rows


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
        return ""  # errors: see ``cell_marks``
    value: object = cell.value
    return value if isinstance(value, (str, float)) else str(value)
