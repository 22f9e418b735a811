"""Ticks: records that only advance time, one a partition every few seconds, so that silence is seen as such.

A tick is produced by whoever owns the partition, with the wall clock in it; it reaches scoring through the log, so a
replay sees the same time pass at the same place. The offset a tick got also shows the watchdog where the end is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerClosed

from scoring.counting.records import ClockTick, encode_tick
from streams.kafka.servers import Servers, connection
from streams.kafka.topic_ids import TopicReplacedError


class TickSender:
    """Sends ticks to partitions of the events topic.

    Attributes:
        offsets: partition → offset of the last tick that the broker acknowledged.
    """

    def __init__(self, bootstrap: Servers, topic: str) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._producer: AIOKafkaProducer | None = None
        self.offsets: dict[int, int] = {}
        self._is_closed = False

    async def send(self, partitions: Iterable[int], present_ms: int) -> None:
        """Send one tick to each partition and wait until they are acknowledged. Once closed it sends nothing more.

        Raises:
            aiokafka.errors.KafkaError: the broker did not take them.
            TopicReplacedError: a tick has no higher offset than the one before it.
        """
        try:
            await self._send(list(partitions), present_ms)
        except ProducerClosed:
            if not self._is_closed:  # else we are being stopped in an orderly way
                raise

    async def _send(self, partitions: list[int], present_ms: int) -> None:
        if self._is_closed:
            return
        if self._producer is None:
            producer = AIOKafkaProducer(**connection(self._bootstrap), linger_ms=0, acks="all")
            await producer.start()
            self._producer = producer
        value = encode_tick(ClockTick(present_ms))
        sent = [
            await self._producer.send(self._topic, value, partition=number, timestamp_ms=present_ms)
            for number in partitions
        ]
        for number, metadata in zip(partitions, await asyncio.gather(*sent), strict=True):
            before = self.offsets.get(number, -1)
            if metadata.offset <= before:
                raise TopicReplacedError(
                    f"partition {number} of {self._topic} ends at offset {metadata.offset}, but an earlier tick has offset {before}: "
                    "was the topic deleted and recreated?"
                )
            self.offsets[number] = metadata.offset

    async def close(self) -> None:
        """Give the connection back."""
        self._is_closed = True
        if self._producer is not None:
            await self._producer.stop()
