"""Reads partitions by chunks outside of a consumer group: for rebuilding memory from a topic after a takeover."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka.servers import Servers, connection
from streams.transport import internals
from streams.transport.chunks import RecordChunk, drain_fast, drain_publicly


class BatchReader:
    """Chunks of given partitions from given offsets.

    Args:
        bootstrap: Kafka addresses.
        topic: the topic to read.
        isolation_level: ``read_uncommitted`` or ``read_committed``.
        is_fast: read aiokafka's record batches; by default with the versions it was written for.
    """

    def __init__(
        self,
        bootstrap: Servers,
        topic: str,
        isolation_level: str = "read_uncommitted",
        is_fast: bool | None = None,
    ) -> None:
        self._topic = topic
        self._is_fast = internals.are_known_versions() if is_fast is None else is_fast
        self._consumer = AIOKafkaConsumer(
            **connection(bootstrap),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level=isolation_level,
            max_partition_fetch_bytes=4_000_000,
        )

    async def __aenter__(self) -> BatchReader:
        await self._consumer.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._consumer.stop()

    async def bounds(self, partitions: set[int]) -> dict[int, tuple[int, int]]:
        """First offset and end of partitions."""
        tps = [TopicPartition(self._topic, partition) for partition in partitions]
        starts = await self._consumer.beginning_offsets(tps)
        ends = await self._consumer.end_offsets(tps)
        return {tp.partition: (starts[tp], ends[tp]) for tp in tps}

    def start(self, offsets: Mapping[int, int]) -> None:
        """Read from these offsets on, partition by partition."""
        tps = {TopicPartition(self._topic, partition): offset for partition, offset in offsets.items()}
        self._consumer.assign(list(tps))
        for tp, offset in tps.items():
            self._consumer.seek(tp, offset)

    async def position(self, partition: int) -> int:
        """The offset behind the last chunk given."""
        return int(await self._consumer.position(TopicPartition(self._topic, partition)))

    async def chunks(self, partitions: set[int], timeout_s: float) -> Mapping[int, RecordChunk]:
        """The next chunks, none after ``timeout_s`` without any."""
        consumer: Any = self._consumer
        tps = [TopicPartition(self._topic, partition) for partition in partitions]
        topics = frozenset({self._topic})
        if not self._is_fast:
            found = await drain_publicly(consumer, tps, topics, True, 0, timeout_s)
            return {tp.partition: chunk for tp, chunk in found.items()}
        fetcher = consumer._fetcher
        for is_last in (False, True):
            with fetcher._subscriptions.fetch_context():
                chunks, errors = drain_fast(fetcher, tps, topics, True, 0)
            if errors:
                await consumer.getmany(*errors, timeout_ms=0)  # raises what it was
            if chunks or is_last:
                return {tp.partition: chunk for tp, chunk in chunks.items()}
            waiter = fetcher._create_fetch_waiter()
            await asyncio.wait([waiter], timeout=timeout_s)
            if not waiter.done():
                waiter.cancel()
                return {}
            waiter.result()
        return {}
