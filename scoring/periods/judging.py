"""The incidents of one series: every complete period judged from what was known before it, as ``scoring/detection/engine.py`` does minutes.

A pure replay: the same points give the same incidents, whatever order their versions came in. Windows of one to five periods
are each judged from the periods before them; while an incident is open nothing is learned; it is over by the same recovery sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from scoring.alerts.alert import Evidence, Level
from scoring.calendar.effects import DayEffect, DayRules, DaySpan, local_number
from scoring.detection.policy import DetectionPolicy
from scoring.detection.tail import lower_surprise, predictive_interval
from scoring.funnel.arrays import Bools, Floats, Ints
from scoring.funnel.units import DAY_MS, HOURS_A_WEEK
from scoring.periods.expecting import LEAST_DAYS, TRAIN_DAYS, Expectation, expect
from scoring.periods.series import PeriodPoint
from scoring.records.report_row import Period

#: periods of a window
WINDOWS = (1, 2, 3, 5)
#: a window is judged while its newest period still shows this part of the window's drop
_STILL = 0.4
#: variance of the log that a promotion may change conversion by, as for minutes
_PROMOTION = 0.10**2
#: days after which an open incident is the new normal
LONGEST_OPEN_DAYS = 14
_LEAST_DEPTH, _MOST_DEPTH = 0.1, 0.95
_DAYS_A_WEEK = 7
#: by how much surprise is reduced because a report is looked at once a period, and not every minute
_OFFSET = -0.7


@dataclass(slots=True)
class PeriodIncident:
    """A stretch of periods in which too little converted.

    Attributes:
        first: index of the first period of the window that opened it; ``opened`` of the last one of that window.
        last: index of the last period that belongs to it.
        is_over: it recovered with ``last``, or (``is_normal``) lasted until it was the new normal.
        held: the calendar entry that holds it back; empty if none does.
        named: the calendar entry that it opened on; empty if none.
        arrived, expected, variance: of all its periods: what came, what was expected, the variance of the expected sum.
    """

    first: int
    opened: int
    last: int
    level: Level
    evidence: Evidence
    is_over: bool = False
    is_normal: bool = False
    held: str = ""
    named: str = ""
    arrived: float = 0.0
    expected: float = 0.0
    variance: float = 0.0
    fired: int | None = None
    recovery: float = field(default=0.0, repr=False)


@dataclass(frozen=True, slots=True)
class PeriodScore:
    """A period as it was judged: what came, and by what was known before it (or before the incident that it is part of) what was expected.

    Attributes:
        start_ms: begin of the period.
        observed: downstream events.
        expected: of them; None where too few periods were known, or nobody came.
        low, high: the 99 % range of a period that is nothing special; 0 without an expectation.
    """

    start_ms: int
    observed: float
    expected: float | None = None
    low: float = 0.0
    high: float = 0.0


class _Days:
    """What the calendar says of the periods, on the clock of the report."""

    def __init__(
        self, points: Sequence[PeriodPoint], zone: str, store_id: str, rules: DayRules | None
    ) -> None:
        clock = ZoneInfo(zone)
        begins = [datetime.fromtimestamp(p.start_ms / 1000, UTC).astimezone(clock) for p in points]
        self.weekday = np.array([at.weekday() for at in begins], dtype=np.int64)
        self.hour = np.array([at.hour for at in begins], dtype=np.int64)
        local = [local_number(at.replace(tzinfo=None)) for at in begins]
        spans = (
            rules.spans(store_id, begins[0].date(), begins[-1].date()) if rules is not None and begins else ()
        )
        length = [(p.end_ms - p.start_ms) // 60_000 for p in points]
        self._of = [
            [s for s in spans if s.first < first + minutes and s.last > first]
            for first, minutes in zip(local, length, strict=True)
        ]
        numbers = np.array(local, dtype=np.int64)
        excluded = rules.excluded(store_id, numbers) if rules is not None and len(local) else None
        self.is_special: Bools = np.zeros(len(points), dtype=bool) if excluded is None else excluded

    def widened(self, first: int, last: int) -> float:
        """The share of periods first..last that an entry widens."""
        days = self._of[first : last + 1]
        return sum(any(s.effect is DayEffect.WIDEN for s in spans) for spans in days) / len(days)

    def suppressed(self, index: int) -> str:
        """The entry that holds alerts of a period back."""
        return self._name(index, DayEffect.SUPPRESS)

    def named(self, index: int) -> str:
        """The entry that a period lies in."""
        return self._name(index, DayEffect.WIDEN) or self._name(index, DayEffect.COMPARE)

    def _name(self, index: int, effect: DayEffect) -> str:
        found: DaySpan | None = next((s for s in self._of[index] if s.effect is effect), None)
        return found.name if found is not None else ""


class SeriesJudge:
    """Judges one series.

    Args:
        points: complete periods, oldest first.
        period: their length.
        zone: of the report.
        store_id: whose calendar holds.
        policy: thresholds.
        rules: the calendar; None for none.
    """

    def __init__(
        self,
        points: Sequence[PeriodPoint],
        period: Period,
        zone: str,
        store_id: str,
        policy: DetectionPolicy,
        rules: DayRules | None = None,
    ) -> None:
        self._points, self._policy = points, policy
        self._a_day = 24 if period is Period.HOUR else 1
        self._days = _Days(points, zone, store_id, rules)
        self._up: Floats = np.array([p.upstream for p in points], dtype=float)
        self._down: Floats = np.array([p.downstream for p in points], dtype=float)
        self._start = np.array([p.start_ms for p in points], dtype=np.int64)
        is_hour = period is Period.HOUR
        self._cells = HOURS_A_WEEK if is_hour else _DAYS_A_WEEK
        self._cell: Ints = self._days.weekday * 24 + self._days.hour if is_hour else self._days.weekday
        self._can_learn: Bools = (self._up > 0) & ~self._days.is_special
        self._frozen: Expectation | None = None
        #: by the first period that is judged by it; forgotten when what may be learned from changes
        self._known: dict[int, Expectation | None] = {}
        #: windows reach back to here at most: not across an incident that is over
        self._floor = 0
        #: (periods,) what each was judged by
        self._judged_by: list[Expectation | None] = [None] * len(points)
        self._found: list[PeriodIncident] | None = None

    def incidents(self) -> list[PeriodIncident]:
        """All incidents, oldest first; only the last one may be open."""
        if self._found is None:
            self._found = self._replay()
        return self._found

    def scores(self) -> list[PeriodScore]:
        """(periods,) each as it was judged."""
        self.incidents()
        return [self._score(index) for index in range(len(self._points))]

    def _score(self, index: int) -> PeriodScore:
        start_ms, arrived = self._points[index].start_ms, float(self._down[index])
        known = self._judged_by[index]
        if known is None or self._up[index] <= 0:
            return PeriodScore(start_ms, arrived)
        expected = float(self._mean(known, index, index)[0])
        low, high = _range(expected, self._variance(known, index, index))
        return PeriodScore(start_ms, arrived, expected, low, high)

    def _replay(self) -> list[PeriodIncident]:
        found: list[PeriodIncident] = []
        current: PeriodIncident | None = None
        for index in range(len(self._points)):
            if current is None:
                current = self._look(index)
                if current is not None:
                    found.append(current)
                    self._learn_from(current.first, index, None)
            else:
                self._follow(current, index)
                if current.is_over:
                    self._floor = index + 1
                    current = None
        return found

    def expectation(self, first: int) -> Expectation | None:
        """What is expected of periods from ``first`` on, by those before it; None while too few are known."""
        if first not in self._known:
            self._known[first] = self._expect(first)
        return self._known[first]

    def _expect(self, first: int) -> Expectation | None:
        age = (self._start[first] - self._start) / DAY_MS
        usable = self._can_learn & (age > 0) & (age <= TRAIN_DAYS)
        if usable.sum() < LEAST_DAYS * self._a_day:
            return None
        return expect(
            self._up[usable], self._down[usable], self._cell[usable], age[usable], self._cells, self._policy.sigma_floor**2
        )  # fmt: skip

    def _look(self, index: int) -> PeriodIncident | None:
        """An incident that opens with the period ``index``, None if none does."""
        best: tuple[float, int, Expectation, Evidence] | None = None
        for length in WINDOWS:
            first = index - length + 1
            if first < self._floor or not self._is_whole(first, index):
                break
            known = self.expectation(first)
            if first == index:
                self._judged_by[index] = known
            if known is None:
                continue
            evidence = self._evidence(known, first, index)
            if evidence is not None and (best is None or evidence.surprise > best[0]):
                best = (evidence.surprise, first, known, evidence)
        if best is None or best[0] < self._policy.notice:
            return None
        surprise, first, known, evidence = best
        self._frozen = known
        self._judged_by[first : index + 1] = [known] * (index + 1 - first)
        incident = PeriodIncident(first, index, index, self._policy.level(surprise), evidence)
        incident.named = self._days.named(index)
        self._add(incident, known, first, index)
        self._hold(incident, index)
        return incident

    def _is_whole(self, first: int, last: int) -> bool:
        """Whether the periods first..last follow each other without a gap, and each had visitors."""
        ends = [point.end_ms for point in self._points[first:last]]
        return (
            bool((self._up[first : last + 1] > 0).all())
            and ends == self._start[first + 1 : last + 1].tolist()
        )

    def _evidence(self, known: Expectation, first: int, last: int) -> Evidence | None:
        mean = self._mean(known, first, last)
        arrived, expected = float(self._down[first : last + 1].sum()), float(mean.sum())
        if expected <= 0 or arrived >= expected:
            return None
        drop, now = 1 - arrived / expected, 1 - float(self._down[last]) / max(float(mean[-1]), 1e-9)
        if now < _STILL * drop:
            return None
        variance = self._variance(known, first, last)
        surprise = float(lower_surprise(arrived, expected, variance, 1.0)) - _OFFSET
        low, high = _range(expected, variance)
        minutes = (self._points[last].end_ms - self._points[first].start_ms) // 60_000
        # people are not added over periods: a window of several has no sample
        sample = float(self._up[last]) if first == last else 0.0
        return Evidence(
            surprise=max(surprise, 0.0),
            observed=arrived,
            expected=expected,
            low=low,
            high=high,
            window_minutes=int(minutes),
            sample=sample,
        )

    def _mean(self, known: Expectation, first: int, last: int) -> Floats:
        """(last − first + 1,) expected downstream events of the periods first..last."""
        return known.mean(self._up[first : last + 1], self._cell[first : last + 1])

    def _variance(self, known: Expectation, first: int, last: int) -> float:
        """Variance of the log of the mean over the periods first..last."""
        return (
            known.variance(last - first + 1)
            + self._policy.model_variance
            + _PROMOTION * self._days.widened(first, last) ** 2
        )

    def _follow(self, incident: PeriodIncident, index: int) -> None:
        """Carry an open incident on by one period."""
        known = self._frozen
        assert known is not None
        self._judged_by[index] = known
        self._learn_from(index, index, None)
        age_ms = self._points[index].end_ms - self._points[incident.first].start_ms
        self._add(incident, known, index, index)
        incident.last = index
        if self._up[index] > 0:
            expected = float(self._mean(known, index, index)[0])
            depth = min(
                max(1 - incident.evidence.observed / incident.evidence.expected, _LEAST_DEPTH), _MOST_DEPTH
            )
            gain = float(self._down[index]) * np.log(1 / (1 - depth)) - expected * depth
            incident.recovery = max(0.0, incident.recovery + gain / (1 + expected * known.variance(1)))
            evidence = self._evidence(known, incident.first, index)
            if evidence is not None and evidence.surprise >= self._policy.page:
                incident.level = Level.PAGE
                incident.evidence = evidence
        self._hold(incident, index)
        incident.is_over = incident.recovery >= self._policy.recovery
        if not incident.is_over and age_ms > LONGEST_OPEN_DAYS * DAY_MS:
            incident.is_over = incident.is_normal = True
            # what has lasted this long is learned from: the level follows it
            self._learn_from(incident.first, index, self._up[incident.first : index + 1] > 0)
            self._learn_from(0, incident.first - 1, None)

    def _learn_from(self, first: int, last: int, which: Bools | None) -> None:
        """Whether the periods first..last are learned from: none of them for None."""
        self._can_learn[first : last + 1] = False if which is None else which
        self._known.clear()

    def _add(self, incident: PeriodIncident, known: Expectation, first: int, last: int) -> None:
        mean = float(self._mean(known, first, last).sum())
        incident.arrived += float(self._down[first : last + 1].sum())
        incident.expected += mean
        incident.variance = incident.expected + incident.expected**2 * known.variance(
            last - incident.first + 1
        )

    def _hold(self, incident: PeriodIncident, index: int) -> None:
        incident.held = "" if incident.fired is not None else self._days.suppressed(index)
        if not incident.held and incident.fired is None:
            incident.fired = index


def _range(expected: float, variance: float) -> tuple[float, float]:
    """The 99 % range of a count of periods."""
    low, high = predictive_interval(np.array([expected]), np.array([variance]), np.array([1.0]))
    return float(low[0]), float(high[0])
