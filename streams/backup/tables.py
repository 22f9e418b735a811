"""The backup of an instance with servers of its own: ClickHouse's tables, and where landing goes on reading in Kafka.

The positions are noted first and the tables read then: what landed in between is read again after a restore, and is one row.
"""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import msgspec
import urllib3
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.backup.archive import BackupUnreadableError, opened, written
from streams.backup.folder import ABOUT, BackupAbout, FolderInUseError, about, about_of, add_bytes
from streams.clickhouse.clients import open_writer
from streams.clickhouse.errors import mapped, meaning
from streams.clickhouse.migrations import migrate
from streams.clickhouse.tls import pool_tls, sign_in
from streams.kafka.admin import admin_of
from streams.kafka.servers import connection, servers_of
from streams.settings import Settings

_FOLDER = "tables/"
_PIECE = 1 << 20
#: what migrations note, which a restore brings about by running them
_LEFT_OUT = "schema_migrations"


@dataclass(frozen=True, slots=True)
class MissingSpan:
    """Records that are neither in the backup nor in Kafka any more: of a partition, how many, up to when."""

    partition: str
    records: int
    until: datetime | None


async def back_up_tables(settings: Settings, path: Path, name: str, key: bytes | None) -> BackupAbout:
    """Write a backup of all tables to ``path``, while everything runs.

    Raises:
        ClickHouseError: ClickHouse does not answer.
        aiokafka.errors.KafkaError: Kafka does not.
    """
    group = f"{settings.group_prefix}-landing"
    async with admin_of(servers_of(settings)) as admin:
        found = await admin.list_consumer_group_offsets(group)
    positions = {f"{part.topic}/{part.partition}": at.offset for part, at in found.items() if at.offset >= 0}
    client = await open_writer(settings)
    try:
        with mapped():
            rows = (
                await client.query(
                    "SELECT name, total_rows FROM system.tables WHERE database = {database:String} "
                    "AND engine LIKE '%MergeTree' ORDER BY name",
                    parameters={"database": settings.clickhouse_database},
                )
            ).result_rows
    finally:
        await client.close()
    tables = {str(table): int(count or 0) for table, count in rows if table != _LEFT_OUT}
    made = about("tables", name, positions=positions, tables=tables)
    with written(path, key) as tar:
        add_bytes(tar, ABOUT, msgspec.json.encode(made))
        for table in tables:
            with tempfile.TemporaryFile(dir=path.parent) as rows_of_it:
                for block in _asked(settings, f"SELECT * FROM {table} FORMAT Native"):
                    rows_of_it.write(block)
                member = tarfile.TarInfo(f"{_FOLDER}{table}")
                member.size = rows_of_it.tell()
                rows_of_it.seek(0)
                tar.addfile(member, rows_of_it)
    return made


async def restore_tables(
    settings: Settings, path: Path, key: bytes | None
) -> tuple[BackupAbout, list[MissingSpan]]:
    """Make the tables and fill them from a backup, and let landing go on reading where the backup ends.

    Landing must not run. Returns also what is in neither.

    Raises:
        FolderInUseError: the tables hold rows.
        BackupUnreadableError: the backup is damaged; tables read before that are filled.
    """
    await migrate(settings)
    await _check_empty(settings)
    with opened(path, key) as tar:
        made = about_of(path, tar)
        if made.kind != "tables":
            raise BackupUnreadableError(
                f"{path} holds a data folder; restore it into a folder, with --data alone"
            )
        while (member := tar.next()) is not None:
            content = tar.extractfile(member)
            if content is not None and member.size:
                table = member.name.removeprefix(_FOLDER)
                list(
                    _asked(
                        settings,
                        f"INSERT INTO {table} FORMAT Native",
                        iter(partial(content.read, _PIECE), b""),
                    )
                )
    return made, await _go_on(settings, made)


async def _check_empty(settings: Settings) -> None:
    client = await open_writer(settings)
    try:
        with mapped():
            found = await client.query(
                "SELECT name FROM system.tables WHERE database = {database:String} AND engine LIKE '%MergeTree' "
                "AND total_rows > 0 AND name NOT IN ({left_out:String}, 'stores_raw')",
                parameters={"database": settings.clickhouse_database, "left_out": _LEFT_OUT},
            )
    finally:
        await client.close()
    if found.result_rows:
        names = ", ".join(str(name) for (name,) in found.result_rows[:5])
        raise FolderInUseError(
            f"database {settings.clickhouse_database} holds rows already ({names}); restore into an empty one"
        )


async def _go_on(settings: Settings, made: BackupAbout) -> list[MissingSpan]:
    """Commit the backup's positions for landing, or the beginning of what Kafka still has."""
    missing: list[MissingSpan] = []
    consumer = AIOKafkaConsumer(
        **connection(servers_of(settings)),
        group_id=f"{settings.group_prefix}-landing",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        wanted = {}
        for name, offset in made.positions.items():
            topic, _, number = name.rpartition("/")
            wanted[TopicPartition(topic, int(number))] = offset
        known = {
            part for part in wanted if part.partition in (consumer.partitions_for_topic(part.topic) or ())
        }
        known |= {part for part in wanted if part.partition in await _partitions(consumer, part.topic)}
        starts, ends = await consumer.beginning_offsets(list(known)), await consumer.end_offsets(list(known))
        commits = {}
        for part in known:
            offset = wanted[part]
            commits[part] = offset if starts[part] <= offset <= ends[part] else starts[part]
            if starts[part] > offset:
                first = await consumer.offsets_for_times({part: 0})
                at = first[part].timestamp if first.get(part) else None
                until = None if at is None else datetime.fromtimestamp(at / 1000, UTC)
                missing.append(MissingSpan(f"{part.topic}/{part.partition}", starts[part] - offset, until))
        consumer.assign(list(known))
        if commits:
            await consumer.commit(commits)
    finally:
        await consumer.stop()
    return missing


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client.add_topic(topic)
    return set(consumer.partitions_for_topic(topic) or ())


def _asked(settings: Settings, query: str, body: Iterator[bytes] | None = None) -> Iterator[bytes]:
    """ClickHouse's answer as it comes; a failure on the way is an error."""
    fields = {"database": settings.clickhouse_database, "query": query, "wait_end_of_query": "1"}
    headers = sign_in(settings, settings.clickhouse_user, settings.clickhouse_password.get_secret_value())
    with mapped(), urllib3.PoolManager(retries=False, **pool_tls(settings)) as pool:
        answer = pool.request(
            "POST",
            f"{settings.clickhouse_url.rstrip('/')}/?{urlencode(fields)}",
            body=b"" if body is None else body,
            headers=headers,
            timeout=urllib3.Timeout(connect=5, read=3600),
            preload_content=False,
        )
        if answer.status != 200:
            raise meaning(RuntimeError(answer.data.decode("utf-8", "replace")))
        yield from answer.stream(_PIECE)
