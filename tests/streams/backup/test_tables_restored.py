"""Tables are restored into empty ones, and landing goes on where the backup ends; what Kafka has no more is listed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.backup.archive import opened
from streams.backup.folder import FolderInUseError
from streams.backup.tables import MissingSpan, back_up_tables, restore_tables
from streams.clickhouse.migrations import migrate
from streams.kafka.admin import admin_of, create_topics
from streams.kafka.topics import TopicSpec
from streams.settings import Settings, load_settings
from tests.fixtures.clickhouse import Store

pytestmark = pytest.mark.slow

KEY = bytes(range(32))


@pytest.fixture
def settings(clickhouse: Store, fresh_database: str, kafka: str, tmp_path: Path) -> Settings:
    return load_settings(
        data=tmp_path,
        kafka=kafka,
        group_prefix=f"backup-{uuid.uuid4().hex[:8]}",
        clickhouse_url=clickhouse.url,
        clickhouse_password=clickhouse.password,
        clickhouse_reader_password=clickhouse.reader_password,
        clickhouse_database=fresh_database,
    )


@pytest.fixture
def another(clickhouse: Store) -> Iterator[str]:
    name = f"funnelwatch_{uuid.uuid4().hex[:10]}"
    yield name
    clickhouse.client(database="default").command(f"DROP DATABASE IF EXISTS {name}")


async def landed(settings: Settings, topic: str, offsets: dict[int, int]) -> None:
    """Commit for landing, as its role does."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka,
        group_id=f"{settings.group_prefix}-landing",
        enable_auto_commit=False,
    )
    await consumer.start()
    consumer.assign([TopicPartition(topic, number) for number in offsets])
    await consumer.commit({TopicPartition(topic, number): offset for number, offset in offsets.items()})
    await consumer.stop()


async def positions(settings: Settings) -> dict[int, int]:
    async with admin_of(settings.kafka) as admin:
        found = await admin.list_consumer_group_offsets(f"{settings.group_prefix}-landing")
    return {part.partition: at.offset for part, at in found.items()}


async def test_what_is_in_the_backup_or_in_kafka_is_there_and_the_rest_is_listed(
    settings: Settings, another: str, clickhouse: Store, topic_prefix: str, tmp_path: Path
) -> None:
    topic = f"{topic_prefix}events"
    await create_topics(settings.kafka, partitions=2, topics=[TopicSpec(topic, True)])
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka)
    await producer.start()
    for number in range(20):
        await producer.send_and_wait(topic, str(number).encode(), partition=number % 2)
    await producer.stop()
    await landed(settings, topic, {0: 4, 1: 6})
    await migrate(settings)
    client = clickhouse.client(database=settings.clickhouse_database)
    client.command(
        "INSERT INTO events_raw (store_id, event_time, type, event_id, received_at, attributes, version) SELECT 'shop', "
        "now64(3), 'click', toString(number), now64(3), map('字', toString(number)), 1 FROM numbers(50000)"
    )
    digest = "SELECT count(), sum(sipHash64(toString(tuple(*)))) FROM events_raw"
    before = client.query(digest).result_rows

    path = tmp_path / "tables.fwbackup"
    made = await back_up_tables(settings, path, "tables", KEY)
    assert made.tables["events_raw"] == 50_000
    assert made.positions == {f"{topic}/0": 4, f"{topic}/1": 6}
    with opened(path, KEY) as tar:
        assert "tables/events_raw" in tar.getnames()

    await landed(settings, topic, {0: 10, 1: 10})  # it went on, and then its database was lost
    async with admin_of(settings.kafka) as admin:
        await admin.delete_records({TopicPartition(topic, 1): RecordsToDelete(8)})
    into = settings.model_copy(update={"clickhouse_database": another})
    again, missing = await restore_tables(into, path, KEY)
    assert again == made
    assert clickhouse.client(database=another).query(digest).result_rows == before
    assert await positions(settings) == {0: 4, 1: 8}
    ((partition, records, until),) = [(span.partition, span.records, span.until) for span in missing]
    assert (partition, records) == (f"{topic}/1", 2)
    assert until is not None
    assert isinstance(missing[0], MissingSpan)

    with pytest.raises(FolderInUseError, match="holds rows already"):
        await restore_tables(into, path, KEY)
