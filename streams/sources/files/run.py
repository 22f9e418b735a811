"""Runs a replay: rows in chunks, events from them, the collector's own intake, pacing, and what came of it."""

from __future__ import annotations

import asyncio
import collections
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from scoring.events.delivery import StoreDefaults
from scoring.events.event import Source
from scoring.events.parsing import RejectedRecord
from streams.clock import monotonic, now_ms
from streams.collector.intake import EventIntake, IntakeResult, rejected_record
from streams.sources.files.event_maker import EventMaker, MadeEvents
from streams.sources.files.mapping import FileMapping
from streams.sources.files.reading import BadRow, FileEndsEarlyError, Table

#: chunks on their way to Kafka while the next is read
_IN_FLIGHT = 4
#: longest wait between looks at the clock when pacing, in seconds
_LONGEST_NAP_S = 0.5


@dataclass(slots=True)
class ReplayReport:
    """What came of a replay.

    ``rows`` were read; ``left_out`` rows are not events by the mapping; ``repeated`` events were twice in the file under
    one identity; ``ends_open`` says that the file's last line has no line end. ``first_ms`` and ``last_ms`` are the earliest and the latest event time.
    """

    rows: int = 0
    accepted: int = 0
    repeated: int = 0
    left_out: int = 0
    rejected: collections.Counter[str] = field(default_factory=collections.Counter)
    accepted_by_type: collections.Counter[str] = field(default_factory=collections.Counter)
    seconds: float = 0.0
    first_ms: int | None = None
    last_ms: int | None = None
    damage: str = ""
    ends_open: bool = False
    first_details: list[str] = field(default_factory=list)

    @property
    def events_per_s(self) -> float:
        """Accepted events a second."""
        return self.accepted / self.seconds if self.seconds > 0 else 0.0


class Progress(Protocol):
    """Called with how far the file is read."""

    def __call__(self, position: int, report: ReplayReport) -> None: ...


class Replay:
    """One file on its way into Kafka.

    Args:
        table: the opened file.
        mapping: what its columns mean.
        store_id: the store the events belong to.
        store: what its events take over from it.
        intake: the collector's path.
        speed: event seconds a second; None for as fast as it goes.
    """

    def __init__(
        self,
        table: Table,
        mapping: FileMapping,
        store_id: str,
        store: StoreDefaults,
        intake: EventIntake,
        speed: float | None = None,
    ) -> None:
        self._table, self._mapping, self._intake, self._speed = table, mapping, intake, speed
        self._store_id = store_id
        self._stores: Mapping[str, StoreDefaults] = {store_id: store}
        self._maker = EventMaker(mapping, table.columns, store_id)
        self._kept = _kept_columns(table.columns, mapping)
        self._pace = _ReplayPace(speed) if speed else None
        self.report = ReplayReport()

    async def run(self, progress: Progress | None = None) -> ReplayReport:
        """Replay the file to its end and say what came of it.

        Raises:
            KafkaUnreachableError: Kafka does not answer; what was sent is there, and the same replay can be run again.
        """
        began = monotonic()
        report_progress: Callable[[int, ReplayReport], None] = progress or (lambda position, report: None)
        steps = self._steps()
        flying: set[asyncio.Task[None]] = set()
        try:
            while (step := await asyncio.to_thread(next, steps, None)) is not None:
                position, made = step
                if self._pace is not None:
                    await self._send_paced(self._pace, made)
                else:
                    flying.add(asyncio.create_task(self._send(made)))
                    if len(flying) >= _IN_FLIGHT:
                        flying = await _first_of(flying)
                self.report.seconds = monotonic() - began
                report_progress(position, self.report)
            await asyncio.gather(*flying)
        finally:
            for task in flying:
                task.cancel()
            await asyncio.gather(*flying, return_exceptions=True)
        self.report.seconds = monotonic() - began
        report_progress(self._table.size, self.report)
        return self.report

    def _steps(self) -> Iterator[tuple[int, MadeEvents]]:
        position = 0
        try:
            for chunk in self._table.chunks():
                position = chunk.position
                self.report.rows += len(chunk.rows) + len(chunk.bad)
                yield position, self._maker.make(chunk)
        except FileEndsEarlyError as error:
            self.report.damage = str(error)
        self.report.ends_open = self._table.ends_open
        yield position, self._maker.finish()

    async def _send_paced(self, pace: _ReplayPace, made: MadeEvents) -> None:
        await self._reject(made.bad)
        self.report.left_out += made.left_out
        sent = 0
        while sent < len(made.events):
            due = pace.due(made.events, sent)
            if due > sent:
                await self._accept(made.events[sent:due], made.lines[sent:due])
                sent = due
            else:
                await asyncio.sleep(min(pace.wait_s(made.events[sent]), _LONGEST_NAP_S))

    async def _send(self, made: MadeEvents) -> None:
        self.report.left_out += made.left_out
        await self._reject(made.bad)
        await self._accept(made.events, made.lines)

    async def _accept(self, events: Sequence[dict[str, Any]], lines: Sequence[int]) -> None:
        if not events:
            return
        result = await self._intake.accept(
            events,
            source=Source.REPLAY,
            stores=self._stores,
            received_at_ms=now_ms(),
            places=[f"line {line}" for line in lines],
        )
        self._note(events, result)

    def _note(self, events: Sequence[dict[str, Any]], result: IntakeResult) -> None:
        report = self.report
        report.accepted += result.accepted
        report.repeated += result.duplicates
        rejected = {one.index for one in result.rejected}
        types = collections.Counter(event["type"] for event in events)
        types.subtract(events[index]["type"] for index in rejected)
        report.accepted_by_type.update(types)
        for one in result.rejected:
            self._note_rejection(one)
        times = [event["event_time_ms"] for index, event in enumerate(events) if index not in rejected]
        if times:
            report.first_ms = min(times) if report.first_ms is None else min(report.first_ms, *times)
            report.last_ms = max(times) if report.last_ms is None else max(report.last_ms, *times)

    def _note_rejection(self, one: RejectedRecord) -> None:
        self.report.rejected[one.rejection.reason.value] += 1
        if len(self.report.first_details) < 3:
            self.report.first_details.append(one.rejection.detail)

    async def _reject(self, bad: Sequence[BadRow]) -> None:
        if not bad:
            return
        rejected = [
            rejected_record(row.reason, row.detail, self._letter(row), index) for index, row in enumerate(bad)
        ]
        await self._intake.reject(
            rejected, source=Source.REPLAY, received_at_ms=now_ms(), stores=self._stores
        )
        for one in rejected:
            self._note_rejection(one)

    def _letter(self, row: BadRow) -> bytes:
        """A bad row as it is kept: its line, and the fields that the mapping uses, under the names that masks know.

        The other columns of a shop's export are names and addresses. Of a row with too few or too many fields nothing says which
        field is which, so none is kept: its line is in the file.
        """
        kept: dict[str, Any] = {"line": row.line}
        if len(row.fields) == len(self._table.columns):
            kept.update((name, row.fields[at]) for name, at in self._kept)
        else:
            kept["columns"] = len(row.fields)
        return msgspec.json.encode(kept)


def _kept_columns(columns: Sequence[str], mapping: FileMapping) -> list[tuple[str, int]]:
    """Name and place of the columns that the mapping uses; one that fills a field of an event has the field's name."""
    needed = mapping.needed_columns()
    fields: dict[str, str] = {mapping.time.column: "event_time"}
    for filled in (*(rule.fields for rule in mapping.events), mapping.fields):
        fields.update({column: str(name) for name, column in filled.items()})
    return [(fields.get(name, name), at) for at, name in enumerate(columns) if name in needed]


async def _first_of(flying: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    done, waiting = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
    return waiting


class _ReplayPace:
    """When an event is due: as long after the first one as it was then, divided by the speed. Order in the file is kept."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._began: float | None = None
        self._first_ms = 0

    def due(self, events: Sequence[dict[str, Any]], sent: int) -> int:
        """How many of ``events`` are due now, counted from the start of the list."""
        if self._began is None:
            self._began, self._first_ms = monotonic(), events[sent]["event_time_ms"]
        reached_ms = self._first_ms + (monotonic() - self._began) * 1000 * self._speed
        while sent < len(events) and events[sent]["event_time_ms"] <= reached_ms:
            sent += 1
        return sent

    def wait_s(self, event: dict[str, Any]) -> float:
        """Seconds until ``event`` is due."""
        assert self._began is not None
        at = self._began + (event["event_time_ms"] - self._first_ms) / 1000 / self._speed
        return max(float(at - monotonic()), 0.001)
