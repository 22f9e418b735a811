"""The id of a topic on the real broker."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from streams.kafka.topic_ids import NoSuchTopicError, TopicIds
from tests.deadlines import within
from tests.fixtures.kafka_tools import make

DEADLINE_S = 30


async def test_a_recreated_topic_has_another_id(kafka: str, topic_prefix: str) -> None:
    topic = topic_prefix + "in"
    ids = TopicIds(kafka)
    with pytest.raises(NoSuchTopicError):
        await ids.of(topic)
    await make(kafka, [NewTopic(topic, 2, 1)])
    first = await ids.of(topic)
    assert len(first) == 32
    assert await ids.of(topic) == first
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.delete_topics([topic])
    async with asyncio.timeout(within(DEADLINE_S)):
        while topic in await admin.list_topics():
            await asyncio.sleep(0.05)
    await admin.close()
    with pytest.raises(NoSuchTopicError):
        await ids.of(topic)
    await make(kafka, [NewTopic(topic, 2, 1)])
    assert await ids.of(topic) not in (first, "")
    await ids.close()


async def test_an_unreachable_broker_is_reported_as_an_error_in_time() -> None:
    ids = TopicIds("127.0.0.1:9")
    with pytest.raises(KafkaError):
        await ids.patiently_of("any", 0.1)
