"""Small tools of the tests on the real broker: make topics, produce, read a topic to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.kafka.topics import TOPICS


async def make_topics(kafka: str, prefix: str, partitions: int) -> None:
    """All of Funnelwatch's topics under a prefix."""
    topics = [
        NewTopic(prefix + spec.name, partitions if spec.per_partition else 1, 1, topic_configs=spec.configs)
        for spec in TOPICS
    ]
    await make(kafka, topics)


async def make(kafka: str, topics: list[NewTopic]) -> None:
    """Topics, once every partition has a leader."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.create_topics(topics)
        names = [topic.name for topic in topics]
        while not _have_leaders(await admin.describe_topics(names)):
            pass
    finally:
        await admin.close()


async def remake(kafka: str, topic: str, make_again: Callable[[], Awaitable[None]]) -> None:
    """Delete a topic and make it again as soon as it is gone."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.delete_topics([topic])
        while topic in await admin.list_topics():
            await asyncio.sleep(0.02)
    finally:
        await admin.close()
    await make_again()


def _have_leaders(described: list[Any]) -> bool:
    return all(
        not topic["error_code"] and all(part["leader"] >= 0 for part in topic["partitions"])
        for topic in described
    )


async def produce(kafka: str, topic: str, records: Iterable[tuple[bytes | None, bytes | None, int]]) -> None:
    """Send (key, value, timestamp) and wait until they stand."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, linger_ms=5, compression_type="lz4")
    await producer.start()
    try:
        for key, value, at_ms in records:
            await producer.send(topic, value, key=key, timestamp_ms=at_ms)
        await producer.flush()
    finally:
        await producer.stop()


async def read_all(kafka: str, topic: str, isolation: str = "read_committed") -> list[Any]:
    """Every record of a topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    described = await admin.describe_topics([topic])
    await admin.close()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, isolation_level=isolation, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        left = [TopicPartition(topic, part["partition"]) for part in described[0]["partitions"]]
        consumer.assign(left)
        ends = await consumer.end_offsets(left)
        await consumer.seek_to_beginning(*left)
        found: list[Any] = []
        while left := [tp for tp in left if await consumer.position(tp) < ends[tp]]:
            for batch in (await consumer.getmany(*left, timeout_ms=200)).values():
                found += batch
        return found
    finally:
        await consumer.stop()
