"""Follows topics without a consumer group: everything there is now, or since a moment, then whatever comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams.kafka import topics
from streams.kafka.admin import has_more_partitions, partitions_of
from streams.kafka.holding import QUIET_MS, hold_while_quiet
from streams.kafka.servers import Servers, connection

#: how long a take waits for the first record, where nothing else sets the pace
POLL_MS = 500
#: the same while what was there at the start is being read
_CATCHING_UP_MS = 50


class TopicFollower:
    """Reads all partitions of some topics. Only committed records.

    Args:
        bootstrap: Kafka addresses.
        names: the topics, those first that must be read first.
        max_bytes: of a partition that are read at once, at most (a larger record comes alone).
        past_open: ``is_behind`` also waits for transactions that are open now. Records that were committed after such a
            one began cannot be read before it ends; without this they are taken for not written yet.
        since_ms: the time of the first records that are read; None reads from the beginning.
        reads_new: partitions that are added later are read, too; else ``has_new_partitions`` says that there are some.
    """

    def __init__(
        self,
        bootstrap: Servers,
        names: Sequence[str],
        *,
        max_bytes: int = 1 << 20,
        past_open: bool = False,
        since_ms: int | None = None,
        reads_new: bool = True,
    ) -> None:
        self._bootstrap, self._names, self._max_bytes = bootstrap, tuple(names), max_bytes
        self._past_open, self._since_ms, self._reads_new = past_open, since_ms, reads_new
        self._consumer: AIOKafkaConsumer | None = None
        self._ends: dict[TopicPartition, int] = {}

    async def open(self, places: Mapping[TopicPartition, int] | None = None) -> None:
        """Connect, and go to where reading begins; to ``places`` where a former follower was, its other partitions being new."""
        consumer = AIOKafkaConsumer(
            **connection(self._bootstrap),
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            metadata_max_age_ms=topics.METADATA_AGE_MS,
            max_partition_fetch_bytes=self._max_bytes,
        )
        self._consumer = consumer
        await consumer.start()
        hold_while_quiet(consumer, QUIET_MS)
        tps = [
            TopicPartition(name, number)
            for name in self._names
            for number in await partitions_of(self._bootstrap, name)
        ]
        consumer.assign(tps)
        self._ends = await (self._written(tps) if self._past_open else consumer.end_offsets(tps))
        if self._since_ms is None or places:
            starts = await consumer.beginning_offsets(tps)
        else:
            found = await consumer.offsets_for_times(dict.fromkeys(tps, self._since_ms))
            starts = {tp: self._ends[tp] if found.get(tp) is None else found[tp].offset for tp in tps}
        for tp, offset in {**starts, **(places or {})}.items():
            consumer.seek(tp, offset)

    @property
    def partitions(self) -> list[int]:
        """The numbers of the partitions that are read, of all topics, ascending."""
        assert self._consumer is not None
        return sorted(tp.partition for tp in self._consumer.assignment())

    async def look_again(self) -> None:
        """Let ``is_behind`` speak of what is there now."""
        assert self._consumer is not None
        self._ends = await self._consumer.end_offsets(list(self._consumer.assignment()))

    async def _written(self, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Where the partitions end; a consumer of committed records is given the place of the first open transaction."""
        consumer = AIOKafkaConsumer(**connection(self._bootstrap), enable_auto_commit=False)
        await consumer.start()
        try:
            return dict(await consumer.end_offsets(tps))
        finally:
            await consumer.stop()

    async def is_behind(self) -> bool:
        """Whether something that was there when it was opened has not been read."""
        assert self._consumer is not None
        self._ends = {tp: end for tp, end in self._ends.items() if await self._consumer.position(tp) < end}
        return bool(self._ends)

    async def take(self, timeout_ms: int) -> list[ConsumerRecord]:
        """The records that have come, waiting at most ``timeout_ms`` for the first."""
        assert self._consumer is not None
        for name in self._names if self._reads_new else ():
            if has_more_partitions(self._consumer, name):
                await self._read_more(self._consumer, name)
        batches = await self._consumer.getmany(timeout_ms=timeout_ms)
        return [record for records in batches.values() for record in records]

    def has_new_partitions(self) -> bool:
        """Whether a topic has partitions by now that are not read here."""
        assert self._consumer is not None
        return any(has_more_partitions(self._consumer, name) for name in self._names)

    async def read_to_end(self) -> list[TopicPartition]:
        """The partitions of which everything that may be read now has been."""
        assert self._consumer is not None
        found = []
        for tp in self._consumer.assignment():
            stable = self._consumer.last_stable_offset(tp)
            if stable is not None and await self._consumer.position(tp) >= stable:
                found.append(tp)
        return found

    async def places(self) -> dict[TopicPartition, int]:
        """The offset of the next record of each partition."""
        assert self._consumer is not None
        return {tp: await self._consumer.position(tp) for tp in self._consumer.assignment()}

    async def _read_more(self, consumer: AIOKafkaConsumer, name: str) -> None:
        places = await self.places()
        numbers = await partitions_of(self._bootstrap, name)
        tps = {*places, *(TopicPartition(name, number) for number in numbers)}
        firsts = await consumer.beginning_offsets(list(tps - set(places)))
        consumer.assign(list(tps))
        for tp in tps:
            consumer.seek(tp, places.get(tp, firsts.get(tp)))

    async def close(self) -> None:
        """Stop following."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()


async def follow_forever(
    follower: TopicFollower, take: Callable[[ConsumerRecord], None], is_read: asyncio.Event
) -> None:
    """Give each record to ``take``, from where the follower begins and for ever; ``is_read`` once what was there has been read."""
    try:
        await follower.open()
        while True:
            if not is_read.is_set() and not await follower.is_behind():
                is_read.set()
            for record in await follower.take(POLL_MS if is_read.is_set() else _CATCHING_UP_MS):
                take(record)
    finally:
        await follower.close()


async def everything(
    bootstrap: Servers, name: str, *, past_open: bool = False
) -> AsyncIterator[ConsumerRecord]:
    """The records that a topic holds now, from its beginning; ``past_open`` as for ``TopicFollower``."""
    follower = TopicFollower(bootstrap, (name,), past_open=past_open)
    try:
        await follower.open()
        while await follower.is_behind():
            for record in await follower.take(200):
                yield record
    finally:
        await follower.close()
