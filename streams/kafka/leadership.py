"""One process of a role leads, the others wait: whoever holds the only partition of ``funnel.actions.v1`` in the group.

Leadership by group alone is not exact (a suspended leader does not know that it was replaced). Whoever leads therefore also
takes over the send log (``streams/incidents/send_log.py``), whose fencing decides.
"""

from __future__ import annotations

import asyncio

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from streams.kafka import topics
from streams.settings import Settings

_log = structlog.get_logger()


class Leadership:
    """Membership in the group of ``role``. Call ``is_held`` often: it also keeps the membership alive."""

    def __init__(self, settings: Settings, role: str) -> None:
        self._settings, self._role = settings, role
        self._consumer = self._new_consumer()

    def _new_consumer(self) -> AIOKafkaConsumer:
        settings = self._settings
        return AIOKafkaConsumer(
            topics.ACTIONS,
            bootstrap_servers=settings.kafka,
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
                return

    async def is_held(self, wait_ms: int = 0) -> bool:
        """True while this process leads, as far as the group knows; waits up to ``wait_ms``."""
        await self._consumer.getmany(timeout_ms=wait_ms)
        return bool(self._consumer.assignment())

    async def stop(self) -> None:
        """Leave the group, so that another takes over at once."""
        await self._consumer.stop()
