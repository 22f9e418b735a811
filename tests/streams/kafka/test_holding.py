"""A quiet consumer lets the broker hold its fetches, and is given a record at once all the same."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import NewTopic

from streams.kafka.holding import hold_while_quiet
from tests.deadlines import within
from tests.fixtures.kafka_tools import make, produce

#: far longer than any deadline here
HELD_MS, SHORT_MS = 1_200_000, 100


async def test_a_held_fetch_is_answered_when_a_record_comes(kafka: str, topic_prefix: str) -> None:
    topic = topic_prefix + "quiet"
    await make(kafka, [NewTopic(topic, 2, 1)])
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_wait_ms=SHORT_MS,
    )
    await consumer.start()
    try:
        hold_while_quiet(consumer, HELD_MS, after_s=0.0)
        consumer.assign([TopicPartition(topic, number) for number in range(2)])
        for value in (b"first", b"second", b"third"):
            async with asyncio.timeout(within(20)):
                while not consumer._fetcher._in_flight or consumer._fetcher._fetch_max_wait_ms != HELD_MS:
                    await asyncio.sleep(0.01)
                await produce(kafka, topic, [(None, value, 1)])
                assert [record.value async for record in _taken(consumer)] == [value]
    finally:
        await consumer.stop()


async def _taken(consumer: AIOKafkaConsumer):  # type: ignore[no-untyped-def]
    batches: dict[object, list[object]] = {}
    while not batches:
        batches = await consumer.getmany(timeout_ms=200)
    for records in batches.values():
        for record in records:
            yield record


async def test_while_records_wait_to_be_taken_fetches_are_short(kafka: str, topic_prefix: str) -> None:
    topic = topic_prefix + "waiting"
    await make(kafka, [NewTopic(topic, 1, 1)])
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, auto_offset_reset="earliest", fetch_max_wait_ms=SHORT_MS
    )
    await consumer.start()
    try:
        hold_while_quiet(consumer, HELD_MS, after_s=3600.0)
        await produce(kafka, topic, [(None, b"x", 1)])
        consumer.assign([TopicPartition(topic, 0)])
        async with asyncio.timeout(within(20)):
            assert [record.value async for record in _taken(consumer)] == [b"x"]
        assert consumer._fetcher._fetch_max_wait_ms == SHORT_MS
    finally:
        await consumer.stop()


async def test_what_is_asked_meanwhile_does_not_wait_for_a_held_fetch(kafka: str, topic_prefix: str) -> None:
    topic = topic_prefix + "asked"
    await make(kafka, [NewTopic(topic, 1, 1)])
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, auto_offset_reset="earliest", fetch_max_wait_ms=SHORT_MS
    )
    await consumer.start()
    try:
        hold_while_quiet(consumer, HELD_MS, after_s=0.0)
        consumer.assign([tp := TopicPartition(topic, 0)])
        async with asyncio.timeout(within(20)):
            while not consumer._fetcher._in_flight or consumer._fetcher._fetch_max_wait_ms != HELD_MS:
                await asyncio.sleep(0.01)
            assert await consumer.end_offsets([tp]) == {tp: 0}
    finally:
        await consumer.stop()
