"""Visitors that stay away: an alert of their own, apart from those of conversion.

Each store has one series, the events of its entry stage (clicks where it supplies them), judged by the same engine as
conversions: what is usual in the hour of the week takes the place of what was exposed. Traffic lawfully moves far more
than conversion does, so an alert takes more: the page threshold and one on top, and half of what is usual *and* of what was
there before gone, for five minutes at least (a single minute of visitors says nothing: they come in bursts). Over more than
three quarters of an hour, where only small stores need to look, four fifths must be gone. Where nothing at all came, there
are only as many looks as there are gaps between events: with N events a week it takes log10(N/0.05), so that a store of
five an hour and one of a hundred pay the same for 0.05 false alerts a week. Only stores with a week of history have a
baseline of it, in the second week at one more in surprise; one that supplies a single stage (orders alone) has this and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from scoring.alerts.alert import (
    AGED,
    AlertKind,
    AlertLabel,
    AlertTransition,
    Evidence,
    Level,
    WindowFigures,
    make_alert_id,
)
from scoring.baselines.baseline import StoreBaseline, TrafficBaseline
from scoring.baselines.localtime import WEEK_MINUTES, hour_neighbours, local_minute
from scoring.baselines.traffic import edges_by_quarter
from scoring.calendar.effects import DayRules
from scoring.detection.book import Book
from scoring.detection.engine import HIGHEST, SeriesEngine, SeriesMinute, SeriesParameters
from scoring.detection.memory import SeriesMemory, read_series, write_series
from scoring.detection.policy import EXTRA_SURPRISE, WINDOWS, DetectionPolicy
from scoring.detection.special_days import SpecialDays
from scoring.detection.tail import LN10, predictive_interval
from scoring.detection.tracked_alert import ClosedAlerts, TrackedAlert
from scoring.funnel.arrays import Bools, Floats, Places
from scoring.funnel.stages import STAGE_INDEX, STEPS
from scoring.funnel.units import HOURS_A_WEEK, MINUTE_MS

_MIN_DROP = 0.5
#: above that in the second week of history
_YOUNG_SURPRISE, _YOUNG_DAYS = 1.0, 14.0
#: false alerts a store-week that silences may cost, and the least surprise they take
_SILENCE_BUDGET, _MIN_SILENCE = 0.05, 4.0
#: minutes that a window must reach back
_SHORTEST = 5
#: the window whose expected conversions show whether visitors set out
_EXPLAINED_BY = WINDOWS.index(12)
#: variance of the log of what is usual in an hour of the week
_PROFILE_VARIANCE = 0.15**2
#: an alert that opens again within a day and a half of one that ended by age is the same (a shop closed for a week is one alert)
_AGED_MERGE_MS = 36 * 3_600_000
_NONE_CLOSED = ClosedAlerts()
_STEP_OF = {step.downstream.value: step.id for step in STEPS}


@dataclass(frozen=True, slots=True)
class Following:
    """A minute of the step that a store's traffic leads into: arrivals, their expectation, rate, kernel and wobble."""

    arrived: float
    expected: float
    rate: float
    kernel: tuple[float, ...]
    wobble: float


class TrafficMemory(msgspec.Struct):
    """What a store's traffic remembers over a restart."""

    series: SeriesMemory
    incident: TrackedAlert | None = None


class Traffic:
    """The traffic of all stores of a partition."""

    def __init__(
        self, policy: DetectionPolicy, rules: DayRules | None = None, closed: ClosedAlerts | None = None
    ) -> None:
        self._policy = policy
        self._closed = closed or ClosedAlerts()
        self._days = SpecialDays(rules)
        self.engine = SeriesEngine(policy, _SHORTEST)
        self.index: dict[str, int] = {}
        self._baselines: list[TrafficBaseline | None] = []
        self._zones: list[str] = []
        self._names: list[str] = []
        self._incidents: list[TrackedAlert | None] = []
        self._touched: list[int] = []
        self._profiles: Floats | None = None
        #: what is due by quarter of the week next to a step, NaN elsewhere
        self._least: Floats = np.zeros((0, 4 * HOURS_A_WEEK))
        #: stores that are next to a step in the minute that closes
        self._opening: Bools = np.zeros(0, dtype=bool)
        self._of_zone: dict[str, NDArray[np.intp]] = {}
        #: the book's number of rows, and of each entry stage's cell its row, column and store
        self._entries: tuple[int, Places, Places, Places] | None = None

    def set_baseline(self, baseline: StoreBaseline) -> None:
        """Follow a store's traffic by this baseline; one without a baseline of it is not judged."""
        usual, index = baseline.traffic, self.index.get(baseline.store_id)
        is_young = baseline.days < _YOUNG_DAYS
        if not self.can_judge(usual):
            usual = None
        self._profiles = None
        if index is None:
            if usual is None:
                return
            index = self.index[baseline.store_id] = self.engine.add(self._parameters(usual, is_young))
            self._baselines.append(usual)
            self._zones.append(baseline.zone)
            self._names.append(baseline.store_id)
            self._incidents.append(None)
            self._days.add(baseline.store_id, baseline.zone)
            return
        self._baselines[index], self._zones[index] = usual, baseline.zone
        if usual is None:
            self.engine.threshold[index] = np.inf
        else:
            self.engine.set(index, self._parameters(usual, is_young))

    def can_judge(self, usual: TrafficBaseline | None) -> bool:
        """Whether an absence of visitors could ever be detected: its busiest hours, all day, would make a silence a breach."""
        if usual is None:
            return False
        sigma = max(usual.sigma, self._policy.sigma_floor)
        most = max(usual.usual) * WINDOWS[-1] * float(np.exp(HIGHEST * sigma))
        return most >= (self._policy.page + EXTRA_SURPRISE) * LN10

    def _parameters(self, usual: TrafficBaseline, is_young: bool) -> SeriesParameters:
        threshold, weekly = self._policy.page + EXTRA_SURPRISE, max(sum(usual.usual) * 60, 1e-9)
        silent = min(max(float(np.log10(weekly / _SILENCE_BUDGET)), _MIN_SILENCE), threshold)
        more = _YOUNG_SURPRISE if is_young else 0.0
        return SeriesParameters(
            sigma=usual.sigma,
            tau=usual.tau,
            rate=0.0,
            dispersion=usual.dispersion,
            pmf=(1.0,),
            slow_share=0.0,
            threshold=threshold + more,
            least_drop=_MIN_DROP,
            silence=threshold - silent,
        )

    def advance(
        self,
        minute: int,
        arrived: Floats,
        held: Bools,
        following: Callable[[str, str], Following | None] | None = None,
    ) -> list[AlertTransition]:
        """Close a minute.

        Args:
            minute: the UTC minute.
            arrived: (stores,) events of each store's entry stage, by ``index``.
            held: (stores,) True where the minute is not to be believed.
            following: what the step behind a store's entry stage saw, by both their ids: whether visitors or only
                their events are missing.
        """
        engine, n = self.engine, self.engine.size
        if not n:
            return []
        self._days.advance(minute)
        step = engine.step(arrived, self._usual(minute), np.full(n, _PROFILE_VARIANCE), None, held)
        # of a door's hour only the least is expected: what comes beyond that does not make a busy day
        engine.forget_rises(np.nonzero(self._opening)[0])
        at_ms = (minute + 1) * MINUTE_MS
        made: list[AlertTransition] = []
        self._touched = np.nonzero(engine.open[:n] | step.closed)[0].tolist()
        for index in self._touched:
            usual = self._baselines[index]
            seen = (
                following(self._names[index], usual.stage)
                if following is not None and usual is not None
                else None
            )
            made += self._judge(index, step, at_ms, bool(held[index]), seen)
        return made

    def explained(self, minute: int, book: Book) -> list[int]:
        """The stores, by ``index``, whose missing events a conversion alert explains: one fault is one alert.

        The step to the entry stage is in alert as a whole, and what set out would have brought more than a traffic alert asks to be
        gone, had it converted as usual. Where too little sets out as well, visitors stay away whatever the alert says.
        """
        found = []
        for series in np.nonzero(book.engine.open[: book.engine.size])[0].tolist():
            store_id, step, segment = book.names[series]
            index = self.index.get(store_id)
            usual = None if index is None else self._baselines[index]
            if segment or index is None or usual is None:
                continue
            if book.stores[store_id].steps[step].baseline.downstream != usual.stage:
                continue
            due = float(book.engine.peek(np.array([series]), np.array([_EXPLAINED_BY]))[1][0])
            as_usual = self._usual(minute)[index] * float(np.exp(self.engine.m[index]))
            if due > (1 - _MIN_DROP) * as_usual * WINDOWS[_EXPLAINED_BY]:
                found.append(index)
        return found

    def _usual(self, minute: int) -> Floats:
        """(stores,) events usual in a minute."""
        if self._profiles is None:
            none = (0.0,) * HOURS_A_WEEK
            self._profiles = np.array([b.usual if b is not None else none for b in self._baselines])
            self._least = np.full((len(self._baselines), 4 * HOURS_A_WEEK), np.nan, dtype=np.float32)
            for index, baseline in enumerate(self._baselines):
                if baseline is not None and baseline.edges:
                    self._least[index] = edges_by_quarter(baseline)
            zones = np.array(self._zones)
            self._of_zone = {zone: np.nonzero(zones == zone)[0] for zone in set(self._zones)}
        usual = np.zeros(self.engine.size)
        self._opening = np.zeros(self.engine.size, dtype=bool)
        for zone, mine in self._of_zone.items():
            at = local_minute(zone, minute) % WEEK_MINUTES
            hour, other, weight = hour_neighbours(at)
            here, there = self._profiles[mine, hour], self._profiles[mine, other]
            least = self._least[mine, at // 15]
            self._opening[mine] = ~np.isnan(least)
            usual[mine] = np.where(np.isnan(least), here + weight * (there - here), least)
        return usual

    def _judge(
        self, index: int, step: SeriesMinute, at_ms: int, is_held: bool, seen: Following | None
    ) -> list[AlertTransition]:
        incident, engine = self._incidents[index], self.engine
        if step.opened[index] and (incident is None or incident.resolved_at_ms is not None):
            return [self._open(index, step, at_ms)]
        if incident is None or incident.resolved_at_ms is not None or is_held:
            return []
        arrived, predicted, _, _ = engine.peek(np.array([index]), np.array([0]))
        incident.add(float(arrived[0]), float(predicted[0]), 1.0, float(step.predicted_variance[index]))
        if not engine.open[index]:
            if engine.open_minutes[index] >= self._policy.longest_open_minutes:
                incident.note = AGED
            window = engine.window_of_end(index, [index])
            return [incident.end(at_ms, self._figures(index, window))]
        is_news = self._label(incident, float(predicted[0] - arrived[0]), seen)
        if incident.is_held and not self._days.suppressed(index):
            incident.is_held, incident.fired_at_ms, is_news = False, at_ms, True
        return [incident.transition(at_ms)] if is_news or incident.has_grown() else []

    @staticmethod
    def _label(incident: TrackedAlert, gap: float, seen: Following | None) -> bool:
        """Weigh a minute of the next stage; whether the alert was labelled now (see ``tracking.py``)."""
        incident.suspicion.add_gap(gap)
        if seen is None or incident.label is not AlertLabel.UNKNOWN:
            return False
        incident.label = incident.suspicion.weigh(
            seen.arrived, seen.expected, seen.rate, seen.kernel, seen.wobble
        )
        return incident.label is not AlertLabel.UNKNOWN

    def _open(self, index: int, step: SeriesMinute, at_ms: int) -> AlertTransition:
        store_id, usual, last = self._names[index], self._baselines[index], self._incidents[index]
        assert usual is not None, "a store without a baseline has an infinite threshold"
        evidence = self._evidence(index, step)
        is_aged = last is not None and last.note == AGED
        merge_ms = _AGED_MERGE_MS if is_aged else self._policy.merge_minutes * MINUTE_MS
        # one that ended by its age never ended: that somebody has closed it meanwhile does not make it another
        if last is not None and last.is_same(at_ms, merge_ms, _NONE_CLOSED if is_aged else self._closed):
            incident = last
            incident.reopen(evidence, Level.PAGE)
        else:
            step_id = _STEP_OF.get(usual.stage, usual.stage)
            incident = TrackedAlert(
                alert_id=make_alert_id(store_id, step_id, "", AlertKind.TRAFFIC, at_ms),
                store_id=store_id,
                step=step_id,
                segment="",
                kind=AlertKind.TRAFFIC,
                level=Level.PAGE,
                opened_at_ms=at_ms,
                evidence=evidence,
            )
            self._incidents[index] = incident
        for ago in range(evidence.window_minutes - 1, -1, -1):
            a, m, _, _ = self.engine.peek(np.array([index]), np.array([0]), ago)
            incident.suspicion.add_gap(float(m[0] - a[0]))
        held = self._days.suppressed(index)
        if held and incident.sequence == 0:
            incident.is_held, incident.note = True, f"held back by the calendar: {held}"
        incident.add(
            evidence.observed, evidence.expected, usual.dispersion, float(step.predicted_variance[index])
        )
        return incident.transition(at_ms)

    def _evidence(self, index: int, step: SeriesMinute) -> Evidence:
        shown = self._figures(index, int(step.window[index]))
        return Evidence(surprise=float(step.surprise[index]), **msgspec.structs.asdict(shown))

    def _figures(self, index: int, window: int) -> WindowFigures:
        """What a window, an index into WINDOWS, shows of a store's visitors."""
        a, m, v, c = self.engine.peek(np.array([index]), np.array([window]))
        v = v + self.engine.doubt[window, index] * _PROFILE_VARIANCE
        low, high = predictive_interval(m, v, c)
        return WindowFigures(
            float(a[0]),
            float(m[0]),
            float(low[0]),
            float(high[0]),
            WINDOWS[window],
            float(m[0]),
        )

    def stages(self) -> list[tuple[str, str]]:
        """(store, entry stage) by ``index``; an empty stage where it is no longer judged."""
        return [
            (name, usual.stage if usual is not None else "")
            for name, usual in zip(self._names, self._baselines, strict=True)
        ]

    def entry_events(self, matrix: Floats, book: Book) -> Floats:
        """(stores,) events of each store's entry stage, out of the book's (rows, 7) counts of a minute."""
        if self._entries is None or self._entries[0] != book.row_count:
            places = [
                (row, STAGE_INDEX[stage], index)
                for index, (store_id, stage) in enumerate(self.stages())
                if stage
                for row in book.stores[store_id].rows.values()
            ]
            rows, columns, owners = np.array(places, dtype=np.intp).reshape(-1, 3).T
            self._entries = (book.row_count, rows, columns, owners)
        _, rows, columns, owners = self._entries
        return np.bincount(owners, matrix[rows, columns], self.engine.size).astype(float)

    def forget_rows(self) -> None:
        """The rows of the book, or the entry stages, are others from now on."""
        self._entries = None

    def in_alert(self) -> list[str]:
        """Stores whose traffic is in alert, or was until this minute."""
        return [self._names[index] for index in self._touched]

    def lately_in_alert(self, at_ms: int) -> set[str]:
        """Stores whose traffic is in alert, or was within the last hour."""
        since_ms = at_ms - 60 * MINUTE_MS
        return {
            name
            for name, incident in zip(self._names, self._incidents, strict=True)
            if incident is not None
            and (incident.resolved_at_ms is None or incident.resolved_at_ms > since_ms)
        }

    def remember(self, store_id: str) -> bytes:
        """What must survive a restart; empty for a store whose traffic is not followed."""
        index = self.index.get(store_id)
        if index is None:
            return b""
        memory = TrafficMemory(read_series(self.engine, index), self._incidents[index])
        return msgspec.msgpack.encode(memory)

    def recall(self, store_id: str, state: bytes, is_current: bool) -> None:
        """Take over what ``remember`` gave.

        Raises:
            msgspec.DecodeError: the bytes are not of this schema.
        """
        index = self.index.get(store_id)
        if index is None or not state:
            return
        memory = msgspec.msgpack.decode(state, type=TrafficMemory)
        self._incidents[index] = memory.incident
        write_series(self.engine, index, memory.series, is_current)
