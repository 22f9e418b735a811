"""The detector: closes minutes of many stores, gives score rows and alert transitions.

On the path of an event: called by ``streams/monitor`` with the counts of a closed minute (before: counting; after:
``funnel.alerts.v1`` and table ``scores``). Live, replay, backtest and benchmark call this same class.

Here the parts meet: ``book.py`` keeps the names, ``exposure.py``, ``scoring/baselines/level.py`` and ``engine.py`` do the arithmetic,
``alerting.py`` opens and resolves alerts, ``corrections.py`` corrects past minutes, ``memory.py`` brings alerts over a restart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import msgspec
import numpy as np
from numpy.typing import NDArray

from scoring.alerts.alert import AlertTransition
from scoring.baselines.baseline import StoreBaseline
from scoring.calendar.effects import DayRules
from scoring.counting.lateness import Delay
from scoring.detection.alerting import Alerting, Closing, seen_behind
from scoring.detection.book import Book, StoreEntry
from scoring.detection.corrections import Corrections
from scoring.detection.drifts import Drifts
from scoring.detection.engine import SeriesMinute, Unrest
from scoring.detection.exposure import Expectations
from scoring.detection.memory import StoreMemory, recall, remember
from scoring.detection.policy import DetectionPolicy
from scoring.detection.resting import LOOK_EVERY, ROOM, Resting, begun, is_at_an_end, may_go, wake
from scoring.detection.rises import Rises
from scoring.detection.score_rows import make_rows, note_seen, unjudged_rows
from scoring.detection.slow import SlowSteps
from scoring.detection.tracked_alert import ClosedAlerts
from scoring.detection.traffic import Traffic
from scoring.funnel.arrays import Bools, Floats
from scoring.funnel.scores import ScoreRow
from scoring.funnel.stages import STAGES
from scoring.funnel.units import MINUTE_MS

Counts = Mapping[str, Mapping[str, Sequence[int]]]


@dataclass(slots=True)
class Judgement:
    """What closing a minute gave."""

    scores: list[ScoreRow] = field(default_factory=list)
    transitions: list[AlertTransition] = field(default_factory=list)


class Detector:
    """The detector of one partition. Minutes are closed one after the other, without gaps.

    Args:
        policy: thresholds.
        rules: what the calendar does to judging; nothing if left out.
        room: stores that are judged every minute even if they are quiet; of more the quiet ones rest (``resting.py``).
        closed: the alerts that people closed; none if left out.
    """

    def __init__(
        self,
        policy: DetectionPolicy,
        rules: DayRules | None = None,
        room: int = ROOM,
        closed: ClosedAlerts | None = None,
    ) -> None:
        self.policy = policy
        self._book = Book(policy, rules, closed)
        self._minute: int | None = None
        self._first: int | None = None
        self._resting = Resting(room)
        self._alerting = Alerting(policy, self._book)
        self._traffic = Traffic(policy, rules, self._book.closed)
        self._slow = SlowSteps(policy, self._book.days, self._book.closed)
        self._rises = Rises(policy, self._book)
        self._drifts = Drifts(policy, self._book.closed)
        self._entered: Floats = np.zeros(0)
        #: the stores that have a baseline
        self._judged: dict[str, StoreEntry] = {}
        self._closing = Closing(np.zeros(0), np.zeros(0))
        self._arrived: Floats = np.zeros(0)
        self._expected: Floats = np.zeros(0)
        self._variance: Floats = np.zeros(0)
        self._held_steps: Bools = np.zeros(0, dtype=bool)
        self._corrections = Corrections(self._book, self._slow)

    @property
    def minute(self) -> int | None:
        """The last minute closed, None before the first."""
        return self._minute

    def set_baseline(self, baseline: StoreBaseline) -> None:
        """Add a store, or judge it by another baseline from the next minute on; what was seen of it stays."""
        is_known = baseline.store_id in self._judged
        if not is_known and len(self._judged) >= self._resting.room and not self._stays(baseline):
            self._resting.put(baseline, self._book.engine.minutes, self._minute)
            return
        if baseline.store_id in self._resting:
            self._wake(baseline.store_id)
        self._book.set_baseline(baseline)
        store = self._judged[baseline.store_id] = self._book.stores[baseline.store_id]
        self._slow.set_baseline(baseline, store.calendar_step)
        self._traffic.set_baseline(baseline)
        self._drifts.set_baseline(baseline)
        self._traffic.forget_rows()

    # ---------------------------------------------------------------- rest

    def _stays(self, baseline: StoreBaseline) -> bool:
        """Whether a store is judged by more than its events: by their absence, by its warehouse's clock."""
        if baseline.slow is not None or self._drifts.is_due(baseline):
            return True
        return self._traffic.can_judge(baseline.traffic)

    def _wake(self, store_id: str) -> StoreEntry:
        baseline, rest = self._resting.pop(store_id)
        store = wake(self._book, baseline, rest, self._first, self._minute)
        store.seen_at = self._minute or 0
        self._judged[store_id] = store
        return store

    def _let_rest(self, minute: int) -> None:
        """Now and then, let stores rest of which nothing is to be judged."""
        book = self._book
        if book.engine.minutes % LOOK_EVERY or len(self._judged) <= self._resting.room:
            return
        busy = self._alerting.changed | self._rises.open_stores() | self._drifts.open_stores()
        gone = [name for name in may_go(self._judged, book, minute, self._stays) if name not in busy]
        for name in gone:
            store = self._judged.pop(name)
            assert store.baseline is not None
            memory = b"" if self._minute is None else self.snapshot(name)
            self._resting.put(store.baseline, begun(book, store), self._minute, memory)
        if gone:
            rows, steps = book.keep(set(gone))
            self._corrections.keep(rows, steps)
            self._slow.renumber({name: store.calendar_step for name, store in self._judged.items()})
            self._traffic.forget_rows()

    # ---------------------------------------------------------------- closing a minute

    def advance(
        self, minute: int, counts: Counts, delays: Mapping[str, Delay] = MappingProxyType({})
    ) -> Judgement:
        """Close ``minute`` (minutes since 1970 UTC) and judge it.

        Args:
            minute: one more than the last.
            counts: {store: {segment: 7 counts in stage order}}; what is not in it is zero.
            delays: stores whose data does not come as it should (``scoring/counting/lateness.py``): this minute of theirs is
                not believed, its rows say ``data_late``.

        Raises:
            ValueError: a minute was left out or closed twice.
        """
        self._let_rest(minute)
        step = self._close(minute, self._matrix(minute, counts), delays)
        judgement = Judgement(self._rows(minute, step), self._alert(minute, step, delays))
        judgement.scores.extend(unjudged_rows(self._judged, self._book.stores, minute, counts))
        self._judge_slow(minute, delays, judgement)
        return judgement

    def warm_up(self, minute: int, counts: Counts) -> None:
        """Close a minute that was judged before a restart: memory is rebuilt, nothing is given out."""
        self._let_rest(minute)
        step = self._close(minute, self._matrix(minute, counts))
        self._alert(minute, step)
        self._judge_slow(minute, {}, Judgement())
        for store_id, segments in counts.items():
            note_seen(self._book.stores[store_id], segments)

    def advance_matrix(
        self,
        minute: int,
        counts: NDArray[np.integer],
        delays: Mapping[str, Delay] = MappingProxyType({}),
    ) -> list[AlertTransition]:
        """``advance`` for callers that hold counts as an array and want no score rows (backtests).

        Args:
            minute: one more than the last.
            counts: (rows, 7), row numbers as given by ``row_of``.
            delays: as for ``advance``.
        """
        step = self._close(minute, counts.astype(float), delays)
        judgement = Judgement(transitions=self._alert(minute, step, delays))
        self._judge_slow(minute, delays, judgement)
        return judgement.transitions

    def _alert(
        self, minute: int, step: SeriesMinute, delays: Mapping[str, Delay] = MappingProxyType({})
    ) -> list[AlertTransition]:
        """The transitions of the minute that was closed.

        Traffic that merely stays away is judged; late data is not, nor what a conversion alert explains.
        """
        traffic = self._traffic
        held = np.zeros(traffic.engine.size, dtype=bool)
        for store_id, delay in delays.items():
            if delay is Delay.LATE and store_id in traffic.index:
                held[traffic.index[store_id]] = True
        held[traffic.explained(minute, self._book)] = True
        found = traffic.advance(
            minute,
            self._entered,
            held,
            lambda store, stage: seen_behind(self._book, self._closing, store, stage),
        )
        in_alert = traffic.in_alert()
        found += self._alerting.judge(minute, step, self._closing)
        found += self._rises.judge(minute, {*traffic.lately_in_alert((minute + 1) * MINUTE_MS), *delays})
        drifting = self._drifts.judge(minute)
        self._alerting.changed.update(in_alert, self._rises.changed, (t.store_id for t in drifting))
        self._rises.changed.clear()
        return found + drifting

    def _judge_slow(self, minute: int, delays: Mapping[str, Delay], judgement: Judgement) -> None:
        """Count the closed minute for slow steps, and add what it gave if a business hour ended with it."""
        slow, book = self._slow, self._book
        if not len(slow):
            return
        rows, numbers = book.rows_of(slow.index)
        matrix = self._corrections.last_counts
        known = rows < len(matrix)
        made = slow.advance(minute, matrix[rows[known]], numbers[known], delays)
        judgement.scores.extend(made.scores)
        judgement.transitions.extend(made.transitions)
        self._alerting.changed.update(slow.changed)
        slow.changed.clear()

    def expectations(self) -> Expectations:
        """What was expected of the minute just closed, by series: what pools are made of."""
        arrays = self._book.arrays
        return Expectations(
            self._book.names,
            arrays.shown,
            self._arrived,
            self._expected,
            self._variance,
            ~self._held_steps[arrays.series_step],
        )

    def row_of(self, store_id: str, segment: str) -> int:
        """The row of ``advance_matrix`` that belongs to a store's segment."""
        if store_id in self._resting:
            self._wake(store_id)
        return self._book.row(self._book.stores.setdefault(store_id, StoreEntry()), segment)

    def _matrix(self, minute: int, counts: Counts) -> Floats:
        book = self._book
        rows: list[int] = []
        values: list[Sequence[int]] = []
        for store_id, segments in counts.items():
            store = book.stores.get(store_id)
            if store is None:
                store = book.stores[store_id] = StoreEntry()
            if store.baseline is None and store_id in self._resting:
                store = self._wake(store_id)
            store.seen_at = minute
            if store.baseline is None:
                continue  # nothing is judged of it, so nothing is kept of its counts
            known = store.rows
            for segment, numbers in segments.items():
                row = known.get(segment)
                rows.append(book.row(store, segment) if row is None else row)
                values.append(numbers)
        matrix = np.zeros((book.row_count, len(STAGES)))
        if rows:
            matrix[rows] = values
        return matrix

    def _close(
        self, minute: int, matrix: Floats, delays: Mapping[str, Delay] = MappingProxyType({})
    ) -> SeriesMinute:
        if self._minute is not None and minute != self._minute + 1:
            raise ValueError(f"minute {minute} does not follow minute {self._minute}")
        book = self._book
        arrays = book.arrays
        exposure = book.exposures.advance(matrix[arrays.row, arrays.up])
        arrived = matrix[arrays.row, arrays.down]
        factor, variance = book.levels.factor(minute)
        a, mu = book.series_sums(arrived, exposure, factor)
        blind = (book.engine.minutes < arrays.ready)[arrays.series_step]
        a[blind] = mu[blind] = 0.0
        held = self._held(delays)
        upstream = np.bincount(arrays.cell_step, matrix[arrays.row, arrays.up], len(arrays.wholes)).astype(
            float
        )
        is_on, since, changed = book.surges.advance(minute, upstream)
        is_special, special_since, begins = book.days.advance(minute, book.common_rise(minute))
        is_on, since, changed = is_on | is_special, np.minimum(since, special_since), changed | begins
        which = arrays.series_step
        unrest = Unrest(is_on[which], since[which], changed[which], book.days.variance[which])
        series_variance = variance[which] + arrays.extra_variance
        step = book.engine.step(a, mu, series_variance, unrest, held[which])
        wholes = arrays.wholes
        is_open = np.zeros(len(wholes), dtype=bool)
        np.logical_or.at(is_open, arrays.series_step, book.engine.open[: book.engine.size] | step.closed)
        believed = ~held
        for index in book.levels.observe(minute, a[wholes] * believed, mu[wholes] * believed, is_open):
            self._alerting.changed.add(book.steps[index].store_id)
        self._minute = minute
        self._first = minute if self._first is None else self._first
        self._entered = self._traffic.entry_events(matrix, self._book)
        self._arrived, self._expected, self._variance = a, mu, series_variance
        self._held_steps = held
        self._closing = Closing(factor, variance)
        self._corrections.note(matrix, factor)
        return step

    def _held(self, delays: Mapping[str, Delay]) -> Bools:
        """(steps,) True for the steps of stores whose minute is not to be believed."""
        held = np.zeros(len(self._book.steps), dtype=bool)
        for store_id in delays:
            store = self._book.stores.get(store_id)
            if store is not None and store.steps:
                held[[entry.index for entry in store.steps.values()]] = True
        return held

    # ---------------------------------------------------------------- rows

    def _rows(self, minute: int, step: SeriesMinute) -> list[ScoreRow]:
        arrays = self._book.arrays
        shown = arrays.shown
        held = self._held_steps[arrays.series_step[shown]]
        baseline = np.where(held, 0.0, self._expected[shown]), self._variance[shown]
        return make_rows(self._book, minute, shown, self._arrived[shown], step, held, baseline)

    # ---------------------------------------------------------------- corrections

    def amend(self, minute: int, counts: Counts) -> list[ScoreRow]:
        """Correct a closed minute by its new total counts; gives its corrected rows.

        The correction shows in every window from the next minute on. Alerts are not opened or closed by it, and a
        minute closed longer ago than ``AMENDABLE`` gives no rows.

        Args:
            minute: the closed minute.
            counts: {store: {segment: 7 counts}}, the totals of that minute as they are now known.
        """
        ago = (self._minute if self._minute is not None else minute) - minute
        if not self._corrections.reaches(ago):
            return []
        for store_id in counts:
            if store_id in self._resting:
                self._wake(store_id)
        rows = self._corrections.amend(minute, ago, counts)
        self._alerting.changed.update(self._slow.changed)
        self._slow.changed.clear()
        return rows

    # ---------------------------------------------------------------- restart

    def changed(self) -> set[str]:
        """Stores whose snapshot changed materially (alerts, daily level) since the last call."""
        changed, self._alerting.changed = self._alerting.changed, set()
        return changed

    def snapshot(self, store_id: str) -> bytes:
        """What must survive a restart beyond the minute counts, as msgpack."""
        memory = remember(self._book, self._book.stores[store_id], self._minute or 0)
        memory.traffic, memory.slow = self._traffic.remember(store_id), self._slow.remember(store_id)
        memory.rises, memory.drifts = self._rises.remember(store_id), self._drifts.remember(store_id)
        return msgspec.msgpack.encode(memory)

    def restore(self, store_id: str, state: bytes) -> None:
        """Take over a snapshot, after ``warm_up`` has rebuilt the rings up to the last minute before the restart.

        A snapshot older than the last minute restores alerts and levels; filters keep what the warm-up gave them.

        Raises:
            msgspec.DecodeError: the bytes are not a snapshot of this schema.
        """
        if store_id in self._resting:
            if self._rest_on(store_id, state):
                return
            self._wake(store_id)
        store = self._book.stores.get(store_id)
        if store is not None:
            memory = recall(self._book, store, self._minute, state)
            self._traffic.recall(store_id, memory.traffic, memory.minute == self._minute)
            self._slow.recall(store_id, memory.slow)
            self._rises.recall(store_id, memory.rises)
            self._drifts.recall(store_id, memory.drifts)

    def _rest_on(self, store_id: str, state: bytes) -> bool:
        """Keep a snapshot for a store at rest; False if something of it is open, so that it must be judged."""
        memory = msgspec.msgpack.decode(state, type=StoreMemory)
        self._rises.recall(store_id, memory.rises)
        self._drifts.recall(store_id, memory.drifts)
        if not is_at_an_end(memory) or store_id in self._rises.open_stores() | self._drifts.open_stores():
            return False
        self._resting.remember(store_id, state)
        return True
