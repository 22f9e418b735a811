"""The writer of a log that one process writes at a time: taking over fences whoever wrote it before.

A former writer, however late it wakes, can write nothing more; what it had begun is complete or gone. Used by the send log
(``streams/incidents/send_log.py``) and the log of the pools (``streams/pools/log.py``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaProducer
from aiokafka.errors import IllegalOperation, InvalidProducerEpoch, KafkaError, ProducerFenced

from streams.kafka.errors import LogFencedError
from streams.kafka.servers import Servers, connection

#: after this long the broker aborts what a dead writer left open
_TRANSACTION_TIMEOUT_MS = 20_000

#: topic, key, value (None forgets the key), partition (None: by the key)
LogRecord = tuple[str, bytes, bytes | None, int | None]


class SoleWriter:
    """The transactional producer named ``transactional_id``. ``name`` says in errors which log it is."""

    def __init__(self, bootstrap: Servers, transactional_id: str, name: str) -> None:
        self._bootstrap, self._transactional_id, self._name = bootstrap, transactional_id, name
        self._producer: AIOKafkaProducer | None = None
        #: one transaction at a time: messages to several receivers are under way at once
        self._writing = asyncio.Lock()
        #: a producer that was fenced once can do nothing more
        self._is_lost = False

    async def take_over(self) -> None:
        """Fence the former writer.

        Raises:
            aiokafka.errors.KafkaError: no broker answers.
        """
        await self.close()
        producer = AIOKafkaProducer(
            **connection(self._bootstrap),
            transactional_id=self._transactional_id,
            transaction_timeout_ms=_TRANSACTION_TIMEOUT_MS,
            linger_ms=0,
        )
        await producer.start()
        self._producer, self._is_lost = producer, False

    async def write(self, records: Iterable[LogRecord]) -> None:
        """Write all of ``records`` in one transaction, or none.

        A producer that finds out in the midst of it that it was fenced says that it is in no transaction (``IllegalOperation``).

        Raises:
            LogFencedError: another process writes the log now, or the broker did not take it; nothing more can be written.
        """
        async with self._writing:
            if self._producer is None or self._is_lost:
                raise LogFencedError(f"{self._name} is not open")
            try:
                async with self._producer.transaction():
                    sent = [
                        await self._producer.send(topic, value, key=key, partition=partition)
                        for topic, key, value, partition in records
                    ]
                    await asyncio.gather(*sent)
            except (ProducerFenced, InvalidProducerEpoch, IllegalOperation, KafkaError) as error:
                self._is_lost = True
                raise LogFencedError(f"{self._name} cannot be written: {type(error).__name__}") from error

    async def close(self) -> None:
        """Give the log up."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()
