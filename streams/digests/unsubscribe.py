"""Who has unsubscribed: follows ``funnel.actions.v1`` and keeps each subscriber's last word in the send log, which never runs out.

The topic forgets after a month; the send log is compacted. Whoever leads reads the topic from its beginning and writes down
what is newer than the send log says.
"""

from __future__ import annotations

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from scoring.alerts.actions import HumanAction, HumanActionKind
from streams.incidents.send_log import SendLog, SendRecord
from streams.kafka import topics
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
        self._settings, self._send_log = settings, send_log
        self._consumer: AIOKafkaConsumer | None = None

    async def catch_up(self) -> None:
        """Read everything there is now: nobody who unsubscribed may get another digest."""
        self._consumer = AIOKafkaConsumer(bootstrap_servers=self._settings.kafka, enable_auto_commit=False)
        await self._consumer.start()
        tp = TopicPartition(topics.ACTIONS, 0)
        self._consumer.assign([tp])
        self._consumer.seek(tp, (await self._consumer.beginning_offsets([tp]))[tp])
        end = (await self._consumer.end_offsets([tp]))[tp]
        while await self._consumer.position(tp) < end:
            await self.follow(200)

    async def follow(self, timeout_ms: int = 0) -> None:
        """Take what has come.

        Raises:
            SendLogLostError: another process leads now.
        """
        if self._consumer is None:
            return
        for records in (await self._consumer.getmany(timeout_ms=timeout_ms)).values():
            for record in records:
                try:
                    action = msgspec.json.decode(record.value or b"", type=HumanAction)
                except msgspec.DecodeError:
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
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()
