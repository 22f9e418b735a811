"""Everything that is kept of buyers, handed over or erased, over all places where it may be."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from scoring.errors import UNDECODABLE
from scoring.events.erasure import SHORTEST_IN_TEXT, BuyerIds, Erasure, substitute
from scoring.events.pseudonyms import is_marked
from streams.backup.keys import backups_made, destroy_keys
from streams.clickhouse.clients import open_writer
from streams.clock import now
from streams.embedded.alone import store_alone
from streams.errors import InputError
from streams.instance.lock import instance_lock
from streams.instance.typed_ids import pseudonyms_of
from streams.privacy import files, tables, topics
from streams.privacy.receipts import Receipt, keep
from streams.privacy.unfinished import forget, noted
from streams.settings import Settings

Say = Callable[[str], None]


class NobodyFoundError(InputError):
    """Nothing is kept of that buyer; the command line prints it."""


@dataclass(slots=True)
class OpenedInstance:
    """Where an instance keeps things.

    Attributes:
        settings: those by which its tables answer.
        log_dir: where its own broker, which does not run, keeps its logs; None where the servers are not ours.
        store: the store that was started for this; empty where it is not ours.
    """

    settings: Settings
    log_dir: Path | None
    store: AsyncExitStack = field(default_factory=AsyncExitStack)


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
        async with AsyncExitStack() as store:
            answering = await store.enter_async_context(store_alone(settings))
            yield OpenedInstance(answering, settings.data / "kafka" / "data", store)


def people_of(settings: Settings, store_id: str, buyers: Collection[str]) -> set[str]:
    """The pseudonyms under which buyers' ids, or those that are marked as pseudonyms (``~…``), are kept.

    Of an id with blanks around it both are looked for: doors keep a person's id as it is sent, people copy more than the id.

    Raises:
        NobodyFoundError: nobody is named.
        NoHashKeyError: the key of the pseudonyms is not here.
    """
    if not store_id or not all(buyer.strip() for buyer in buyers):
        raise NobodyFoundError("name a buyer and a store")
    pseudonyms = pseudonyms_of(settings)
    return {pseudonyms.of(store_id, one) for buyer in buyers for one in (buyer, buyer.strip())}


async def _ids(place: OpenedInstance, store_id: str, buyers: Collection[str]) -> BuyerIds:
    found = BuyerIds(store_id, people_of(place.settings, store_id, buyers))
    client = await open_writer(place.settings)
    try:
        await tables.take_buyer(client, place.settings.clickhouse_database, found)
    finally:
        await client.close()
    if place.log_dir is not None:
        topics.take_buyer(place.log_dir, found)
    for buyer in map(str.strip, buyers):
        if not is_marked(buyer) and len(buyer) >= SHORTEST_IN_TEXT:
            found.others.add(buyer)  # as it came, it may be part of an order's number or of what was rejected
    return found


async def export_buyer(settings: Settings, store_id: str, buyer: str) -> dict[str, Any]:
    """All that is kept of a buyer, table by table and topic by topic.

    Raises:
        NobodyFoundError: nothing is.
    """
    async with opened(settings) as place:
        ids = await _ids(place, store_id, [buyer])
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
    except UNDECODABLE:
        return text


async def erase_buyers(
    settings: Settings, store_id: str, buyers: Collection[str], who: str, say: Say
) -> Receipt:
    """Erase buyers of a store everywhere, and keep a receipt in the data folder.

    Raises:
        NobodyFoundError: nothing is kept of any of them.
    """
    async with opened(settings) as place:
        return await _erase(place, settings.data, store_id, buyers, who, say)


async def erase_again(settings: Settings, receipts: Sequence[Receipt], say: Say) -> list[Receipt]:
    """Erase whom the receipts say was erased, from what was restored from an older backup; a receipt for each store of theirs."""
    made = []
    async with opened(settings) as place:
        pseudonyms = pseudonyms_of(place.settings)
        client = await open_writer(place.settings)
        try:
            people = await tables.everybody(client, place.settings.clickhouse_database)
        finally:
            await client.close()
        if place.log_dir is not None:
            people |= topics.everybody(place.log_dir)
        for store_id in sorted({receipt.store_id for receipt in receipts}):
            marks = {mark for one in receipts if one.store_id == store_id for mark in one.marks}
            found = {
                f"~{person}"
                for store, person in people
                if store == store_id and pseudonyms.erasure_mark(store, person) in marks
            }
            if found:
                made.append(await _erase(place, settings.data, store_id, found, "restore", say))
    return made


async def _erase(
    place: OpenedInstance, data: Path, store_id: str, buyers: Collection[str], who: str, say: Say
) -> Receipt:
    ids = await _ids(place, store_id, buyers)
    pseudonyms = pseudonyms_of(place.settings)
    with noted(data, store_id) as earlier:  # of one that was interrupted: its substitutes are in use already
        fresh = {one: substitute(one, secrets.token_bytes) for one in ids.all}
        substitutes = earlier.take(fresh)
        erasure = Erasure(substitutes, store_id)
        in_tables, before, after = await _in_tables(place, erasure, say)
        stays: list[str] = []
        if place.log_dir is not None:
            in_topics: Mapping[str, int] = topics.erase_logs(place.log_dir, erasure)
        else:
            in_topics, stays = await topics.delete_read(place.settings)
        for topic, count in in_topics.items():
            say(f"{topic}: {count:,} records")
        in_files = _in_files(data, erasure)
        if not in_tables and not in_topics and not any(in_files.values()) and not earlier.was_there:
            forget(data)
            raise NobodyFoundError(f"nothing is kept of that buyer in store {store_id}")
        stays += [
            f"unencrypted backup {path}: delete it, or it is erased when it is restored"
            for path in backups_made(data, only_plain=True)
            if path.exists()
        ]
        receipt = Receipt(
            request=secrets.token_hex(8),
            who=who,
            at=now().isoformat(timespec="seconds"),
            store_id=store_id,
            people=len(buyers),
            marks=sorted(
                pseudonyms.erasure_mark(store_id, pseudonyms.of(store_id, buyer)) for buyer in buyers
            ),
            ids=len(substitutes),
            tables=in_tables,
            topics=dict(in_topics),
            files={name: count for name, count in in_files.items() if count},
            backups=destroy_keys(data),
            totals_before=before,
            totals_after=after,
            stays=stays,
        )
        keep(data, receipt)
    return receipt


async def _in_tables(
    place: OpenedInstance, erasure: Erasure, say: Say
) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    """Table → rows; and the totals before and after."""
    database = place.settings.clickhouse_database
    client = await open_writer(place.settings)
    try:
        before = await tables.totals(client, database, erasure.store_id)
        changed = {}
        for table in await tables.tables_with_texts(client, database):
            if count := await tables.erase_rows(client, database, table, erasure):
                say(f"{table.table}: {count:,} rows")
                changed[table.table] = count
        after = await tables.totals(client, database, erasure.store_id)
        if place.log_dir is None:
            await tables.forget_old_parts(client, database, list(changed))
            replaced = []
        else:
            replaced = await tables.old_parts(client, database)
    finally:
        await client.close()
    if replaced:
        await place.store.aclose()
        files.remove_parts(replaced)
    return changed, before, after


def _in_files(data: Path, erasure: Erasure) -> dict[str, int]:
    if not data.is_dir():
        return {}
    return {
        "spool": files.erase_spool(data / "spool", erasure),
        "mails": files.erase_mails(data / "outbox", erasure),
        "other files": files.erase_others(data, erasure),
    }
