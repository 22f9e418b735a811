"""Ticks: records that only advance time, one a partition every few seconds, so that silence is seen as such.

A tick is produced by whoever owns the partition, with the wall clock in it; it reaches scoring through the log, so a
replay sees the same time pass at the same place. The offset a tick got also tells the watchdog where the end is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaProducer

from scoring.counting import Tick, encode_tick


class TopicReplaced(Exception):
    """The events topic was deleted and made anew, or its log cut off, while we read it: our positions mean nothing there.

    The app ends the process; recovery, which compares the record at the mark, then counts the new topic from its start.
    """


class TickSender:
    """Sends ticks to partitions of the events topic.

    Attributes:
        offsets: partition → offset of the last tick that the broker acknowledged.
    """

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._producer: AIOKafkaProducer | None = None
        self.offsets: dict[int, int] = {}

    async def send(self, partitions: Iterable[int], present_ms: int) -> None:
        """Send one tick to each partition and wait until they stand.

        Raises:
            aiokafka.errors.KafkaError: the broker did not take them.
            TopicReplaced: a tick stands no further than one before it.
        """
        if self._producer is None:
            producer = AIOKafkaProducer(bootstrap_servers=self._bootstrap, linger_ms=0, acks="all")
            await producer.start()
            self._producer = producer
        value = encode_tick(Tick(present_ms))
        chosen = list(partitions)
        sent = [
            await self._producer.send(self._topic, value, partition=number, timestamp_ms=present_ms)
            for number in chosen
        ]
        for number, metadata in zip(chosen, await asyncio.gather(*sent), strict=True):
            before = self.offsets.get(number, -1)
            if metadata.offset <= before:
                raise TopicReplaced(
                    f"partition {number} of {self._topic} ends at offset {metadata.offset}, but a tick stood at {before}: "
                    "was the topic deleted and made anew?"
                )
            self.offsets[number] = metadata.offset

    async def close(self) -> None:
        """Give the connection back."""
        if self._producer is not None:
            await self._producer.stop()
