"""What is kept of sources on the compacted topic ``funnel.sources.v1``: connections added at run time, wishes, cursors, tokens, health.

Keys: ``connection/NAME``, ``control/NAME``, ``trial/NAME``, ``alert/NAME``, ``cursor/NAME/RESOURCE``, ``backfill/NAME/ID/RESOURCE``, ``token/NAME``
(sealed), ``authorised/NAME`` (sealed, until the connection is saved), ``health/NAME``, ``lease/NAME``, and ``import/ID`` of imports. People write connections, controls and imports; everything else
is written by the one owner of a connection, through a transactional producer of its partition that fences whoever owned it before: a
process that was suspended and wakes up can move no cursor and put no old token over a new one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import structlog
from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.errors import KafkaError

from scoring.alerts.alert import AlertTransition
from scoring.errors import UNDECODABLE
from scoring.sources.backfills import BackfillWish
from scoring.wording.text import Language
from streams.errors import FencedError
from streams.kafka import topics
from streams.kafka.errors import KafkaUnreachableError, LogFencedError
from streams.kafka.followers import TopicFollower, everything
from streams.kafka.servers import Servers, connection, servers_of
from streams.kafka.sole_writer import LogRecord, SoleWriter
from streams.settings import Settings

_log = structlog.get_logger()
T = TypeVar("T")
SOURCE_RECORD_VERSION = 1


class OwnershipLostError(FencedError):
    """Another process owns the connection by now, or the broker did not take what was written; the owner stops its work on it."""


class StoredConnection(msgspec.Struct, frozen=True, omit_defaults=True):
    """A connection that was added at run time. ``settings`` have the form of funnelwatch.yaml, with secrets sealed."""

    settings: dict[str, Any]
    at_ms: int
    who: str = ""
    schema_version: int = SOURCE_RECORD_VERSION


class ConnectionControl(msgspec.Struct, frozen=True, omit_defaults=True):
    """What people want of a connection, whoever owns it.

    Attributes:
        paused: not asked until it is resumed; what it sends by webhook is still taken.
        why, who, at_ms: of the last change.
        resumed_ms: troubles that paused it before this moment are forgotten: somebody says that they are fixed.
        tested_ms: when somebody last asked for a test.
        backfills: asked for, oldest first; one that is taken out is withdrawn.
        accepted, accepted_ms: doubts that somebody said are none, by their keys, and when.
    """

    paused: bool = False
    why: str = ""
    who: str = ""
    at_ms: int = 0
    resumed_ms: int = 0
    tested_ms: int = 0
    backfills: tuple[BackfillWish, ...] = ()
    accepted: tuple[str, ...] = ()
    accepted_ms: int = 0
    schema_version: int = SOURCE_RECORD_VERSION


class TrialLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of one part of a test, in a sentence; ``zh`` is the same in Chinese, empty for what an earlier release kept."""

    what: str
    is_good: bool
    said: str
    zh: str = ""

    def sentence(self, language: Language) -> str:
        """What came of it."""
        return self.zh if language == "zh" and self.zh else self.said


class StoredTrial(msgspec.Struct, frozen=True):
    """What came of the test that was asked for at ``asked_ms``; its owner made it."""

    asked_ms: int
    at_ms: int
    lines: tuple[TrialLine, ...]
    schema_version: int = SOURCE_RECORD_VERSION


class StoredAuthorisation(msgspec.Struct, frozen=True):
    """What was had for something that is good once, before its connection is saved: whoever types it again needs no other.

    Attributes:
        given: fingerprint of the code or refresh token that was typed.
        tokens: had for it; sealed, in the form of ``token/NAME``.
    """

    given: str
    tokens: str
    schema_version: int = SOURCE_RECORD_VERSION


class ConnectionLease(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which process owns a connection, and since when. For people: what decides is the fencing of ``OwnerWriter``."""

    process: str
    partition: int
    since_ms: int


def log_key(kind: str, *names: str) -> str:
    """The key of a record."""
    return "/".join((kind, *names))


class SourceBook:
    """The newest record under each key."""

    def __init__(self) -> None:
        self._records: dict[str, bytes] = {}
        #: grows with each change of a connection or a control
        self.changes = 0

    def take(self, key: bytes | str | None, value: bytes | None) -> None:
        """Note a record; None forgets what was there."""
        if key is None:
            return
        name = key.decode("utf-8", "replace") if isinstance(key, bytes) else key
        if name.startswith(("connection/", "control/")):
            self.changes += 1
        if value is None:
            self._records.pop(name, None)
        else:
            self._records[name] = value

    def raw(self, key: str) -> bytes | None:
        """The record under ``key`` as it is."""
        return self._records.get(key)

    def get(self, kind: type[T], key: str) -> T | None:
        """The record under ``key``; None if there is none, or it cannot be read (another release wrote it)."""
        value = self._records.get(key)
        if value is None:
            return None
        try:
            return msgspec.json.decode(value, type=kind)
        except UNDECODABLE as error:
            _log.warning("record_skipped", topic=topics.SOURCES, key=key, error=str(error))
            return None

    def under(self, kind: type[T], prefix: str) -> Iterator[tuple[str, T]]:
        """The rest of each key that begins with ``prefix/``, and its record."""
        for key in sorted(self._records):
            if key.startswith(prefix + "/"):
                record = self.get(kind, key)
                if record is not None:
                    yield key.removeprefix(prefix + "/"), record

    def keys(self, prefix: str) -> list[str]:
        """The keys that begin with ``prefix/``."""
        return sorted(key for key in self._records if key.startswith(prefix + "/"))

    def control(self, name: str) -> ConnectionControl:
        """What people want of a connection."""
        return self.get(ConnectionControl, log_key("control", name)) or ConnectionControl()


class SourceFollower:
    """Follows the topic from its beginning into a book.

    Args:
        kafka: bootstrap servers.
        book: where records go.
        rename: the topic's name on this broker.
    """

    def __init__(self, kafka: Servers, book: SourceBook, rename: Callable[[str], str] = str) -> None:
        self._book = book
        self._follower = TopicFollower(kafka, (rename(topics.SOURCES),))

    async def open(self) -> None:
        """Read everything there is now.

        Raises:
            aiokafka.errors.KafkaError: no broker answers.
        """
        await self._follower.open()
        await self.catch_up()

    async def catch_up(self) -> None:
        """Read everything there is at this moment.

        Raises:
            aiokafka.errors.KafkaError: no broker answers.
        """
        await self._follower.look_again()
        while await self._follower.is_behind():
            await self.follow(200)

    async def follow(self, timeout_ms: int) -> int:
        """Take what has come; the number of records."""
        records: list[ConsumerRecord] = await self._follower.take(timeout_ms)
        for record in records:
            self._book.take(record.key, record.value)
        return len(records)

    async def close(self) -> None:
        """Stop following."""
        await self._follower.close()


async def read_book(kafka: Servers, rename: Callable[[str], str] = str) -> SourceBook:
    """The book as it is now.

    Raises:
        KafkaUnreachableError: no broker answers.
    """
    book = SourceBook()
    try:
        async for record in everything(kafka, rename(topics.SOURCES)):
            book.take(record.key, record.value)
    except KafkaError as error:
        raise KafkaUnreachableError(f"Kafka at {kafka} does not answer ({type(error).__name__})") from error
    return book


class RecordWriter:
    """Writes records of people (connections, controls, imports), as often as needed while it is open.

    Args:
        settings: the broker's address.
        rename: the topic's name on this broker.
    """

    def __init__(self, settings: Settings, rename: Callable[[str], str] = str) -> None:
        self._rename = rename
        self._producer = AIOKafkaProducer(
            **connection(servers_of(settings)), acks="all", enable_idempotence=True, request_timeout_ms=10_000
        )

    async def __aenter__(self) -> RecordWriter:
        """Connect.

        Raises:
            KafkaUnreachableError: no broker answers.
        """
        try:
            await self._producer.start()
        except KafkaError as error:
            await self._producer.stop()
            raise _not_taken(error) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._producer.stop()

    async def write(self, records: Mapping[str, Any], alerts: Sequence[AlertTransition] = ()) -> None:
        """Write records; None under a key forgets what is there. ``alerts`` end with them.

        Raises:
            KafkaUnreachableError: the broker did not acknowledge them.
        """
        try:
            for key, record in records.items():
                value = None if record is None else msgspec.json.encode(record)
                await self._producer.send_and_wait(
                    self._rename(topics.SOURCES), value, key=key.encode(), partition=0
                )
            for one in alerts:
                await self._producer.send_and_wait(
                    self._rename(topics.ALERTS), msgspec.json.encode(one), key=one.store_id.encode()
                )
        except KafkaError as error:
            raise _not_taken(error) from error


def _not_taken(error: KafkaError) -> KafkaUnreachableError:
    return KafkaUnreachableError(f"the broker did not take it ({type(error).__name__}); try again")


async def publish_records(
    settings: Settings,
    records: Mapping[str, Any],
    rename: Callable[[str], str] = str,
    alerts: Sequence[AlertTransition] = (),
) -> None:
    """Write some records at once. Raises as ``RecordWriter``."""
    async with RecordWriter(settings, rename) as writer:
        await writer.write(records, alerts)


class OwnerWriter:
    """Writes what the owner of a partition's connections keeps. ``open`` fences the former owner.

    Args:
        kafka: bootstrap servers.
        transactional_id: the same for every process that owns the partition.
        rename: the topic's name on this broker.
    """

    def __init__(self, kafka: Servers, transactional_id: str, rename: Callable[[str], str] = str) -> None:
        self._topic, self._alerts = rename(topics.SOURCES), rename(topics.ALERTS)
        self._waiting: list[tuple[list[LogRecord], asyncio.Future[None]]] = []
        self._flushing: asyncio.Task[None] | None = None
        self._writer = SoleWriter(kafka, transactional_id, "the state of a connection")

    async def open(self) -> None:
        """Fence the former owner: what it wrote is complete or gone, and it can write nothing more."""
        await self._writer.take_over()

    async def write(self, records: Mapping[str, Any], alerts: Sequence[AlertTransition] = ()) -> None:
        """Make ``records`` durable, all or none, before anything else happens; None forgets. Alerts are published with them.

        What many connections write at the same time shares a transaction.

        Raises:
            OwnershipLostError: another process owns the partition, or the broker did not take them.
        """
        values: list[LogRecord] = [
            (self._topic, key.encode(), None if one is None else msgspec.json.encode(one), 0)
            for key, one in records.items()
        ]
        values += [(self._alerts, one.store_id.encode(), msgspec.json.encode(one), None) for one in alerts]
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((values, written))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush(), name="owner-writer")
        await written

    async def _flush(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting, []
            error: OwnershipLostError | None = None
            try:
                await self._writer.write(one for values, _ in taken for one in values)
            except LogFencedError as lost:
                error = OwnershipLostError(str(lost))
                error.__cause__ = lost
            for _, written in taken:
                if written.done():
                    continue
                if error is None:
                    written.set_result(None)
                else:
                    written.set_exception(error)

    async def close(self) -> None:
        """Give the connection back, once what is being written is."""
        if self._flushing is not None:
            await asyncio.gather(self._flushing, return_exceptions=True)
        await self._writer.close()
