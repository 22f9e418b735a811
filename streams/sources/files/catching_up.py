"""Waits until the landing role has everything in ClickHouse that was in Kafka when the waiting began."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from streams.clock import monotonic
from streams.errors import StateError
from streams.kafka.topics import DEADLETTERS, EVENTS
from streams.settings import Settings


class NotCaughtUpError(StateError):
    """The landing role did not get there in time; its text says what to look at. ``replay --wait`` prints it."""


async def wait_until_landed(
    settings: Settings, timeout_s: float = 300.0, on_progress: Callable[[int], None] | None = None
) -> None:
    """Return once the landing role's committed offsets have passed the present ends of events and dead letters.

    Args:
        settings: of the running instance.
        timeout_s: without progress for so long, give up.
        on_progress: called with how many records are still to come.

    Raises:
        NotCaughtUpError: nothing moved for ``timeout_s``.
    """
    group = f"{settings.group_prefix}-landing"
    # it reads nothing: only a subscription makes it know the partitions
    consumer = AIOKafkaConsumer(
        EVENTS,
        DEADLETTERS,
        bootstrap_servers=settings.kafka,
        enable_auto_commit=False,
        auto_offset_reset="latest",
    )
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await consumer.start()
    await admin.start()
    try:
        parts = list(consumer.assignment())
        ends = await consumer.end_offsets(parts)
        best, since = None, monotonic()
        while True:
            committed = await admin.list_consumer_group_offsets(group)
            behind = 0
            for part, end in ends.items():
                done = committed[part].offset if part in committed else 0
                behind += max(end - max(done, 0), 0)
            if on_progress is not None:
                on_progress(behind)
            if behind == 0:
                return
            if best is None or behind < best:
                best, since = behind, monotonic()
            if monotonic() - since > timeout_s:
                raise NotCaughtUpError(
                    f"{behind:,} records are still not in ClickHouse and nothing moved for {timeout_s:.0f} s; "
                    f"`funnelwatch status --data {settings.data}` shows the state of the landing role"
                )
            await asyncio.sleep(0.2)
    finally:
        await consumer.stop()
        await admin.close()
