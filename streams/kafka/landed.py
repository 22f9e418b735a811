"""Waits until the landing role has everything in ClickHouse that was in Kafka when the waiting began."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.clock import monotonic
from streams.errors import StateError
from streams.kafka.errors import KafkaUnreachableError
from streams.kafka.servers import connection, servers_of
from streams.settings import Settings

_PAUSE_S = 0.2


class NotLandedError(StateError):
    """The landing role does not run, or makes no progress; its text says what to look at. Whoever waits for it tries again then."""


async def wait_until_landed(
    settings: Settings,
    topics: Sequence[str],
    patience_s: float,
    on_progress: Callable[[int], None] | None = None,
) -> None:
    """Return once the landing role's committed offsets have passed the present ends of ``topics``.

    Args:
        settings: of the running instance.
        topics: what has to have landed.
        patience_s: without progress for so long, give up.
        on_progress: called with how many records are still to come.

    Raises:
        NotLandedError: nothing moved for ``patience_s``.
        KafkaUnreachableError: no broker answers.
    """
    # it reads nothing: only a subscription makes it know the partitions
    consumer = AIOKafkaConsumer(
        *topics, **connection(servers_of(settings)), enable_auto_commit=False, auto_offset_reset="latest"
    )
    admin = AIOKafkaAdminClient(**connection(servers_of(settings)))
    try:
        await consumer.start()
        await admin.start()
        await _wait(consumer, admin, settings, patience_s, on_progress)
    except KafkaError as error:
        raise KafkaUnreachableError(
            f"Kafka at {settings.kafka} does not answer ({type(error).__name__})"
        ) from error
    finally:
        await consumer.stop()
        await admin.close()


async def _wait(
    consumer: AIOKafkaConsumer,
    admin: AIOKafkaAdminClient,
    settings: Settings,
    patience_s: float,
    on_progress: Callable[[int], None] | None,
) -> None:
    parts = list(consumer.assignment())
    ends, begins = await consumer.end_offsets(parts), await consumer.beginning_offsets(parts)
    best, since = None, monotonic()
    while True:
        committed = await admin.list_consumer_group_offsets(f"{settings.group_prefix}-landing")
        done = {part: committed[part].offset if part in committed else 0 for part in parts}
        behind = sum(max(end - max(done[part], begins[part]), 0) for part, end in ends.items())
        if on_progress is not None:
            on_progress(behind)
        if behind == 0:
            return
        if best is None or behind < best:
            best, since = behind, monotonic()
        if monotonic() - since > patience_s:
            raise NotLandedError(
                f"{behind:,} records are still not in ClickHouse and nothing moved for {patience_s:.0f} s; "
                f"`funnelwatch status --data {settings.data}` shows the state of the landing role; then try again"
            )
        await asyncio.sleep(_PAUSE_S)
