"""One partition: its counts, the closing of its minutes, and what a flush of it writes.

On the path of an event: after ``streams/transport``, around ``scoring/counting/partition.py`` and ``scoring/detection``, before
``streams/monitor/writer.py``. It does no input or output and reads no clock. Past 400 lines because a flush is one thing in three parts.

A flush has three parts, so that counting goes on while minutes are judged:

* ``take`` fixes, in one go, the changed rows, the counts of the minutes to close and the mark that belongs to them;
* ``judge`` has the detector close those minutes and correct late ones; it may run in another thread, one at a time;
* ``Work.records`` then holds everything to be written, in one transaction.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from scoring.alerts.alert import AlertTransition
from scoring.counting.lateness import Delay, Lateness
from scoring.counting.partition import MINUTE, OWNER, PartitionCounts, totals
from scoring.counting.records import Tally
from scoring.counting.segments import SegmentContest
from scoring.counting.windows import WINDOW_MINUTES, RollingWindows
from scoring.funnel.scores import ScoreRow
from scoring.funnel.units import MINUTE_MS
from streams.batches.chunks import Span
from streams.errors import StateError
from streams.kafka.topics import ALERTS, COUNTS_CHANGELOG, DEADLETTERS, MINUTES, SCORES, WINDOWS
from streams.monitor import records
from streams.monitor.records import Mark, Record

#: minutes closed in one flush, at most: a monitor that was down for a day catches up in a few flushes
CLOSE_AT_ONCE = 120
#: late (minute, store) pairs corrected in one flush, at most
AMEND_AT_ONCE = 2000
#: late pairs that may wait for their correction; beyond, the oldest keep the scores they have
MAX_LATE = 200_000
#: how many of them the mark carries over a restart (windows are rebuilt then anyway, scores of the rest stay)
LATE_KEPT = 5_000
#: rows dropped in one flush, about, at most
DROP_AT_ONCE = 20_000
#: minutes before the present at which a partition without history begins to be judged
FIRST_MINUTES = 60
#: minutes of history from which detector and windows are rebuilt
WARM_MINUTES = max(WINDOW_MINUTES)
#: without any record for this long, ticks included, nobody was there to take events: everything was stopped
UNWATCHED_MS = 120_000
#: minutes whose rows are looked up by the counting loop without a detour
HOT_MINUTES = 15

Counts = Mapping[str, Mapping[str, Sequence[int]]]


class ClosedMinute(Protocol):
    """What closing a minute gave."""

    @property
    def scores(self) -> list[ScoreRow]: ...

    @property
    def transitions(self) -> list[AlertTransition]: ...


class MinuteDetector(Protocol):
    """What the monitor needs of ``scoring.detection.detector.Detector``."""

    def set_baseline(self, baseline: Any) -> None: ...

    def advance(self, minute: int, counts: Counts, delays: Mapping[str, Delay]) -> ClosedMinute: ...

    def amend(self, minute: int, counts: Counts) -> list[ScoreRow]: ...

    def warm_up(self, minute: int, counts: Counts) -> None: ...

    def snapshot(self, store_id: str) -> bytes: ...

    def restore(self, store_id: str, state: bytes) -> None: ...

    def changed(self) -> set[str]: ...


@dataclass(slots=True)
class Work:
    """What one flush of a partition takes with it."""

    mark: Mark
    messages: list[Any]
    records: dict[str, list[Record]]
    closing: list[tuple[int, Counts]] = field(default_factory=list)
    amending: dict[int, dict[str, dict[str, list[int]]]] = field(default_factory=dict)
    baselines: list[Any] = field(default_factory=list)
    #: first and last minutes in which everything was stopped
    unwatched: tuple[tuple[int, int], ...] = ()
    scored_rows: int = 0
    transitions: list[AlertTransition] = field(default_factory=list)

    @property
    def weight(self) -> int:
        """About how many rows ``judge`` will look at."""
        return sum(len(counts) for _, counts in self.closing) + sum(map(len, self.amending.values()))


class BatchSkippedError(StateError):
    """A batch was given to an agent that fell over it. The agent raises it at the next one; the process ends."""


class Partition:
    """The state of one partition of the events topic.

    Args:
        number: the partition.
        counts: its (empty) counts.
        detector: its (empty) detector.
        grace_ms: how long after its end a minute stays open for events in transit.
    """

    def __init__(self, number: int, counts: PartitionCounts, detector: MinuteDetector, grace_ms: int) -> None:
        self.number = number
        self.counts = counts
        self.detector = detector
        self.windows = RollingWindows()
        self.lateness = Lateness()
        self.grace_ms = grace_ms
        self.mark = Mark()
        #: offset up to which records have been counted, durable or not
        self.offset = -1
        self.highwater = 0
        #: where the last message ended; a chunk may end behind its last record
        self._reached = -1
        #: something else than ticks has been counted since the last flush
        self._is_changed = False
        self.is_loaded = False
        #: id of the topic that is being counted; empty if the broker keeps none
        self.topic_id = ""
        #: how many partitions the topic has; 0: not known
        self.partitions = 0
        #: the state says from where to read on; else the group's committed offset does
        self.has_mark = False
        self._fingerprint = 0
        self._scored: int | None = None
        self._late: set[tuple[int, str]] = set()
        self._messages: list[Any] = []
        self._letters: list[Record] = []
        self._baselines: list[Any] = []
        self._snapshots: dict[str, bytes] = {}
        #: first and last minutes in which everything was stopped, and the stores that are judged
        self._unwatched: list[tuple[int, int]] = []
        self._judged: set[str] = set()

    # counting

    def count(self, message: Any, chunk: Iterable[Span], present_ms: int) -> Tally:
        """Count the records of a message that have not been counted yet; the message is acked by the next flush.

        Raises:
            BatchSkippedError: the message before it was not counted.
        """
        if message.follows > max(self.offset, self._reached):
            raise BatchSkippedError(
                f"partition {self.number} was counted to offset {self.offset}; what came until {message.follows} was not"
            )
        self._messages.append(message)
        self.highwater = max(self.highwater, message.highwater)
        tally = Tally()
        for values, offsets in chunk:
            if offsets[0] <= self.offset:
                known = bisect_right(offsets, self.offset)
                values, offsets = values[known:], offsets[known:]
            if values:
                tally.add(self._count(values, offsets, present_ms))
        self._reached = message.offset
        return tally

    def _count(self, values: Sequence[bytes | None], offsets: Sequence[int], present_ms: int) -> Tally:
        clock, begins = self.counts.clock_ms, self.counts.time_of(values[0])
        if clock and begins - clock > UNWATCHED_MS and begins <= present_ms:
            self._unwatched.append((clock // MINUTE_MS, begins // MINUTE_MS))
        tally = self.counts.count(values, offsets, present_ms)
        for rejected in tally.rejected:
            letter = records.dead_letter(rejected, self.number, offsets[rejected.index], present_ms)
            self._letters.append(letter)
        self.offset = offsets[-1]
        self._fingerprint = records.fingerprint(values[-1])
        self._is_changed |= tally.ticks < len(values)
        return tally

    def learn(self, baseline: Any) -> None:
        """Judge a store by this baseline from the next flush on."""
        self._baselines.append(baseline)

    @property
    def backlog(self) -> int:
        """Records known to follow the last one counted."""
        return max(0, self.highwater - self.offset - 1)

    @property
    def is_saved(self) -> bool:
        """True while everything counted is durable."""
        return self.offset == self.mark.offset and not self._messages

    # flushing

    def take(self, present_ms: int, rest_ms: int = 0) -> Work | None:
        """Everything that changed since the last call; None if nothing did, or ticks alone came and close no minute, for ``rest_ms``."""
        target = self._target()
        has_to_close = target is not None and (self._scored is None or target > self._scored)
        rests = not self._is_changed and self.counts.clock_ms - self.mark.clock_ms < rest_ms
        if (self.is_saved or rests) and not has_to_close and not self._late and not self._baselines:
            return None
        self._is_changed = False
        counts = self.counts
        closing = self._closing(target) if target is not None else []
        dirty = counts.take_dirty()
        if self._scored is not None:
            closed = closing[0][0] - 1 if closing else self._scored
            self._late.update((row[MINUTE], row[OWNER][0]) for row in dirty if row[MINUTE] <= closed)
        amending = self._amending()
        as_of = self.mark.base + self.offset
        changes, minute_rows = records.rows_to_records(dirty, as_of)
        changes += [(records.counts_key(*gone), None) for gone in counts.take_expired(DROP_AT_ONCE)]
        changes += [
            records.orders_record(bucket, None) for bucket in counts.orders.take_expired(counts.clock_ms)
        ]
        changes += [
            records.orders_record(bucket, keys) for bucket, keys in counts.orders.take_grown().items()
        ]
        changes += [
            records.contest_record(store_id, contest)
            for store_id, contest in counts.segmenter.take_changed().items()
        ]
        counts.cool(counts.clock_ms // MINUTE_MS - HOT_MINUTES)
        mark = Mark(
            offset=self.offset,
            base=self.mark.base,
            fingerprint=self._fingerprint,
            clock_ms=counts.clock_ms,
            scored=self._scored,
            epoch=counts.ids.epoch,
            starts=counts.ids.starts,
            late=tuple(sorted(self._late, reverse=True)[:LATE_KEPT]),
            topic_id=self.topic_id,
            partitions=self.partitions,
        )
        changes.append(records.mark_record(mark))
        work = Work(
            mark,
            self._messages,
            {COUNTS_CHANGELOG: changes, MINUTES: minute_rows, DEADLETTERS: self._letters},
            closing,
            amending,
            self._baselines,
            tuple(self._unwatched),
        )
        closed_until = self._scored if self._scored is not None else -1
        self._unwatched = [span for span in self._unwatched if span[1] > closed_until]
        self._messages, self._letters, self._baselines = [], [], []
        return work

    def _target(self) -> int | None:
        """The last minute that may be closed: its end and the grace are behind the partition's clock."""
        clock = self.counts.clock_ms
        return (clock - self.grace_ms) // MINUTE_MS - 1 if clock else None

    def _closing(self, target: int) -> list[tuple[int, Counts]]:
        if self._scored is None:
            oldest = next(iter(self.counts.minutes()), target)
            self._scored = max(min(oldest, target), target - FIRST_MINUTES) - 1
        last = min(target, self._scored + CLOSE_AT_ONCE)
        closing: list[tuple[int, Counts]] = [
            (minute, self.counts.of_minute(minute)) for minute in range(self._scored + 1, last + 1)
        ]
        self._scored = max(self._scored, last)
        return closing

    def _amending(self) -> dict[int, dict[str, dict[str, list[int]]]]:
        """New totals of late (minute, store) pairs, the latest minutes first."""
        chosen = sorted(self._late, reverse=True)[:AMEND_AT_ONCE]
        self._late.difference_update(chosen)
        if len(self._late) > MAX_LATE:
            self._late = set(sorted(self._late, reverse=True)[:MAX_LATE])
        amending: dict[int, dict[str, dict[str, list[int]]]] = {}
        for minute, store_id in chosen:
            amending.setdefault(minute, {})[store_id] = self.counts.of_store(minute, store_id)
        return amending

    def judge(self, work: Work) -> None:
        """Have the detector close and correct what ``work`` holds, and add what comes of it to its records."""
        self._set_baselines(work.baselines)
        scores: list[ScoreRow] = []
        windows = []
        for minute, amended in sorted(work.amending.items()):
            scores += self.detector.amend(minute, amended)
            corrected = totals(amended)
            self.lateness.correct(minute, corrected)
            windows += self.windows.amend(minute, corrected)
        for minute, counts in work.closing:
            closed = totals(counts)
            judgement = self.detector.advance(minute, counts, self._delays(minute, closed, work.unwatched))
            scores += judgement.scores
            work.transitions += judgement.transitions
            windows += self.windows.advance(minute, closed)
        snapshots = [
            records.snapshot_record(store_id, self.detector.snapshot(store_id))
            for store_id in sorted(self.detector.changed())
        ]
        work.records[COUNTS_CHANGELOG] += snapshots
        work.records[SCORES] = records.keyed(scores)
        work.records[WINDOWS] = records.keyed(windows)
        work.records[ALERTS] = records.keyed(work.transitions)
        work.scored_rows = len(scores)

    def _set_baselines(self, baselines: Sequence[Any]) -> None:
        for baseline in baselines:
            self.detector.set_baseline(baseline)
            self._judged.add(baseline.store_id)

    def _delays(
        self, minute: int, closed: Mapping[str, Sequence[int]], unwatched: Sequence[tuple[int, int]]
    ) -> dict[str, Delay]:
        """The stores whose minute is not to be believed: all of them while everything was stopped."""
        delays = self.lateness.close(minute, closed, self._judged)
        if any(first <= minute <= last for first, last in unwatched):
            delays.update(dict.fromkeys(self._judged, Delay.LATE))
        return delays

    # restart

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take over one record of the changelog, in its order."""
        kind, *rest = records.decode_key(key)
        if kind == "c":
            minute, store_id, segment = rest
            counts = None if value is None else records.decode_counts(value)[1:]
            self.counts.restore(int(minute), str(store_id), str(segment), counts)
        elif kind == "o":
            keys = None if value is None else records.decode_orders(value)
            self.counts.orders.restore(int(rest[0]), keys)
        elif kind == "n":
            contest = SegmentContest() if value is None else records.decode_contest(value)
            self.counts.segmenter.restore(str(rest[0]), contest)
        elif kind == "s":
            if value is None:
                self._snapshots.pop(str(rest[0]), None)
            else:
                self._snapshots[str(rest[0])] = value
        elif kind == "p" and value is not None:
            self.mark = records.decode_mark(value)
            self.has_mark = True

    def restored(self) -> int:
        """All records have been taken over; returns the source offset from which event ids must be read again.

        −1 if there is nothing to read.
        """
        mark = self.mark
        self.offset, self._fingerprint, self._scored = mark.offset, mark.fingerprint, mark.scored
        self._late = set(mark.late)
        self.counts.restored(mark.clock_ms)
        return self.counts.rewind(mark.epoch, mark.starts)

    def begin_again(self) -> None:
        """The source topic was recreated: its offsets start again, ``as_of`` goes on, what was counted stays."""
        self.mark = Mark(
            base=self.mark.base + self.mark.offset + 1,
            clock_ms=self.mark.clock_ms,
            scored=self.mark.scored,
            late=self.mark.late,
        )
        self.offset, self._fingerprint = -1, 0
        self.counts.rewind(-1, (-1, -1))

    def cut_off(self, end: int) -> None:
        """The topic is the same, but its log now ends at ``end``, before the mark: a broker lost what it had acknowledged.

        What was counted stays and ``as_of`` goes on; counting begins at ``end``.
        """
        shift = self.mark.offset + 1 - end
        self.mark = msgspec.structs.replace(self.mark, offset=end - 1, base=self.mark.base + shift)
        self.offset = end - 1

    def warm_up(self) -> None:
        """Rebuild the detector and the windows from the restored rows; may run in another thread."""
        self._set_baselines(self._baselines)
        self._baselines = []
        if self._scored is not None:
            known = self.counts.minutes()
            first = max(
                self._scored - WARM_MINUTES + 1, min(known[0], self._scored) if known else self._scored
            )
            closed = {}
            for minute in range(first, self._scored + 1):
                counts = self.counts.of_minute(minute)
                self.detector.warm_up(minute, counts)
                closed[minute] = totals(counts)
                self.lateness.close(minute, closed[minute], self._judged)
            self.windows.restore(self._scored, closed)
        for store_id, state in self._snapshots.items():
            self.detector.restore(store_id, state)
        self.detector.changed()
        self._snapshots = {}
        self.is_loaded = True
