"""Rises that signal a fault: orders far above what their visitors explain, or a stage whose upstream events vanished.

A wrong price sells too well; a lost pixel makes the stage behind it convert at more than everything. Both show as arrivals
far *above* expectation, in the rings that the engine keeps for drops, by the upper tail of the same distribution:
P(X ≥ A) for X negative binomial with mean M and variance Mc + M²V. Since conversion lawfully rises too (a coupon, a good
day), it takes more than a drop does: the page threshold and one on top, twice what was predicted *and* twice what the
baseline says, in both halves of the window, and none of it while the calendar names the day, data is late, the step
itself or the one before it is (or was lately) in alert, or the baseline has never seen such a day: a shop's first weekend
may well convert at twice its first weekdays. The upstream events show which of the two it is: fewer than 60 %
of their usual, where enough are due to say so, is lost tracking; otherwise it is a surge, reported for orders only (payments come
in batches where a bank settles them so).
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
from scipy.special import betainc

from scoring.alerts.alert import (
    AlertKind,
    AlertLabel,
    AlertTransition,
    Evidence,
    Level,
    WindowFigures,
    make_alert_id,
)
from scoring.baselines.localtime import WEEK_MINUTES, local_minute
from scoring.baselines.profile import UNSEEN_VARIANCE
from scoring.detection.book import Book, StepEntry
from scoring.detection.policy import EXTRA_SURPRISE, WINDOWS, DetectionPolicy
from scoring.detection.tail import predictive_interval
from scoring.detection.tracked_alert import TrackedAlert
from scoring.funnel.arrays import Floats, Places
from scoring.funnel.stages import Stage
from scoring.funnel.units import MINUTE_MS

#: windows looked at, in minutes: a burst of some minutes is none, an hour is too late
_LOOKED_AT = (8, 12, 20, 30, 45)
_PLACES = np.array([WINDOWS.index(length) for length in _LOOKED_AT], dtype=np.intp)
#: arrivals over what was expected, in the window and in each half of it
_RATIO, _HALF_RATIO = 2.0, 1.5
#: arrivals that a window needs
_MIN_ARRIVED = 20.0
#: it is over once this many minutes in a row a quarter of an hour held less than ``_HALF_RATIO``
_OVER_MINUTES, _OVER_WINDOW = 5, WINDOWS.index(12)
#: minutes of memory that a step needs, so that the backlog after an outage is not taken for a surge
_MIN_AGE = 90
#: payments above what orders explain are a backlog that was settled, not a price: only orders are reported
_SURGING = Stage.ORDER.value


class RiseMemory(msgspec.Struct):
    """An open or lately ended rise of a step, as it survives a restart."""

    incident: TrackedAlert
    calm: int = 0


@dataclass(frozen=True, slots=True)
class _Look:
    """Arrivals and expectation of a step's window, its upper surprise and which window it was."""

    surprise: float
    place: int
    evidence: Evidence


def upper_surprise(observed: Floats, mean: Floats, variance: Floats, fast: Floats) -> Floats:
    """−log10 P(X ≥ observed), X negative binomial; the parameters are those of ``tail.lower_surprise``.

    P(X ≥ A) = I_{1−q}(A, 1/V) with q = (1/V)/(1/V + M/c), all in units of c.
    """
    units = np.asarray(fast, dtype=float)
    size = 1.0 / np.maximum(variance, 1e-7)
    expected = mean / units
    tail = betainc(np.maximum(observed / units, 1e-9), size, expected / (size + expected))
    return np.asarray(-np.log10(np.maximum(tail, 1e-300)))


class Rises:
    """The rises of all steps in a book."""

    def __init__(self, policy: DetectionPolicy, book: Book) -> None:
        self._policy = policy
        self._book = book
        self._open: dict[tuple[str, str], RiseMemory] = {}
        self.changed: set[str] = set()

    def judge(self, minute: int, busy: set[str]) -> list[AlertTransition]:
        """The transitions of a minute that the engine has just closed.

        Args:
            minute: the UTC minute.
            busy: stores whose rises are not to be looked at now: data late, traffic in alert.
        """
        book, at_ms = self._book, (minute + 1) * MINUTE_MS
        made: list[AlertTransition] = []
        for index in self._suspects().tolist():
            entry = book.steps[index]
            known = self._open.get((entry.store_id, entry.baseline.step))
            if known is not None and known.incident.resolved_at_ms is None:
                continue
            if (
                entry.store_id in busy
                or book.days.named(index)
                or self._step_before_was_in_alert(entry, at_ms)
            ):
                continue
            look = self._look(entry, minute)
            if look is not None:
                made += self._begin(entry, look, at_ms)
        for key, memory in list(self._open.items()):
            if memory.incident.resolved_at_ms is None:
                made += self._follow(key, memory, at_ms)
        return made

    def _suspects(self) -> Places:
        """(k,) steps of which some window holds arrivals enough above expectation: cheap, over all steps at once."""
        engine, wholes = self._book.engine, self._book.arrays.wholes
        if not len(wholes):
            return np.zeros(0, dtype=np.intp)
        found = np.zeros(len(wholes), dtype=bool)
        for place in _PLACES:
            a, m, _, _ = engine.peek(wholes, np.full(len(wholes), place))
            found |= (a >= _MIN_ARRIVED) & (a >= _RATIO * m)
        can = (engine.age[wholes] >= _MIN_AGE) & ~engine.open[wholes]
        return np.nonzero(found & can & np.isfinite(engine.threshold[wholes]))[0]

    def _look(self, entry: StepEntry, minute: int) -> _Look | None:
        """The window whose rise surprises most, None if none is a rise by every measure."""
        engine, whole = self._book.engine, entry.series[""]
        unknown = self._profile_variance(entry, minute)
        if unknown >= UNSEEN_VARIANCE:
            return None
        series = np.full(len(_PLACES), whole)
        a, m, v, c = engine.peek(series, _PLACES)
        v = v + engine.doubt[_PLACES, whole] * unknown
        usual = np.array([self._expected(whole, length) for length in _LOOKED_AT])
        half_a = np.array([self._arrived(whole, length // 2) for length in _LOOKED_AT])
        half_m = np.array([self._expected(whole, length // 2) for length in _LOOKED_AT])
        surprise = upper_surprise(a, np.maximum(m, 0.5), v, c)
        rises = (a >= _MIN_ARRIVED) & (a >= _RATIO * np.maximum(m, usual))
        rises &= (half_a >= _HALF_RATIO * half_m) & (a - half_a >= _HALF_RATIO * (usual - half_m))
        looks = float(np.log10(max(len(self._book.stores[entry.store_id].steps), 1)))
        surprise = np.where(rises, surprise - looks, 0.0)
        best = int(surprise.argmax())
        if surprise[best] < self._policy.page + EXTRA_SURPRISE:
            return None
        shown = self._figures(entry, int(_PLACES[best]), unknown)
        evidence = Evidence(surprise=float(surprise[best]), **msgspec.structs.asdict(shown))
        return _Look(float(surprise[best]), int(_PLACES[best]), evidence)

    def _profile_variance(self, entry: StepEntry, minute: int) -> float:
        """Log variance of the profile where it is known least within the longest window."""
        store = self._book.stores[entry.store_id].baseline
        zone = store.zone if store is not None else "UTC"
        hours = {local_minute(zone, minute - back) % WEEK_MINUTES // 60 for back in (0, _LOOKED_AT[-1])}
        return max(entry.baseline.profile_variance[hour] for hour in hours)

    def _figures(
        self, entry: StepEntry, window: int, unknown: float, usual: float | None = None
    ) -> WindowFigures:
        """What a window, an index into WINDOWS, shows of a step of the whole store.

        ``unknown`` is the log variance of the profile; ``usual`` takes the place of the filter's mean.
        """
        engine, whole = self._book.engine, entry.series[""]
        a, m, v, c = engine.peek(np.array([whole]), np.array([window]))
        v = v + engine.doubt[window, whole] * unknown
        m = m if usual is None else np.array([usual])
        low, high = predictive_interval(m, v, c)
        sample = float(m[0]) / max(entry.baseline.rate, 1e-9)
        return WindowFigures(float(a[0]), float(m[0]), float(low[0]), float(high[0]), WINDOWS[window], sample)

    def _expected(self, series: int, length: int) -> float:
        """What the baseline, without the filter, expected of the last minutes."""
        return self._back(self._book.engine.cum_expected, series, length)

    def _arrived(self, series: int, length: int) -> float:
        return self._back(self._book.engine.cum_arrived, series, length)

    def _back(self, ring: Floats, series: int, length: int) -> float:
        now = self._book.engine.minutes - 1
        return float(ring[now % len(ring), series] - ring[(now - length) % len(ring), series])

    def _step_before_was_in_alert(self, entry: StepEntry, at_ms: int) -> bool:
        """Whether the step before is in alert, or was within the longest window: what rises here is what was lost there."""
        before = (
            step
            for step in self._book.stores[entry.store_id].steps.values()
            if step.baseline.downstream == entry.baseline.upstream
        )
        since_ms = at_ms - (_LOOKED_AT[-1] + 15) * MINUTE_MS
        return any(
            step.incident is not None
            and (step.incident.resolved_at_ms is None or step.incident.resolved_at_ms > since_ms)
            for step in before
        )

    def _begin(self, entry: StepEntry, look: _Look, at_ms: int) -> list[AlertTransition]:
        step, is_vanished = entry.baseline, self._book.surges.has_vanished(entry.index)
        if not is_vanished and step.downstream != _SURGING:
            return []
        kind = AlertKind.TRACKING if is_vanished else AlertKind.SURGE
        key = (entry.store_id, step.step)
        known = self._open.get(key)
        merge_ms = self._policy.merge_minutes * MINUTE_MS
        if known is not None and known.incident.is_same(at_ms, merge_ms, self._book.closed):
            incident = known.incident
            incident.reopen(look.evidence, Level.PAGE)
        else:
            incident = TrackedAlert(
                alert_id=make_alert_id(entry.store_id, step.step, "", kind, at_ms),
                store_id=entry.store_id,
                step=step.step,
                segment="",
                kind=kind,
                level=Level.PAGE,
                opened_at_ms=at_ms,
                evidence=look.evidence,
                label=AlertLabel.TRACKING if is_vanished else AlertLabel.UNKNOWN,
            )
        self._open[key] = RiseMemory(incident)
        self.changed.add(entry.store_id)
        return [incident.transition(at_ms)]

    def _follow(self, key: tuple[str, str], memory: RiseMemory, at_ms: int) -> list[AlertTransition]:
        entry = self._book.stores[key[0]].steps.get(key[1])
        if entry is None:
            return []
        self.changed.add(entry.store_id)
        length, whole = WINDOWS[_OVER_WINDOW], entry.series[""]
        is_calm = self._arrived(whole, length) < _HALF_RATIO * max(self._expected(whole, length), 1.0)
        memory.calm = memory.calm + 1 if is_calm else 0
        if memory.calm < _OVER_MINUTES:
            return []
        engine = self._book.engine
        # the filter followed the rise: what it expects now is more than usual
        unknown = self._profile_variance(entry, at_ms // MINUTE_MS - 1)
        at_end = self._figures(entry, _OVER_WINDOW, unknown, self._expected(whole, length))
        for series in entry.series.values():  # what the rise taught must not make the end of it a drop
            engine.age[series], engine.m[series] = 0, 0.0
            engine.variance[series] = engine.sigma2[series]
        return [memory.incident.end(at_ms, at_end)]

    def open_stores(self) -> set[str]:
        """Stores of which a rise is open."""
        return {store for (store, _), memory in self._open.items() if memory.incident.resolved_at_ms is None}

    def remember(self, store_id: str) -> bytes:
        """What must survive a restart; empty for a store that never had a rise."""
        mine = {step: memory for (store, step), memory in self._open.items() if store == store_id}
        return msgspec.msgpack.encode(mine) if mine else b""

    def recall(self, store_id: str, state: bytes) -> None:
        """Take over what ``remember`` gave.

        Raises:
            msgspec.DecodeError: the bytes are not of this schema.
        """
        for key in [key for key in self._open if key[0] == store_id]:
            del self._open[key]
        if state:
            memories = msgspec.msgpack.decode(state, type=dict[str, RiseMemory])
            self._open |= {(store_id, step): memory for step, memory in memories.items()}
