"""The detector: closes minutes of many stores, gives score rows and alert transitions.

On the path of an event: called by ``streams/monitor`` with the counts of a closed minute (before: counting; after:
``funnel.alerts.v1`` and table ``scores``). Live, replay, backtest and benchmark call this same class.

Past 400 lines because live, replay and backtest meet in this one class; the arithmetic is elsewhere:
``book.py`` keeps the names, ``exposure.py``, ``scoring/baselines/level.py`` and ``engine.py`` do the arithmetic, ``alerting.py`` opens and
resolves alerts, ``memory.py`` brings them over a restart; here they meet.
"""

from __future__ import annotations

from collections import deque
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
from scoring.detection.alerting import Alerting, Closing
from scoring.detection.book import Book, StoreEntry
from scoring.detection.engine import AMENDABLE, SeriesMinute, Unrest
from scoring.detection.memory import StoreMemory, recall, remember
from scoring.detection.policy import DetectionPolicy
from scoring.detection.resting import LOOK_EVERY, ROOM, Resting, is_at_an_end, may_go, wake
from scoring.detection.rises import Rises
from scoring.detection.score_rows import make_rows, unjudged_row
from scoring.detection.slow import SlowSteps
from scoring.detection.surge import SURGE_VARIANCE
from scoring.detection.traffic import Following, Traffic
from scoring.funnel.arrays import Bools, Floats, Places
from scoring.funnel.scores import ScoreRow, ScoreState
from scoring.funnel.stages import FAST_STEPS, STAGE_INDEX, STAGES
from scoring.funnel.units import MINUTE_MS

Counts = Mapping[str, Mapping[str, Sequence[int]]]


@dataclass(frozen=True, slots=True)
class Expectations:
    """What the baselines expected of the minute just closed: of each series A, µ, the variance of log µ, and trust."""

    names: list[tuple[str, str, str]]
    shown: Places
    arrived: Floats
    expected: Floats
    variance: Floats
    believed: Bools


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
    """

    def __init__(self, policy: DetectionPolicy, rules: DayRules | None = None, room: int = ROOM) -> None:
        self.policy = policy
        self._book = Book(policy, rules)
        self._minute: int | None = None
        self._first: int | None = None
        self._resting = Resting(room)
        self._alerting = Alerting(policy, self._book)
        self._traffic = Traffic(policy, rules)
        self._slow = SlowSteps(policy, self._book.days)
        self._rises = Rises(policy, self._book)
        self._entries: tuple[int, Places, Places, Places] | None = None
        self._entered: Floats = np.zeros(0)
        #: the stores that have a baseline
        self._judged: dict[str, StoreEntry] = {}
        self._versions: dict[tuple[str, int], int] = {}
        self._closing = Closing(np.zeros(0), np.zeros(0))
        self._arrived: Floats = np.zeros(0)
        self._expected: Floats = np.zeros(0)
        self._variance: Floats = np.zeros(0)
        self._held_steps: Bools = np.zeros(0, dtype=bool)
        #: counts and factors of the last minutes, for corrections
        self._recent: deque[tuple[Floats, Floats]] = deque(maxlen=AMENDABLE)

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
        self._slow.set_baseline(baseline, _calendar(store))
        self._traffic.set_baseline(baseline)
        self._entries = None

    # ---------------------------------------------------------------- rest

    def _stays(self, baseline: StoreBaseline) -> bool:
        """Whether a store is judged by more than its events: by their absence, by its warehouse's clock."""
        return baseline.slow is not None or self._traffic.can_judge(baseline.traffic)

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
        busy = self._alerting.changed | self._rises.open_stores()
        gone = [name for name in may_go(self._judged, book, minute, self._stays) if name not in busy]
        for name in gone:
            store = self._judged.pop(name)
            assert store.baseline is not None
            memory = b"" if self._minute is None else self.snapshot(name)
            self._resting.put(store.baseline, _begun(book, store), self._minute, memory)
        if gone:
            rows, steps = book.keep(set(gone))
            for place, (matrix, factor) in enumerate(self._recent):
                self._recent[place] = matrix[rows[rows < len(matrix)]], factor[steps[steps < len(factor)]]
            self._slow.renumber({name: _calendar(store) for name, store in self._judged.items()})
            self._entries = None

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
        judgement.scores.extend(self._rows_of_theunjudged_row(minute, counts))
        self._judge_slow(minute, delays, judgement)
        return judgement

    def warm_up(self, minute: int, counts: Counts) -> None:
        """Close a minute that was judged before a restart: memory is rebuilt, nothing is given out."""
        self._let_rest(minute)
        step = self._close(minute, self._matrix(minute, counts))
        self._alert(minute, step)
        self._judge_slow(minute, {}, Judgement())
        for store_id, segments in counts.items():
            self._note_seen(self._book.stores[store_id], segments)

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
        """The transitions of the minute that was closed; traffic that merely stays away is judged, late data is not."""
        traffic = self._traffic
        held = np.zeros(traffic.engine.size, dtype=bool)
        for store_id, delay in delays.items():
            if delay is Delay.LATE and store_id in traffic.index:
                held[traffic.index[store_id]] = True
        found = traffic.advance(minute, self._entered, held, self._following)
        in_alert = traffic.in_alert()
        found += self._alerting.judge(minute, step, self._closing)
        found += self._rises.judge(minute, {*traffic.lately_in_alert((minute + 1) * MINUTE_MS), *delays})
        self._alerting.changed.update(in_alert, self._rises.changed)
        self._rises.changed.clear()
        return found

    def _following(self, store_id: str, stage: str) -> Following | None:
        """What the step behind a store's entry stage saw in the minute just closed; None without such a step."""
        for entry in self._book.stores[store_id].steps.values():
            if entry.baseline.upstream == stage:
                break
        else:
            return None
        engine = self._book.engine
        whole = np.array([entry.series[""]])
        arrived, expected, _, _ = engine.peek(whole, np.array([0]))
        rate = entry.baseline.rate * float(self._closing.factor[entry.index])
        wobble = float(engine.phi15[whole[0]])
        return Following(float(arrived[0]), float(expected[0]), rate, entry.baseline.kernel.pmf, wobble)

    def _judge_slow(self, minute: int, delays: Mapping[str, Delay], judgement: Judgement) -> None:
        """Count the closed minute for slow steps, and add what it gave if a business hour ended with it."""
        slow, book = self._slow, self._book
        if not len(slow):
            return
        rows, numbers = book.rows_of(slow.index)
        matrix = self._recent[-1][0]
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
        a, mu = self._series_sums(arrived, exposure, factor)
        blind = (book.engine.minutes < arrays.ready)[arrays.series_step]
        a[blind] = mu[blind] = 0.0
        held = self._held(delays)
        upstream = np.bincount(arrays.cell_step, matrix[arrays.row, arrays.up], len(arrays.wholes)).astype(
            float
        )
        is_on, since, changed = book.surges.advance(minute, upstream)
        is_special, special_since, begins = book.days.advance(minute)
        is_on, since, changed = is_on | is_special, np.minimum(since, special_since), changed | begins
        which = arrays.series_step
        unrest = Unrest(is_on[which], since[which], changed[which], SURGE_VARIANCE)
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
        self._entered = self._entry_events(matrix)
        self._arrived, self._expected, self._variance = a, mu, series_variance
        self._held_steps = held
        self._closing = Closing(factor, variance)
        self._recent.append((matrix, factor))
        return step

    def _entry_events(self, matrix: Floats) -> Floats:
        """(stores,) events of each store's entry stage, as ``Traffic`` numbers the stores."""
        if self._entries is None or self._entries[0] != self._book.row_count:
            places = [
                (row, STAGE_INDEX[stage], index)
                for index, (store_id, stage) in enumerate(self._traffic.stages())
                if stage
                for row in self._book.stores[store_id].rows.values()
            ]
            rows, columns, owners = np.array(places, dtype=np.intp).reshape(-1, 3).T
            self._entries = (self._book.row_count, rows, columns, owners)
        _, rows, columns, owners = self._entries
        return np.bincount(owners, matrix[rows, columns], self._traffic.engine.size).astype(float)

    def _held(self, delays: Mapping[str, Delay]) -> Bools:
        """(steps,) True for the steps of stores whose minute is not to be believed."""
        held = np.zeros(len(self._book.steps), dtype=bool)
        for store_id in delays:
            store = self._book.stores.get(store_id)
            if store is not None and store.steps:
                held[[entry.index for entry in store.steps.values()]] = True
        return held

    def _series_sums(self, arrived: Floats, exposure: Floats, factor: Floats) -> tuple[Floats, Floats]:
        """A and µ of every series from those of the cells."""
        arrays = self._book.arrays
        expected = arrays.rate * exposure * factor[arrays.cell_step]
        size = self._book.engine.size
        a, mu = np.zeros(size), np.zeros(size)
        steps = len(arrays.wholes)
        a[arrays.wholes] = np.bincount(arrays.cell_step, arrived, steps)
        mu[arrays.wholes] = np.bincount(arrays.cell_step, expected, steps)
        has_cell = arrays.part_cell >= 0
        parts, cells = arrays.parts[has_cell], arrays.part_cell[has_cell]
        a[parts], mu[parts] = arrived[cells], expected[cells]
        return a, mu

    # ---------------------------------------------------------------- rows

    def _rows(self, minute: int, step: SeriesMinute) -> list[ScoreRow]:
        arrays = self._book.arrays
        shown = arrays.shown
        held = self._held_steps[arrays.series_step[shown]]
        baseline = np.where(held, 0.0, self._expected[shown]), self._variance[shown]
        return make_rows(self._book, minute, shown, self._arrived[shown], step, held, baseline)

    def _note_seen(self, store: StoreEntry, segments: Mapping[str, Sequence[int]]) -> None:
        seen = store.seen
        if len(seen) < len(STAGES):  # asked for every store and minute: look no more once all were seen
            for index, column in enumerate(zip(*segments.values(), strict=True)):
                if index not in seen and any(column):
                    seen.add(index)

    def _rows_of_theunjudged_row(self, minute: int, counts: Counts) -> list[ScoreRow]:
        """Rows that say what cannot be judged: stages a store does not supply, stores without a baseline."""
        rows: list[ScoreRow] = []
        at = minute * MINUTE_MS
        for store_id, store in self._judged.items():
            rows.extend(
                unjudged_row(store_id, at, step, 0.0, ScoreState.MISSING_STAGE) for step in store.missing
            )
        for store_id, segments in counts.items():  # a quiet store without a baseline costs nothing
            store = self._book.stores[store_id]
            if store.baseline is not None:
                continue
            self._note_seen(store, segments)
            for step in FAST_STEPS:
                up, down = STAGE_INDEX[step.upstream], STAGE_INDEX[step.downstream]
                if up in store.seen and down in store.seen:
                    arrived = float(sum(numbers[down] for numbers in segments.values()))
                    rows.append(unjudged_row(store_id, at, step.id, arrived, ScoreState.NO_BASELINE))
        return rows

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
        if not 0 <= ago < len(self._recent):
            return []
        added: dict[int, tuple[Floats, Floats]] = {}
        for store_id, segments in counts.items():
            if store_id in self._resting:
                self._wake(store_id)
            store = self._book.stores.get(store_id)
            if store is not None and store.baseline is not None:
                for segment, numbers in segments.items():
                    self._amend_row(store, segment, numbers, ago, added)
        self._alerting.changed.update(self._slow.changed)
        self._slow.changed.clear()
        if not added:
            return []
        series = np.array(list(added), dtype=np.intp)
        arrivals = np.stack([pair[0] for pair in added.values()], axis=1)
        expected = np.stack([pair[1] for pair in added.values()], axis=1)
        self._book.engine.amend(ago, series, arrivals, expected)
        return self._amended_rows(minute, ago, set(counts))

    def _amend_row(
        self,
        store: StoreEntry,
        segment: str,
        numbers: Sequence[int],
        ago: int,
        added: dict[int, tuple[Floats, Floats]],
    ) -> None:
        row, minute = self._book.row(store, segment), (self._minute or 0) - ago
        matrix = self._recent[-1 - ago][0]
        before = matrix[row] if row < len(matrix) else np.zeros(len(STAGES))
        change = np.asarray(numbers, dtype=float) - before
        if store.baseline is not None:
            self._slow.amend(minute, store.baseline.store_id, change)
        if row >= len(matrix):  # first heard of after that minute
            matrix = np.vstack([matrix, np.zeros((row + 1 - len(matrix), len(STAGES)))])
            self._recent[-1 - ago] = matrix, self._recent[-1 - ago][1]
        matrix[row] = numbers
        for step_id in store.baseline.steps if store.baseline else ():
            entry = store.steps[step_id]
            up, down = STAGE_INDEX[entry.baseline.upstream], STAGE_INDEX[entry.baseline.downstream]
            if not (change[up] or change[down]):
                continue
            arrivals, expected = np.zeros(ago + 1), np.zeros(ago + 1)
            arrivals[0] = change[down]
            if change[up]:
                part = entry.baseline.segments.get(segment)
                rate = part.rate if part else entry.baseline.rate
                factors = [self._factor(back, entry.index) for back in range(ago, -1, -1)]
                expected = self._book.exposures.amend(entry.cells[segment], ago, change[up]) * rate * factors
            own = entry.series.get(segment) if segment else None
            for series in (entry.series[""], own):
                if series is not None:
                    a, m = added.get(series, (0.0, 0.0))
                    added[series] = (a + arrivals, m + expected)

    def _factor(self, back: int, step: int) -> float:
        """The level that ``step`` had this many minutes ago; 1 for a minute before its first baseline came."""
        factor = self._recent[-1 - back][1]
        return float(factor[step]) if step < len(factor) else 1.0

    def _amended_rows(self, minute: int, ago: int, stores: set[str]) -> list[ScoreRow]:
        book, engine = self._book, self._book.engine
        arrays = book.arrays
        _, variance = book.levels.factor(minute)
        variance = variance[arrays.series_step] + arrays.extra_variance
        surprise, window, window_a, window_m, prior_variance = engine.rescore(ago, variance)
        shown = np.array([n for n in arrays.shown.tolist() if book.names[n][0] in stores], dtype=np.intp)
        ones = np.zeros(len(shown), dtype=np.intp)
        observed, mean, _, _ = engine.peek(shown, ones, ago)
        predicted = np.zeros(engine.size)
        predicted[shown] = mean
        never = np.zeros(engine.size, dtype=bool)
        step = SeriesMinute(
            surprise, window, window_a, window_m, predicted, prior_variance + variance, never, never
        )
        for store in stores:
            self._versions[store, minute] = self._versions.get((store, minute), 0) + 1
        if len(self._versions) > 100_000:
            self._versions = {
                key: number for key, number in self._versions.items() if key[1] > minute - AMENDABLE
            }
        held = np.zeros(len(shown), dtype=bool)
        baseline = engine.baseline_of(ago, shown), variance[shown]
        rows = make_rows(self._book, minute, shown, observed, step, held, baseline)
        return [msgspec.structs.replace(row, version=self._versions[row.store_id, minute]) for row in rows]

    # ---------------------------------------------------------------- restart

    def changed(self) -> set[str]:
        """Stores whose snapshot changed materially (alerts, daily level) since the last call."""
        changed, self._alerting.changed = self._alerting.changed, set()
        return changed

    def snapshot(self, store_id: str) -> bytes:
        """What must survive a restart beyond the minute counts, as msgpack."""
        traffic = self._traffic.remember(store_id)
        slow, rises = self._slow.remember(store_id), self._rises.remember(store_id)
        return remember(self._book, self._book.stores[store_id], self._minute or 0, traffic, slow, rises)

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

    def _rest_on(self, store_id: str, state: bytes) -> bool:
        """Keep a snapshot for a store at rest; False if something of it is open, so that it must be judged."""
        memory = msgspec.msgpack.decode(state, type=StoreMemory)
        self._rises.recall(store_id, memory.rises)
        if not is_at_an_end(memory) or store_id in self._rises.open_stores():
            return False
        self._resting.remember(store_id, state)
        return True


def _calendar(store: StoreEntry) -> int | None:
    """The number of a step by which a store's calendar entries are known, None if it has none."""
    return next((step.index for step in store.steps.values()), None)


def _begun(book: Book, store: StoreEntry) -> int:
    """The engine's minute since which a store's silence is remembered."""
    ages = [book.engine.age[number] for step in store.steps.values() for number in step.series.values()]
    return book.engine.minutes - int(min(ages, default=0))
