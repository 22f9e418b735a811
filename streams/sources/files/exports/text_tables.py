"""CSV and TSV as grids: encoding and delimiter by the file's own evidence, rows one at a time."""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from scoring.wording.text import Bilingual
from streams.sources.files.delimiters import DELIMITERS, delimiter_line
from streams.sources.files.exports.cells import Row
from streams.sources.files.exports.encodings import candidates
from streams.sources.files.exports.unreadable import UnreadableExportError

_LOOKED_AT = 400
_LONGEST_FIELD = 1 << 20
#: a quoted field that goes on over more lines than this is a quote that was never closed
_MAX_LINES_OF_A_ROW = 400


def text_encodings(path: Path) -> list[str]:
    """Encodings to try, the likeliest first.

    Raises:
        UnreadableExportError: it is not a table of text: HTML, or bytes of another kind.
    """
    with path.open("rb") as file:
        start = file.read(4096)
    begins = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if begins.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<table", b"<meta")):
        raise UnreadableExportError(
            Bilingual(
                "这是网页，不是导出文件：平台返回了一个页面（登录已失效？），或把 HTML 存成了别的扩展名。请登录后重新导出为 CSV 或 XLSX",
                "this is a web page, not an export: the platform answered with a page (signed out?), or saved HTML under "
                "another name. Export again while signed in, as CSV or XLSX",
            )
        )
    if begins.startswith(b"<?xml"):
        raise UnreadableExportError(
            Bilingual("这是 XML；请重新导出为 CSV 或 XLSX", "this is XML; export again as CSV or XLSX")
        )
    if begins.startswith(b"%pdf"):
        raise UnreadableExportError(
            Bilingual("这是 PDF；请重新导出为 CSV 或 XLSX", "this is a PDF; export again as CSV or XLSX")
        )
    found = candidates(path)
    if not found[0].startswith("utf-16") and not found[0].startswith("utf-32") and b"\x00" in start:
        raise UnreadableExportError(
            Bilingual(
                "这不是文本，也不是可以读取的工作簿", "this is not text, nor a workbook that can be read"
            )
        )
    return found


class TextRows:
    """The rows of a text table, as often as they are asked for."""

    def __init__(self, path: Path, encoding: str) -> None:
        self._path, self.encoding = path, encoding
        csv.field_size_limit(_LONGEST_FIELD)
        with self._open() as file:
            start = list(itertools.islice(file, _LOOKED_AT))
        self.delimiter, self._skip, self._quoting = _dialect(start)

    def __call__(self) -> Iterator[Row]:
        """Rows with the line each begins at."""
        with self._open() as file:
            for _ in range(self._skip):
                next(file, None)
            reader = csv.reader(file, delimiter=self.delimiter, quoting=self._quoting)
            line = self._skip
            try:
                for cells in reader:
                    if reader.line_num + self._skip - line > _MAX_LINES_OF_A_ROW:
                        raise UnreadableExportError(
                            Bilingual(
                                f"第 {line + 1} 行：引号打开后在 {_MAX_LINES_OF_A_ROW} 行内没有关闭",
                                f"line {line + 1}: a quote is opened and not closed within {_MAX_LINES_OF_A_ROW} lines",
                            )
                        )
                    yield line + 1, cells
                    line = reader.line_num + self._skip
            except csv.Error as error:
                raise UnreadableExportError(
                    Bilingual(f"第 {line + 1} 行：{error}", f"line {line + 1}: {error}")
                ) from error
            except UnicodeError as error:
                raise UnreadableExportError(
                    Bilingual(
                        f"第 {line} 行之后不是 {self.encoding} 编码的文本",
                        f"after line {line}: is not {self.encoding} text",
                    )
                ) from error

    def _open(self) -> io.TextIOWrapper:
        return self._path.open(encoding=self.encoding, newline="")


def _dialect(lines: list[str]) -> tuple[str, int, Literal[0, 3]]:
    """Delimiter, lines to skip before the table and how quotes are read."""
    if lines and (named := delimiter_line(lines[0])):
        return named, 1, csv.QUOTE_MINIMAL
    best = (0, 0)
    choice: tuple[str, Literal[0, 3]] = (",", csv.QUOTE_MINIMAL)
    for delimiter in DELIMITERS:
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE) if delimiter == "\t" else (csv.QUOTE_MINIMAL,):
            try:
                widths = Counter(
                    len(row)
                    for row in csv.reader(
                        lines, delimiter=delimiter, quoting=quoting, strict=delimiter == "\t"
                    )
                    if row
                )
            except csv.Error:
                continue
            wide = {width: count for width, count in widths.items() if width > 1}
            if wide:
                width = max(wide, key=lambda one: (wide[one], one))
                if (mark := (wide[width], width)) > best:
                    best, choice = mark, (delimiter, quoting)
    return choice[0], 0, choice[1]
