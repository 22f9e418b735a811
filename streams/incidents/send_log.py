"""The send log: what was claimed and what became of it, on the compacted topic ``funnel.sends.v1``.

Exactly one process writes it at a time. Taking over opens the transactional producer of the log, which fences whoever
had it before, and then reads the log to its end; so a claim made here is known to whoever comes next, and a process that was
suspended and wakes up cannot claim any more.
"""

from __future__ import annotations

import asyncio

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import InvalidProducerEpoch, KafkaError, ProducerFenced

from scoring.alerts.deciding import GroupState
from streams.errors import FencedError
from streams.kafka import topics
from streams.kafka.followers import TopicFollower
from streams.settings import Settings


class SendLogLostError(FencedError):
    """Another process has taken the log over, or the broker rejected the claim; the role stops leading."""


class SendRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is remembered under one key.

    For a group of alerts: ``group`` is its state as last settled; ``claim`` is the message that was begun and not yet
    settled (its key, empty if none), ``thread`` and ``receipt`` name the incident and its first message at the
    receiver; ``failures`` counts attempts since the last success. For a digest: ``settled`` says how it ended.
    """

    at_ms: int
    group: GroupState | None = None
    claim: str = ""
    thread: str = ""
    receipt: str = ""
    failures: int = 0
    settled: str = ""


class SendLog:
    """The send log of one transactional id (the notifier and the digests have their own keys and writers)."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._transactional_id = f"{settings.group_prefix}-{name}"
        self._prefix = f"{name}|"
        self._producer: AIOKafkaProducer | None = None
        #: one transaction at a time: messages to several receivers are under way at once
        self._writing = asyncio.Lock()
        self._is_lost = False
        self.records: dict[str, SendRecord] = {}

    async def take_over(self) -> None:
        """Fence the former writer and read the log to its end."""
        await self.close()
        producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.kafka,
            transactional_id=self._transactional_id,
            transaction_timeout_ms=20_000,
            linger_ms=0,
        )
        await producer.start()
        self._producer, self._is_lost = producer, False
        await self.read()

    async def read(self) -> None:
        """Read the log to its end, without any right to write it.

        A claim may be behind a transaction that a killed writer of other keys left open: the broker ends that in time.
        """
        self.records = {}
        follower = TopicFollower(self._settings.kafka, (topics.SENDS,), past_open=True)
        try:
            await follower.open()
            while await follower.is_behind():
                for record in await follower.take(200):
                    self._apply(record.key.decode(), record.value)
        finally:
            await follower.close()

    def _apply(self, key: str, value: bytes | None) -> None:
        if not key.startswith(self._prefix):
            return
        name = key[len(self._prefix) :]
        if value is None:
            self.records.pop(name, None)
        else:
            self.records[name] = msgspec.json.decode(value, type=SendRecord)

    async def write(self, name: str, record: SendRecord | None) -> None:
        """Make ``record`` durable under ``name`` (None forgets it) before anything else happens.

        Raises:
            SendLogLostError: another process leads now, or the broker did not take it.
        """
        value = None if record is None else msgspec.json.encode(record)
        async with self._writing:
            await self._write(name, value)
        if record is None:
            self.records.pop(name, None)
        else:
            self.records[name] = record

    async def _write(self, name: str, value: bytes | None) -> None:
        if self._producer is None or self._is_lost:
            raise SendLogLostError("the send log is not open")
        try:
            async with self._producer.transaction():
                await self._producer.send_and_wait(
                    topics.SENDS, value, key=(self._prefix + name).encode(), partition=0
                )
        except (ProducerFenced, InvalidProducerEpoch, KafkaError) as error:
            self._is_lost = True  # a producer that was fenced once can do nothing more
            raise SendLogLostError(f"the send log cannot be written: {type(error).__name__}") from error

    async def close(self) -> None:
        """Give the log up."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()
