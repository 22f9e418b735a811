"""A cell of an export, whatever file it came from, and the few things that are true of every cell."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Protocol

from streams.sources.files.damaged_ids import EXCEL_DIGITS, is_scientific

Cell = str | int | float | bool | datetime | date | time | timedelta | None
Row = tuple[int, Sequence[Cell]]


class TableRows(Protocol):
    """The rows of a table, as often as they are asked for."""

    def __call__(self) -> Iterator[Row]: ...


#: what a spreadsheet shows where a formula cannot be worked out
ERRORS = frozenset(("#REF!", "#N/A", "#DIV/0!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"))
#: how exports write "nothing"
_NOTHING = frozenset(
    {
        "",
        "-",
        "--",
        "---",
        "–",
        "—",
        "n/a",
        "null",
        "none",
        "nan",
        "(not set)",
        "\\n",
        *(one.lower() for one in ERRORS),
    }
)
_LONGEST_NOTHING = 12
#: letters of the longest text that is read as a time, a number or a clock. A field may have a million, and reading one so takes
#: the square of its length or more: longer texts are notes
LONGEST_VALUE = 120
#: letters of a header that are read, for the same reason
LONGEST_HEADER = 200
_SPACES = re.compile(r"\s+")
_DASHES = re.compile("[‐‑‒–—―−－]")
_FORMULA_TEXT = re.compile(r'^="(.*)"$', re.DOTALL)
_BRACKETS = str.maketrans(
    {"【": "(", "】": ")", "[": "(", "]": ")", "{": "(", "}": ")", "〔": "(", "〕": ")"}
)
#: a currency in brackets at the end of a header: "(VND)", "(MX$)", "(€)"
_CURRENCY_SUFFIX = re.compile(
    r"\s*\(\s*([A-Za-z]{3}|[A-Za-z]{0,3}\s?[$€£¥₫₱฿₹₩₽]|rp|rm|元|円|đ)\s*\)\s*$", re.IGNORECASE
)


def text_of(cell: Cell) -> str:
    """The cell's text: outer spaces, tabs, formula quotes and a leading apostrophe gone; whole numbers without ``.0``."""
    if isinstance(cell, str):
        text = cell.strip()
        if text.isascii() and text.isprintable() and text[:1] not in ("=", "'"):
            return text
        text = text.replace("\x00", "").replace("\u200b", "").replace("\ufeff", "").strip()
        if found := _FORMULA_TEXT.match(text):
            text = found.group(1).replace('""', '"').strip()
        return text[1:] if text[:1] == "'" and len(text) > 1 else text
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    return str(cell)


def is_blank(cell: Cell) -> bool:
    """Whether the cell holds nothing, in any of the ways exports write it."""
    return not said(cell) if isinstance(cell, str) else cell is None


def said(cell: Cell) -> str:
    """The cell's text; empty where that is only a way of writing nothing."""
    text = text_of(cell)
    return "" if len(text) < _LONGEST_NOTHING and text.lower() in _NOTHING else text


def is_blank_row(cells: Sequence[Cell]) -> bool:
    """Whether no cell of a row holds any text (a row of dashes is not blank)."""
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells)


def folded(text: str) -> str:
    """``text`` so that two spellings of one word compare equal: Unicode form, case, spaces, dashes, brackets."""
    return _remembered(text) if len(text) <= LONGEST_HEADER else _folded(text)


def _folded(text: str) -> str:
    text = unicodedata.normalize("NFKC", text.replace("\ufeff", "").replace("\u200b", ""))
    text = _DASHES.sub("-", text.translate(_BRACKETS))
    return _SPACES.sub(" ", text).strip().casefold()


#: a megabyte a cell is not remembered
_remembered = functools.lru_cache(maxsize=20_000)(_folded)


def header_text(cell: Cell) -> str:
    """A header as it is shown: what is read of its text."""
    return text_of(cell)[:LONGEST_HEADER].rstrip()


def header_name(cell: Cell) -> str:
    """A header as it is compared: folded, without a trailing currency, colon or asterisk."""
    text = folded(header_text(cell))
    without = _CURRENCY_SUFFIX.sub("", text)
    return (without or text).strip(" :*")


def header_currency(cell: Cell) -> str:
    """What is in brackets at the end of a header such as ``Amount spent (USD)``; empty if no currency does."""
    found = _CURRENCY_SUFFIX.search(folded(header_text(cell)))
    return found.group(1).strip() if found else ""


def is_damaged_id(cell: Cell) -> bool:
    """Whether a spreadsheet has destroyed this id: scientific notation, or a number of more digits than it keeps."""
    if isinstance(cell, bool):
        return False
    if isinstance(cell, (int, float)):
        return abs(cell) >= 10**EXCEL_DIGITS or (isinstance(cell, float) and not cell.is_integer())
    if isinstance(cell, str) and "e" not in cell and "E" not in cell:
        return False
    return is_scientific(text_of(cell))
