"""Contract of the batch transport on the real broker; the fast and the public path must do the same."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import faust
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from faust.types import TP

from streams.batches.reader import BatchReader, take
from streams.clock import monotonic
from streams.transport import BatchOptions, BatchTopic, install
from tests.deadlines import within
from tests.fixtures.kafka_tools import make, produce

PARTITIONS = 3
DEADLINE_S = 30


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(within(DEADLINE_S)):
        while not condition():
            await asyncio.sleep(0.02)


class Counter:
    """A Faust app that keeps what it is given, by partition."""

    def __init__(self, kafka: str, prefix: str, acks: bool = True, **options: Any) -> None:
        install()
        self.values: dict[int, list[bytes | None]] = {number: [] for number in range(PARTITIONS)}
        self.offsets: dict[int, list[int]] = {number: [] for number in range(PARTITIONS)}
        self.follows: dict[int, list[int]] = {number: [] for number in range(PARTITIONS)}
        self.drains = 0
        self.held: list[Any] = []
        self.app: Any = faust.App(
            prefix + "app",
            datadir=Path(tempfile.gettempdir()) / (prefix + "app"),
            broker=f"batch://{kafka}",
            topic_allow_declare=False,
            topic_disable_leader=True,
            topic_partitions=PARTITIONS,
            consumer_auto_offset_reset="earliest",
            broker_session_timeout=6.0,
            broker_heartbeat_interval=1.0,
            broker_commit_interval=0.2,
        )
        self.app.boot_strategy.enable_web = False
        self.app.batch = BatchOptions(drain=self._drain, **options)
        topic = BatchTopic(self.app, topics=[prefix + "in"], value_type=bytes, key_type=bytes, maxsize=4)
        self.app.agent(topic, name="keep")(self._keep)
        self._acks = acks

    async def _keep(self, stream: Any) -> None:
        stream = stream.noack()
        async for chunk in stream:
            message = stream.current_event.message
            for values, offsets in chunk:
                self.values[message.partition] += values
                self.offsets[message.partition] += offsets
            self.follows[message.partition] += [message.follows, message.offset]
            self.held.append(message)
            if self._acks:
                self._ack()

    def _ack(self) -> None:
        for message in self.held:
            message.ack(self.app.consumer)
        self.held.clear()

    async def _drain(self) -> None:
        self.drains += 1
        self._ack()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.app.start()
        try:
            yield
        finally:
            await self.app.stop()


async def committed(kafka: str, prefix: str) -> dict[int, int | None]:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, group_id=prefix + "app", enable_auto_commit=False)
    await consumer.start()
    try:
        return {n: await consumer.committed(TopicPartition(prefix + "in", n)) for n in range(PARTITIONS)}
    finally:
        await consumer.stop()


@pytest.fixture
async def source(kafka: str, topic_prefix: str) -> str:
    await make(kafka, [NewTopic(topic_prefix + "in", PARTITIONS, 1)])
    return topic_prefix + "in"


paths = pytest.mark.parametrize("path", ["fast", "public"])


async def test_the_shared_broker_deleted_records_of_1970_before_they_were_read(kafka: str) -> None:
    """The records of these tests are of 1970; a consumer that came too late found an empty topic, about once in forty times."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.BROKER, "1")])
    finally:
        await admin.close()
    of_broker = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    a_day_ms = 24 * 3_600_000
    assert int(of_broker["log.initial.task.delay.ms"]) >= a_day_ms
    assert int(of_broker["log.retention.check.interval.ms"]) >= a_day_ms


@paths
async def test_every_record_arrives_once_in_order_and_is_committed(
    kafka: str, topic_prefix: str, source: str, path: Any
) -> None:
    sent = [(str(n).encode(), f"v{n}".encode(), 1000 + n) for n in range(3000)]
    await produce(kafka, source, sent)
    counter = Counter(kafka, topic_prefix, path=path)
    async with counter.running():
        await until(lambda: sum(map(len, counter.values.values())) >= 3000)
        assert counter.app.consumer.fast_path is (path == "fast")
        assert counter.app.consumer.lease_left() > 0
        assert counter.app.consumer._thread._consumer._fetch_max_wait_ms == 100
    assert sorted(v for values in counter.values.values() for v in values if v) == sorted(
        v for _, v, _ in sent
    )
    for number, offsets in counter.offsets.items():
        assert offsets == list(range(len(counter.values[number])))
        reported = counter.follows[number]
        assert reported[::2] == [-1, *reported[1:-1:2]]
    assert await committed(kafka, topic_prefix) == {n: len(v) for n, v in counter.values.items()}


async def test_faust_complained_of_a_changelog_that_its_store_reads_itself(
    kafka: str, topic_prefix: str, source: str, caplog: pytest.LogCaptureFixture
) -> None:
    counter = Counter(kafka, topic_prefix, self_recovering=frozenset({topic_prefix + "table"}))
    async with counter.running():
        await until(lambda: counter.app.consumer.lease_left() > 0)
        in_an_hour = monotonic() + 3600
        counter.app.consumer.verify_event_path(in_an_hour, TP(topic_prefix + "table", 0))
        assert topic_prefix + "table" not in caplog.text
        counter.app.consumer.verify_event_path(in_an_hour, TP(topic_prefix + "other", 0))
        assert topic_prefix + "other" in caplog.text


@paths
async def test_what_was_not_acked_comes_again_and_a_stop_drains_first(
    kafka: str, topic_prefix: str, source: str, path: Any
) -> None:
    await produce(kafka, source, [(str(n).encode(), b"x", 1000) for n in range(300)])
    first = Counter(kafka, topic_prefix, acks=False, path=path)
    async with first.running():
        await until(lambda: sum(map(len, first.values.values())) >= 300)
        assert first.drains <= 1  # the empty assignment at the start
        first.held.clear()
    second = Counter(kafka, topic_prefix, acks=False, path=path)
    async with second.running():
        await until(lambda: sum(map(len, second.values.values())) >= 300)
    assert second.drains >= 1
    assert await committed(kafka, topic_prefix) == {n: len(v) for n, v in second.values.items()}


@paths
async def test_a_state_that_knows_its_position_overrules_the_committed_offset(
    kafka: str, topic_prefix: str, source: str, path: Any
) -> None:
    await produce(kafka, source, [(str(n).encode(), b"x", 1000) for n in range(300)])
    sizes = {}
    first = Counter(kafka, topic_prefix, path=path)
    async with first.running():
        await until(lambda: sum(map(len, first.values.values())) >= 300)
        sizes = {n: len(v) for n, v in first.values.items()}
    again = Counter(
        kafka,
        topic_prefix,
        path=path,
        positions=lambda: {TopicPartition(source, n): size - 5 for n, size in sizes.items()},
    )
    async with again.running():
        await until(lambda: sum(map(len, again.values.values())) >= 5 * PARTITIONS)
    assert again.offsets == {n: list(range(size - 5, size)) for n, size in sizes.items()}


@paths
@pytest.mark.parametrize(
    ("isolation", "wanted"), [("read_committed", [b"c"]), ("read_uncommitted", [b"a", b"c"])]
)
async def test_aborted_transactions_are_withheld_from_who_reads_committed(
    kafka: str, topic_prefix: str, source: str, path: Any, isolation: Any, wanted: list[bytes]
) -> None:
    writer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=topic_prefix + "w")
    await writer.start()
    await writer.begin_transaction()
    await writer.send_and_wait(source, b"a", partition=0)
    await writer.abort_transaction()
    await writer.begin_transaction()
    await writer.send_and_wait(source, b"c", partition=0)
    await writer.commit_transaction()
    await writer.stop()
    counter = Counter(kafka, topic_prefix, path=path, isolation_level=isolation)
    async with counter.running():
        await until(lambda: b"c" in counter.values[0])
    assert counter.values[0] == wanted


@pytest.mark.parametrize("is_fast", [True, False])
async def test_a_reader_gives_partitions_from_given_offsets(
    kafka: str, topic_prefix: str, source: str, is_fast: bool
) -> None:
    await produce(kafka, source, [(b"k", f"v{n}".encode(), 1000) for n in range(50)])
    found: list[bytes | None] = []
    async with BatchReader(kafka, source, is_fast=is_fast) as reader:
        bounds = await reader.bounds({0, 1, 2})
        (number,) = [n for n, (_, end) in bounds.items() if end == 50]
        reader.start({number: 20})
        async with asyncio.timeout(within(DEADLINE_S)):
            while await reader.position(number) < 50:
                for chunk in (await reader.chunks({number}, 0.2)).values():
                    found += [value for values, _ in chunk for value in values]
    assert found == [f"v{n}".encode() for n in range(20, 50)]


@pytest.mark.parametrize("is_fast", [True, False])
async def test_what_is_taken_at_once_is_bounded_and_the_rest_comes_with_the_next_call(
    kafka: str, topic_prefix: str, source: str, is_fast: bool
) -> None:
    wanted = [f"v{n}".encode() for n in range(90)]
    for at in range(0, 90, 10):  # batches of their own
        await produce(kafka, source, [(b"k", value, 1000) for value in wanted[at : at + 10]])
    other = topic_prefix + "other"
    await make(kafka, [NewTopic(other, 1, 1)])
    await produce(kafka, other, [(b"k", b"of another topic", 1000)])
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest")
    await consumer.start()
    parts = [*(TopicPartition(source, number) for number in range(PARTITIONS)), TopicPartition(other, 0)]
    consumer.assign(parts)
    found: list[bytes | None] = []
    sizes: list[int] = []
    others: list[bytes | None] = []
    try:
        async with asyncio.timeout(within(DEADLINE_S)):
            while len(found) < 90 or not others:
                got = await take(consumer, parts, frozenset({source}), 0.2, 25, is_fast=is_fast)
                others += [record.value for record in got.get(parts[-1], ())]
                values = [
                    value
                    for tp, chunk in got.items()
                    if tp != parts[-1]
                    for values, _ in chunk
                    for value in values
                ]
                found, sizes = found + values, [*sizes, len(values)]
    finally:
        await consumer.stop()
    assert (found, others) == (wanted, [b"of another topic"])
    assert max(sizes) <= 30  # the last record batch is taken whole
