"""What of a series' incidents is news: the life of its alert from one judging to the next.

An incident is reported while it is open and its last period is fresh: an import of old months opens nothing. What was reported is
followed by its periods, not by its first one, so that a restated figure that moves the beginning by a day is the same alert; if nothing
is left of it, it is resolved with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import msgspec

from scoring.alerts.alert import AlertKind, AlertState, AlertTransition, Level, make_alert_id
from scoring.funnel.period_notes import PeriodChange, PeriodNote, parse_period_note
from scoring.funnel.period_steps import PERIOD_STEP_BY_ID
from scoring.funnel.units import DAY_MS, Z90
from scoring.periods.judging import PeriodIncident
from scoring.periods.series import PeriodPoint, SeriesKey
from scoring.records.report_rules import rule_of

#: how long after its completion a figure may come and still be news
NEWS_MS = 3 * DAY_MS
#: how an alert ends whose figures no longer bear it out
_TAKEN_BACK = (PeriodChange.TAKEN_BACK, PeriodChange.WITHDRAWN)


class ReportMemory(msgspec.Struct, frozen=True):
    """What was reported of a series last: the alert as it was published, and the periods it speaks of, [first, last).

    ``figures`` are the two figures of each of its periods, by which a restatement is seen.
    """

    alert: AlertTransition
    first_ms: int
    last_ms: int
    figures: tuple[tuple[int, float, float], ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether the alert has not been resolved."""
        return self.alert.state is not AlertState.RESOLVED


class Follower:
    """Compares what was reported of one series with what its points say now.

    Args:
        key: the series.
        points: its complete periods.
        told_at_ms: when the newest version of any of its figures was reported, also of one that was withdrawn.
        memory: what was reported last; None for nothing.
    """

    def __init__(
        self, key: SeriesKey, points: Sequence[PeriodPoint], told_at_ms: int, memory: ReportMemory | None
    ) -> None:
        self._key, self._points, self._told_at_ms, self._memory = key, points, told_at_ms, memory

    def follow(
        self, incidents: Sequence[PeriodIncident]
    ) -> tuple[tuple[AlertTransition, ...], ReportMemory | None]:
        """The transitions that are news, and what to remember."""
        made: list[AlertTransition] = []
        memory = self._memory
        if memory is not None and memory.is_open:
            memory = self._carry_on(memory, incidents)
            if memory is not self._memory:
                made.append(memory.alert)
        if (memory is None or not memory.is_open) and incidents:
            opened = self._open(incidents[-1], memory)
            if opened is not None:
                memory = opened
                made.append(memory.alert)
        return tuple(made), memory

    # ---------------------------------------------------------------- a new alert

    def _open(self, incident: PeriodIncident, before: ReportMemory | None) -> ReportMemory | None:
        last = self._points[-1]
        is_news = last.told_at_ms <= last.end_ms + rule_of(self._source).complete_after_ms + NEWS_MS
        if incident.is_over or not is_news:
            return None
        span = self._span(incident)
        if before is not None and span[0] < before.last_ms:
            return self._again(before, incident)
        return self.reported(incident, max(self._points[incident.opened].told_at_ms, last.told_at_ms))

    def _again(self, before: ReportMemory, incident: PeriodIncident) -> ReportMemory | None:
        """An alert that was taken back, and that the next restatement bears out after all; None for one that ended otherwise."""
        note = parse_period_note(before.alert.note)
        if note is None or note.change not in _TAKEN_BACK:
            return None
        at_ms = max(self._told_at_ms, before.alert.at_ms)
        return self._published(before.alert, incident, at_ms, PeriodChange.RESTATED)

    def reported(self, incident: PeriodIncident, at_ms: int) -> ReportMemory:
        """An incident as an alert that nobody has been notified of yet."""
        key, opened_at_ms = self._key, self._span(incident)[0]
        blank = AlertTransition(
            alert_id=make_alert_id(key.store_id, key.step, "", AlertKind.CONVERSION, opened_at_ms),
            store_id=key.store_id, step=key.step, segment="", opened_at_ms=opened_at_ms, fired_at_ms=None, resolved_at_ms=None,
            lost=0.0, lost_low=0.0, lost_high=0.0, kind=AlertKind.CONVERSION, level=incident.level, state=AlertState.FIRING,
            sequence=-1, at_ms=at_ms, **msgspec.structs.asdict(incident.evidence),
        )  # fmt: skip
        return self._published(blank, incident, at_ms, PeriodChange.NONE)

    # ---------------------------------------------------------------- one that was reported

    def _carry_on(self, memory: ReportMemory, incidents: Sequence[PeriodIncident]) -> ReportMemory:
        found = [i for i in incidents if self._meets(i, memory)]
        if not found:
            return self._taken_back(memory)
        incident = found[-1]
        restated = self._is_restated(memory)
        figures = self._figures(*self._span(incident))
        if figures == memory.figures and not incident.is_over:
            return memory
        change = PeriodChange.RESTATED if restated else PeriodChange.NONE
        return self._published(memory.alert, incident, max(self._told_at_ms, memory.alert.at_ms), change)

    def _meets(self, incident: PeriodIncident, memory: ReportMemory) -> bool:
        first, last = self._span(incident)
        return first < memory.last_ms and last > memory.first_ms

    def _is_restated(self, memory: ReportMemory) -> bool:
        now = {start: (up, down) for start, up, down in self._figures(memory.first_ms, memory.last_ms)}
        return any(now.get(start) != (up, down) for start, up, down in memory.figures)

    def _taken_back(self, memory: ReportMemory) -> ReportMemory:
        """Nothing is left of an alert: its figures changed, or are gone."""
        left = {start for start, _, _ in self._figures(memory.first_ms, memory.last_ms)}
        is_gone = any(start not in left for start, _, _ in memory.figures)
        at_ms = max(self._told_at_ms, memory.alert.at_ms)
        note = self._note(
            memory.first_ms, memory.last_ms, PeriodChange.WITHDRAWN if is_gone else PeriodChange.TAKEN_BACK
        )
        now = memory.alert.observed if is_gone else sum(self._figures_down(memory))
        alert = msgspec.structs.replace(
            memory.alert, observed=now, surprise=0.0, state=AlertState.RESOLVED, resolved_at_ms=at_ms, at_ms=at_ms, sequence=memory.alert.sequence + 1,
            lost=0.0, lost_low=0.0, lost_high=0.0, note=note.text(),
        )  # fmt: skip
        return msgspec.structs.replace(memory, alert=alert)

    # ---------------------------------------------------------------- how it is said

    def _published(
        self, before: AlertTransition, incident: PeriodIncident, at_ms: int, change: PeriodChange
    ) -> ReportMemory:
        first_ms, last_ms = self._span(incident)
        if incident.is_normal:
            change = PeriodChange.NEW_NORMAL
        elif incident.held:
            change = PeriodChange.HELD
        spread = Z90 * incident.variance**0.5
        lost = incident.expected - incident.arrived
        has_fired = before.fired_at_ms is not None
        state = AlertState.RESOLVED if incident.is_over else AlertState.FIRING
        if incident.held and not has_fired and not incident.is_over:
            state = AlertState.PENDING
        fired = before.fired_at_ms if has_fired else at_ms if state is AlertState.FIRING else None
        is_page = before.sequence >= 0 and before.level is Level.PAGE
        alert = msgspec.structs.replace(
            before,
            state=state,
            level=Level.PAGE if is_page else incident.level,
            fired_at_ms=fired,
            resolved_at_ms=last_ms if incident.is_over else None,
            at_ms=at_ms,
            sequence=before.sequence + 1,
            lost=max(lost, 0.0),
            lost_low=max(lost - spread, 0.0),
            lost_high=max(lost + spread, 0.0),
            note=self._note(first_ms, last_ms, change, incident.held or incident.named).text(),
            **msgspec.structs.asdict(incident.evidence),
        )
        return ReportMemory(alert, first_ms, last_ms, self._figures(first_ms, last_ms))

    def _note(self, first_ms: int, last_ms: int, change: PeriodChange, detail: str = "") -> PeriodNote:
        return PeriodNote(self._day(first_ms), self._day(last_ms - 1), self._key.zone, change, detail)

    def _day(self, at_ms: int) -> date:
        return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(self._key.zone)).date()

    def _span(self, incident: PeriodIncident) -> tuple[int, int]:
        return self._points[incident.first].start_ms, self._points[incident.last].end_ms

    def _figures_down(self, memory: ReportMemory) -> list[float]:
        return [down for _, _, down in self._figures(memory.first_ms, memory.last_ms)]

    def _figures(self, first_ms: int, last_ms: int) -> tuple[tuple[int, float, float], ...]:
        return tuple(
            (p.start_ms, p.upstream, p.downstream) for p in self._points if first_ms <= p.start_ms < last_ms
        )

    @property
    def _source(self) -> str:
        return PERIOD_STEP_BY_ID[self._key.step].source
