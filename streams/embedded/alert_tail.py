"""Follows ``funnel.alerts.v1`` for the console of ``up``: what fires and resolves from now on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import structlog

from scoring.alerts.alert import AlertTransition
from streams.kafka.topics import ALERTS, METADATA_AGE_MS
from streams.settings import Settings

_log = structlog.get_logger()

_AGAIN_S = 2.0


async def follow_alerts(
    settings: Settings, show: Callable[[AlertTransition], None], begun: asyncio.Event
) -> None:
    """Give every alert transition published from now on to ``show``, until cancelled; sets ``begun`` once it listens.

    Only what the monitor has committed is read, each record once: after a loss of the broker, or when there are more
    partitions, it goes on where it was.
    """
    from aiokafka import AIOKafkaConsumer, TopicPartition
    from aiokafka.errors import KafkaError

    from streams.kafka.admin import has_more_partitions

    positions: dict[TopicPartition, int] = {}
    while True:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.kafka,
            isolation_level="read_committed",
            enable_auto_commit=False,
            metadata_max_age_ms=METADATA_AGE_MS,
        )
        try:
            await consumer.start()
            parts = [TopicPartition(ALERTS, number) for number in range(await _partitions(consumer))]
            if not positions:
                positions = await consumer.end_offsets(parts)
            consumer.assign(parts)
            for part in parts:
                consumer.seek(part, positions.get(part, 0))
            begun.set()
            while not has_more_partitions(consumer, ALERTS):
                for part, records in (await consumer.getmany(timeout_ms=1000)).items():
                    for record in records:
                        positions[part] = record.offset + 1
                        _give(record.value, show)
        except (KafkaError, OSError) as error:
            _log.warning("kafka_unreachable", error=type(error).__name__, retry_in_s=_AGAIN_S)
            await asyncio.sleep(_AGAIN_S)
        finally:
            await consumer.stop()


async def _partitions(consumer: object) -> int:
    while True:
        await consumer._client.force_metadata_update()  # type: ignore[attr-defined]
        found = consumer.partitions_for_topic(ALERTS)  # type: ignore[attr-defined]
        if found:
            return len(found)
        await asyncio.sleep(0.2)


def _give(value: bytes | None, show: Callable[[AlertTransition], None]) -> None:
    if value is None:
        return
    try:
        transition = msgspec.json.decode(value, type=AlertTransition)
    except msgspec.MsgspecError as error:
        _log.warning("record_skipped", topic=ALERTS, error=str(error))
        return
    show(transition)
