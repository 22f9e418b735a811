"""Looks after parts of tables that the disk changes while the engine runs: repairs the bit, or keeps what can be read and sets the part apart.

The engine answers no query that meets such a part, and its merges try it for ever: one byte would take the rows of all stores. A
single bit is put right where it is. Of what cannot be, the rows that can be read are written into the table again; the part itself
goes to the folder of detached ones, as one that the engine finds at its start does, and ``funnelwatch doctor`` reports it.

The rows are written before the part goes: an end in between leaves them twice, which tables of ours that replace by key do not mind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from streams.clickhouse.literals import named
from streams.clock import monotonic
from streams.embedded.store.bits import repair_bit
from streams.embedded.store.engine import StoreEngine
from streams.embedded.store.errors import DamagedPart, StoreError
from streams.embedded.store.settings_clause import quoted

#: how often something was met that only damage can be; merges name no part
_TIMES: Final = (
    "SELECT sum(value) FROM system.errors "
    "WHERE name IN ('CHECKSUM_DOESNT_MATCH', 'CANNOT_DECOMPRESS', 'CORRUPTED_DATA', 'UNKNOWN_CODEC')"
)
#: seconds between two readings of all tables
_CHECK_EVERY_S: Final = 3600.0
#: rows that are read at a time, so that one insert is one block
_AT_ONCE: Final = 262_144
#: rows that are given up together: what the engine reads at once, and each try of it costs seconds of its search for the bit
_FEWEST: Final = 8_192
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


@dataclass(frozen=True, slots=True)
class Repaired:
    """A part in which single bits were put right: nothing is missing."""

    table: str
    part: str
    bits: int

    def __str__(self) -> str:
        return f"{self.table}: the disk has changed {self.bits} bits of the part {self.part}; they are put right, no row is missing"


class Rescue:
    """Looks for damage that the engine has met since it started."""

    def __init__(self, engine: StoreEngine) -> None:
        self._engine = engine
        self._times, self._check_at = 0, 0.0

    def look(self) -> list[SetApart | Repaired]:
        """Repair or set apart what queries and merges have met since the last look. Takes as long as reading these parts does.

        Raises:
            StoreError: the engine failed in another way; the next look tries again.
        """
        with self._engine.another() as connection:
            places, ((times,),) = self._engine.taken_damage(), self._rows(connection, _TIMES)
            if int(times) > self._times and not places and monotonic() >= self._check_at:
                places, self._check_at = self._all(connection), monotonic() + _CHECK_EVERY_S
            self._times = int(times)
            return [found for place in sorted(places) if (found := self._looked_after(connection, place))]

    def _all(self, connection: Any) -> set[DamagedPart]:
        """The damaged parts of all tables; reads them whole."""
        tables = self._rows(
            connection, "SELECT database, name, uuid FROM system.tables WHERE engine LIKE '%MergeTree'"
        )
        found = set()
        for database, name, uuid in tables:
            sql = f"CHECK TABLE {named(database)}.{named(name)} SETTINGS check_query_single_value_result = 0"
            checked = self._rows(connection, sql)
            found |= {DamagedPart(uuid, part) for part, passed, *_ in checked if passed != "1"}
        return found

    def _looked_after(self, connection: Any, place: DamagedPart) -> SetApart | Repaired | None:
        uuid, part = place
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
        source, bits = f"FROM {table} WHERE _part = {quoted(part)}", 0
        while error := self._error(connection, source):
            file = self._engine.tables_folder / uuid[:3] / uuid / part / error.damaged_file
            if not file.is_file() or not repair_bit(file, error.text):
                return self._set_apart(connection, f"{database}.{name}", place, rows)
            bits += 1
        # none: a moment's fault of the memory, not of the disk
        return Repaired(f"{database}.{name}", part, bits) if bits else None

    def _set_apart(self, connection: Any, name: str, place: DamagedPart, rows: int) -> SetApart:
        uuid, part = place
        table = ".".join(map(named, name.split(".", 1)))
        source = f"FROM {table} WHERE _part = {quoted(part)} AND _part_offset"
        good, lost = [], 0
        for first, end, is_readable in self._ranges(connection, source, 0, rows, is_known_to_fail=True):
            if is_readable:
                good.append(f"{source} BETWEEN {first} AND {end - 1}")
            else:
                lost += end - first
        for one in good:
            settings = f"{_SETTINGS}, insert_deduplicate = 0, min_insert_block_size_rows = {_AT_ONCE}"
            self._engine.run(connection, f"INSERT INTO {table} SELECT * {one} SETTINGS {settings}")
        self._engine.run(connection, f"ALTER TABLE {table} DETACH PART {quoted(part)}")
        detached = self._engine.tables_folder / uuid[:3] / uuid / "detached"
        folder = (detached / part).rename(detached / f"broken-while-running_{part}")
        return SetApart(name, part, rows, lost, folder)

    def _ranges(
        self, connection: Any, source: str, first: int, end: int, *, is_known_to_fail: bool = False
    ) -> Iterator[tuple[int, int, bool]]:
        """The rows from ``first`` to before ``end`` as ranges that can be read, and those of few rows that cannot."""
        if end - first > _AT_ONCE:
            for start in range(first, end, _AT_ONCE):
                yield from self._ranges(connection, source, start, min(start + _AT_ONCE, end))
        elif not is_known_to_fail and not self._error(connection, f"{source} BETWEEN {first} AND {end - 1}"):
            yield first, end, True
        elif end - first <= _FEWEST:
            yield first, end, False
        else:
            middle = max(first + _FEWEST, (first + end) // 2 // _FEWEST * _FEWEST)
            yield from self._ranges(connection, source, first, middle)
            yield from self._ranges(connection, source, middle, end)

    def _error(self, connection: Any, source: str) -> StoreError | None:
        """What the engine says of rows that the disk has changed; None if all can be read."""
        try:
            self._engine.run(connection, f"SELECT * {source} SETTINGS {_SETTINGS}", "Null")
        except StoreError as error:
            if not error.is_damage:
                raise
            return error
        return None

    def _rows(self, connection: Any, sql: str) -> list[list[str]]:
        text = bytes(self._engine.run(connection, sql, "TabSeparated").bytes()).decode("utf-8", "replace")
        return [line.split("\t") for line in text.splitlines()]
