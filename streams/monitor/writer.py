"""The transaction of one partition: everything a flush publishes appears together or not at all.

On the path of an event: after ``streams/monitor/records.py``, before the topics that landing and notifier read.

Each partition has a transactional id of its own. Opening its producer aborts what a former owner left open and fences
it: from then on it can write nothing more under this id, however late it wakes up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from aiokafka import AIOKafkaProducer

from streams.kafka.servers import Servers, connection
from streams.monitor.records import Record

#: bytes of a batch: below the broker's default limit of a message set, 1,048,588
BATCH_BYTES = 1_000_000
#: after this long the broker aborts a transaction whose owner is gone
TRANSACTION_TIMEOUT_MS = 30_000
#: records put into batches before other work gets a turn
_AT_ONCE = 5000

#: key, value, timestamp in ms
Stamped = tuple[bytes | None, bytes | None, int]


def transactional_producer(bootstrap: Servers, transactional_id: str, timeout_ms: int) -> AIOKafkaProducer:
    """A producer for transactions that the broker aborts after ``timeout_ms``; not started."""
    return AIOKafkaProducer(
        **connection(bootstrap),
        transactional_id=transactional_id,
        transaction_timeout_ms=timeout_ms,
        compression_type="zstd",  # aiokafka compresses lz4 at level 9: eight times the work, a third larger
        linger_ms=0,
        max_batch_size=BATCH_BYTES,
        max_request_size=10 * BATCH_BYTES,
    )


async def send_batched(
    producer: AIOKafkaProducer, topic: str, partition: int, records: Iterable[Stamped]
) -> list[asyncio.Future[object]]:
    """Send records to one partition in as few batches as possible; each batch's delivery is to be awaited."""
    sent: list[asyncio.Future[object]] = []
    batch = producer.create_batch()
    for index, (key, value, at_ms) in enumerate(records):
        while batch.append(key=key, value=value, timestamp=at_ms) is None:
            sent.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
        if index % _AT_ONCE == _AT_ONCE - 1:
            await asyncio.sleep(0)
    if batch.record_count():
        batch.close()
        sent.append(await producer.send_batch(batch, topic, partition=partition))
    return sent


class PartitionWriter:
    """The producer that writes for one partition.

    Args:
        bootstrap: Kafka addresses.
        transactional_id: the same for every process that owns the partition.
        partition: where records go, in every topic that has a partition of that number (``shared`` has only one).
        shared: topics with a single partition.
        rename: the topic's name on this broker.
    """

    def __init__(
        self,
        bootstrap: Servers,
        transactional_id: str,
        partition: int,
        shared: frozenset[str],
        rename: Callable[[str], str] = str,
    ) -> None:
        self._partition = partition
        self._shared = shared
        self._rename = rename
        self._producer = transactional_producer(bootstrap, transactional_id, TRANSACTION_TIMEOUT_MS)

    async def open(self) -> None:
        """Fence the former owner. After this, what it wrote is complete or gone."""
        await self._producer.start()

    async def close(self) -> None:
        """Give the connection back."""
        await self._producer.stop()

    async def write(self, records: Mapping[str, Sequence[Record]], at_ms: int) -> None:
        """Write records to their topics in one transaction.

        Raises:
            aiokafka.errors.ProducerFenced: the partition has another owner by now; nothing was written.
            aiokafka.errors.KafkaError: it is not known whether it was written.
        """
        producer = self._producer
        await producer.begin_transaction()
        delivered: list[asyncio.Future[object]] = []
        for known, items in records.items():
            partition = 0 if known in self._shared else self._partition
            stamped = ((key, value, at_ms) for key, value in items)
            delivered += await send_batched(producer, self._rename(known), partition, stamped)
        for future in delivered:
            await future
        await producer.commit_transaction()
