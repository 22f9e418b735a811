"""The columns of a block of a sheet's XML, found by arithmetic on its bytes instead of cell by cell.

A million rows have tens of millions of cells, and what costs is to look at each of them. So the places of all tags are found at
once, and only the cells of wanted columns become values. This holds for cells as nearly all programs write them; a block with anything
else is left to ``xlsx_rows``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streams.sources.files.exports.cells import Cell
from streams.sources.files.exports.columns import TableChunk
from streams.sources.files.exports.xlsx_package import text_of_xml

Places = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
_ROW_NUMBERS = re.compile(rb'<row(?:\s[^>]*?)?\sr="([0-9]{1,7})"')
_NUL = b"\0"
_MARKS = ("&", "_x", "\r")


def _code(sign: str) -> int:
    return ord(sign)


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells of a block that hold something: their tags' places, the ends of their heads, their content, row and column."""

    tags: Places
    heads: Places
    starts: Places
    ends: Places
    rows: Places
    columns: Places
    is_shared: npt.NDArray[np.bool_]
    is_text: npt.NDArray[np.bool_]


class BlockColumns:
    """Reads blocks of one sheet.

    Args:
        shared: gives shared texts by their numbers.
        value: gives a cell's value from its attributes behind the place, and its content.
    """

    def __init__(self, shared: Callable[[list[int]], list[str]], value: Callable[[str, str], Cell]) -> None:
        self._shared, self._value = shared, value

    def read(self, block: bytes, places: Sequence[int]) -> TableChunk | None:
        """The rows of a block that hold anything; None if some cell is written in another way."""
        numbers = _ROW_NUMBERS.findall(block)
        cells = _cells_of(block, len(numbers))
        if cells is None:
            return None
        filled = np.unique(cells.rows[cells.ends > cells.starts])
        lines = [int(numbers[row]) for row in filled.tolist()]
        new_row = np.zeros(len(numbers) + 1, dtype=np.int64)
        new_row[filled] = np.arange(len(filled))
        wanted = np.isin(cells.columns, np.asarray(list(places), dtype=np.int64)) & (
            cells.ends > cells.starts
        )
        order = np.flatnonzero(wanted)
        order = order[np.argsort(cells.columns[order], kind="stable")]
        found = cells.columns[order]
        is_marked = any(mark.encode() in block for mark in _MARKS)
        columns: dict[int, Sequence[Cell]] = {}
        for place in places:
            low, high = np.searchsorted(found, (place, place + 1))
            some = order[low:high]
            values = self._values(block, cells, some, is_marked)
            if len(values) == len(lines):
                columns[place] = values
                continue
            column: list[Cell] = [None] * len(lines)
            for row, value in zip(new_row[cells.rows[some]].tolist(), values, strict=True):
                column[row] = value
            columns[place] = column
        return TableChunk(lines, columns)

    def _values(self, block: bytes, cells: _Cells, some: Places, is_marked: bool) -> list[Cell]:
        starts, ends = cells.starts[some].tolist(), cells.ends[some].tolist()
        if cells.is_text[some].all():
            return list(_texts(block, starts, ends, is_marked))
        if cells.is_shared[some].all():
            return list(
                self._shared([int(block[start:end]) for start, end in zip(starts, ends, strict=True)])
            )
        values: list[Cell] = []
        for tag, head, start, end in zip(
            cells.tags[some].tolist(), cells.heads[some].tolist(), starts, ends, strict=True
        ):
            attributes = block[tag + 6 : head].partition(b'"')[2].decode("utf-8", "replace")
            values.append(self._value(attributes, block[start:end].decode("utf-8", "replace")))
        return values


def _texts(block: bytes, starts: Iterable[int], ends: Iterable[int], is_marked: bool) -> list[str]:
    raw = [block[start:end] for start, end in zip(starts, ends, strict=True)]
    texts = _NUL.join(raw).decode("utf-8", "replace").split("\0") if raw else []
    if len(texts) != len(raw):  # a NUL in the sheet, which XML cannot hold
        texts = [text_of_xml(one) for one in raw]
    if is_marked:
        texts = [text_of_xml(text) if "&" in text or "_x" in text or "\r" in text else text for text in texts]
    return texts


def _cells_of(block: bytes, rows: int) -> _Cells | None:
    """Where the block's cells are; None if one of them is written in another way than most."""
    # room behind the last tag, so that looking a few bytes or tags on stays inside
    data: Bytes = np.frombuffer(block + b" " * 32, dtype=np.uint8)
    tags: Places = np.flatnonzero(data == _code("<"))
    tags = np.append(tags, np.full(4, len(block), dtype=tags.dtype))
    first, second = data[tags + 1], data[tags + 2]
    row_tags = tags[(first == _code("r")) & (second == _code("o")) & (data[tags + 3] == _code("w"))]
    at = np.flatnonzero(
        (first == _code("c")) & ((second == _code(" ")) | (second == _code(">")) | (second == _code("/")))
    )
    if len(row_tags) != rows or (first == _code("!")).any():
        return None
    begins = tags[at]
    if not _all_named(data, begins):
        return None
    content = _content(data, tags, at)
    if content is None:
        return None
    kept, starts, ends, is_inline = content
    closed = (first == _code("/")) & (data[tags + 3] == _code(">"))
    values = int((closed & (second == _code("v"))).sum())
    strings = int(((first == _code("/")) & (second == _code("i")) & (data[tags + 3] == _code("s"))).sum())
    if len(kept) != values + strings:
        return None
    heads = tags[at[kept] + 1] - 1
    begins = begins[kept]
    kinds = _kinds(data, heads, is_inline)
    if kinds is None:
        return None
    return _Cells(
        begins, heads, starts, ends, np.searchsorted(row_tags, begins) - 1, _columns(data, begins), *kinds
    )


def _all_named(data: Bytes, begins: Places) -> bool:
    """Whether each cell says first where it is."""
    return bool(
        (data[begins + 3] == _code("r")).all()
        and (data[begins + 4] == _code("=")).all()
        and (data[begins + 5] == _code('"')).all()
    )


def _content(
    data: Bytes, tags: Places, at: Places
) -> tuple[Places, Places, Places, npt.NDArray[np.bool_]] | None:
    """Which cells hold something, where it begins and ends, and whether it is an inline text."""
    inner = at + 1
    is_formula = data[tags[inner] + 1] == _code("f")
    if is_formula.any():
        after = np.where(data[tags[inner + 1] + 1] == _code("/"), 2, 1)
        inner = np.where(is_formula, inner + after, inner)
    kind = data[tags[inner] + 1]
    is_value, is_inline = kind == _code("v"), kind == _code("i")
    text = np.where(is_inline, inner + 1, inner)
    starts = tags[text] + 3
    is_kept_as_is = data[tags[text] + 2] == _code(" ")
    starts = np.where(is_kept_as_is, tags[text] + len('<t xml:space="preserve">'), starts)
    holds = is_value | is_inline
    is_odd = holds & ((data[starts - 1] != _code(">")) | (data[starts - 2] == _code("/")))
    is_odd |= is_inline & (data[tags[text] + 1] != _code("t"))
    if is_odd.any():
        return None
    kept = np.flatnonzero(holds)
    return kept, starts[kept], tags[text[kept] + 1], is_inline[kept]


def _kinds(
    data: Bytes, heads: Places, is_inline: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]] | None:
    """Which cells hold the number of a shared text, and which a text; by how their heads end."""
    if not (data[heads] == _code(">")).all():
        return None
    last, before = data[heads - 2], data[heads - 3]
    is_shared = (last == _code("s")) & (before == _code('"')) & (data[heads - 5] == _code("t"))
    is_formula_text = (last == _code("r")) & (before == _code("t")) & (data[heads - 4] == _code("s"))
    return is_shared & ~is_inline, is_inline | (is_formula_text & (data[heads - 7] == _code("t")))


def _columns(data: Bytes, begins: Places) -> Places:
    """The columns' numbers, from 0, by one to three letters."""
    one, two, three = (data[begins + offset].astype(np.int64) - 64 for offset in (6, 7, 8))
    column = np.where(two > 0, one * 26 + two, one)
    return np.where((two > 0) & (three > 0), column * 26 + three, column) - 1
