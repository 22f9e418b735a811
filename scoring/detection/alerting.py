"""The alerts of all store-steps: which open, which change, which are resolved in a minute that was closed.

On the path of an event: called by ``detector.py`` after ``engine.py`` has judged every series; ``tracked_alert.py`` holds one
alert's life.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

import msgspec
import numpy as np

from scoring.alerts.alert import (
    AGED,
    NOTHING_MISSING,
    AlertContribution,
    AlertKind,
    AlertLabel,
    AlertTransition,
    Evidence,
    Level,
    WindowFigures,
    make_alert_id,
)
from scoring.detection.book import Book, StepEntry
from scoring.detection.engine import SeriesMinute
from scoring.detection.localise import only_one_segment, segment_shares
from scoring.detection.policy import WINDOWS, DetectionPolicy
from scoring.detection.tail import predictive_interval
from scoring.detection.tracked_alert import TrackedAlert
from scoring.detection.tracking import Suspicion
from scoring.detection.traffic import Following
from scoring.detection.upstream import Upstream
from scoring.funnel.arrays import Floats
from scoring.funnel.mix_notes import MixNote
from scoring.funnel.spread_notes import SpreadNote, parse_spread_note
from scoring.funnel.units import DAY_MS, MINUTE_MS

#: every this many minutes the shares of an open alert are brought up to date, if one has moved by this much
_SHARES_EVERY, _MOVED = 15, 0.2
#: expected conversions of which their shares are taken
_MIN_OF_SHARES = 30.0
#: another segment is a place of its own from this share of the shortfall on
_A_PLACE = 0.2
#: every this many minutes it is asked whether a state lasts of which no series is open
_LASTING_EVERY = 5
#: a state in which nothing is missing is one alert for so long at most
_LONGEST_STATE_MS = 7 * DAY_MS
#: the level of an alert that ended by age is that of the last four hours, if more than this was expected in them: a drop that
#: ended in a quiet night does not set a new normal
_LATELY, _MIN_OF_LEVEL = WINDOWS.index(240), 20.0
_AGED_OUT = f"{AGED}: taken as the new normal"


@dataclass(frozen=True, slots=True)
class Closing:
    """What held in the minute that closes: (steps,) factors on the rates and variances of their logs."""

    factor: Floats
    variance: Floats


def seen_behind(book: Book, closing: Closing, store_id: str, stage: str) -> Following | None:
    """What the step behind a store's entry stage saw in the minute just closed; None without such a step."""
    steps = book.stores[store_id].steps.values()
    entry = next((entry for entry in steps if entry.baseline.upstream == stage), None)
    if entry is None:
        return None
    whole = np.array([entry.series[""]])
    arrived, expected, _, _ = book.engine.peek(whole, np.array([0]))
    rate = entry.baseline.rate * float(closing.factor[entry.index])
    wobble = float(book.engine.phi15[whole[0]])
    return Following(float(arrived[0]), float(expected[0]), rate, entry.baseline.kernel.pmf, wobble)


class Alerting:
    """Opens, follows and resolves incidents of the steps in a book."""

    def __init__(self, policy: DetectionPolicy, book: Book) -> None:
        self.policy = policy
        self.book = book
        #: stores whose alerts or levels changed since somebody last asked
        self.changed: set[str] = set()
        self._closing = Closing(np.zeros(0), np.zeros(0))
        self._minute = 0
        self._upstream = Upstream(book)

    def judge(self, minute: int, step: SeriesMinute, closing: Closing) -> list[AlertTransition]:
        """The transitions of a minute that was just closed."""
        self._closing, self._minute = closing, minute
        engine, arrays = self.book.engine, self.book.arrays
        is_open = engine.open[: engine.size]
        touched = np.nonzero(is_open | step.closed)[0]
        by_step: dict[int, list[int]] = {}
        for series in touched.tolist():
            by_step.setdefault(int(arrays.series_step[series]), []).append(series)
        at_ms = (minute + 1) * MINUTE_MS
        made: list[AlertTransition] = []
        for index, members in by_step.items():
            entry = self.book.steps[index]
            made.extend(self._judge_step(entry, members, step, at_ms))
            # an open incident counts what is lost in every minute: a restart must not forget any of it
            self.changed.add(entry.store_id)
        if minute % _LASTING_EVERY == 0:
            made.extend(self._end_what_lasted(by_step, step, at_ms))
        return made

    def _end_what_lasted(
        self, judged: Container[int], step: SeriesMinute, at_ms: int
    ) -> list[AlertTransition]:
        """End the states in which nothing is missing that have no open series, once no more comes upstream than usual."""
        made: list[AlertTransition] = []
        for entry in self.book.steps:
            incident = entry.incident
            if incident is None or incident.resolved_at_ms is not None or entry.index in judged:
                continue
            if incident.label in NOTHING_MISSING:
                made.extend(self._end(entry, incident, [], step, at_ms))
                self.changed.add(entry.store_id)
        return made

    def _judge_step(
        self, entry: StepEntry, members: list[int], step: SeriesMinute, at_ms: int
    ) -> list[AlertTransition]:
        engine, arrays = self.book.engine, self.book.arrays
        opened = [series for series in members if step.opened[series]]
        still_open = [series for series in members if engine.open[series]]
        incident = entry.incident
        if opened and (incident is None or incident.resolved_at_ms is not None):
            first = max(opened, key=lambda series: step.surprise[series] - arrays.offset[series])
            return [self._open(entry, first, step, at_ms)]
        if incident is None or incident.resolved_at_ms is not None:
            return []
        lead = entry.series.get(incident.segment, entry.series[""])
        arrived, predicted = self._last(lead)
        incident.add(
            arrived, predicted, float(engine.window_fast[0, lead]), float(step.predicted_variance[lead])
        )
        if not still_open:
            return self._end(entry, incident, members, step, at_ms)
        is_news = self._label(entry, incident, predicted - arrived)
        if incident.is_held and not (incident.waits or self._held_by(entry, step)):
            incident.is_held, incident.fired_at_ms, is_news = False, at_ms, True
        best = max(still_open, key=lambda series: step.surprise[series] - arrays.offset[series])
        is_page = step.surprise[best] - arrays.offset[best] >= self.policy.page
        if is_page and incident.level is Level.NOTICE and incident.label not in NOTHING_MISSING:
            incident.level, incident.evidence, is_news = Level.PAGE, self._evidence(best, step), True
        if self._spreads(entry, incident, opened, step):
            is_news = True
        if is_news or int(engine.open_minutes[lead]) % _SHARES_EVERY == 0:
            shares = self._contributions(entry, best, step, self._lately(entry))[0]
            is_news |= _moved(incident.contributions, shares)
            incident.contributions = shares if is_news else incident.contributions
        return [incident.transition(at_ms)] if is_news or incident.has_grown() else []

    def _lately(self, entry: StepEntry) -> int:
        """The shortest window, of a quarter of an hour and more, in which enough is due to say where it is missing."""
        whole = np.array([entry.series[""]])
        within = [
            place for place, length in enumerate(WINDOWS) if _SHARES_EVERY <= length <= WINDOWS[_LATELY]
        ]
        due = (self.book.engine.peek(whole, np.array([place]))[1][0] for place in within)
        return next((place for place, m in zip(within, due, strict=True) if m >= _MIN_OF_SHARES), within[-1])

    def _spreads(
        self, entry: StepEntry, incident: TrackedAlert, opened: list[int], step: SeriesMinute
    ) -> bool:
        """Whether the incident of one segment has become that of another, too; notes which."""
        if not incident.segment or incident.label in NOTHING_MISSING:
            return False
        names = [self.book.names[series][2] for series in opened]
        known = parse_spread_note(incident.note).segments
        shares = {
            part.segment: part.share
            for series in opened
            for part in self._contributions(entry, series, step)[0]
        }
        new = [
            name
            for name in names
            if name not in ("", incident.segment, *known) and shares.get(name, 0.0) >= _A_PLACE
        ]
        if new:
            incident.note = SpreadNote((*known, *new)).text()
        return bool(new)

    def _end(
        self, entry: StepEntry, incident: TrackedAlert, members: list[int], step: SeriesMinute, at_ms: int
    ) -> list[AlertTransition]:
        """Resolve an incident none of whose series is open any more: it recovered, or it is too old.

        One in which nothing is missing is one state for as long as more comes upstream than usual.
        """
        engine = self.book.engine
        lead = entry.series.get(incident.segment, entry.series[""])
        is_old = any(engine.open_minutes[series] >= self.policy.longest_open_minutes for series in members)
        # a rise must not become the new normal, or what is due without it would not be known while it lasts
        if is_old and incident.label not in NOTHING_MISSING:
            incident.note = _AGED_OUT
            # the level is that of the step: by the ratio of one segment it would be wrong for all others
            arrived, expected = engine.lately(entry.series[""], _LATELY)
            if expected > _MIN_OF_LEVEL:
                ratio = (arrived + 0.5) / (expected + 0.5)
                self.book.levels.shift(entry.index, float(np.log(ratio)))
        incident.waits = False
        if self._lasts(entry, incident, at_ms):
            return []
        window = engine.window_of_end(lead, [series for series in members if step.closed[series]])
        return [incident.end(at_ms, self._figures(lead, window))]

    def _lasts(self, entry: StepEntry, incident: TrackedAlert, at_ms: int) -> bool:
        is_young = at_ms - incident.opened_at_ms < _LONGEST_STATE_MS
        return incident.label in NOTHING_MISSING and is_young and self._upstream.goes_on(entry)

    def _label(self, entry: StepEntry, incident: TrackedAlert, gap: float) -> bool:
        """Weigh a minute upstream and of the next stage; whether an open alert was labelled now."""
        incident.suspicion.add_gap(gap)
        lead = entry.series.get(incident.segment, entry.series[""])
        minutes = int(self.book.engine.open_minutes[lead])
        if incident.label in NOTHING_MISSING:
            return self._is_worse(entry, incident)
        if incident.label is not AlertLabel.UNKNOWN:
            return False
        label = self._upstream.label(entry, incident, lead, minutes, self._minute)
        if label in NOTHING_MISSING:
            self._nothing_is_missing(entry, incident, label, minutes)
            return True
        incident.waits &= label is None
        following = self._following(entry)
        if following is None or incident.waits:
            return False
        whole = following.series[""]
        arrived, expected = self._last(whole)
        rate = following.baseline.rate * float(self._closing.factor[following.index])
        wobble = float(self.book.engine.phi15[whole])
        pmf = following.baseline.kernel.pmf
        verdict = incident.suspicion.weigh(arrived, expected, rate, pmf, wobble)
        if verdict is AlertLabel.TRACKING and self.book.days.has_just_begun(entry.index):
            incident.suspicion = Suspicion()  # carts filled before a promotion are bought in its first hours
            return False
        incident.label = verdict
        return verdict is not AlertLabel.UNKNOWN

    def _nothing_is_missing(
        self, entry: StepEntry, incident: TrackedAlert, label: AlertLabel, minutes: int
    ) -> None:
        incident.label, incident.waits, incident.level = label, False, Level.NOTICE
        window = incident.evidence.window_minutes
        incident.worth = self._upstream.worth(entry, window + minutes)
        if label is AlertLabel.MIX:
            came = self._upstream.segment_that_rose(entry, window, minutes, self._minute)
            incident.note = MixNote(came).text() or incident.note

    def _is_worse(self, entry: StepEntry, incident: TrackedAlert) -> bool:
        """Whether, after all, fewer convert than without what came more; the alert is a drop like any other then."""
        if not self._upstream.is_worse(entry, incident.worth):
            return False
        incident.label, incident.note = AlertLabel.UNKNOWN, ""
        incident.level = self.policy.level(incident.evidence.surprise)
        incident.suspicion = Suspicion()
        return True

    def _following(self, entry: StepEntry) -> StepEntry | None:
        """The step that starts where this one ends, None if the store has none."""
        steps = self.book.stores[entry.store_id].steps.values()
        return next((step for step in steps if step.baseline.upstream == entry.baseline.downstream), None)

    def _last(self, series: int) -> tuple[float, float]:
        """A and the prediction of the minute just closed."""
        engine = self.book.engine
        a, m, _, _ = engine.peek(np.array([series]), np.array([0]))
        return float(a[0]), float(m[0])

    def _open(self, entry: StepEntry, first: int, step: SeriesMinute, at_ms: int) -> AlertTransition:
        engine = self.book.engine
        contributions, segment = self._contributions(entry, first, step)
        lead = entry.series.get(segment, entry.series[""])
        evidence = self._evidence(lead if step.opened[lead] else first, step)
        level = self.policy.level(evidence.surprise)
        last = entry.incident
        merge_ms = self.policy.merge_minutes * MINUTE_MS
        is_again = last is not None and last.is_same(at_ms, merge_ms, self.book.closed)
        if last is not None and is_again and not self._is_another(entry, step):
            last.reopen(evidence, level)
            last.contributions = contributions
            incident = last
        else:
            store_id, step_id = entry.store_id, entry.baseline.step
            baseline = self.book.stores[store_id].baseline
            members = baseline.members if baseline is not None else ()
            kind = AlertKind.POOLED if members else AlertKind.CONVERSION
            incident = TrackedAlert(
                alert_id=make_alert_id(store_id, step_id, segment, kind, at_ms),
                store_id=store_id,
                step=step_id,
                segment=segment,
                kind=kind,
                members=members,
                level=level,
                opened_at_ms=at_ms,
                evidence=evidence,
                contributions=contributions,
            )
            entry.incident = incident
        self._hold_back(entry, incident, step)
        if not incident.is_held and incident.sequence == 0:
            window = evidence.window_minutes
            incident.waits = self._upstream.is_risen(entry, lead, window, self._minute)
            incident.is_held = incident.waits
        for ago in range(evidence.window_minutes - 1, -1, -1):
            a, m, _, _ = engine.peek(np.array([lead]), np.array([0]), ago)
            incident.suspicion.add_gap(float(m[0] - a[0]))
        fast, variance = float(engine.fast[lead]), float(step.predicted_variance[lead])
        incident.add(evidence.observed, evidence.expected, fast, variance)
        return incident.transition(at_ms)

    def _held_by(self, entry: StepEntry, step: SeriesMinute) -> str:
        """What holds back the alerts of a step now, for a person to read; empty if nothing does."""
        del step
        held = self.book.days.suppressed(entry.index)
        return f"held back by the calendar: {held}" if held else ""

    def _is_another(self, entry: StepEntry, step: SeriesMinute) -> bool:
        """Whether what opens now is none of what was open before, however shortly after it."""
        del entry, step
        return False

    def _hold_back(self, entry: StepEntry, incident: TrackedAlert, step: SeriesMinute) -> None:
        """Hold back an incident, or name the special day it opens on; one that has fired before goes on firing."""
        held = self._held_by(entry, step)
        if held and (incident.sequence == 0 or incident.is_held):
            incident.is_held, incident.note = True, held
            return
        incident.is_held = False
        named = self.book.days.named(entry.index)
        if named and incident.sequence == 0:
            incident.note = f"on the calendar: {named}"

    def _evidence(self, series: int, step: SeriesMinute) -> Evidence:
        surprise = max(float(step.surprise[series] - self.book.arrays.offset[series]), 0.0)
        shown = self._figures(series, int(step.window[series]))
        return Evidence(surprise=surprise, **msgspec.structs.asdict(shown))

    def _figures(self, series: int, window: int) -> WindowFigures:
        """What a window, an index into WINDOWS, shows of a series."""
        arrays, engine = self.book.arrays, self.book.engine
        a, m, v, c = engine.peek(np.array([series]), np.array([window]))
        v = v + engine.doubt[window, series] * (
            self._closing.variance[arrays.series_step[series]] + arrays.extra_variance[series]
        )
        low, high = predictive_interval(m, v, c)
        return WindowFigures(
            observed=float(a[0]),
            expected=float(m[0]),
            low=float(low[0]),
            high=float(high[0]),
            window_minutes=WINDOWS[window],
            sample=float(m[0] / arrays.series_rate[series]),
        )

    def _contributions(
        self, entry: StepEntry, first: int, step: SeriesMinute, window: int | None = None
    ) -> tuple[tuple[AlertContribution, ...], str]:
        """Each segment's share of the shortfall in ``window``, by default the one that opened the alert, and the segment it sits in."""
        names = [name for name in entry.series if name]
        opened_in = self.book.names[first][2]
        if not names:
            return (), ""
        window = int(step.window[first]) if window is None else window
        series = np.array([entry.series[name] for name in names], dtype=np.intp)
        whole = np.array([entry.series[""]])
        windows = np.full(len(series), window)
        a, m, v, _ = self.book.engine.peek(series, windows)
        whole_a, whole_m, _, _ = self.book.engine.peek(whole, windows[:1])
        rest_a, rest_m = max(float(whole_a[0] - a.sum()), 0.0), max(float(whole_m[0] - m.sum()), 0.0)
        shares = segment_shares(np.append(a, rest_a), np.append(m, rest_m))
        contributions = sorted(
            (
                AlertContribution(name, float(share))
                for name, share in zip(names, shares, strict=False)
                if share > 0.005
            ),
            key=lambda part: -part.share,
        )
        best, ratio = only_one_segment(np.append(a, rest_a), np.append(m, rest_m), np.append(v, v.mean()))
        if ratio >= self.policy.localise:
            return tuple(contributions), names[best] if best < len(names) else ""
        if ratio <= -self.policy.localise:
            return tuple(contributions), ""
        return tuple(contributions), opened_in


def _moved(before: tuple[AlertContribution, ...], now: tuple[AlertContribution, ...]) -> bool:
    """Whether some segment's share of the shortfall is another by ``_MOVED`` or more."""
    shares, then = ({part.segment: part.share for part in parts} for parts in (now, before))
    return any(abs(shares.get(name, 0.0) - then.get(name, 0.0)) >= _MOVED for name in {*shares, *then})
