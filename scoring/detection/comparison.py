"""A backtest as values: past alerts from transitions, and how they compare with known incidents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Protocol

from scoring.alerts.alert import AlertKind, AlertState, AlertTransition, Level
from scoring.funnel.units import WEEK_MS

#: an alert this long after an incident's end is still its echo, not a false one
ECHO_MS = 9 * 3_600_000
#: an alert may open this long after an incident's end and still have found it
_GRACE_MS = 5 * 60_000


class OpenedAlert(Protocol):
    """What must be known of an alert, whoever opened it, to hold it against what went wrong."""

    @property
    def store_id(self) -> str:
        """Whose."""

    @property
    def step(self) -> str:
        """Of which step."""

    @property
    def opened_at_ms(self) -> int:
        """When it opened."""

    @property
    def level(self) -> Level:
        """How loud it was."""


@dataclass(frozen=True, slots=True)
class KnownIncident:
    """Something that is known to have gone wrong, with empty step or segment where it is not known or everywhere."""

    store_id: str
    start_ms: int
    end_ms: int
    step: str = ""
    segment: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class IncidentComparison:
    """How alerts and known incidents met. ``delays_ms`` has one entry per incident found."""

    incidents: int = 0
    found: int = 0
    delays_ms: tuple[int, ...] = ()
    false_alerts: int = 0
    clean_weeks: float = 0.0
    missed: tuple[KnownIncident, ...] = ()

    @property
    def median_delay_minutes(self) -> float | None:
        """Median minutes from an incident's start to its first alert, None if none was found."""
        return median(self.delays_ms) / 60_000 if self.delays_ms else None

    @property
    def false_per_week(self) -> float:
        """False alerts per store-week outside incidents and their echo."""
        return self.false_alerts / self.clean_weeks if self.clean_weeks > 0 else 0.0


@dataclass(slots=True)
class LatestAlerts:
    """Follows transitions and keeps, per alert, its last state: one row an alert, whatever it went through.

    ``paged_at_ms`` is when an alert first was one that pages, by its id.
    """

    alerts: dict[str, AlertTransition] = field(default_factory=dict)
    paged_at_ms: dict[str, int] = field(default_factory=dict)

    def follow(self, transitions: Iterable[AlertTransition]) -> None:
        """Take over transitions in their order."""
        for transition in transitions:
            self.alerts[transition.alert_id] = transition
            if transition.level is Level.PAGE and transition.state is AlertState.FIRING:
                self.paged_at_ms.setdefault(transition.alert_id, transition.at_ms)

    def fired(self, since_ms: int) -> list[AlertTransition]:
        """Alerts that opened after ``since_ms``, by time."""
        kept = (alert for alert in self.alerts.values() if alert.opened_at_ms > since_ms)
        return sorted(kept, key=lambda alert: (alert.opened_at_ms, alert.store_id, alert.step))


def compare(
    alerts: Sequence[OpenedAlert],
    incidents: Sequence[KnownIncident],
    stores: Sequence[str],
    from_ms: int,
    until_ms: int,
    level: Level = Level.NOTICE,
) -> IncidentComparison:
    """How the alerts at ``level`` or louder met the incidents between two times.

    An incident is found if an alert of its store (and step, where it has one) opens between its start and its end; an
    alert that touches no incident nor the nine hours after one is false. Incidents outside the two times are not counted,
    nor are losses of traffic (kind ``traffic``) when ``alerts`` are of conversion: they are not drops of it.
    """
    loud = [alert for alert in alerts if level is Level.NOTICE or alert.level is Level.PAGE]
    by_store: dict[str, list[OpenedAlert]] = {}
    for alert in loud:
        by_store.setdefault(alert.store_id, []).append(alert)
    delays: list[int] = []
    missed: list[KnownIncident] = []
    busy: dict[str, list[tuple[int, int]]] = {store: [] for store in stores}
    for incident in incidents:
        busy.setdefault(incident.store_id, []).append((incident.start_ms, incident.end_ms + ECHO_MS))
        if incident.end_ms <= from_ms or incident.start_ms >= until_ms or incident.kind == AlertKind.TRAFFIC:
            continue
        hits = [
            alert.opened_at_ms
            for alert in by_store.get(incident.store_id, [])
            if incident.start_ms < alert.opened_at_ms <= incident.end_ms + _GRACE_MS
            and incident.step in ("", alert.step)
        ]
        if hits:
            delays.append(min(hits) - incident.start_ms)
        else:
            missed.append(incident)
    false = sum(
        not any(start <= alert.opened_at_ms <= end for start, end in busy.get(alert.store_id, []))
        for alert in loud
    )
    clean_ms = sum(until_ms - from_ms - _covered(spans, from_ms, until_ms) for spans in busy.values())
    return IncidentComparison(
        len(delays) + len(missed), len(delays), tuple(delays), false, clean_ms / WEEK_MS, tuple(missed)
    )


def found_traffic(alerts: Sequence[AlertTransition], incidents: Sequence[KnownIncident]) -> tuple[int, int]:
    """How many known losses of traffic the alerts of traffic found, and how many there are."""
    losses = [incident for incident in incidents if incident.kind == AlertKind.TRAFFIC]
    found = sum(
        any(
            alert.store_id == loss.store_id and loss.start_ms < alert.opened_at_ms <= loss.end_ms + _GRACE_MS
            for alert in alerts
        )
        for loss in losses
    )
    return found, len(losses)


def _covered(spans: list[tuple[int, int]], from_ms: int, until_ms: int) -> int:
    total, reached = 0, from_ms
    for start, end in sorted(spans):
        start, end = max(start, reached), min(end, until_ms)
        if end > start:
            total += end - start
            reached = end
    return total


def is_open(alert: AlertTransition) -> bool:
    """Whether the alert had not ended when the data did."""
    return alert.state is not AlertState.RESOLVED
