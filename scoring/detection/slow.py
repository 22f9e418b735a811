"""Slow steps: payments that should have been fulfilled by now, judged at the end of each business hour.

The same arrival model and the same engine as for fast steps, in the business time of each warehouse: one engine per clock
(stores with the same business hours share it), whose "minute" is a business hour. What happens while the warehouse is shut
counts in its next open hour. Cohorts are for showing (``scoring/baselines/cohorts.py``); alerts come from arrivals against what was
due, which shows a warehouse that stopped within hours instead of days.

Days of the past are needed, so unlike for fast steps the minute counts cannot rebuild the state after a restart: all of it is
in the snapshot, which is written whenever an hour changed it, in the transaction of the flush that closed the hour.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from scoring.alerts.alert import AGED, AlertKind, AlertTransition, Level, make_alert_id
from scoring.baselines.baseline import LONGEST, SlowBaseline, StoreBaseline
from scoring.baselines.business import BusinessHours
from scoring.baselines.localtime import local_minute
from scoring.detection.engine import SeriesEngine, SeriesMinute, SeriesParameters
from scoring.detection.memory import read_series, write_series
from scoring.detection.policy import DetectionPolicy
from scoring.detection.slow_clock import (
    REACH,
    SlowJudgement,
    SlowMemory,
    SlowStore,
    WarehouseClock,
    ring_rows,
    write_rings,
)
from scoring.detection.slow_rows import slow_evidence, slow_figures, slow_row
from scoring.detection.special_days import SpecialDays
from scoring.detection.tracked_alert import ClosedAlerts, TrackedAlert
from scoring.funnel.arrays import Bools, Floats
from scoring.funnel.stages import STAGE_INDEX
from scoring.funnel.units import HOURS_A_WEEK, MINUTE_MS

#: smaller shares missing are not surprising: warehouses are not that regular
_MIN_DROP = 0.25
#: business hours for which recovery must have shown, and after which an alert is taken as the new normal
_HEAL_HOURS, _LONGEST_HOURS = 2, 120
#: an alert that opens within this many hours of the last one's end is the same incident
_MERGE_MS = 24 * 3_600_000
#: a store with less history is judged by the page threshold only
_YOUNG_DAYS = 28.0


class SlowSteps:
    """The slow steps of all stores of a partition."""

    def __init__(
        self, policy: DetectionPolicy, days: SpecialDays, closed: ClosedAlerts | None = None
    ) -> None:
        self._base = policy
        self._closed = closed or ClosedAlerts()
        self._policy = dataclasses.replace(
            policy, heal_minutes=_HEAL_HOURS, longest_open_minutes=_LONGEST_HOURS
        )
        self._days = days
        self.index: dict[str, int] = {}
        self.changed: set[str] = set()
        self._stores: list[SlowStore] = []
        self._clocks: dict[BusinessHours, WarehouseClock] = {}
        #: (stores, 2) upstream and downstream events of the hour that is not over, and of shut hours before it
        self._pending: Floats = np.zeros((0, 2))
        self._carried: Floats = np.zeros((0, 2))
        #: (stores, LONGEST) upstream events by business hour, the latest last
        self._past: Floats = np.zeros((0, LONGEST))
        self._shares: Floats = np.zeros((0, LONGEST))
        self._late: Bools = np.zeros(0, dtype=bool)
        #: (stores, 2) columns of the upstream and the downstream stage in a row of counts
        self._columns: NDArray[np.intp] = np.zeros((0, 2), dtype=np.intp)

    def __len__(self) -> int:
        return len(self._stores)

    # ---------------------------------------------------------------- baselines

    def set_baseline(self, baseline: StoreBaseline, calendar: int | None) -> None:
        """Follow a store's slow step by this baseline; without one it is judged no more.

        Args:
            baseline: the store's.
            calendar: number of a step of the store by which its calendar entries are known, None if it has none.
        """
        slow, index = baseline.slow, self.index.get(baseline.store_id)
        if slow is None:
            if index is not None:
                store = self._stores[index]
                store.clock.engine.threshold[store.series] = np.inf
            return
        threshold = self._base.notice if baseline.days >= _YOUNG_DAYS - 1 else self._base.page
        parameters = SeriesParameters(
            sigma=slow.sigma,
            tau=slow.tau,
            rate=slow.rate,
            dispersion=slow.dispersion,
            pmf=slow.kernel.pmf,
            slow_share=slow.kernel.slow_share,
            threshold=threshold,
            least_drop=_MIN_DROP,
        )
        if index is None:
            index = self._add(baseline.store_id, slow, parameters, calendar)
        store = self._stores[index]
        if store.clock.hours != slow.hours:
            self._move(index, slow.hours, parameters)
        store.baseline, store.calendar = slow, calendar
        self._columns[index] = STAGE_INDEX[slow.upstream], STAGE_INDEX[slow.downstream]
        store.clock.engine.set(store.series, parameters)
        self._shares[index] = 0.0
        pmf = slow.kernel.pmf[:LONGEST]
        self._shares[index, LONGEST - len(pmf) :] = pmf[::-1]

    def _clock(self, hours: BusinessHours) -> WarehouseClock:
        if hours not in self._clocks:
            self._clocks[hours] = WarehouseClock(hours, SeriesEngine(self._policy, capacity=2))
            self._clocks[hours].engine.minutes = (
                REACH + 1
            )  # so that any store's past fits behind the first hour
        return self._clocks[hours]

    def _add(
        self, store_id: str, slow: SlowBaseline, parameters: SeriesParameters, calendar: int | None
    ) -> int:
        index = self.index[store_id] = len(self._stores)
        clock = self._clock(slow.hours)
        store = SlowStore(
            store_id, slow, clock, clock.engine.add(parameters), slow.until_minute, len(slow.recent), calendar
        )
        clock.members.append(index)
        self._stores.append(store)
        self._pending = np.vstack([self._pending, np.zeros((1, 2))])
        self._carried = np.vstack([self._carried, np.array(slow.carried, dtype=float)[None]])
        self._past, self._shares = (
            np.vstack([a, np.zeros((1, LONGEST))]) for a in (self._past, self._shares)
        )
        recent = slow.recent[-LONGEST:]
        if recent:
            self._past[index, -len(recent) :] = recent
        self._late = np.append(self._late, False)
        self._columns = np.vstack([self._columns, np.zeros((1, 2), dtype=np.intp)])
        return index

    def _move(self, index: int, hours: BusinessHours, parameters: SeriesParameters) -> None:
        """Judge a store by another clock: what is due and an open alert stay, windows start over."""
        store = self._stores[index]
        memory = read_series(store.clock.engine, store.series)
        store.clock.engine.threshold[store.series] = np.inf
        store.clock.members[store.series] = -1
        store.clock = self._clock(hours)
        store.series = store.clock.engine.add(parameters)
        store.clock.members.append(index)
        memory.age = 0
        write_series(store.clock.engine, store.series, memory, is_current=True)
        store.fresh = True

    def renumber(self, calendars: Mapping[str, int | None]) -> None:
        """Take over other numbers by which the stores' calendar entries are known."""
        for store in self._stores:
            store.calendar = calendars.get(store.store_id)

    # ---------------------------------------------------------------- closing a minute

    def advance(
        self, minute: int, counts: Floats, numbers: NDArray[np.intp], late: Iterable[str] = ()
    ) -> SlowJudgement:
        """Close a minute; judges the stores whose business hour ends with it.

        Args:
            minute: the UTC minute.
            counts: (rows, 7) counts in stage order.
            numbers: (rows,) the store of each, by ``index``.
            late: stores whose data is not to be believed in this minute.
        """
        made = SlowJudgement()
        np.add.at(self._pending, numbers, counts[np.arange(len(numbers))[:, None], self._columns[numbers]])
        for store_id in late:
            if store_id in self.index:
                self._late[self.index[store_id]] = True
        if minute % 15 == 14:  # hours of all zones end on a quarter
            for clock in self._clocks.values():
                if clock.hours.ends_hour(minute):
                    self._end_hour(clock, minute, made)
        return made

    def _end_hour(self, clock: WarehouseClock, minute: int, made: SlowJudgement) -> None:
        members = np.array([index for index in clock.members if index >= 0], dtype=np.intp)
        live = np.array([index for index in members if self._stores[index].since <= minute], dtype=np.intp)
        self._carried[live] += self._pending[live]
        self._pending[members] = 0.0
        clock.last_end = minute
        if not len(live):
            return
        local_hour = local_minute(clock.hours.zone, minute) // 60
        for index in live[self._carried[live].any(1)].tolist():
            self.changed.add(self._stores[index].store_id)
        if clock.hours.is_open(local_hour):
            self._judge_hour(clock, live, minute, local_hour % HOURS_A_WEEK, made)

    def _judge_hour(
        self, clock: WarehouseClock, live: NDArray[np.intp], minute: int, hour: int, made: SlowJudgement
    ) -> None:
        engine, n = clock.engine, clock.engine.size
        series = np.array([self._stores[index].series for index in live], dtype=np.intp)
        self._past[live, :-1] = self._past[live, 1:]
        self._past[live, -1] = self._carried[live, 0]
        exposed = (self._past[live] * self._shares[live]).sum(1)
        arrived, expected, variance = np.zeros(n), np.zeros(n), np.zeros(n)
        factors, held = np.zeros(n), np.ones(n, dtype=bool)
        for place, index, number in zip(range(len(live)), live.tolist(), series.tolist(), strict=True):
            store = self._stores[index]
            store.known += 1
            baseline = store.baseline
            factors[number] = baseline.rate * np.exp(baseline.profile[hour] + store.shift)
            variance[number] = baseline.profile_variance[hour] + baseline.rate_variance
            is_blind = store.known < baseline.reach
            held[number] = is_blind or store.fresh or self._late[index]
            if not is_blind:
                arrived[number] = self._carried[index, 1]
                expected[number] = exposed[place] * factors[number]
            store.fresh = is_blind
        late = self._late[live].copy()
        self._carried[live], self._late[live] = 0.0, False
        clock.ended.append((minute, factors))
        engine.age[:n] = np.minimum(engine.age[:n], REACH)
        step = engine.step(arrived, expected, variance, None, held)
        at_ms = (minute + 1) * MINUTE_MS
        for place, index in enumerate(live.tolist()):
            store = self._stores[index]
            self.changed.add(store.store_id)
            made.scores.append(
                slow_row(store, minute, step, arrived[store.series], bool(late[place]), exposed[place])
            )
            made.transitions += self._judge(store, step, at_ms, bool(held[store.series]))

    # ---------------------------------------------------------------- alerts

    def _judge(
        self, store: SlowStore, step: SeriesMinute, at_ms: int, is_held: bool
    ) -> list[AlertTransition]:
        incident, engine, number = store.incident, store.clock.engine, store.series
        is_over = incident is None or incident.resolved_at_ms is not None
        if step.opened[number] and is_over:
            return [self._open(store, step, at_ms)]
        if incident is None or is_over or is_held:
            return []
        arrived, predicted, _, _ = engine.peek(np.array([number]), np.array([0]))
        incident.add(
            float(arrived[0]), float(predicted[0]), float(engine.window_fast[0, number]), float(step.predicted_variance[number])
        )  # fmt: skip
        if not engine.open[number]:
            if engine.open_minutes[number] >= _LONGEST_HOURS:
                incident.note = f"{AGED}: taken as the new normal"
                ratio = (engine.open_arrived[number] + 0.5) / (engine.open_expected[number] + 0.5)
                store.shift += float(np.log(ratio))
            window = engine.window_of_end(number, [number])
            return [incident.end(at_ms, slow_figures(store, window))]
        is_news = False
        if incident.is_held and not self._suppressed(store):
            incident.is_held, incident.fired_at_ms, is_news = False, at_ms, True
        if incident.level is Level.NOTICE and step.surprise[number] >= self._base.page:
            incident.level, incident.evidence, is_news = Level.PAGE, slow_evidence(store, step), True
        return [incident.transition(at_ms)] if is_news or incident.has_grown() else []

    def _suppressed(self, store: SlowStore) -> str:
        return self._days.suppressed(store.calendar) if store.calendar is not None else ""

    def _open(self, store: SlowStore, step: SeriesMinute, at_ms: int) -> AlertTransition:
        evidence, last, baseline = slow_evidence(store, step), store.incident, store.baseline
        level = self._base.level(evidence.surprise)
        if last is not None and last.is_same(at_ms, _MERGE_MS, self._closed):
            incident = last
            incident.reopen(evidence, level)
        else:
            incident = TrackedAlert(
                alert_id=make_alert_id(store.store_id, baseline.step, "", AlertKind.CONVERSION, at_ms),
                store_id=store.store_id,
                step=baseline.step,
                segment="",
                kind=AlertKind.CONVERSION,
                level=level,
                opened_at_ms=at_ms,
                evidence=evidence,
                note="judged in business hours: minutes of the window are those in which the warehouse works",
            )
            store.incident = incident
        held = self._suppressed(store)
        if held and incident.sequence == 0:
            incident.is_held, incident.note = True, f"held back by the calendar: {held}"
        fast = float(store.clock.engine.fast[store.series])
        incident.add(evidence.observed, evidence.expected, fast, float(step.predicted_variance[store.series]))
        return incident.transition(at_ms)

    # ---------------------------------------------------------------- corrections

    def amend(self, minute: int, store_id: str, change: Floats) -> None:
        """Count late events of a closed minute; alerts are not opened or closed by them.

        Args:
            minute: the closed UTC minute.
            store_id: the store.
            change: (7,) what the counts of the minute grew by.
        """
        index = self.index.get(store_id)
        if index is None or minute < self._stores[index].since:
            return
        store = self._stores[index]
        up = float(change[STAGE_INDEX[store.baseline.upstream]])
        down = float(change[STAGE_INDEX[store.baseline.downstream]])
        if not (up or down):
            return
        clock = store.clock
        later = [factors for end, factors in clock.ended if end >= minute]
        if not later:
            (self._carried if minute <= clock.last_end else self._pending)[index] += (up, down)
        else:
            ago = len(later) - 1
            self._past[index, -1 - ago] += up
            arrivals, expected = np.zeros((ago + 1, 1)), np.zeros((ago + 1, 1))
            arrivals[0] = down
            pmf = store.baseline.kernel.pmf
            for since, factors in enumerate(later):
                if since < len(pmf) and store.series < len(factors):
                    expected[since] = up * pmf[since] * factors[store.series]
            clock.engine.amend(ago, np.array([store.series]), arrivals, expected)
        self.changed.add(store_id)

    # ---------------------------------------------------------------- restart

    def remember(self, store_id: str) -> bytes:
        """What must survive a restart; empty for a store whose slow step is not followed."""
        index = self.index.get(store_id)
        if index is None:
            return b""
        store, past = self._stores[index], self._past[index]
        engine, number = store.clock.engine, store.series
        series = read_series(engine, number)
        rows = ring_rows(engine, min(series.age, REACH))
        first = np.nonzero(past)[0]
        memory = SlowMemory(
            past=past[first[0] :].astype(int).tolist() if len(first) else [],
            known=store.known,
            carried=(float(self._carried[index, 0]), float(self._carried[index, 1])),
            shift=store.shift,
            series=series,
            arrived=np.diff(engine.cum_arrived[rows, number]).tolist(),
            expected=np.diff(engine.cum_expected[rows, number]).tolist(),
            m=engine.ring_m[rows, number].tolist(),
            variance=engine.ring_variance[rows, number].tolist(),
            incident=store.incident,
        )
        return msgspec.msgpack.encode(memory)

    def recall(self, store_id: str, state: bytes) -> None:
        """Take over what ``remember`` gave; minutes since its last hour must have been closed again already.

        Raises:
            msgspec.DecodeError: the bytes are not of this schema.
        """
        index = self.index.get(store_id)
        if index is None or not state:
            return
        memory = msgspec.msgpack.decode(state, type=SlowMemory)
        store = self._stores[index]
        store.known, store.shift, store.incident = memory.known, memory.shift, memory.incident
        store.since, store.fresh = 0, False
        self._carried[index] = memory.carried
        self._past[index] = 0.0
        past = memory.past[-LONGEST:]
        if past:
            self._past[index, -len(past) :] = past
        write_rings(store.clock.engine, store.series, memory)
