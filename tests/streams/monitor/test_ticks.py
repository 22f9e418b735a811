"""The sender of ticks on the real broker."""

from __future__ import annotations

import asyncio

from aiokafka.admin import NewTopic

from streams.clock import now_ms
from streams.monitor.ticks import TickSender
from tests.fixtures.kafka_tools import make, read_all


async def test_a_tick_that_is_due_while_the_monitor_stops_was_taken_for_a_failure(
    kafka: str, topic_prefix: str
) -> None:
    topic = topic_prefix + "in"
    await make(kafka, [NewTopic(topic, 2, 1)])
    sender = TickSender(kafka, topic)
    await sender.send([0, 1], now_ms())
    await asyncio.gather(sender.close(), sender.send([0, 1], now_ms()), sender.send([0], now_ms()))
    await sender.send([0, 1], now_ms())
    assert sorted(record.partition for record in await read_all(kafka, topic)) == [0, 1]
