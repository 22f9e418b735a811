"""One process of a role leads, the others wait: whoever holds the only partition of ``funnel.actions.v1`` in the group.

Leadership by group alone is not exact (a suspended leader does not know that it was replaced). Whoever leads therefore also
takes over a log of its own (``streams/kafka/sole_writer.py``), whose fencing decides.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from streams.errors import FencedError
from streams.instance.files import StateReport
from streams.kafka import topics
from streams.kafka.errors import KafkaUnreachableError
from streams.kafka.holding import look_rarely
from streams.kafka.servers import connection, servers_of
from streams.settings import Settings

_log = structlog.get_logger()

#: how long a process that does not lead waits before it looks again
_STANDBY_MS = 500
_AGAIN_S = 1.0


class Leadership:
    """Membership in the group of ``role``. Call ``is_held`` often: it also keeps the membership alive."""

    def __init__(self, settings: Settings, role: str) -> None:
        self._settings, self._role = settings, role
        self._consumer = self._new_consumer()

    def _new_consumer(self) -> AIOKafkaConsumer:
        settings = self._settings
        return AIOKafkaConsumer(
            topics.ACTIONS,
            **connection(servers_of(settings)),
            group_id=f"{settings.group_prefix}-{self._role}",
            metadata_max_age_ms=topics.METADATA_AGE_MS,
            enable_auto_commit=False,
            session_timeout_ms=round(settings.session_timeout_s * 1000),
            heartbeat_interval_ms=round(settings.session_timeout_s * 250),
        )

    async def start(self) -> None:
        """Join the group; while Kafka is unreachable, wait for it."""
        wait_s = 0.5
        while True:
            try:
                await self._consumer.start()
            except (KafkaError, OSError) as error:
                await self._consumer.stop()
                _log.warning(
                    "kafka_unreachable", role=self._role, error=type(error).__name__, retry_in_s=wait_s
                )
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, 10.0)
                self._consumer = self._new_consumer()
            else:
                look_rarely(self._consumer)
                return

    async def is_held(self, wait_ms: int = 0) -> bool:
        """True while this process leads, as far as the group knows; waits up to ``wait_ms``."""
        await self._consumer.getmany(timeout_ms=wait_ms)
        assigned = self._consumer.assignment()
        if asked := assigned - self._consumer.paused():
            self._consumer.pause(*asked)  # the membership is wanted, not the records
        return bool(assigned)

    async def stop(self) -> None:
        """Leave the group, so that another takes over at once."""
        await self._consumer.stop()


async def lead_in_turn(
    settings: Settings,
    role: str,
    report: StateReport,
    lead: Callable[[Leadership], Awaitable[None]],
    idle: Callable[[], None],
) -> None:
    """Wait to lead ``role``, lead until that ends, and wait again; until cancelled.

    Args:
        settings: address and group of Kafka.
        role: whose group is joined.
        report: the role's state; "stopping" and then nothing at the end.
        lead: leads, and returns once it does not any more.
        idle: reports that this process waits.
    """
    leadership = Leadership(settings, role)
    await leadership.start()
    try:
        while True:
            if await leadership.is_held(_STANDBY_MS):
                await while_reachable(role, report, lead(leadership))
            idle()
    finally:
        report.say("stopping")
        await leadership.stop()
        report.clear()


async def while_reachable(role: str, report: StateReport, leading: Awaitable[None]) -> None:
    """Await ``leading``; that another process leads by now, or that Kafka is unreachable, ends it without an error."""
    try:
        with contextlib.suppress(FencedError):
            await leading
    except (KafkaError, KafkaUnreachableError) as error:
        _log.warning("kafka_unreachable", role=role, error=type(error).__name__, retry_in_s=_AGAIN_S)
        report.say("degraded", "Kafka is unreachable")
        await asyncio.sleep(_AGAIN_S)
