"""The life of an alert: one incident per store-step at a time, whichever of its series breached first."""

from __future__ import annotations

import msgspec

from scoring.alerts.alert import (
    AlertContribution,
    AlertKind,
    AlertLabel,
    AlertState,
    AlertTransition,
    Evidence,
    Level,
    WindowFigures,
)
from scoring.detection.tracking import Suspicion
from scoring.funnel.units import Z90

#: of the alerts that people closed, so many are remembered
_MAX_CLOSED = 10_000
#: what is lost is news once it has grown by so much: a fault that goes on says so a dozen times in its first hour, then ever more seldom
_GROWS = 1.25


class ClosedAlerts:
    """The ids of the alerts that people closed last. One for all detectors of a process, which whoever follows people fills."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}

    def add(self, alert_id: str) -> None:
        """Note that somebody closed an alert."""
        self._ids[alert_id] = None
        if len(self._ids) > _MAX_CLOSED:
            del self._ids[next(iter(self._ids))]

    def __contains__(self, alert_id: str) -> bool:
        return alert_id in self._ids


class TrackedAlert(msgspec.Struct):
    """An alert while it lives and for the merge time after; stored in the store's snapshot."""

    alert_id: str
    store_id: str
    step: str
    segment: str
    kind: AlertKind
    level: Level
    opened_at_ms: int
    evidence: Evidence
    sequence: int = 0
    resolved_at_ms: int | None = None
    label: AlertLabel = AlertLabel.UNKNOWN
    contributions: tuple[AlertContribution, ...] = ()
    #: since the start of the window that opened it: arrivals, their expectation, its fast variance, its log variance
    arrived: float = 0.0
    expected: float = 0.0
    fast_variance: float = 0.0
    log_variance: float = 0.0
    note: str = ""
    #: held back by the calendar, or until its label is known: pending, nobody is notified
    is_held: bool = False
    #: far more came upstream as it opened: it waits for its label
    waits: bool = False
    #: conversions over what was expected, as it was recognised that nothing is missing
    worth: float = 1.0
    #: when it began to fire, where that was later than it opened
    fired_at_ms: int | None = None
    #: of a pool's incident: the stores in the pool
    members: tuple[str, ...] = ()
    suspicion: Suspicion = msgspec.field(default_factory=Suspicion)
    #: what its newest transition said is lost
    said_lost: float = 0.0

    def has_grown(self) -> bool:
        """Whether clearly more is lost than its newest transition says: whoever reads that would take too little for all of it."""
        lost = self.expected - self.arrived
        return not self.is_held and lost >= max(_GROWS * self.said_lost, self.said_lost + 1.0)

    def add(self, arrived: float, expected: float, fast: float, log_variance: float) -> None:
        """Count arrivals and their expectation towards what is lost; ``fast`` is c, the variance per expected one."""
        self.arrived += arrived
        self.expected += expected
        self.fast_variance += expected * fast
        self.log_variance = log_variance

    def is_same(self, at_ms: int, merge_ms: int, closed: ClosedAlerts) -> bool:
        """Whether what opens now is this incident again: it ended at most ``merge_ms`` ago, and nobody has closed it."""
        return (
            self.resolved_at_ms is not None
            and at_ms - self.resolved_at_ms <= merge_ms
            and self.alert_id not in closed
        )

    def reopen(self, evidence: Evidence, level: Level) -> None:
        """Open it again; what it says is what holds now."""
        self.resolved_at_ms, self.evidence, self.level = None, evidence, level
        self.note = "opened again within the merge time: the same incident"

    def _state(self) -> AlertState:
        if self.resolved_at_ms is not None:
            return AlertState.RESOLVED
        return AlertState.PENDING if self.is_held else AlertState.FIRING

    def end(self, at_ms: int, at_end: WindowFigures) -> AlertTransition:
        """Resolve it; ``at_end`` is how things are now, which its evidence does not say."""
        self.resolved_at_ms = at_ms
        return self.transition(at_ms, at_end)

    def transition(self, at_ms: int, at_end: WindowFigures | None = None) -> AlertTransition:
        """The incident's present state as the next transition; counts it."""
        # the wobble is taken as one constant deviation: the interval is rather too wide than too narrow
        spread = Z90 * (self.fast_variance + self.expected**2 * self.log_variance) ** 0.5
        lost = self.expected - self.arrived
        self.said_lost = max(lost, 0.0)
        made = AlertTransition(
            alert_id=self.alert_id,
            store_id=self.store_id,
            step=self.step,
            segment=self.segment,
            kind=self.kind,
            level=self.level,
            state=self._state(),
            sequence=self.sequence,
            at_ms=at_ms,
            opened_at_ms=self.opened_at_ms,
            fired_at_ms=self.fired_at_ms or (None if self.is_held else self.opened_at_ms),
            resolved_at_ms=self.resolved_at_ms,
            **msgspec.structs.asdict(self.evidence),
            lost=max(lost, 0.0),
            lost_low=max(lost - spread, 0.0),
            lost_high=max(lost + spread, 0.0),
            label=self.label,
            contributions=self.contributions,
            members=self.members,
            end_figures=() if at_end is None else (at_end,),
            note=self.note,
        )
        self.sequence += 1
        return made
