"""Who has unsubscribed: follows ``funnel.actions.v1`` and keeps each subscriber's last word in the send log, which never runs out.

The topic forgets after a month; the send log is compacted. Whoever leads reads the topic from its beginning and writes down
what is newer than the send log says.
"""

from __future__ import annotations

import msgspec

from scoring.alerts.actions import HumanAction, HumanActionKind
from scoring.errors import UNDECODABLE
from streams.incidents.send_log import SendLog, SendRecord
from streams.kafka import topics
from streams.kafka.followers import TopicFollower
from streams.kafka.servers import servers_of
from streams.settings import Settings

KINDS = (HumanActionKind.UNSUBSCRIBE, HumanActionKind.SUBSCRIBE)


def _key(subscriber: str) -> str:
    return f"reader|{subscriber}"  # no subscriber's name holds a bar


def has_unsubscribed(send_log: SendLog, subscriber: str) -> bool:
    """True if the subscriber's last word was to unsubscribe."""
    record = send_log.records.get(_key(subscriber))
    return record is not None and record.settled == HumanActionKind.UNSUBSCRIBE.value


class Unsubscriptions:
    """Follows who unsubscribes and who subscribes again. One instance leads at a time."""

    def __init__(self, settings: Settings, send_log: SendLog) -> None:
        self._send_log = send_log
        self._follower = TopicFollower(servers_of(settings), (topics.ACTIONS,))
        self._is_open = False

    async def catch_up(self) -> None:
        """Read everything there is now: nobody who unsubscribed may get another digest."""
        await self._follower.open()
        self._is_open = True
        while await self._follower.is_behind():
            await self.follow(200)

    async def follow(self, timeout_ms: int = 0) -> None:
        """Take what has come.

        Raises:
            LogFencedError: another process leads now.
        """
        if not self._is_open:
            return
        for record in await self._follower.take(timeout_ms):
            try:
                action = msgspec.json.decode(record.value or b"", type=HumanAction)
            except UNDECODABLE:
                continue  # the notifier logs it
            if action.kind in KINDS:
                await self._take(action)

    async def _take(self, action: HumanAction) -> None:
        known = self._send_log.records.get(_key(action.assignee))
        if known is None or known.at_ms < action.at_ms:
            await self._send_log.write(
                _key(action.assignee), SendRecord(action.at_ms, settled=action.kind.value)
            )

    async def close(self) -> None:
        """Stop following."""
        self._is_open = False
        await self._follower.close()
