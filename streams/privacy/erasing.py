"""Everything that is kept of a buyer, handed over or erased, over all places where it may be."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from scoring.events.erasure import SHORTEST_IN_TEXT, BuyerIds, Erasure, substitute
from scoring.events.pseudonyms import Pseudonyms
from streams.backup.keys import destroy_keys
from streams.clickhouse.clients import open_writer
from streams.clock import now
from streams.embedded.alone import store_alone
from streams.errors import InputError
from streams.instance.files import secret, write_atomically
from streams.instance.lock import instance_lock
from streams.privacy import files, tables, topics
from streams.settings import Settings

Say = Callable[[str], None]


class NobodyFoundError(InputError):
    """Nothing is kept of that buyer; the command line prints it."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an erasure did, without anything that leads to the buyer.

    Attributes:
        tables, topics, files: place → rows, records or files in which ids were replaced.
        backups: those whose keys were destroyed.
        totals_before, totals_after: what the views count of the store: the same.
        stays: what is still there, until when, and why.
    """

    request: str
    who: str
    at: str
    store_id: str
    ids: int
    tables: dict[str, int]
    topics: dict[str, int]
    files: dict[str, int]
    backups: list[str]
    totals_before: dict[str, int]
    totals_after: dict[str, int]
    stays: list[str] = []


@dataclass(slots=True)
class OpenedInstance:
    """Where an instance keeps things: ``data`` if its own broker is not running, and settings by which its tables answer."""

    settings: Settings
    log_dir: Path | None
    notes: list[str] = field(default_factory=list)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[OpenedInstance]:
    """The instance under ``settings.data``, which must not run; or the servers that the settings name.

    Raises:
        AlreadyRunningError: it runs.
    """
    if {"kafka", "clickhouse_url"} <= settings.model_fields_set:
        yield OpenedInstance(settings, None)
        return
    with instance_lock(settings.data):
        async with store_alone(settings) as answering:
            yield OpenedInstance(answering, settings.data / "kafka" / "data")


def pseudonym_of(settings: Settings, store_id: str, buyer: str) -> str:
    """The pseudonym under which a buyer's id, or one that is marked as a pseudonym (``~…``), is kept."""
    if not buyer.strip() or not store_id:
        raise NobodyFoundError("name a buyer and a store")
    key = settings.hash_key.get_secret_value()
    if not key and not (settings.data / "secrets" / "hash_key").exists():
        raise NobodyFoundError(  # a new one would give another pseudonym, under which nothing is kept of anybody
            f"the key of the pseudonyms is neither in {settings.data} nor in FUNNELWATCH_HASH_KEY"
        )
    key = key or secret(settings.data, "hash_key")
    return Pseudonyms(key).of(store_id, buyer)


async def _ids(place: OpenedInstance, store_id: str, buyer: str) -> BuyerIds:
    found = BuyerIds(store_id, pseudonym_of(place.settings, store_id, buyer))
    client = await open_writer(place.settings)
    try:
        await tables.take_buyer(client, place.settings.clickhouse_database, found)
    finally:
        await client.close()
    if place.log_dir is not None:
        topics.take_buyer(place.log_dir, found)
    if not buyer.startswith("~") and len(buyer) >= SHORTEST_IN_TEXT:
        found.others.add(buyer)  # as it came, it may be part of an order's number or of what was rejected
    return found


async def export_buyer(settings: Settings, store_id: str, buyer: str) -> dict[str, Any]:
    """All that is kept of a buyer, table by table and topic by topic.

    Raises:
        NobodyFoundError: nothing is.
    """
    async with opened(settings) as place:
        ids = await _ids(place, store_id, buyer)
        erasure = Erasure(dict.fromkeys(ids.all, ""), store_id)
        database = place.settings.clickhouse_database
        client = await open_writer(place.settings)
        found: dict[str, Any] = {}
        try:
            for table in await tables.tables_with_texts(client, database):
                rows = await tables.rows_with(client, database, table, erasure)
                if rows:
                    found[table.table] = [_own(row, erasure) for _, row in rows]
        finally:
            await client.close()
        if place.log_dir is not None:
            for topic, value in topics.records_with(place.log_dir, erasure):
                found.setdefault(topic, []).append(_own({"value": value.decode("utf-8", "replace")}, erasure))
    if not found:
        raise NobodyFoundError(f"nothing is kept of that buyer in store {store_id}")
    return {"store_id": store_id, "exported_at": now().isoformat(), "kept": found}


def _own(row: dict[str, Any], erasure: Erasure) -> dict[str, Any]:
    """A row without what it holds of others: texts that are JSON are cut to the entries that are the buyer's."""
    return {name: _cut(value, erasure) if isinstance(value, str) else value for name, value in row.items()}


def _cut(text: str, erasure: Erasure) -> Any:
    if not text.startswith(("{", "[")):
        return text
    try:
        return erasure.cut_to_own(msgspec.json.decode(text))
    except msgspec.DecodeError:
        return text


async def erase_buyer(settings: Settings, store_id: str, buyer: str, who: str, say: Say) -> Receipt:
    """Erase a buyer everywhere, and keep a receipt in the data folder.

    Raises:
        NobodyFoundError: nothing is kept of them.
    """
    async with opened(settings) as place:
        ids = await _ids(place, store_id, buyer)
        erasure = Erasure({one: substitute(one, secrets.token_bytes) for one in ids.all}, store_id)
        database = place.settings.clickhouse_database
        client = await open_writer(place.settings)
        try:
            before = await tables.totals(client, database, store_id)
            in_tables = {}
            for table in await tables.tables_with_texts(client, database):
                if count := await tables.erase_rows(client, database, table, erasure):
                    say(f"{table.table}: {count:,} rows")
                    in_tables[table.table] = count
            await tables.forget_old_parts(client, database, list(in_tables))
            after = await tables.totals(client, database, store_id)
        finally:
            await client.close()
        stays: list[str] = []
        if place.log_dir is not None:
            in_topics = topics.erase_logs(place.log_dir, erasure)
        else:
            in_topics, stays = await topics.delete_read(place.settings)
    for topic, count in in_topics.items():
        say(f"{topic}: {count:,} records")
    in_files = _in_files(settings.data, erasure)
    if not in_tables and not in_topics and not any(in_files.values()):
        raise NobodyFoundError(f"nothing is kept of that buyer in store {store_id}")
    receipt = Receipt(
        request=secrets.token_hex(8),
        who=who,
        at=now().isoformat(timespec="seconds"),
        store_id=store_id,
        ids=len(ids.all),
        tables=in_tables,
        topics=in_topics,
        files={name: count for name, count in in_files.items() if count},
        backups=destroy_keys(settings.data),
        totals_before=before,
        totals_after=after,
        stays=stays,
    )
    folder = settings.data / "receipts"
    write_atomically(
        folder / f"erasure-{receipt.request}.json", msgspec.json.format(msgspec.json.encode(receipt))
    )
    return receipt


def _in_files(data: Path, erasure: Erasure) -> dict[str, int]:
    if not data.is_dir():
        return {}
    return {
        "spool": files.erase_spool(data / "spool", erasure),
        "mails": files.erase_mails(data / "outbox", erasure),
        "other files": files.erase_others(data, erasure),
    }
