"""Reads partitions by chunks without Faust: to rebuild memory from a topic after a takeover, and to land what comes."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import ConsumerStoppedError

from streams.batches import internals
from streams.batches.chunks import RecordChunk, drain_fast, drain_publicly
from streams.kafka.servers import Servers, connection


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
        tps = [TopicPartition(self._topic, partition) for partition in partitions]
        found = await take(self._consumer, tps, frozenset({self._topic}), timeout_s, is_fast=self._is_fast)
        return {tp.partition: chunk for tp, chunk in found.items()}


async def take(
    consumer: Any,
    active: Collection[TopicPartition],
    batch_topics: frozenset[str],
    timeout_s: float,
    most: int | None = None,
    *,
    is_fast: bool,
) -> Mapping[TopicPartition, Any]:
    """What a consumer has fetched of partitions: chunks of batch topics, lists of records of the others.

    Args:
        consumer: started, with partitions assigned.
        active: the partitions wanted.
        batch_topics: those of which chunks are wanted.
        timeout_s: how long to wait while there is nothing.
        most: about how many records at most; the last record batch is taken whole.
        is_fast: read aiokafka's record batches.

    Raises:
        KafkaError: what aiokafka found with one of the partitions.
    """
    if not is_fast:
        return await drain_publicly(consumer, active, batch_topics, True, 0, timeout_s, most)
    if consumer._closed:
        raise ConsumerStoppedError()
    consumer._coordinator.check_errors()
    fetcher = consumer._fetcher
    for is_last in (False, True):
        found = await _taken(consumer, fetcher, active, batch_topics, most)
        if found or is_last:
            return found
        waiter = fetcher._create_fetch_waiter()
        await asyncio.wait([waiter], timeout=timeout_s)
        if not waiter.done():
            waiter.cancel()
            return {}
        waiter.result()
    return {}


async def _taken(
    consumer: Any,
    fetcher: Any,
    active: Collection[TopicPartition],
    batch_topics: frozenset[str],
    most: int | None,
) -> Mapping[TopicPartition, Any]:
    if fetcher._subscriptions.reassignment_in_progress:
        return {}
    with fetcher._subscriptions.fetch_context():
        found, others = drain_fast(fetcher, active, batch_topics, True, 0, most)
    if found:  # an error would take with it what has been drained: it is raised with the next call
        others = [tp for tp in others if type(fetcher._records.get(tp)) is FetchResult]
    if not others:
        return found
    return {**found, **await consumer.getmany(*others, timeout_ms=0, max_records=most)}
