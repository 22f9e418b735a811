"""Reads files of minute counts or events, and of known incidents: parquet or CSV, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from scoring.baselines.minute_table import MinuteTable
from scoring.detection.comparison import KnownIncident
from streams.backtest.columns import COUNT_COLUMNS, unknown_stages, with_plain_columns
from streams.backtest.errors import FileUnreadableError

_BATCH_ROWS = 1_000_000
#: names that a file of known incidents may use for the beginning and the end of one
_STARTS = ("start", "started_at", "start_at", "start_minute", "start_ms", "opened_at", "begin", "from")
_ENDS = ("end", "ended_at", "end_at", "end_minute", "end_ms", "resolved_at", "until", "to")
#: minutes that an incident without an end is taken to last
_NO_END = 1440
#: a unit of numbers since 1970: from this size on, this many of them are a minute
_UNITS = (
    (100_000_000_000_000_000, 60_000_000_000),
    (100_000_000_000_000, 60_000_000),
    (100_000_000_000, 60_000),
    (200_000_000, 60),
)


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    try:
        if path.suffix.lower() in (".jsonl", ".ndjson", ".json"):
            import pyarrow.json as pa_json

            for batch in pa_json.read_json(path).to_batches():
                yield _with_plain_names(batch)
            return
        if path.suffix.lower() in (".parquet", ".pq"):
            file = pq.ParquetFile(path)
            for batch in file.iter_batches(_BATCH_ROWS):
                yield _with_plain_names(batch)
            return
        header = _header(path)
        delimiter = next((mark for mark in (",", ";", "\t") if mark in header), ",")
        names = [name.strip('"') for name in header.removeprefix("\ufeff").strip().split(delimiter)]
        # all is text: what a column that nobody asks for holds further down must not stop the reading
        convert = pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string())
            | {name: pa.float64() for name in names if name.strip().lower() in COUNT_COLUMNS},
            strings_can_be_null=False,
        )
        parse = pa_csv.ParseOptions(delimiter=delimiter)
        read = pa_csv.ReadOptions(block_size=8 << 20)
        with pa_csv.open_csv(path, read, parse, convert) as reader:
            # a file of nothing but a first line has columns to be judged by, too
            yield _with_plain_names(pa.RecordBatch.from_pylist([], schema=reader.schema))
            for batch in reader:
                yield _with_plain_names(batch)
    except FileNotFoundError as error:
        raise FileUnreadableError(f"there is no file {path}") from error
    except (pa.ArrowInvalid, pa.ArrowException, OSError) as error:
        raise FileUnreadableError(f"{path} cannot be read as {path.suffix or 'CSV'}: {error}") from error


def _with_plain_names(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch, its columns named in small letters without spaces around."""
    return pa.RecordBatch.from_arrays(
        batch.columns, names=[name.strip().lower() for name in batch.schema.names]
    )


def _header(path: Path) -> str:
    """The first line of a CSV, which names its columns; a comma is between them unless there is none but semicolons or tabs."""
    packed = path.suffix.lower() in (".gz", ".bz2", ".zst")
    with pa.input_stream(path, compression="detect" if packed else None) as file:
        return str(file.read(10_000).split(b"\n", 1)[0].decode("utf-8", "replace"))


def clock_of(name: str) -> ZoneInfo:
    """The zone of a name such as Asia/Shanghai.

    Raises:
        FileUnreadableError: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise FileUnreadableError(f"unknown zone {name!r}; use an IANA name such as Asia/Shanghai") from error


def parse_minute(text: str, clock: tzinfo = UTC) -> int:
    """Minutes since 1970 UTC of an ISO 8601 time; without an offset it is on ``clock``.

    Raises:
        ValueError: it is not a time.
    """
    moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace("/", "-"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=clock)
    return int(moment.timestamp() // 60)


def to_minutes(column: pa.Array, clock: tzinfo = UTC) -> NDArray[np.int64]:
    """Minutes since 1970 UTC of a column of timestamps, ISO texts, or numbers (minutes, s, ms, µs or ns since 1970).

    Times that name no offset are on ``clock``; an hour that it has twice is the first of them.

    Raises:
        FileUnreadableError: a value is empty or no time.
    """
    if column.null_count:
        raise FileUnreadableError("column minute has empty values")
    if pa.types.is_timestamp(column.type):
        if column.type.tz is None and isinstance(clock, ZoneInfo):
            column = pc.assume_timezone(
                column, timezone=clock.key, ambiguous="earliest", nonexistent="latest"
            )
        seconds = pc.cast(column.cast(pa.timestamp("ms", column.type.tz)), pa.int64(), safe=False)
        return np.asarray(seconds.to_numpy(zero_copy_only=False)) // 60_000
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        numbers = column.to_numpy(zero_copy_only=False)
        if not np.isfinite(numbers).all():
            raise FileUnreadableError("column minute has values that are not times")
        return _scaled(numbers.astype(np.int64))
    texts = column.cast(pa.string()).dictionary_encode()
    values = texts.dictionary.to_pylist()
    try:
        if values and all(value.strip().lstrip("-").isdigit() for value in values):
            numbers = _scaled(np.array([int(value) for value in values], dtype=np.int64))
        else:
            numbers = np.array([parse_minute(value, clock) for value in values], dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise FileUnreadableError(f"column minute: {error}; write times like 2026-01-05T13:45Z") from error
    return np.asarray(numbers[texts.indices.to_numpy(zero_copy_only=False)])


def _scaled(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Minutes; the unit is inferred from the median, so that a value that cannot be does not change it for the others."""
    usual = float(np.median(np.abs(numbers))) if len(numbers) else 0.0
    a_minute = next((number for least, number in _UNITS if usual > least), 1)
    return np.asarray(numbers // a_minute)


def _coded(batch: pa.RecordBatch, name: str) -> tuple[NDArray[np.int64], list[str]]:
    """Codes and texts of a column; where it is absent or empty, one empty text."""
    if name not in batch.schema.names:
        return np.zeros(batch.num_rows, dtype=np.int64), [""]
    column = batch.column(name)
    if not pa.types.is_dictionary(column.type):
        column = pc.fill_null(column.cast(pa.string()), "").dictionary_encode()
    codes = pc.fill_null(column.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    texts = [str(text) if text is not None else "" for text in column.dictionary.to_pylist()]
    return np.where(codes < 0, len(texts), codes), [*texts, ""]


def read_minutes(path: Path, clock: tzinfo = UTC) -> MinuteTable:
    """The counts of a file of counts, of events or of pairs (``columns.py``); rows that name no store are of one, the file's name.

    Times that name no offset are on ``clock``.

    Raises:
        FileUnreadableError: a column is missing, a value cannot be, or the file is empty.
    """
    table, stages, has_counts = MinuteTable(), set[str](), True
    for batch in _batches(path):
        has_counts = any(name in COUNT_COLUMNS for name in batch.schema.names)
        for part, time in with_plain_columns(batch, str(path), path.name.partition(".")[0] or "store"):
            try:
                add_batch(table, part, str(path), clock)
            except FileUnreadableError as error:
                said = str(error).removeprefix(f"{path}: ").replace("column minute", f"column {time}")
                raise FileUnreadableError(f"{path}: {said}") from error
            stages.update(pc.unique(part.column("stage")).to_pylist())
    try:
        table.finish()
    except ValueError as error:
        raise FileUnreadableError(f"{path}: {error}; {unknown_stages(stages)}") from error
    if not has_counts:
        table.repeated = 0  # events of one minute are not rows that repeat one another
    return table


def add_batch(table: MinuteTable, batch: pa.RecordBatch, name: str, clock: tzinfo = UTC) -> None:
    """Add a batch of rows with the columns that ``read_minutes`` takes.

    Raises:
        FileUnreadableError: a value cannot be.
    """
    if not batch.num_rows:
        return
    (store, stores), (segment, segments), (stage, stages) = (
        _coded(batch, key) for key in ("store_id", "segment", "stage")
    )
    combined = (store * len(segments) + segment) * len(stages) + stage
    unique, key_of = np.unique(combined, return_inverse=True)
    keys = [
        (
            stores[code // len(stages) // len(segments)],
            segments[code // len(stages) % len(segments)],
            stages[code % len(stages)],
        )
        for code in unique.tolist()
    ]
    if any(not key[0] for key in keys):
        raise FileUnreadableError(f"{name}: a row has no store_id")
    count = batch.column("count")
    try:
        if count.null_count:
            raise ValueError("column count has empty values")
        counts = count.cast(pa.float64()).to_numpy(zero_copy_only=False)
        if not np.isfinite(counts).all() or (counts % 1).any():
            raise ValueError("column count has values that are not whole numbers")
        table.add(keys, key_of, to_minutes(batch.column("minute"), clock), counts.astype(np.int64))
    except (ValueError, pa.ArrowInvalid) as error:
        raise FileUnreadableError(f"{name}: {error}") from error
    if "zone" in batch.schema.names:
        _add_zones(table, batch, store, stores, name)


def _add_zones(
    table: MinuteTable, batch: pa.RecordBatch, store: NDArray[np.int64], stores: list[str], name: str
) -> None:
    zone, zones = _coded(batch, "zone")
    for code in np.unique(store * len(zones) + zone).tolist():
        text = zones[code % len(zones)]
        if text:
            try:
                clock_of(text)
            except FileUnreadableError as error:
                raise FileUnreadableError(f"{name}: {error}") from error
            table.zones[stores[code // len(zones)]] = text


def read_incidents(path: Path, clock: tzinfo = UTC) -> list[KnownIncident]:
    """Known incidents: columns store_id, start, end and optionally step, segment, kind; parquet, CSV or JSON lines.

    Times that name no offset are on ``clock``.

    Raises:
        FileUnreadableError: a column is missing or a time is none.
    """
    return [incident for batch in _batches(path) for incident in _incidents_of(batch, path, clock)]


def _incidents_of(batch: pa.RecordBatch, path: Path, clock: tzinfo) -> list[KnownIncident]:
    names = batch.schema.names
    first = next((name for name in _STARTS if name in names), None)
    last = next((name for name in _ENDS if name in names), None)
    if "store_id" not in names or first is None or last is None:
        raise FileUnreadableError(f"{path} needs columns store_id, start, end; it has {', '.join(names)}")
    texts = {
        name: [text or "" for text in batch.column(name).cast(pa.string()).to_pylist()]
        for name in ("store_id", "step", "segment", "kind")
        if name in names
    }
    try:
        starts = to_minutes(batch.column(first), clock)
        ends = to_minutes(_filled(batch.column(last), batch.column(first)), clock)
    except FileUnreadableError as error:
        raise FileUnreadableError(
            f"{path}: {str(error).replace('column minute', f'column {first} or {last}')}"
        ) from error
    open_ended = np.asarray(_is_empty(batch.column(last)))
    ends = np.where(open_ended, starts + _NO_END, ends)
    empty = [""] * batch.num_rows
    return [
        KnownIncident(store, int(start) * 60_000, int(end) * 60_000, step, segment, kind)
        for store, start, end, step, segment, kind in zip(
            texts["store_id"], starts, ends, *(texts.get(name, empty) for name in ("step", "segment", "kind")), strict=True
        )
    ]  # fmt: skip


def _is_empty(column: pa.Array) -> list[bool]:
    """Which values are missing, or texts of nothing."""
    return [value is None or value == "" for value in column.to_pylist()]


def _filled(column: pa.Array, instead: pa.Array) -> pa.Array:
    """The column, with ``instead`` where it is empty."""
    if not any(_is_empty(column)):
        return column
    if pa.types.is_null(column.type):
        return instead
    return pc.if_else(pa.array(_is_empty(column)), instead.cast(column.type), column)
