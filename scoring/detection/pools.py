"""Pooled monitors: many stores judged as one, for a drop that no single one of them is large enough to show.

A pool (``scoring/funnel/pools.py``) is a store to the engine: its arrivals are the sum of its members' A, its expectation the
sum of their µ, its wobble its own (``scoring/baselines/pooled.py``). With v_i the variance of the log of a member's µ_i,
the sum's is Σ µ_i²·v_i / (Σ µ_i)², because the members' baselines err apart. Book, engine, daily level and alerting are
those of stores; nothing here decides whether something is a drop.

What is different: a pool's alert is of kind ``pooled`` and lists its members, and it is not published until the members
apart from the most short one show the drop too, by half the threshold: what sits in one store is that store's alert.
A member that the calendar suppresses counts no more until the entry ends; while an entry widens for a tenth of the
members, it does for the pool.

Next to the path of an event. ``streams/pools`` calls this with what ``detector.py`` gave for all partitions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from scoring.alerts.alert import AlertContribution, AlertTransition
from scoring.baselines.baseline import StoreBaseline
from scoring.calendar.effects import DayRules
from scoring.detection.alerting import Alerting, Closing
from scoring.detection.book import Book, StepEntry
from scoring.detection.engine import AMENDABLE, SeriesMinute, Unrest
from scoring.detection.memory import recall, remember
from scoring.detection.policy import WINDOWS, DetectionPolicy
from scoring.detection.special_days import SURGE_VARIANCE, SpecialDays
from scoring.detection.tail import binomial_scale, lower_surprise
from scoring.detection.tracked_alert import ClosedAlerts
from scoring.funnel.arrays import Bools, Floats, Places
from scoring.funnel.pools import PoolRules, StoreTraits

#: minutes of members' counts kept: the longest window, and as much as may be amended
_KEPT = max(WINDOWS) + AMENDABLE + 1
#: an entry that widens for this share of the members widens for the pool
_WIDENED_SHARE = 0.1
#: the others must show this share of the threshold's surprise
_OTHERS_SHARE = 0.5
#: members named with their share of the shortfall, at most
_MAX_NAMED = 20
#: how the note of an incident that is not published begins
_IN_ONE = "sits in one store only:"

#: (store, step, segment) of a series that counts towards a pool
PartName = tuple[str, str, str]


class _Parts:
    """The series of stores that count towards pools, and what they gave in the last minutes."""

    def __init__(self) -> None:
        self.names: list[PartName] = []
        self.index: dict[PartName, int] = {}
        self._arrived: NDArray[np.float32] = np.zeros((_KEPT, 0), dtype=np.float32)
        self._expected: NDArray[np.float32] = np.zeros((_KEPT, 0), dtype=np.float32)
        self._row = 0

    def add(self, name: PartName) -> int:
        """The number of a part that is new."""
        number = self.index[name] = len(self.names)
        self.names.append(name)
        if number >= self._arrived.shape[1]:
            more = ((0, 0), (0, max(64, number)))
            self._arrived, self._expected = (np.pad(ring, more) for ring in (self._arrived, self._expected))
        return number

    def keep(self, parts: Places, arrived: Floats, expected: Floats) -> None:
        """Note a minute."""
        self._row = (self._row + 1) % _KEPT
        self._arrived[self._row] = 0.0
        self._expected[self._row] = 0.0
        self._arrived[self._row, parts] = arrived
        self._expected[self._row, parts] = expected

    def correct(self, ago: int, parts: Places, arrived: Floats, expected: Floats) -> tuple[Floats, Floats]:
        """Put other numbers in the place of a past minute's; gives what that adds."""
        row = (self._row - ago) % _KEPT
        more = arrived - self._arrived[row, parts], expected - self._expected[row, parts]
        self._arrived[row, parts] = arrived
        self._expected[row, parts] = expected
        return more

    def sums(self, parts: Places, minutes: int) -> tuple[Floats, Floats]:
        """(parts,) A and µ of the last minutes, this many."""
        rows = (self._row - np.arange(minutes)) % _KEPT
        cut = np.ix_(rows, parts)
        return (
            self._arrived[cut].sum(0, dtype=np.float64),
            self._expected[cut].sum(0, dtype=np.float64),
        )


class _PoolAlerting(Alerting):
    """Alerting whose places are member stores."""

    def __init__(self, policy: DetectionPolicy, book: Book, parts: _Parts) -> None:
        super().__init__(policy, book)
        self._parts = parts
        #: the parts of each step of the book, by its index
        self.parts_of: dict[int, list[int]] = {}

    def _members(
        self, entry: StepEntry, step: SeriesMinute, window: int | None = None
    ) -> tuple[list[str], Floats, Floats]:
        """Each member's A and its part M of the prediction, in the window that the pool is judged by."""
        engine, whole = self.book.engine, entry.series[""]
        numbers = np.array(self.parts_of.get(entry.index, ()), dtype=np.intp)
        window = int(step.window[whole]) if window is None else window
        arrived, expected = self._parts.sums(numbers, WINDOWS[window])
        _, mean, _, _ = engine.peek(np.array([whole]), np.array([window]))
        stores = [self._parts.names[number][0] for number in numbers]
        names = sorted(set(stores))
        place = {name: row for row, name in enumerate(names)}
        rows = np.array([place[store] for store in stores], dtype=np.intp)
        a = np.bincount(rows, arrived, len(names)).astype(float)
        m = np.bincount(rows, expected, len(names)).astype(float)
        return names, a, m * (float(mean[0]) / max(float(m.sum()), 1e-9))

    def _contributions(
        self, entry: StepEntry, first: int, step: SeriesMinute, window: int | None = None
    ) -> tuple[tuple[AlertContribution, ...], str]:
        """The members with most of the shortfall, each with its share; a pool has no segments."""
        names, a, m = self._members(entry, step, window)
        short = np.maximum(m - a, 0.0)
        shares = short / max(float(short.sum()), 1e-9)
        order = np.argsort(-shares, kind="stable")[:_MAX_NAMED]
        return tuple(
            AlertContribution(names[row], float(shares[row])) for row in order if shares[row] > 0.005
        ), ""

    def _held_by(self, entry: StepEntry, step: SeriesMinute) -> str:
        """The one store in which the drop sits, if the others alone do not show it."""
        names, a, m = self._members(entry, step)
        if not names:
            return ""
        worst = int(np.argmax(m - a))
        rest_a, rest_m = float(a.sum() - a[worst]), float(m.sum() - m[worst])
        needed = _OTHERS_SHARE * self.policy.notice
        if rest_m > 0 and self._surprise(entry, step, rest_a, rest_m) >= needed:
            return ""
        return f"{_IN_ONE} {names[worst]}"

    def _is_another(self, entry: StepEntry, step: SeriesMinute) -> bool:
        """Whether one store fails alone after several did: the pool's alert is not opened again for it."""
        return bool(self._held_by(entry, step))

    def _surprise(self, entry: StepEntry, step: SeriesMinute, arrived: float, mean: float) -> float:
        """The surprise of a part of the pool's window, judged by the pool's own wobble."""
        engine, whole = self.book.engine, np.array([entry.series[""]])
        window = np.array([int(step.window[whole[0]])])
        _, _, variance, fast = engine.peek(whole, window)
        variance = variance + engine.doubt[window, whole] * self._closing.variance[entry.index]
        dispersion = engine.dispersion[whole]
        scale = binomial_scale(1 - arrived / mean, 1 - fast / dispersion)
        return float(lower_surprise(arrived, mean, variance, dispersion * scale)[0])


class PoolDetector:
    """Judges all pools of an instance. Minutes are closed one after the other, without gaps.

    Args:
        policy: thresholds, the same as for stores.
        rules: who is pooled with whom.
        days: what the calendar does to judging the members; nothing if left out.
    """

    def __init__(
        self,
        policy: DetectionPolicy,
        rules: PoolRules,
        days: DayRules | None = None,
        closed: ClosedAlerts | None = None,
    ) -> None:
        self._rules = rules
        self._book = Book(policy, closed=closed)
        self._parts = _Parts()
        self._alerting = _PoolAlerting(policy, self._book, self._parts)
        self._days = SpecialDays(days)
        self._stores: dict[str, int] = {}
        self._store_of: list[int] = []
        self._links: Places | None = None
        self._since: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._widened: Bools = np.zeros(0, dtype=bool)
        self._minute: int | None = None

    @property
    def minute(self) -> int | None:
        """The last minute closed, None before the first."""
        return self._minute

    @property
    def pools(self) -> tuple[str, ...]:
        """The pools that have a baseline."""
        return tuple(self._book.stores)

    def set_baseline(self, baseline: StoreBaseline) -> None:
        """Add a pool, or judge it by another baseline from the next minute on.

        Raises:
            ValueError: it is the baseline of a store.
        """
        if not baseline.members:
            raise ValueError(f"{baseline.store_id} is not a pool")
        self._book.set_baseline(baseline)
        self._links = None

    def part(self, store_id: str, step: str, segment: str) -> int:
        """The number of a store's series that counts towards a pool, −1 for one that counts towards none."""
        name = (store_id, step, segment)
        known = self._parts.index.get(name)
        if known is not None:
            return known
        if not self._rules.pools_of(store_id, segment):
            return -1
        if store_id not in self._stores:
            self._stores[store_id] = len(self._stores)
            self._days.add(store_id, self._rules.traits.get(store_id, StoreTraits()).zone)
        self._store_of.append(self._stores[store_id])
        self._links = None
        return self._parts.add(name)

    def _link(self) -> Places:
        """(2, links): which part counts towards which step of the book."""
        if self._links is None:
            links: list[tuple[int, int]] = []
            for number, (store_id, step, segment) in enumerate(self._parts.names):
                for pool in self._rules.pools_of(store_id, segment):
                    store = self._book.stores.get(pool)
                    if store is None or store.baseline is None or store_id not in store.baseline.members:
                        continue
                    if step in store.baseline.steps:
                        links.append((number, store.steps[step].index))
            self._links = np.array(links, dtype=np.intp).reshape(-1, 2).T
            parts_of: dict[int, list[int]] = {}
            for number, index in links:
                parts_of.setdefault(index, []).append(number)
            self._alerting.parts_of = parts_of
        return self._links

    # ---------------------------------------------------------------- closing a minute

    def advance(
        self, minute: int, parts: Sequence[int] | Places, arrived: Floats, expected: Floats, variance: Floats
    ) -> list[AlertTransition]:
        """Close ``minute`` and judge it.

        Args:
            minute: one more than the last.
            parts: (k,) numbers as given by ``part``; a part that is not in it adds nothing, as does one that was not
                believed.
            arrived: (k,) A.
            expected: (k,) µ.
            variance: (k,) variance of log µ.

        Raises:
            ValueError: a minute was left out or closed twice.
        """
        if self._minute is not None and minute != self._minute + 1:
            raise ValueError(f"minute {minute} does not follow minute {self._minute}")
        self._minute = minute
        which = np.asarray(parts, dtype=np.intp)
        is_widened, kept = self._calendar(minute, which)
        which, arrived, expected, variance = which[kept], arrived[kept], expected[kept], variance[kept]
        self._parts.keep(which, arrived, expected)
        book, steps = self._book, len(self._book.steps)
        if not steps:
            return []
        a, mu, doubt = self._sums(which, arrived, expected, variance, steps)
        factor, level_variance = book.levels.factor(minute)
        doubt += level_variance
        unrest = self._unrest(is_widened, steps)
        series = book.arrays.series_step
        step = book.engine.step(a[series], (mu * factor)[series], doubt[series], unrest, None)
        is_open = (book.engine.open[: book.engine.size] | step.closed)[book.arrays.wholes]
        for index in book.levels.observe(minute, a, mu * factor, is_open):
            self._alerting.changed.add(book.steps[index].store_id)
        return self._passed_on(self._alerting.judge(minute, step, Closing(factor, doubt)))

    def _passed_on(self, transitions: list[AlertTransition]) -> list[AlertTransition]:
        """Without those of an incident that has not fired yet (it is one store's); members that lack most come first."""
        passed_on = []
        for transition in transitions:
            if transition.fired_at_ms is not None:
                worst = [part.segment for part in transition.contributions]
                members = tuple(dict.fromkeys([*worst, *transition.members]))
                note = "" if transition.note.startswith(_IN_ONE) else transition.note
                passed_on.append(msgspec.structs.replace(transition, members=members, note=note))
                continue
            incident = self._book.stores[transition.store_id].steps[transition.step].incident
            if incident is not None:
                incident.sequence = 0
        return passed_on

    def _sums(
        self, which: Places, arrived: Floats, expected: Floats, variance: Floats, steps: int
    ) -> tuple[Floats, Floats, Floats]:
        """(steps,) ΣA, Σµ and Σµ²v/(Σµ)² of the pools' steps."""
        number, index = self._link()
        size = len(self._parts.names)
        by_part = np.zeros((3, size))
        by_part[:, which] = arrived, expected, expected**2 * variance
        a, mu, spread = (np.bincount(index, values[number], steps).astype(float) for values in by_part)
        return a, mu, spread / np.maximum(mu, 1e-9) ** 2

    def _calendar(self, minute: int, which: Places) -> tuple[Bools, Bools]:
        """(stores,) whether an entry widens; (k,) whether a part counts: not while an entry suppresses its store."""
        is_widened, _, _ = self._days.advance(minute)
        stores = np.array(self._store_of, dtype=np.intp)[which] if len(which) else which
        held = np.array(
            [bool(self._days.suppressed(store)) for store in range(len(self._stores))], dtype=bool
        )
        return is_widened, ~held[stores] if len(which) else np.zeros(0, dtype=bool)

    def _unrest(self, is_widened: Bools, steps: int) -> Unrest:
        """Which steps' pools have enough members on a special day that it shows in the sum."""
        if len(self._since) < steps:
            more = steps - len(self._since)
            self._since = np.append(self._since, np.full(more, 10_000, dtype=np.int64))
            self._widened = np.append(self._widened, np.zeros(more, dtype=bool))
        number, index = self._link()
        owner = np.array(self._store_of, dtype=np.intp)
        on = np.bincount(index, is_widened[owner[number]].astype(float), steps) if len(number) else 0.0
        of = np.bincount(index, minlength=steps) if len(number) else np.ones(steps)
        now = np.asarray(on >= _WIDENED_SHARE * np.maximum(of, 1)) & np.asarray(np.asarray(on) > 0)
        changed = now != self._widened
        self._since = np.where(changed, 0, np.minimum(self._since + 1, 10_000))
        self._widened = now
        series = self._book.arrays.series_step
        widest = float(self._days.variance.max(initial=SURGE_VARIANCE))
        return Unrest(now[series], self._since[series], changed[series], widest)

    def amend(self, minute: int, parts: Sequence[int] | Places, arrived: Floats, expected: Floats) -> None:
        """Put other numbers in the place of a closed minute's (late rows, corrected rows).

        It shows in every window from the next minute on and opens or closes nothing; a minute closed longer ago than
        an hour is left as it was.
        """
        ago = (self._minute if self._minute is not None else minute) - minute
        if not 0 <= ago < AMENDABLE or not len(parts):
            return
        which = np.asarray(parts, dtype=np.intp)
        more_arrived, more_expected = self._parts.correct(ago, which, arrived, expected)
        steps = len(self._book.steps)
        if not steps:
            return
        a, mu, _ = self._sums(which, more_arrived, more_expected, np.zeros(len(which)), steps)
        series = self._book.arrays.series_step
        shape = (ago + 1, len(series))
        added_a, added_mu = np.zeros(shape), np.zeros(shape)
        factor, _ = self._book.levels.factor(minute)
        added_a[0], added_mu[0] = a[series], (mu * factor)[series]
        self._book.engine.amend(ago, np.arange(len(series)), added_a, added_mu)

    # ---------------------------------------------------------------- restart

    def changed(self) -> set[str]:
        """Pools whose snapshot changed materially (alerts, daily level) since the last call."""
        changed, self._alerting.changed = self._alerting.changed, set()
        return changed

    def snapshot(self, pool: str) -> bytes:
        """What must survive a restart beyond the members' minutes, as msgpack."""
        return msgspec.msgpack.encode(remember(self._book, self._book.stores[pool], self._minute or 0))

    def restore(self, snapshots: Mapping[str, bytes]) -> None:
        """Take over snapshots, after the minutes before the restart were closed again.

        Raises:
            msgspec.DecodeError: bytes are not a snapshot of this schema.
        """
        for pool, state in snapshots.items():
            store = self._book.stores.get(pool)
            if store is not None:
                recall(self._book, store, self._minute, state)
        self._alerting.changed = set()
