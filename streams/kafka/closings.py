"""Follows what people close, for who judges: an alert that is over and closed is finished, what comes then is another one."""

from __future__ import annotations

import asyncio

import msgspec
import structlog

from scoring.alerts.actions import HumanAction, HumanActionKind
from scoring.detection.tracked_alert import ClosedAlerts
from scoring.errors import UNDECODABLE
from streams.clock import now_ms
from streams.kafka.followers import TopicFollower, follow_forever
from streams.kafka.servers import Servers
from streams.kafka.topics import ACTIONS

_log = structlog.get_logger()
#: longer than any alert may be opened again after its end
_SINCE_MS = 3 * 86_400_000


class ClosingFollower:
    """The alerts that people have closed lately.

    Args:
        bootstrap: Kafka addresses.
        topic: that of human actions, as it is named on this broker.
    """

    def __init__(self, bootstrap: Servers, topic: str = ACTIONS) -> None:
        self._bootstrap, self._topic = bootstrap, topic
        self.closed = ClosedAlerts()
        #: set once everything published before the start has been read
        self.is_read = asyncio.Event()

    async def follow(self) -> None:
        """Read the last days and never stop."""
        follower = TopicFollower(self._bootstrap, (self._topic,), since_ms=now_ms() - _SINCE_MS)
        await follow_forever(follower, lambda record: self._take(record.value), self.is_read)

    def _take(self, value: bytes | None) -> None:
        if value is None:
            return
        try:
            action = msgspec.json.decode(value, type=HumanAction)
        except (*UNDECODABLE, TypeError) as error:
            _log.warning("record_skipped", topic=ACTIONS, error=str(error))
            return
        if action.kind is HumanActionKind.CLOSE and action.alert_id:
            self.closed.add(action.alert_id)
