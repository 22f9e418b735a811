"""The send log: what was claimed and what became of it, on the compacted topic ``funnel.sends.v1``.

Exactly one process writes it at a time. Taking over opens the transactional producer of the log, which fences whoever
had it before, and then reads the log to its end; so a claim made here is known to whoever comes next, and a process that was
suspended and wakes up cannot claim any more. A writer that lost the lead to a rebalance only is given a moment to settle
what it is sending: fenced before that, its message would be sent twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from scoring.alerts.deciding import GroupState
from scoring.alerts.storm import StormState
from streams.clock import now_ms
from streams.kafka import topics
from streams.kafka.followers import everything
from streams.kafka.servers import servers_of
from streams.kafka.sole_writer import SoleWriter
from streams.settings import Settings

#: between two looks at claims that may be settled any moment
_LOOK_AGAIN_S = 0.2


class SendRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is remembered under one key.

    For a group of alerts: ``group`` is its state as last settled; ``claim`` is the message that was begun and not yet
    settled (its key, empty if none), ``thread`` and ``receipt`` name the incident and its first message at the
    receiver, ``is_shared`` that this message is the summary of a storm, and of other incidents too; ``failures`` counts attempts since the
    last success. For a storm of a receiver: ``storm`` is its state, with the same names of its message. For a digest: ``settled`` says
    how it ended.
    """

    at_ms: int
    group: GroupState | None = None
    claim: str = ""
    thread: str = ""
    receipt: str = ""
    is_shared: bool = False
    failures: int = 0
    settled: str = ""
    storm: StormState | None = None


def storm_key(receiver: str) -> str:
    """Under what the storm of a receiver is kept: the form of a group's key, with a route that none can have."""
    return f"|{receiver}|storm"


class SendLog:
    """The send log of one transactional id (the notifier and the digests have their own keys and writers)."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._writer = SoleWriter(servers_of(settings), f"{settings.group_prefix}-{name}", "the send log")
        self._prefix = f"{name}|"
        self.records: dict[str, SendRecord] = {}

    async def take_over(self, patience_s: float = 0.0) -> None:
        """Fence the former writer and read the log to its end.

        Args:
            patience_s: how long after a claim was made its writer may settle it before it is fenced.
        """
        if patience_s:
            await self._read(past_open=False)
            while now_ms() - self._latest_claim_ms() < 1000 * patience_s:
                await asyncio.sleep(_LOOK_AGAIN_S)
                await self._read(past_open=False)
        await self._writer.take_over()
        await self.read()

    def _latest_claim_ms(self) -> int:
        return max((record.at_ms for record in self.records.values() if record.claim), default=0)

    async def read(self) -> None:
        """Read the log to its end, without any right to write it.

        A claim may be behind a transaction that a killed writer of other keys left open: the broker ends that in time.
        """
        await self._read(past_open=True)

    async def _read(self, *, past_open: bool) -> None:
        self.records = {}
        async for record in everything(servers_of(self._settings), topics.SENDS, past_open=past_open):
            self._apply(record.key.decode(), record.value)

    def _apply(self, key: str, value: bytes | None) -> None:
        if not key.startswith(self._prefix):
            return
        name = key[len(self._prefix) :]
        if value is None:
            self.records.pop(name, None)
        else:
            self.records[name] = msgspec.json.decode(value, type=SendRecord)

    async def write(self, name: str, record: SendRecord | None) -> None:
        """Make ``record`` durable under ``name`` (None forgets it) before anything else happens.

        Raises:
            LogFencedError: another process leads now, or the broker did not take it.
        """
        await self.write_all({name: record})

    async def write_all(self, records: Mapping[str, SendRecord | None]) -> None:
        """Make all of ``records`` durable by their names, or none.

        Raises:
            LogFencedError: another process leads now, or the broker did not take it.
        """
        values = {name: None if one is None else msgspec.json.encode(one) for name, one in records.items()}
        await self._writer.write(
            [(topics.SENDS, (self._prefix + name).encode(), value, 0) for name, value in values.items()]
        )
        for name, record in records.items():
            if record is None:
                self.records.pop(name, None)
            else:
                self.records[name] = record

    async def close(self) -> None:
        """Give the log up."""
        await self._writer.close()
