"""A buyer's rows in ClickHouse's tables: found by their ids, read for the buyer, and written again with substitutes.

A table's key may hold an id, and a mutation's own file on disk would hold the ids it looks for. Therefore rows are inserted with their
substitutes first, and the old ones are deleted by a checksum that waits in memory.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clickhouse_connect.driver import AsyncClient

from scoring.events.erasure import ID_FIELDS, PERSON_FIELDS, BuyerIds, Erasure
from streams.clickhouse.errors import mapped
from streams.clock import monotonic
from streams.errors import StateError

#: texts that are looked for in one pass (ClickHouse takes 255)
_NEEDLES = 200
#: of which one statement does so many
_SEARCHES = 5
_ROWS = 50_000
_GONE_S = 120.0
_TEXT = re.compile(r"String")
#: what the rows that are replaced are recognised by; it holds a moment, and in memory only
_MARKS = "privacy_marks"
_EVENTS = ("events_raw", "import_events_raw")


class StillOnDiskError(StateError):
    """ClickHouse has not deleted replaced parts in time; the erasure is run again."""


@dataclass(frozen=True, slots=True)
class StoredColumns:
    """A table's columns that are stored, and those of them that hold texts."""

    table: str
    columns: tuple[str, ...]
    texts: tuple[str, ...]

    @property
    def checksum(self) -> str:
        """What a row is recognised by, as an expression."""
        texts = ", ".join(f"ifNull(toString(`{name}`), '-')" for name in self.columns)
        return f"sipHash64({texts})"


async def tables_with_texts(client: AsyncClient, database: str) -> list[StoredColumns]:
    """Every table with rows that stores texts, with its columns; views and tables over other servers store nothing."""
    with mapped():
        rows = (
            await client.query(
                "SELECT table, name, type FROM system.columns WHERE database = {database:String} "
                "AND default_kind IN ('', 'DEFAULT') AND table IN (SELECT name FROM system.tables "
                "WHERE database = {database:String} AND engine LIKE '%MergeTree' AND total_rows > 0) ORDER BY table, position",
                parameters={"database": database},
            )
        ).result_rows
    found: dict[str, tuple[list[str], list[str]]] = {}
    for table, name, kind in rows:
        columns, texts = found.setdefault(table, ([], []))
        columns.append(name)
        if _TEXT.search(kind):
            texts.append(name)
    return [
        StoredColumns(table, tuple(all_), tuple(texts)) for table, (all_, texts) in found.items() if texts
    ]


async def take_buyer(client: AsyncClient, database: str, buyer: BuyerIds) -> None:
    """Learn from events and orders which devices, sessions, orders and events are the buyers'."""
    of_people = " OR ".join(f"{field} IN {{ids:Array(String)}}" for field in PERSON_FIELDS)
    nameless = "visitor = '' AND buyer = '' AND session IN {ids:Array(String)}"
    for take, condition in (
        (buyer.take_devices, of_people),
        (buyer.take, of_people),
        (buyer.take_nameless, nameless),
    ):
        ids = sorted(buyer.sessions if condition is nameless else buyer.people)
        for table in _EVENTS:
            with mapped():
                found = await client.query(
                    f"SELECT DISTINCT store_id, visitor, buyer, session, order_id, event_id FROM {database}.{table} "
                    f"WHERE store_id = {{store:String}} AND ({condition})",
                    parameters={"store": buyer.store_id, "ids": ids},
                )
            for row in found.named_results():
                take(row)
    people = [f"~{one}" for one in sorted(buyer.people)]
    for at in range(0, len(people), _NEEDLES):
        with mapped():
            letters = await client.query(
                f"SELECT store_id, payload FROM {database}.dead_letters_raw WHERE store_id = {{store:String}} "
                "AND multiSearchAny(payload, {people:Array(String)})",
                parameters={"store": buyer.store_id, "people": people[at : at + _NEEDLES]},
            )
        for store, payload in letters.result_rows:
            buyer.take_letter(store, payload)
    with mapped():
        orders = await client.query(
            f"SELECT DISTINCT store_id, buyer, order_id FROM {database}.order_versions_raw "
            "WHERE store_id = {store:String} AND buyer IN {people:Array(String)}",
            parameters={"store": buyer.store_id, "people": sorted(buyer.people)},
        )
    for row in orders.named_results():
        buyer.take(row)


async def everybody(client: AsyncClient, database: str) -> set[tuple[str, str]]:
    """Store and pseudonym of everybody of whom something is kept."""
    people = [
        f"SELECT store_id, arrayJoin([visitor, buyer]) AS person FROM {database}.{name}" for name in _EVENTS
    ]
    people.append(f"SELECT store_id, buyer AS person FROM {database}.order_versions_raw")
    with mapped():
        found = await client.query(
            f"SELECT DISTINCT store_id, person FROM ({' UNION ALL '.join(people)}) WHERE person != ''"
        )
    return {(str(store), str(person)) for store, person in found.result_rows}


async def rows_with(
    client: AsyncClient, database: str, table: StoredColumns, erasure: Erasure
) -> list[tuple[int, dict[str, Any]]]:
    """The rows that hold one of the ids, each with its checksum."""
    found: dict[int, dict[str, Any]] = {}
    named = ", ".join(f"`{name}`" for name in table.columns)
    own = "store_id = {store:String} AND " if "store_id" in table.columns else ""
    for condition, parameters in _conditions(table, erasure):
        with mapped():
            answer = await client.query(
                f"SELECT {table.checksum} AS privacy_mark, {named} FROM {database}.{table.table} WHERE {own}({condition})",
                parameters={"store": erasure.store_id} | parameters,
            )
        for mark, *values in answer.result_rows:
            row = dict(zip(table.columns, values, strict=True))
            if replaced(row, erasure) != row:
                found[mark] = row
    return list(found.items())


def _conditions(table: StoredColumns, erasure: Erasure) -> Iterator[tuple[str, dict[str, Any]]]:
    long = erasure.long_ids
    hay = f"concat({', '.join(f'toString(`{name}`)' for name in table.texts)}, '')"
    for at in range(0, len(long), _NEEDLES * _SEARCHES):
        wanted = {
            f"ids{begin}": long[begin : begin + _NEEDLES]
            for begin in range(at, min(at + _NEEDLES * _SEARCHES, len(long)), _NEEDLES)
        }
        yield " OR ".join(f"multiSearchAny({hay}, {{{name}:Array(String)}})" for name in wanted), wanted
    short = [one for one in erasure.ids if one not in set(long)]
    fields = [name for name in table.texts if name in ID_FIELDS]
    if short and fields:
        yield " OR ".join(f"`{name}` IN {{ids:Array(String)}}" for name in fields), {"ids": short}


def replaced(row: dict[str, Any], erasure: Erasure) -> dict[str, Any]:
    """A row with substitutes."""
    return {name: erasure.in_value(name, value) for name, value in row.items()}


async def erase_rows(client: AsyncClient, database: str, table: StoredColumns, erasure: Erasure) -> int:
    """Write the rows that hold an id again with substitutes, and delete those that held it; how many there were."""
    found = await rows_with(client, database, table, erasure)
    if not found:
        return 0
    name = f"{database}.{table.table}"
    rows = [list(replaced(row, erasure).values()) for _, row in found]
    with mapped():
        for at in range(0, len(rows), _ROWS):
            await client.insert(name, rows[at : at + _ROWS], column_names=list(table.columns))
        await client.command(f"CREATE OR REPLACE TABLE {database}.{_MARKS} (mark UInt64) ENGINE = Memory")
        await client.insert(f"{database}.{_MARKS}", [[mark] for mark, _ in found], column_names=["mark"])
        await client.command(
            f"ALTER TABLE {name} DELETE WHERE {table.checksum} IN (SELECT mark FROM {database}.{_MARKS})",
            settings={"mutations_sync": 2},
        )
        await client.command(f"DROP TABLE {database}.{_MARKS} SYNC")
    return len(found)


async def old_parts(client: AsyncClient, database: str) -> list[Path]:
    """The folders of parts that others have replaced."""
    with mapped():
        found = await client.query(
            "SELECT path FROM system.parts WHERE NOT active AND database = {database:String}",
            parameters={"database": database},
        )
    return [Path(str(path)) for (path,) in found.result_rows]


async def forget_old_parts(client: AsyncClient, database: str, tables: Sequence[str]) -> None:
    """Return once the files of replaced parts are deleted; ClickHouse keeps them for eight minutes otherwise.

    Raises:
        StillOnDiskError: they are not after two minutes.
    """
    if not tables:
        return
    with mapped():
        for table in tables:
            await client.command(f"ALTER TABLE {database}.{table} MODIFY SETTING old_parts_lifetime = 0")
        try:
            await _wait_until_gone(client, database, tables)
        finally:
            for table in tables:
                await client.command(f"ALTER TABLE {database}.{table} RESET SETTING old_parts_lifetime")


async def _wait_until_gone(client: AsyncClient, database: str, tables: Collection[str]) -> None:
    until = monotonic() + _GONE_S
    while True:
        left = (
            await client.query(
                "SELECT table, any(removal_state) FROM system.parts WHERE NOT active AND database = {database:String} "
                "AND table IN {tables:Array(String)} GROUP BY table",
                parameters={"database": database, "tables": list(tables)},
            )
        ).result_rows
        if not left:
            return
        if monotonic() > until:
            raise StillOnDiskError(
                f"ClickHouse still keeps replaced parts of {', '.join(f'{table} ({why})' for table, why in left)}; run the erasure again"
            )
        await asyncio.sleep(0.2)


async def totals(client: AsyncClient, database: str, store_id: str) -> dict[str, int]:
    """What the views count of a store: an erasure changes none of it."""
    asked = {
        "events": "SELECT count() FROM {db}.events WHERE store_id = {store:String}",
        "orders": "SELECT count() FROM {db}.orders WHERE store_id = {store:String}",
        "people": "SELECT uniqExact(visitor) + uniqExact(buyer) FROM {db}.events WHERE store_id = {store:String}",
        "counted": "SELECT sum(count) FROM {db}.stage_counts WHERE store_id = {store:String}",
        "dead_letters": "SELECT count() FROM {db}.dead_letters WHERE store_id = {store:String}",
    }
    found = {}
    for name, query in asked.items():
        with mapped():
            answer = await client.query(query.replace("{db}", database), parameters={"store": store_id})
        found[name] = int(answer.result_rows[0][0] or 0)
    return found
