"""Follows ``funnel.alerts.v1`` for the console of ``up``: what fires and resolves from now on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import structlog

from scoring.alerts.alert import AlertTransition
from scoring.errors import UNDECODABLE
from streams.clock import now_ms
from streams.kafka.servers import servers_of
from streams.kafka.topics import ALERTS
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
    from aiokafka.errors import KafkaError

    from streams.kafka.followers import TopicFollower

    since_ms, places = now_ms(), None
    while True:
        follower = TopicFollower(servers_of(settings), (ALERTS,), since_ms=since_ms)
        try:
            await follower.open(places)
            places = await follower.places()
            begun.set()
            while True:
                for record in await follower.take(1000):
                    _give(record.value, show)
                places = await follower.places()
        except (KafkaError, OSError) as error:
            _log.warning("kafka_unreachable", error=type(error).__name__, retry_in_s=_AGAIN_S)
            await asyncio.sleep(_AGAIN_S)
        finally:
            await follower.close()


def _give(value: bytes | None, show: Callable[[AlertTransition], None]) -> None:
    if value is None:
        return
    try:
        transition = msgspec.json.decode(value, type=AlertTransition)
    except UNDECODABLE as error:
        _log.warning("record_skipped", topic=ALERTS, error=str(error))
        return
    show(transition)
