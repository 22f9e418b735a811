"""Sets a part of a table apart whose rows the disk has changed while the engine runs, and keeps the rows of it that can be read.

The engine answers no query that meets such a part, and its merges try it for ever: one byte would take the rows of all stores. What
can be read of it, block of columns by block, is written into the table again; the part itself goes to the folder of detached ones, as
one that the engine finds at its start does, and is told by ``funnelwatch doctor``.

The rows are written before the part goes: an end in between leaves them twice, which tables of ours that replace by key do not mind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from streams.embedded.store.engine import StoreEngine, named
from streams.embedded.store.errors import StoreError
from streams.embedded.store.settings_clause import quoted

#: what the engine says of bytes that are not what it wrote
_DAMAGE: Final = (
    "CHECKSUM_DOESNT_MATCH",
    "CANNOT_DECOMPRESS",
    "CORRUPTED_DATA",
    "UNKNOWN_CODEC",
    "CANNOT_READ_ALL_DATA",
    "ATTEMPT_TO_READ_AFTER_EOF",
    "TOO_LARGE_SIZE_COMPRESSED",
    "SIZES_OF_COLUMNS_DOESNT_MATCH",
    "INCORRECT_DATA",
)
_MET: Final = f"SELECT name, value, last_error_message FROM system.errors WHERE name IN ({', '.join(map(quoted, _DAMAGE))})"
#: the place of a part in the engine's folder
_PLACE: Final = re.compile(r"store/[0-9a-f]{3}/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/([\w-]{1,200})/")
#: rows that are read at a time, so that one insert is one block
_AT_ONCE: Final = 262_144
#: rows that are given up together
_FEWEST: Final = 256
_SETTINGS: Final = "max_threads = 1, max_execution_time = 0, use_query_condition_cache = 0"


@dataclass(frozen=True, slots=True)
class SetApart:
    """A part that was set apart: of which table, how many rows it had, how many of them could not be read, and where it is now."""

    table: str
    part: str
    rows: int
    lost: int
    folder: Path

    def __str__(self) -> str:
        return f"{self.table}: {self.lost:,} of {self.rows:,} rows of a part cannot be read; it is set apart in {self.folder}"


class Rescue:
    """Looks for damage that the engine has met since it started."""

    def __init__(self, engine: StoreEngine) -> None:
        self._engine = engine
        self._seen: dict[str, int] = {}

    def look(self) -> list[SetApart]:
        """Set apart what queries and merges have met since the last look. Takes as long as reading these parts does.

        Raises:
            StoreError: the engine failed in another way; the next look tries again.
        """
        with self._engine.another() as connection:
            places = set()
            for name, value, message in self._rows(connection, _MET):
                if self._seen.get(name) != int(value):
                    places |= set(_PLACE.findall(message))
                    self._seen[name] = int(value)
            return [found for place in sorted(places) if (found := self._set_apart(connection, *place))]

    def _set_apart(self, connection: Any, uuid: str, part: str) -> SetApart | None:
        known = self._rows(
            connection,
            "SELECT parts.database, parts.table, parts.rows FROM system.parts AS parts JOIN system.tables AS tables "
            "ON parts.database = tables.database AND parts.table = tables.name "
            f"WHERE toString(tables.uuid) = {quoted(uuid)} AND parts.name = {quoted(part)} AND parts.active",
        )
        if not known:  # merged, dropped or set apart already
            return None
        database, name, count = known[0]
        table, rows = f"{named(database)}.{named(name)}", int(count)
        source = f"FROM {table} WHERE _part = {quoted(part)} AND _part_offset"
        good, lost = [], 0
        for first, end, is_readable in self._ranges(connection, source, 0, rows):
            if is_readable:
                good.append(f"{source} BETWEEN {first} AND {end - 1}")
            else:
                lost += end - first
        if not lost:  # a moment's fault of the memory, not of the disk
            return None
        for one in good:
            settings = f"{_SETTINGS}, insert_deduplicate = 0, min_insert_block_size_rows = {_AT_ONCE}"
            self._engine.run(connection, f"INSERT INTO {table} SELECT * {one} SETTINGS {settings}")
        self._engine.run(connection, f"ALTER TABLE {table} DETACH PART {quoted(part)}")
        detached = self._engine.tables_folder / uuid[:3] / uuid / "detached"
        folder = (detached / part).rename(detached / f"broken-while-running_{part}")
        return SetApart(f"{database}.{name}", part, rows, lost, folder)

    def _ranges(self, connection: Any, source: str, first: int, end: int) -> Iterator[tuple[int, int, bool]]:
        """The rows from ``first`` to before ``end`` as ranges that can be read, and those of few rows that cannot."""
        if end - first > _AT_ONCE:
            for start in range(first, end, _AT_ONCE):
                yield from self._ranges(connection, source, start, min(start + _AT_ONCE, end))
        elif self._can_read(connection, f"{source} BETWEEN {first} AND {end - 1}"):
            yield first, end, True
        elif end - first <= _FEWEST:
            yield first, end, False
        else:
            middle = (first + end) // 2
            yield from self._ranges(connection, source, first, middle)
            yield from self._ranges(connection, source, middle, end)

    def _can_read(self, connection: Any, source: str) -> bool:
        try:
            self._engine.run(connection, f"SELECT * {source} SETTINGS {_SETTINGS}", "Null")
        except StoreError as error:
            if error.name not in _DAMAGE:
                raise
            return False
        return True

    def _rows(self, connection: Any, sql: str) -> list[list[str]]:
        text = bytes(self._engine.run(connection, sql, "TabSeparated").bytes()).decode("utf-8", "replace")
        return [line.split("\t") for line in text.splitlines()]
