"""The collector's Kafka producer: made in one way, and let go of without waiting for what it could not deliver.

Used by ``streams/collector/publisher.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aiokafka import AIOKafkaProducer

from streams.kafka.servers import Servers, connection
from streams.kafka.topics import METADATA_AGE_MS

_log = structlog.get_logger()

#: bytes of one record batch before compression; under the broker's limit of 1 MiB a batch
BATCH_BYTES = 900_000


def new_producer(kafka: Servers) -> AIOKafkaProducer:
    """A producer that is not started yet."""
    return AIOKafkaProducer(
        **connection(kafka),
        client_id="funnelwatch-collector",
        acks="all",
        enable_idempotence=True,
        compression_type="zstd",  # aiokafka compresses lz4 at level 9: eight times the work, a third larger
        max_batch_size=BATCH_BYTES,
        linger_ms=0,
        request_timeout_ms=10_000,
        retry_backoff_ms=50,
        metadata_max_age_ms=METADATA_AGE_MS,
    )


async def let_go(producer: AIOKafkaProducer) -> None:
    """Close a producer without waiting for what it could not deliver.

    ``AIOKafkaProducer.stop`` waits for its batches, and an idempotent producer's batches never expire. Each step is a task
    of its own: aiokafka's sender ends by being cancelled, which must not be taken for a cancellation of ours, nor hide one.
    """
    producer._closed = True
    steps: tuple[Callable[[], Awaitable[None]], ...] = (producer.client.close, producer._sender.close)
    for step in steps:
        closing = asyncio.ensure_future(step())
        await asyncio.wait({closing}, timeout=3)
        if not closing.done():
            closing.cancel()
        elif not closing.cancelled() and (error := closing.exception()) is not None:
            _log.info("connection_close_failed", server="kafka", error=repr(error))
