"""Puts accepted records into Kafka, or on the disk spool while Kafka is unreachable. What it has taken is not lost.

On the path of an event: after ``scoring/events/parsing.py``, before the topic ``funnel.events.v1``.

Requests do not talk to Kafka each for itself: one loop takes everything that waits, sends it as one record batch a
partition and answers all together, so that the cost of a round trip is shared and the order of a store is kept. As
long as the spool holds anything, new records go behind it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTimestampError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    RecordTooLargeError,
)

from streams import tracing
from streams.clock import monotonic, now_ms
from streams.collector.frames import Record
from streams.collector.producer import let_go, new_producer
from streams.collector.spool import Spool, SpoolFullError
from streams.collector.spooling import SpoolWriter, end
from streams.collector.traced import TracedRequests, trace_flush
from streams.errors import RejectedError
from streams.kafka.admin import partition_of
from streams.kafka.errors import KafkaUnreachableError
from streams.kafka.servers import Servers
from streams.metrics import COLLECTOR_KAFKA_UNREACHABLE

_log = structlog.get_logger()

#: how long one flush may wait for the broker's acknowledgement, in seconds; then the broker counts as away
DELIVERY_S = 4.0
#: bytes of records in one flush at most, so that a spool or a slow broker is not handed everything at once
_FLUSH_BYTES = 8_000_000
_LINGER_S = 0.002
#: and after a flush of so many records, since more are on their way: a batch, a request and a fetch cost all sides about what a few
#: hundred records cost
_BUSY_LINGER_S, _BUSY_RECORDS = 0.05, 400
#: records that are put into a batch before the event loop does something else, some 5 ms
_RECORDS_A_TURN = 1000
#: how long reconnecting and sending on from the spool may take: nobody waits for it, and a machine that is short of
#: time would else begin again and again
_REPAIR_S = 30.0
#: a batch that Kafka rejects for one of its records, and will reject again
_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError, RecordTooLargeError)
#: a record without a time (Kafka's NO_TIMESTAMP), which no broker rejects for its time
_NO_TIME_MS = -1
#: how long records are sent without time after the broker rejected one: its clock and ours are far apart
_NO_TIMES_S = 60.0
_BACKOFF_S = (0.1, 0.2, 0.5, 1.0, 2.0)


class RecordsRejectedError(RejectedError):
    """Kafka rejects records for good, and there is no spool to set them aside in. Whoever sends them reports it."""


class Publisher:
    """Hands records to Kafka in order. Use as an async context manager."""

    def __init__(
        self, kafka: Servers, spool: Spool | None, *, delivery_s: float = DELIVERY_S, patience_s: float = 60.0
    ) -> None:
        """Prepare.

        Args:
            kafka: bootstrap servers.
            spool: where records go while Kafka is unreachable; without one, callers wait.
            delivery_s: seconds after which a broker that does not acknowledge counts as away.
            patience_s: without a spool, seconds a caller waits for the broker before ``KafkaUnreachableError``.
        """
        self._kafka = kafka
        self._delivery_s = delivery_s
        self._patience_s = patience_s
        self._waiting: dict[asyncio.Future[None], Sequence[Record]] = {}
        #: since when Kafka owes an acknowledgement
        self._owing_since: float | None = None
        self._wake = asyncio.Event()
        self._drain_wake = asyncio.Event()
        self._spool = SpoolWriter(spool, self._drain_wake.set) if spool is not None else None
        self._producer: AIOKafkaProducer | None = None
        self._round = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._ending: set[asyncio.Task[None]] = set()
        self._closing = False
        self._no_times_until = float("-inf")
        self._requests = TracedRequests()

    @property
    def is_broker_there(self) -> bool:
        """True while Kafka takes records."""
        return self._producer is not None

    @property
    def spooled_bytes(self) -> int:
        """Bytes that wait on disk."""
        return self._spool.waiting_bytes if self._spool else 0

    async def __aenter__(self) -> Publisher:
        """Connect, or begin without the broker if it is unreachable."""
        await self._connect(self._delivery_s)
        if self._spool is not None:
            self._spool.begin()
        self._tasks = [
            asyncio.create_task(self._flush_forever(), name="publisher-flush"),
            asyncio.create_task(self._repair_forever(), name="publisher-repair"),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Answer what waits, then let go of Kafka and the spool."""
        self._closing = True
        self._wake.set()
        flush, repair = self._tasks
        with contextlib.suppress(asyncio.TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(flush, self._delivery_s + 5)
        repair.cancel()
        await asyncio.gather(repair, return_exceptions=True)
        producer, self._producer = self._producer, None
        if producer is not None:
            await let_go(producer)
        await asyncio.gather(*self._ending, return_exceptions=True)
        if self._spool is not None:
            await self._spool.close()

    async def watch(self) -> None:
        """Block until one of the background loops fails, then raise its error: a bug, and the process must not go on without it."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()

    async def publish(self, records: Sequence[Record], *, within_s: float | None = None) -> None:
        """Return once every record is acknowledged by Kafka or safe on disk.

        Args:
            records: what is to be kept.
            within_s: seconds that Kafka may owe an acknowledgement before the disk takes the records, where there is one. They may
                then be sent twice.

        Raises:
            SpoolFullError: Kafka is unreachable and the spool has no room.
            KafkaUnreachableError: Kafka is unreachable and there is no spool, or the publisher is closing.
            RecordsRejectedError: Kafka rejects them for good, and there is no spool.
        """
        if not records:
            return
        if self._closing:
            raise KafkaUnreachableError("the collector is stopping")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests.note()
        self._waiting[done] = records
        self._wake.set()
        if within_s is not None and self._spool is not None:
            owed_s = 0.0 if self._owing_since is None else monotonic() - self._owing_since
            await asyncio.wait({done}, timeout=max(0.0, within_s - owed_s))
            if not done.done():
                self._waiting.pop(done, None)
                done.add_done_callback(lambda ended: None if ended.cancelled() else ended.exception())
                await self.spool(records)
                return
        await done

    async def spool(self, records: Sequence[Record]) -> bool:
        """Keep records on disk, to be sent on behind what waits there; False without a spool.

        Raises:
            SpoolFullError: they do not fit.
        """
        if self._spool is None:
            return False
        await self._spool.append(records)
        return True

    async def _flush_forever(self) -> None:
        flushed = 0
        while True:
            await self._wake.wait()
            if not self._closing:
                await asyncio.sleep(_BUSY_LINGER_S if flushed >= _BUSY_RECORDS else _LINGER_S)
            taken, records = self._take()
            if not taken:
                flushed = 0
                self._wake.clear()
                if self._closing:
                    return
                continue
            flushed = len(records)
            error: Exception | None = None
            try:
                await self._keep(records)
            except (SpoolFullError, KafkaUnreachableError, RecordsRejectedError) as failure:
                error = failure
            for done in taken:
                end(done, error)

    def _take(self) -> tuple[list[asyncio.Future[None]], list[Record]]:
        size, taken = 0, []
        for done, records in self._waiting.items():
            size += sum(len(record.value) for record in records)
            taken.append(done)
            if size >= _FLUSH_BYTES:
                break
        return taken, [record for done in taken for record in self._waiting.pop(done)]

    async def _keep(self, records: list[Record]) -> None:
        deadline = monotonic() + self._patience_s
        while True:
            producer = self._producer
            if producer is not None and (self._spool is None or self._spool.is_empty):
                self._owing_since = monotonic()
                try:
                    await self._send(producer, records, self._delivery_s)
                    return
                except (KafkaError, TimeoutError) as error:
                    self._lose(producer, error)
                    if self._spool is None and isinstance(error, _TOO_LARGE):
                        raise RecordsRejectedError(f"Kafka rejects a record for its size: {error}") from error
                finally:
                    self._owing_since = None
            if await self.spool(records):
                return
            if monotonic() > deadline or self._closing:
                raise KafkaUnreachableError(
                    f"Kafka at {self._kafka} does not answer; is it running? see `funnelwatch status`"
                )
            await asyncio.sleep(0.2)

    async def _send(self, producer: AIOKafkaProducer, records: Sequence[Record], wait_s: float) -> None:
        """Send ``records`` as record batches and wait until all are acknowledged."""
        topics = {record.topic for record in records}
        partitions = {topic: await self._partitions_of(producer, topic, wait_s) for topic in topics}
        groups = self._grouped(records, partitions)
        until = asyncio.get_running_loop().time() + wait_s
        begun_ns, requests = tracing.now_ns(), self._requests.take()
        futures: list[asyncio.Future[Any]] = []
        try:
            async with asyncio.timeout_at(until):
                for (topic, partition), group in groups.items():
                    batch = producer.create_batch()
                    latest_ms = self._latest_ms()
                    for number, record in enumerate(group, 1):
                        if number % _RECORDS_A_TURN == 0:
                            await asyncio.sleep(0)  # other requests have their turn
                        at_ms = min(record.timestamp_ms, latest_ms)
                        if batch.append(key=record.key, value=record.value, timestamp=at_ms) is None:
                            futures.append(await producer.send_batch(batch, topic, partition=partition))
                            batch = producer.create_batch()
                            batch.append(key=record.key, value=record.value, timestamp=at_ms)
                    batch.close()
                    futures.append(await producer.send_batch(batch, topic, partition=partition))
                acknowledged = await asyncio.gather(*futures)
            trace_flush(acknowledged, begun_ns, requests, groups)
        finally:
            for future in futures:
                if future.done() and not future.cancelled():
                    future.exception()

    def _latest_ms(self) -> int:
        """The latest time that a record is given: its clock may have been wrong, and a broker rejects times that are far ahead."""
        return _NO_TIME_MS if monotonic() < self._no_times_until else now_ms()

    def _grouped(
        self, records: Sequence[Record], partitions: Mapping[str, Sequence[int]]
    ) -> dict[tuple[str, int], list[Record]]:
        """The records of each partition, in order."""
        groups: dict[tuple[str, int], list[Record]] = {}
        of_key: dict[tuple[str, bytes], list[Record]] = {}
        for record in records:
            topic, key = record.topic, record.key
            if key is None:
                groups.setdefault((topic, self._place(None, partitions[topic])), []).append(record)
                continue
            group = of_key.get((topic, key))
            if group is None:
                place = topic, self._place(key, partitions[topic])
                group = of_key[topic, key] = groups.setdefault(place, [])
            group.append(record)
        return groups

    @staticmethod
    async def _partitions_of(producer: AIOKafkaProducer, topic: str, wait_s: float) -> list[int]:
        """The partitions there are now: a topic that was given more is known by it after ``METADATA_AGE_MS``."""
        try:
            async with asyncio.timeout(wait_s):
                return sorted(await producer.partitions_for(topic))
        except AssertionError as error:  # aiokafka's answer while the client closes
            raise KafkaError("the client is closing") from error

    def _place(self, key: bytes | None, partitions: Sequence[int]) -> int:
        if key is None:
            self._round += 1
            return partitions[self._round % len(partitions)]
        return partitions[partition_of(key, len(partitions))]

    async def _connect(self, wait_s: float) -> bool:
        producer = new_producer(self._kafka)
        try:
            async with asyncio.timeout(wait_s):
                await producer.start()
        except (KafkaError, TimeoutError, OSError):
            COLLECTOR_KAFKA_UNREACHABLE.set(1)
            await asyncio.shield(self._end(producer))
            return False
        except asyncio.CancelledError:
            self._end(producer)
            raise
        self._producer = producer
        COLLECTOR_KAFKA_UNREACHABLE.set(0)
        return True

    def _lose(self, producer: AIOKafkaProducer, error: BaseException) -> None:
        """Give a producer up: an idempotent one that timed out would retry behind our back, out of order."""
        if self._producer is not producer:
            return
        self._producer = None
        COLLECTOR_KAFKA_UNREACHABLE.set(1)
        if isinstance(error, InvalidTimestampError):
            self._no_times_until = monotonic() + _NO_TIMES_S
            _log.warning("clock_differs", hint="the broker's clock and this machine's are far apart")
        else:
            _log.warning("kafka_unreachable", error=type(error).__name__, spooling=self._spool is not None)
        self._end(producer)
        self._drain_wake.set()

    def _end(self, producer: AIOKafkaProducer) -> asyncio.Task[None]:
        """Let go of a producer in the background; whoever closes the publisher waits for it."""
        ending = asyncio.create_task(let_go(producer))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        return ending

    async def _repair_forever(self) -> None:
        """Find the broker again when it is lost, and send on what the spool holds."""
        attempt = 0
        while True:
            if self._producer is None:
                if await self._connect(_REPAIR_S):
                    _log.info("kafka_reachable", spooled_bytes=self.spooled_bytes)
                    attempt = 0
                else:
                    await asyncio.sleep(_BACKOFF_S[min(attempt, len(_BACKOFF_S) - 1)])
                    attempt += 1
                    continue
            if self._spool is not None and not self._spool.is_empty:
                if not await self._drain_one(self._spool):
                    await asyncio.sleep(_BACKOFF_S[min(attempt, len(_BACKOFF_S) - 1)])
                    attempt += 1
                else:
                    attempt = 0
                continue
            self._drain_wake.clear()
            await self._drain_wake.wait()

    async def _drain_one(self, spool: SpoolWriter) -> bool:
        """Send the oldest frame on; False if the broker does not take it now."""
        records, size = await spool.head()
        if not await self._send_or_set_aside(spool, records):
            return False
        await spool.advance(size)
        return True

    async def _send_or_set_aside(self, spool: SpoolWriter, records: Sequence[Record]) -> bool:
        """True once each of ``records`` is in Kafka, or kept aside because Kafka rejects it for good.

        A producer is given up after each rejection, for Kafka counts the batches of an idempotent one; halves are tried until the
        rejected record is alone, so that all others go on.
        """
        if self._producer is None and not await self._connect(_REPAIR_S):
            return False
        producer = self._producer
        assert producer is not None
        if not records:
            return True
        try:
            await self._send(producer, records, _REPAIR_S)
        except _TOO_LARGE as error:
            self._producer = None
            self._end(producer)
            if len(records) > 1:
                half = len(records) // 2
                return await self._send_or_set_aside(spool, records[:half]) and await self._send_or_set_aside(
                    spool, records[half:]
                )
            return spool.set_aside(records, error)
        except (KafkaError, TimeoutError) as error:
            self._lose(producer, error)
            return False
        return True
