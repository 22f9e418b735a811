"""A Parquet file as a table, read by batches of rows and only the columns that are wanted. It names its columns itself: their row is number 0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import msgspec

from scoring.wording.text import Bilingual
from streams.sources.files.exports.cells import Cell, Row, TableRows
from streams.sources.files.exports.columns import CHUNK_ROWS, TableChunk
from streams.sources.files.exports.json_tables import ObjectRows
from streams.sources.files.exports.unreadable import UnreadableExportError

MAGIC = b"PAR1"
#: bytes that a file may unpack to
_MAX_PARQUET_BYTES = 8 << 30


def parquet_rows(path: Path) -> TableRows:
    """The rows of a Parquet file, by columns, or, where columns hold objects of their own, as JSON's would be.

    Raises:
        UnreadableExportError: it is damaged, or unpacks to far more than a file of orders.
    """
    rows = ParquetRows(path)
    return ObjectRows(rows.objects) if rows.is_nested else rows


class ParquetRows:
    """The rows of a Parquet file.

    Raises:
        UnreadableExportError: it is damaged, or unpacks to far more than a file of orders.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._path = path
        try:
            with pq.ParquetFile(path) as file:
                self._names: list[str] = list(file.schema_arrow.names)
                self.is_nested = any(pa.types.is_nested(one.type) for one in file.schema_arrow)
                groups = (file.metadata.row_group(number) for number in range(file.metadata.num_row_groups))
                unpacked = sum(group.total_byte_size for group in groups)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise UnreadableExportError(
                Bilingual(
                    f"Parquet 文件已损坏（{error}）；请重新获取",
                    f"the Parquet file is damaged ({error}); fetch it again",
                )
            ) from error
        if unpacked > _MAX_PARQUET_BYTES:
            raise UnreadableExportError(
                Bilingual(
                    f"解压后有 {unpacked / 1e9:,.1f} GB；请每次少导出几个月",
                    f"unpacks to {unpacked / 1e9:,.1f} GB; export fewer months at a time",
                )
            )

    def __call__(self) -> Iterator[Row]:
        """The rows, the columns' names first."""
        yield 0, list(self._names)
        for chunk in self.chunks(range(len(self._names))):
            columns = list(chunk.columns.values())
            if columns:
                yield from zip(chunk.lines, map(list, zip(*columns, strict=True)), strict=True)

    def objects(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The rows as objects, numbered from 1."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        line = 0
        try:
            with pq.ParquetFile(self._path, page_checksum_verification=True) as file:
                for batch in file.iter_batches(CHUNK_ROWS):
                    for record in batch.to_pylist():
                        line += 1
                        yield line, _unwrapped(record)
        except (pa.ArrowException, OSError, ValueError, OverflowError, LookupError) as error:
            raise _damaged(line, error) from error

    def chunks(self, places: Sequence[int]) -> Iterator[TableChunk]:
        """The same by columns, of those at ``places`` only."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        line = 0
        try:
            with pq.ParquetFile(self._path, page_checksum_verification=True) as file:
                wanted = [place for place in places if place < len(self._names)]
                for batch in file.iter_batches(CHUNK_ROWS, columns=[self._names[place] for place in wanted]):
                    lines = list(range(line + 1, line + batch.num_rows + 1))
                    line += batch.num_rows
                    by_name = {name: batch.column(at) for at, name in enumerate(batch.schema.names)}
                    yield TableChunk(lines, {place: _cells(by_name[self._names[place]]) for place in wanted})
        except (pa.ArrowException, OSError) as error:
            raise _damaged(line, error) from error


def _damaged(line: int, error: Exception) -> UnreadableExportError:
    return UnreadableExportError(
        Bilingual(
            f"Parquet 文件在第 {line:,} 行之后损坏（{error}）",
            f"the Parquet file is damaged after row {line:,} ({error})",
        )
    )


def _unwrapped(value: Any) -> Any:
    """A value whose lists are lists: some writers keep them as ``{"list": [{"element": …}]}``."""
    if isinstance(value, dict):
        inner = value.get("list") if len(value) == 1 else None
        if isinstance(inner, list):
            return [
                _unwrapped(next(iter(one.values())))
                if isinstance(one, dict) and len(one) == 1
                else _unwrapped(one)
                for one in inner
            ]
        return {name: _unwrapped(one) for name, one in value.items()}
    return [_unwrapped(one) for one in value] if isinstance(value, list) else value


def _cells(column: Any) -> list[Cell]:
    try:
        return [_cell(value) for value in column.to_pylist()]
    except (ValueError, OverflowError, LookupError):  # a time that Python has none for
        return [str(scalar.value) for scalar in column]


def _cell(value: Any) -> Cell:
    """A value as a cell. A whole number is text: it is exact, unlike one that a spreadsheet had in its hands."""
    if value is None or isinstance(value, (str, float, datetime, date, time, timedelta)):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return msgspec.json.encode(value).decode() if isinstance(value, (list, dict)) else str(value)
