"""Waits until landing has everything that is in the log at this moment: what an import sent must be in the tables before it is undone."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.clock import monotonic
from streams.errors import StateError
from streams.kafka import topics
from streams.kafka.admin import partitions_of
from streams.kafka.errors import KafkaUnreachableError
from streams.settings import Settings

_TOPICS = (topics.EVENTS, topics.REPORTS, topics.ORDER_FACTS)
#: as long as landing has not come forward for so long, it is not waited for any more
LANDING_PATIENCE_S = 60.0
_PAUSE_S = 0.3


class NotLandedError(StateError):
    """Landing does not run, or makes no progress. Whoever undoes an import tries again once it runs."""


async def wait_until_landed(settings: Settings, patience_s: float = LANDING_PATIENCE_S) -> None:
    """Return once all that is in the log now is in the tables.

    Raises:
        NotLandedError: landing makes no progress.
        KafkaUnreachableError: no broker answers.
    """
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka, enable_auto_commit=False)
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    try:
        await consumer.start()
        await admin.start()
        await _wait(consumer, admin, settings, patience_s)
    except KafkaError as error:
        raise KafkaUnreachableError(
            f"Kafka at {settings.kafka} does not answer ({type(error).__name__})"
        ) from error
    finally:
        await consumer.stop()
        await admin.close()


async def _wait(
    consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient, settings: Settings, patience_s: float
) -> None:
    parts = [
        TopicPartition(topic, number)
        for topic in _TOPICS
        for number in await partitions_of(settings.kafka, topic)
    ]
    ends = await consumer.end_offsets(parts)
    begins = await consumer.beginning_offsets(parts)
    wanted = {part: end for part, end in ends.items() if end > begins[part]}
    before, since = -1, monotonic()
    while True:
        committed = await admin.list_consumer_group_offsets(f"{settings.group_prefix}-landing")
        missing = sum(
            max(0, end - (committed[part].offset if part in committed else begins[part]))
            for part, end in wanted.items()
        )
        if not missing:
            return
        if missing != before:
            before, since = missing, monotonic()
        elif monotonic() - since > patience_s:
            raise NotLandedError(
                f"{missing:,} records are not in the tables yet, and the role landing does not land them; see `funnelwatch status`, then try again"
            )
        await asyncio.sleep(_PAUSE_S)
