"""What pools remember, and how their alerts are published: both in one transaction, by one process at a time.

Taking over opens the transactional producer, which fences whoever had it before, and then reads the changelog to its
end. So every transition is published once: what a former leader had begun is complete or gone, and the minute up to
which it reported is the minute from which its successor reports.

Changelog keys: ``mark`` (the last minute judged, as text) and ``pool|ID`` (a snapshot, bytes of its own schema).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import InvalidProducerEpoch, KafkaError, ProducerFenced

from scoring.alerts.alert import AlertTransition
from streams.errors import FencedError
from streams.kafka import topics
from streams.settings import Settings

_MARK = b"mark"
_POOL = b"pool|"


class PoolLogFencedError(FencedError):
    """Another process judges the pools now, or the broker rejected it; the role stops leading."""


class PoolLog:
    """The changelog of the pools, and the producer of their alerts."""

    def __init__(self, settings: Settings, rename: Callable[[str], str] = str) -> None:
        self._settings, self._rename = settings, rename
        self._producer: AIOKafkaProducer | None = None
        self.scored: int | None = None
        self.snapshots: dict[str, bytes] = {}

    async def take_over(self) -> None:
        """Fence the former writer and read the changelog to its end."""
        await self.close()
        producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.kafka,
            transactional_id=self._rename(f"{self._settings.group_prefix}-pools"),
            transaction_timeout_ms=20_000,
            linger_ms=0,
        )
        await producer.start()
        self._producer = producer
        await self._read()

    async def _read(self) -> None:
        self.scored, self.snapshots = None, {}
        reader = AIOKafkaConsumer(
            bootstrap_servers=self._settings.kafka, enable_auto_commit=False, isolation_level="read_committed"
        )
        await reader.start()
        try:
            tp = TopicPartition(self._rename(topics.POOLS_CHANGELOG), 0)
            reader.assign([tp])
            end = (await reader.end_offsets([tp]))[tp]
            reader.seek(tp, (await reader.beginning_offsets([tp]))[tp])
            while await reader.position(tp) < end:
                for batch in (await reader.getmany(tp, timeout_ms=200)).values():
                    for record in batch:
                        self._apply(record.key, record.value)
        finally:
            await reader.stop()

    def _apply(self, key: bytes, value: bytes | None) -> None:
        if key == _MARK and value is not None:
            self.scored = int(value)
        elif key.startswith(_POOL):
            name = key.removeprefix(_POOL).decode()
            if value is None:
                self.snapshots.pop(name, None)
            else:
                self.snapshots[name] = value

    async def write(
        self, scored: int, snapshots: Mapping[str, bytes], transitions: Sequence[AlertTransition]
    ) -> None:
        """Publish transitions and remember, in one transaction, up to which minute that was reported.

        Raises:
            PoolLogFencedError: another process leads now, or the broker did not take it.
        """
        if self._producer is None:
            raise PoolLogFencedError("the pools' log is not open")
        changelog = self._rename(topics.POOLS_CHANGELOG)
        try:
            async with self._producer.transaction():
                for transition in transitions:
                    value, key = msgspec.json.encode(transition), transition.store_id.encode()
                    await self._producer.send(self._rename(topics.ALERTS), value, key=key)
                for pool, state in snapshots.items():
                    await self._producer.send(changelog, state, key=_POOL + pool.encode(), partition=0)
                await self._producer.send(changelog, str(scored).encode(), key=_MARK, partition=0)
        except (ProducerFenced, InvalidProducerEpoch, KafkaError) as error:
            raise PoolLogFencedError(f"the pools' log cannot be written: {type(error).__name__}") from error

    async def close(self) -> None:
        """Give the log up."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()
