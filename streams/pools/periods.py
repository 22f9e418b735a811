"""The judging of reports in the process that leads the pools: what it remembers, and how its alerts are published.

One log of its own (``streams/kafka/sole_writer.py``): versions of figures, what was reported of each series and the alerts appear in one
transaction. Reading a report row twice changes nothing, so on taking over the topic is read again from a day before the newest.

Changelog keys: ``newest`` (time of the newest record taken over, as text), ``version|PLACE`` (a report row) and ``memory|SERIES``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec
import structlog

from scoring.alerts.alert import AlertTransition
from scoring.errors import UNDECODABLE
from scoring.funnel.units import DAY_MS, HOUR_MS
from scoring.periods.book import Judged, PeriodBook
from scoring.periods.following import ReportMemory
from scoring.periods.series import SeriesKey
from scoring.records.report_row import ReportRow
from streams import metrics
from streams.clock import now_ms
from streams.config.core import day_rules, detection_policy
from streams.config.model import Config
from streams.kafka import topics
from streams.kafka.followers import TopicFollower, everything
from streams.kafka.servers import servers_of
from streams.kafka.sole_writer import LogRecord, SoleWriter
from streams.kafka.topics import Rename
from streams.settings import Settings

_log = structlog.get_logger()
_NEWEST, _VERSION, _MEMORY = b"newest", b"version|", b"memory|"
#: read again on taking over: clocks of senders differ, and what is read twice changes nothing
_AGAIN_MS = DAY_MS
_EXPIRE_EVERY_MS = HOUR_MS


class PeriodTurns:
    """Follows ``funnel.reports.v1`` and judges what comes."""

    def __init__(self, settings: Settings, config: Config, rename: Rename = str) -> None:
        self._kafka = servers_of(settings)
        self._reports, self._alerts = rename(topics.REPORTS), rename(topics.ALERTS)
        self._changelog = rename(topics.PERIODS_CHANGELOG)
        self._writer = SoleWriter(
            servers_of(settings), rename(f"{settings.group_prefix}-periods"), "the log of reports"
        )
        policy = detection_policy(config)
        self.book = PeriodBook(policy, day_rules(config))
        self._follower: TopicFollower | None = None
        self._mark_ms: int | None = None
        #: everything that was there when it was opened has been read
        self.is_caught_up = False
        self._is_judged = False
        self._unwritten: dict[bytes, ReportRow] = {}
        self._expired_ms = 0
        self._decode = msgspec.json.Decoder(ReportRow).decode
        self._decode_memory = msgspec.json.Decoder(ReportMemory).decode

    async def open(self) -> None:
        """Fence the former writer, read the log, and go to where the rows that it may lack begin."""
        await self._writer.take_over()
        async for record in everything(self._kafka, self._changelog):
            self._apply(record.key, record.value)
        since = None if self._mark_ms is None else max(self._mark_ms - _AGAIN_MS, 0)
        self._follower = TopicFollower(self._kafka, (self._reports,), since_ms=since)
        await self._follower.open()

    def _apply(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            return
        if key == _NEWEST:
            self._mark_ms = int(value)
        elif key.startswith(_VERSION):
            self.book.take(self._decode(value))
        elif key.startswith(_MEMORY):
            name = SeriesKey(*msgspec.json.decode(key.removeprefix(_MEMORY), type=tuple[str, str, str, str]))
            self.book.remember(name, self._decode_memory(value))

    async def turn(self, wait_ms: int = 0) -> list[AlertTransition]:
        """Take what has come, waiting at most ``wait_ms`` for it, judge it, and publish what comes of it.

        Raises:
            LogFencedError: another process leads now.
        """
        assert self._follower is not None
        for record in await self._follower.take(wait_ms):
            self._take(record.value)
            self._mark_ms = max(self._mark_ms or 0, record.timestamp)
        if not self.is_caught_up:
            self.is_caught_up = not await self._follower.is_behind()
        if not self.is_caught_up:
            return []
        # what was read from the log is judged once too: thresholds or calendar may be others by now
        is_due, self._is_judged = bool(self._unwritten) or not self._is_judged, True
        judged = await asyncio.to_thread(self.book.judge) if is_due else Judged()
        written = [*self._versions(), *self._expired()]
        if not written and not judged.transitions:
            return []
        await self._writer.write([*written, *self._outcome(judged)])
        self._unwritten.clear()
        metrics.PERIODS_SERIES.set(len(self.book.series))
        for transition in judged.transitions:
            metrics.PERIODS_TRANSITIONS.labels(transition.state).inc()
            _log.info(
                "alert_changed",
                state=transition.state,
                store=transition.store_id,
                step=transition.step,
                level=transition.level,
                surprise=round(transition.surprise, 2),
            )
        return judged.transitions

    def _take(self, value: bytes | None) -> None:
        """Take one record; what cannot be read is landing's to report (``streams/landing``)."""
        if value is None:
            return
        try:
            row = self._decode(value)
        except UNDECODABLE as error:
            _log.warning("record_skipped", topic=self._reports, error=str(error)[:200])
            return
        if self.book.take(row):
            self._unwritten[_place(row)] = row

    def _versions(self) -> list[LogRecord]:
        return [(self._changelog, key, msgspec.json.encode(row), 0) for key, row in self._unwritten.items()]

    def _expired(self) -> list[LogRecord]:
        at_ms = now_ms()
        if at_ms - self._expired_ms < _EXPIRE_EVERY_MS:
            return []
        self._expired_ms = at_ms
        gone: Iterable[ReportRow] = self.book.expire(at_ms)
        for row in gone:
            self._unwritten.pop(_place(row), None)
        return [(self._changelog, _place(row), None, 0) for row in gone]

    def _outcome(self, judged: Judged) -> list[LogRecord]:
        made: list[LogRecord] = [
            (self._alerts, t.store_id.encode(), msgspec.json.encode(t), None) for t in judged.transitions
        ]
        made += [
            (self._changelog, _MEMORY + msgspec.json.encode(key), msgspec.json.encode(memory), 0)
            for key, memory in judged.remembered.items()
        ]
        return [*made, (self._changelog, _NEWEST, str(self._mark_ms or 0).encode(), 0)]

    async def close(self) -> None:
        """Give the connections back."""
        if self._follower is not None:
            await self._follower.close()
        await self._writer.close()


def _place(row: ReportRow) -> bytes:
    """The key of a figure by one way."""
    place = (
        row.store_id, row.source, row.measure, row.period, row.period_start_ms, row.zone, row.connection, row.import_id,
    )  # fmt: skip
    return _VERSION + msgspec.json.encode(place)
