"""``funnelwatch repartition`` on the real broker: more partitions, and every count and every memory goes on."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

from scoring.funnel.scores import MinuteRow
from streams.kafka.admin import add_partitions, create_topics, partition_counts, partition_of
from streams.kafka.topics import COUNTS_CHANGELOG, EVENTS, TOPICS, TopicSpec
from streams.monitor.repartitioning import CannotRepartitionError, Repartitioned, repartition
from streams.settings import load_settings
from tests.deadlines import within
from tests.fixtures.kafka_tools import make_topics, produce, read_all
from tests.streams.monitor.workers import (
    DEADLINE_S,
    PARTITIONS,
    Process,
    independent_count,
    last_line,
    some_events,
)

MORE = 2 * PARTITIONS
Records = list[tuple[bytes, bytes, int]]
FIRST, SECOND, THIRD = (some_events(number, seed) for seed, number in enumerate((600, 300, 300)))


async def produce_as_before(kafka: str, topic: str, records: Records) -> None:
    """Send as a producer does that has not seen the new partitions yet."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    try:
        for key, value, at_ms in records:
            place = (murmur2(key) & 0x7FFFFFFF) % PARTITIONS
            await producer.send(topic, value, key=key, timestamp_ms=at_ms, partition=place)
        await producer.flush()
    finally:
        await producer.stop()


class Sent(NamedTuple):
    """A record as far as counting goes."""

    value: bytes


class Ground:
    """Topics, a monitor and the command of one test."""

    def __init__(self, kafka: str, prefix: str, folder: Path) -> None:
        self.kafka, self.prefix = kafka, prefix
        self.events = prefix + EVENTS
        self.worker = Process(kafka, prefix, folder)
        self.settings = load_settings(data=folder, kafka=kafka, group_prefix=prefix)
        self.reported: list[str] = []

    async def repartition(self, count: int | None = None, fails_after: int = 99) -> Repartitioned:
        def report(line: str) -> None:
            self.reported.append(line)
            if len(self.reported) == fails_after:
                raise KeyboardInterrupt

        return await repartition(
            self.settings, count, report=report, rename=lambda topic: self.prefix + topic, settle_s=0
        )

    async def counted(self) -> Counter[tuple[str, int, str, int]]:
        """What ClickHouse makes of the minute rows: of each key the one with the most events."""
        best: dict[tuple[str, int, str], tuple[int, ...]] = {}
        for record in await read_all(self.kafka, self.prefix + "funnel.minutes.v1"):
            row = msgspec.json.decode(record.value, type=MinuteRow)
            key = (row.store_id, row.minute_ms, row.segment)
            best[key] = max(best.get(key, ()), tuple(row.counts), key=sum)
        return Counter(
            {(*key, stage): n for key, counts in best.items() for stage, n in enumerate(counts) if n}
        )

    async def wait_for_counts(self, *sent: Records) -> None:
        """Until every event that was sent is counted once, wherever it is."""
        wanted = independent_count([Sent(value) for records in sent for _, value, _ in records])
        async with asyncio.timeout(within(DEADLINE_S)):
            while await self.counted() != wanted:
                await asyncio.sleep(0.2)

    async def all_counts(self) -> set[int]:
        names = [self.prefix + spec.name for spec in TOPICS if spec.per_partition]
        return set((await partition_counts(self.kafka, names)).values())

    async def memories(self) -> dict[str, set[int]]:
        """Store → the partitions in which the changelog holds its detector's memory."""
        newest: dict[tuple[str, int], Any] = {}
        for record in await read_all(self.kafka, self.prefix + COUNTS_CHANGELOG):
            kind, *rest = json.loads(record.key)
            if kind == "s":
                newest[rest[0], record.partition] = record.value
        found: dict[str, set[int]] = {}
        for (store_id, partition), value in newest.items():
            found.setdefault(store_id, set()).update([partition] if value is not None else [])
        return found


@pytest.fixture
async def ground(kafka: str, topic_prefix: str, tmp_path: Path) -> Any:
    made = Ground(kafka, topic_prefix, tmp_path)
    await make_topics(kafka, topic_prefix, PARTITIONS)
    yield made
    if made.worker.process is not None and made.worker.process.poll() is None:
        made.worker.process.kill()
        made.worker.process.wait()


async def test_counts_go_on_exactly_through_more_partitions_and_a_command_stopped_at_every_step(
    ground: Ground,
) -> None:
    kafka, events = ground.kafka, ground.events
    await produce(kafka, events, FIRST)
    ground.worker.start()
    await ground.wait_for_counts(FIRST)
    before = await ground.counted()
    remembered = await ground.memories()
    assert remembered

    await add_partitions(kafka, [events], MORE)
    await produce_as_before(kafka, events, SECOND)
    assert "run `funnelwatch repartition`" in await last_line(ground.worker)
    assert await ground.counted() == before
    for steps in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            await ground.repartition(fails_after=steps)
        ground.reported.clear()
        ground.worker.start()
        assert "must have the same number of partitions" in await last_line(ground.worker)
    done = await ground.repartition()
    assert (done.before, done.partitions, await ground.all_counts()) == (MORE, MORE, {MORE})

    ground.worker.start()
    await produce(kafka, events, THIRD)
    await ground.wait_for_counts(FIRST, SECOND, THIRD)
    for store_id in remembered:
        assert (await ground.memories())[store_id] >= {partition_of(store_id, MORE)}


@pytest.mark.long
async def test_the_command_gives_the_partitions_itself_while_a_monitor_runs(ground: Ground) -> None:
    kafka, events = ground.kafka, ground.events
    await produce(kafka, events, FIRST)
    ground.worker.start()
    await ground.wait_for_counts(FIRST)
    remembered = await ground.memories()

    done = await ground.repartition(MORE)
    assert "run `funnelwatch repartition`" in await last_line(ground.worker)
    assert (done.before, done.partitions) == (PARTITIONS, MORE)
    moved = {store for store in remembered if partition_of(store, MORE) != partition_of(store, PARTITIONS)}
    assert done.moved_stores >= len(moved) > 0
    assert await ground.memories() == {store: {partition_of(store, MORE)} for store in remembered}

    ground.worker.start()
    await produce(kafka, events, SECOND)
    await ground.wait_for_counts(FIRST, SECOND)
    assert not (await ground.repartition()).is_changed


async def test_what_kafka_cannot_do_is_rejected_with_what_to_do(ground: Ground) -> None:
    with pytest.raises(CannotRepartitionError, match=f"`funnelwatch repartition {PARTITIONS}`"):
        await ground.repartition(PARTITIONS - 1)
    await add_partitions(ground.kafka, [ground.prefix + COUNTS_CHANGELOG], MORE)
    with pytest.raises(CannotRepartitionError, match=f"`funnelwatch repartition {MORE}`"):
        await ground.repartition()
    await ground.repartition(MORE)
    assert await ground.all_counts() == {MORE}


async def test_a_topic_created_later_has_as_many_partitions_as_existing_ones(
    kafka: str, topic_prefix: str
) -> None:
    specs = [TopicSpec(topic_prefix + name, True) for name in ("old", "new")]
    await create_topics(kafka, partitions=3, topics=specs[:1])
    assert await create_topics(kafka, partitions=8, topics=specs) == [specs[1].name]
    assert set((await partition_counts(kafka, [spec.name for spec in specs])).values()) == {3}
