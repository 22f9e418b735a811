"""Rows of a file, in chunks, whatever kind of file it is; what is not a row comes back as a value with its line and reason.

Each physical line is split on its own, so that one stray quote spoils one row and not the rest of the file.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import io
import itertools
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import msgspec

from scoring.events.event import RejectReason
from streams.errors import InputError
from streams.sources.files.delimiters import DELIMITERS, delimiter_line
from streams.sources.files.mapping import FileMapping, MappingError

CHUNK_ROWS = 5_000
#: characters of one line; longer ones are rejected whole (the collector rejects events of this size as well)
LONGEST_LINE = 65_536
#: lines one quoted row may go over
MAX_QUOTED_LINES = 50
#: characters of a bad line that are kept
_KEPT = 2_000
_LOOK = 50
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line that is not a row: where, why and its fields as far as they can be distinguished."""

    line: int
    reason: RejectReason
    detail: str
    fields: tuple[str, ...]


@dataclass(slots=True)
class RowChunk:
    """Some rows in file order: ``rows[i]`` was at line ``lines[i]`` and has the texts of ``Table.columns``.

    ``position`` is how many bytes (or, for Parquet, rows) of the file are read.
    """

    rows: list[tuple[str, ...]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    position: int = 0


class FileEndsEarlyError(InputError):
    """The file is damaged from some line on; what precedes it was given. ``replay`` reports it."""


class Table:
    """A file as rows of text. ``columns`` are the names, ``size`` is what ``RowChunk.position`` ends at."""

    def __init__(self, path: Path, mapping: FileMapping, encoding: str | None = None) -> None:
        self.path = path
        self._mapping = mapping
        self._encoding = encoding or mapping.encoding
        try:
            with path.open("rb") as file:
                magic = file.read(8)
        except OSError as error:
            raise MappingError(f"{path}: cannot be read: {error.strerror}") from error
        if not magic:
            raise MappingError(f"{path}: is empty")
        if magic[:4] == b"PK\x03\x04" or magic[:4] == b"\xd0\xcf\x11\xe0":
            raise MappingError(
                f"{path}: is an Excel workbook or an archive; save it as CSV (UTF-8) and give that file"
            )
        if magic[:2] in (b"\xff\xfe", b"\xfe\xff"):
            self._encoding = "utf-16"
        self.is_parquet = magic[:4] == b"PAR1"
        self._is_gzip = magic[:2] == b"\x1f\x8b"
        self.columns: tuple[str, ...] = ()
        #: after reading: the last line had no line end, as in a file that was cut
        self.ends_open = False
        self.delimiter = ","
        #: by a first line that says so
        self._named = ""
        self.size = path.stat().st_size
        if self.is_parquet:
            self._look_at_parquet()
        else:
            self._look_at_text()

    def chunks(self) -> Iterator[RowChunk]:
        """The rows, ``CHUNK_ROWS`` at a time.

        Raises:
            FileEndsEarlyError: the file is damaged; the chunks before hold everything that precedes the damage.
        """
        return self._parquet_chunks() if self.is_parquet else self._text_chunks()

    # -- text ---------------------------------------------------------------------------------------------------

    def _open(self) -> tuple[IO[bytes], io.TextIOWrapper]:
        raw = self.path.open("rb")
        stream: Any = gzip.GzipFile(fileobj=raw) if self._is_gzip else raw
        try:
            text = io.TextIOWrapper(stream, encoding=self._encoding, errors="surrogateescape", newline="")
        except LookupError as error:
            raw.close()
            raise MappingError(
                f"{self.path}: unknown encoding {self._encoding!r}; try utf-8 or gb18030"
            ) from error
        return raw, text

    def _look_at_text(self) -> None:
        raw, text = self._open()
        with raw:
            try:
                sample = [
                    line for line in itertools.islice(_physical_lines(text), _LOOK) if line.strip("\r\n")
                ]
            except (EOFError, OSError, zlib.error) as error:
                raise MappingError(f"{self.path}: is damaged: {error}") from error
            except UnicodeError as error:
                raise MappingError(f"{self.path}: is not {self._encoding} text: {error}") from error
        if not sample:
            raise MappingError(f"{self.path}: holds no line")
        sample[0] = sample[0].removeprefix("\ufeff")
        self._named = delimiter_line(sample[0])
        if self._named and len(sample) > 1:
            del sample[0]
        # one row with such a character is one bad row; a file of another kind has them everywhere
        if 2 * sum(_CONTROL.search(line) is not None for line in sample) > len(sample):
            raise MappingError(f"{self.path}: is not a text file; replay reads CSV, CSV in gzip, and Parquet")
        self.delimiter = self._mapping.delimiter or self._named or self._likely_delimiter(sample)
        first = _split(sample[0], self.delimiter) or ()
        if self._mapping.header:
            self.columns = tuple(name.strip() for name in first)
            self._need_columns()
            return
        self.columns = self._mapping.columns
        counts = [len(_split(line, self.delimiter) or ()) for line in sample]
        if len(self.columns) not in counts:
            raise MappingError(
                f"{self.path}: its first lines have {counts[0]} columns, but mapping {self._mapping.name} wants "
                f"{len(self.columns)}: {', '.join(self.columns)}. First line: {_printable(sample[0].strip())[:120]!r}. "
                "Give a mapping that names this file's columns (--mapping my.yaml)."
            )

    def _likely_delimiter(self, sample: list[str]) -> str:
        def fit(delimiter: str) -> tuple[int, int]:
            split = [_split(line, delimiter) or () for line in sample]
            if self._mapping.header:
                found = {name.strip() for name in split[0]}
                return len(found & self._mapping.needed_columns()), len(split[0])
            return sum(len(row) == len(self._mapping.columns) for row in split), len(split[0])

        return max(DELIMITERS, key=fit)

    def _need_columns(self) -> None:
        missing = self._mapping.needed_columns() - set(self.columns)
        if not missing:
            return
        described = []
        for name in sorted(missing):
            near = difflib.get_close_matches(name, self.columns, 1)
            described.append(f"{name!r}" + (f" (is it {near[0]!r}?)" if near else ""))
        found = ", ".join(_printable(name) for name in self.columns[:20])
        raise MappingError(
            f"{self.path}: column {', '.join(described)} is missing; mapping {self._mapping.name} needs it. "
            f"The file has: {found}."
        )

    def _text_chunks(self) -> Iterator[RowChunk]:
        raw, text = self._open()
        width, delimiter = len(self.columns), self.delimiter
        with raw:
            lines = _Lines(text)
            first = True
            chunk = RowChunk()
            for number, line in lines:
                if first:
                    line = line.removeprefix("\ufeff")
                    if number == 1 and self._named:
                        continue
                    first = False
                    if self._mapping.header or tuple(_split(line, delimiter) or ()) == self.columns:
                        continue
                row = self._row(lines, number, line, width, chunk)
                if row is not None:
                    chunk.rows.append(row)
                    chunk.lines.append(number)
                if len(chunk.rows) + len(chunk.bad) >= CHUNK_ROWS:
                    chunk.position = raw.tell()
                    yield chunk
                    chunk = RowChunk()
            chunk.position = raw.tell()
            self.ends_open = not lines.last.endswith(("\n", "\r"))
            yield chunk
            if lines.damage:
                raise FileEndsEarlyError(
                    f"{self.path}: is damaged after line {lines.number} ({lines.damage}); everything before it was replayed"
                )

    def _row(
        self, lines: _Lines, number: int, line: str, width: int, chunk: RowChunk
    ) -> tuple[str, ...] | None:
        content = line.rstrip("\r\n")
        if not content:
            return None
        if len(line) >= LONGEST_LINE:
            detail = f"line {number}: longer than {LONGEST_LINE} characters"
            chunk.bad.append(BadRow(number, RejectReason.TOO_LARGE, detail, self._parts(content)))
            return None
        if not content.isascii() and not _is_text(content):
            detail = f"line {number}: is not {self._encoding} text (a Chinese export? try --encoding gb18030)"
            chunk.bad.append(BadRow(number, RejectReason.NOT_UTF8, detail, self._parts(content)))
            return None
        row = _split(content, self.delimiter)
        if row is None:
            row = _over_lines(lines, line, self.delimiter, width)
        if row is None:
            detail = f"line {number}: a quote is never closed"
            chunk.bad.append(BadRow(number, RejectReason.BAD_ROW, detail, self._parts(content)))
            return None
        if len(row) != width:
            kind = "cut short" if len(row) < width else "too long"
            detail = f"line {number}: {kind}: {len(row)} columns instead of {width}"
            chunk.bad.append(BadRow(number, RejectReason.BAD_ROW, detail, tuple(row)))
            return None
        return row

    def _parts(self, content: str) -> tuple[str, ...]:
        return tuple(_printable(content[:_KEPT]).split(self.delimiter))

    # -- Parquet ------------------------------------------------------------------------------------------------

    def _look_at_parquet(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            file = pq.ParquetFile(self.path)
        except (pa.ArrowInvalid, OSError) as error:
            raise MappingError(f"{self.path}: is not a readable Parquet file: {error}") from error
        with file:
            self.columns = tuple(file.schema_arrow.names)
            self.size = file.metadata.num_rows
        self._need_columns()
        if self._mapping.identity:
            needed = self._mapping.needed_columns()
            self.columns = tuple(name for name in self.columns if name in needed)

    def _parquet_chunks(self) -> Iterator[RowChunk]:
        import pyarrow.parquet as pq

        wanted = list(self.columns)
        done = 0
        with pq.ParquetFile(self.path, page_checksum_verification=True) as file:
            batches = file.iter_batches(batch_size=CHUNK_ROWS, columns=wanted)
            while (batch := self._next_batch(batches, done)) is not None:
                columns = [_texts(batch.column(wanted.index(name))) for name in wanted]
                rows = list(zip(*columns, strict=True))
                numbers = list(range(done + 1, done + len(rows) + 1))
                done += len(rows)
                yield RowChunk(rows, numbers, [], done)

    def _next_batch(self, batches: Iterator[Any], done: int) -> Any:
        import pyarrow as pa

        try:
            return next(batches, None)
        except (pa.ArrowException, OSError) as error:
            raise FileEndsEarlyError(
                f"{self.path}: is damaged after row {done:,} ({error}); everything before it was replayed"
            ) from error


class _Lines:
    """Physical lines with their numbers, with a way to put lines back; keeps the damage that ended them, if any."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._lines = _physical_lines(text)
        self._returned: list[tuple[int, str]] = []
        self.number = 0
        self.last = "\n"
        self.damage = ""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> tuple[int, str]:
        if self._returned:
            return self._returned.pop()
        try:
            line = next(self._lines)
        except (EOFError, OSError, zlib.error, UnicodeError) as error:
            self.damage = str(error)
            raise StopIteration from error
        self.number += 1
        self.last = line
        return self.number, line

    def give_back(self, lines: list[tuple[int, str]]) -> None:
        self._returned.extend(reversed(lines))


def _physical_lines(text: io.TextIOWrapper) -> Iterator[str]:
    read = text.readline
    while line := read(LONGEST_LINE):
        if len(line) == LONGEST_LINE and not line.endswith(("\n", "\r")):
            while (rest := read(LONGEST_LINE)) and not rest.endswith(("\n", "\r")):
                pass
        yield line


def _split(line: str, delimiter: str) -> tuple[str, ...] | None:
    """The fields of a line; None if it ends inside a quote."""
    content = line.rstrip("\r\n")
    if '"' not in content:
        return tuple(content.split(delimiter))
    try:
        return tuple(next(csv.reader([content], delimiter=delimiter, strict=True)))
    except csv.Error:
        if content.count('"') % 2 == 1:
            return None
        return tuple(next(csv.reader([content], delimiter=delimiter)))


def _over_lines(lines: _Lines, line: str, delimiter: str, width: int) -> tuple[str, ...] | None:
    """The row that begins with ``line`` and goes on over the next ones inside a quote; None, and the lines back, if none does."""
    taken: list[tuple[int, str]] = []
    joined = line
    for number, following in itertools.islice(lines, MAX_QUOTED_LINES):
        taken.append((number, following))
        joined += following
        if len(joined) > LONGEST_LINE:
            break
        if joined.count('"') % 2 == 0:
            row = tuple(next(csv.reader(io.StringIO(joined, newline=""), delimiter=delimiter)))
            if len(row) == width:
                return row
            break
    lines.give_back(taken)
    return None


def _is_text(content: str) -> bool:
    try:
        content.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _texts(column: Any) -> list[str]:
    """Arrow values as the text a CSV would have had: nothing for null, whole numbers without ``.0``, times in ISO."""
    try:
        return [_text(value) for value in column.to_pylist()]
    except (ValueError, OverflowError, LookupError):
        return [_text_of(scalar) for scalar in column]


def _text_of(scalar: Any) -> str:
    """One Arrow value; where Python has none like it (a time of the year 30000), the number that is stored."""
    try:
        return _text(scalar.as_py())
    except (ValueError, OverflowError, LookupError):
        return str(scalar.value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, (int, float)):
        return str(value)
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return msgspec.json.encode(value).decode() if isinstance(value, (list, dict)) else str(value)
