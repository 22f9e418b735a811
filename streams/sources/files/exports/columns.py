"""A table by columns, a few thousand rows at a time: cells of one column are alike, so each different one is worked out once.

The first pass over a large file keeps the columns that are used on disk; the passes after it read them from there.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Generic, Protocol, TypeVar, runtime_checkable

from streams.sources.files.exports.cells import Cell, Row

#: rows of a chunk, and rows that are kept in memory before the disk is used
CHUNK_ROWS = 4096
_ROWS_IN_MEMORY = 16_384
#: different cells of a column that are remembered
_REMEMBERED = 50_000
T = TypeVar("T")


@dataclass(slots=True)
class TableChunk:
    """Some rows in file order: ``columns[place][i]`` is the cell of the row at line ``lines[i]``.

    ``unworked`` has the cells whose formula has no result in the file, by place and line, each with its name (H2); ``errors`` those
    with an error that the columns do not show.
    """

    lines: list[int]
    columns: Mapping[int, Sequence[Cell]]
    unworked: Mapping[int, Mapping[int, str]] = field(default_factory=dict)
    errors: Mapping[int, Mapping[int, str]] = field(default_factory=dict)


@runtime_checkable
class TableColumns(Protocol):
    """A table that gives its columns as fast as its rows."""

    def chunks(self, places: Sequence[int]) -> Iterator[TableChunk]:
        """The rows that hold anything, by columns, of those at ``places`` only."""
        ...


class CellMemory(dict[Cell, T], Generic[T]):
    """What ``work`` makes of a cell, remembered for the cells that come again."""

    def __init__(self, work: Callable[[Cell], T]) -> None:
        super().__init__()
        self._work = work

    def __missing__(self, cell: Cell) -> T:
        if len(self) >= _REMEMBERED:
            self.clear()
        value = self[cell] = self._work(cell)
        return value

    def of(self, cells: Iterable[Cell]) -> list[T]:
        """Of each cell of a column. 1 and True are one key of a dictionary and not one cell, but nothing here distinguishes them."""
        get = self.__getitem__
        return [get(cell) for cell in cells]


class KeptChunks:
    """The chunks of a table, to be read as often as wanted: the first few in memory, all others on disk."""

    def __init__(self) -> None:
        self._memory: list[TableChunk] = []
        self._file: IO[bytes] | None = None
        self._places: list[tuple[int, int]] = []
        self.rows = 0

    def add(self, chunk: TableChunk) -> None:
        """Keep the next chunk."""
        self.rows += len(chunk.lines)
        if self.rows <= _ROWS_IN_MEMORY or not self._memory:
            self._memory.append(chunk)
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="funnelwatch-columns-")  # noqa: SIM115 (as long as this object)
        packed = pickle.dumps((chunk.lines, chunk.columns), pickle.HIGHEST_PROTOCOL)
        self._places.append((self._file.tell(), self._file.write(packed)))

    def __iter__(self) -> Iterator[TableChunk]:
        yield from self._memory
        if self._file is not None:
            self._file.flush()
            for place, size in self._places:
                packed = os.pread(self._file.fileno(), size, place)
                yield TableChunk(*pickle.loads(packed))  # noqa: S301 (a file without a name, that this object wrote)


def batches(rows: Iterable[Row], size: int = CHUNK_ROWS) -> Iterator[list[Row]]:
    """Rows in lists of ``size``."""
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def columns_of(rows: Sequence[Sequence[Cell]], places: Iterable[int]) -> dict[int, Sequence[Cell]]:
    """The columns at some places; a row that ends before one has nothing there."""
    if len(set(map(len, rows))) == 1:
        whole = list(zip(*rows, strict=True))
        return {place: whole[place] if place < len(whole) else [None] * len(rows) for place in places}
    return {place: [cells[place] if place < len(cells) else None for cells in rows] for place in places}
