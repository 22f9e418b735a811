"""What people's reasons for closing alerts teach: which threshold would have spared them, which days to put on the calendar.

Nothing changes automatically: the report proposes, a person decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scoring.alerts.actions import CloseReason


@dataclass(frozen=True, slots=True)
class ClosedAlert:
    """An alert that somebody closed with a reason. ``began`` and ``ended`` are wall times of the store (ISO, minutes)."""

    store_id: str
    level: str
    surprise: float
    reason: CloseReason
    began: str
    ended: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class ThresholdRow:
    """What a threshold would have made of the closed alerts: how many spared and how many missed, by what they were."""

    threshold: float
    spared_false: int
    missed_real: int


def threshold_report(closed: Sequence[ClosedAlert], thresholds: Sequence[float]) -> list[ThresholdRow]:
    """A row a threshold: false alarms it would have spared, real or tracking alerts it would have missed.

    An alert's ``surprise`` is the largest it reached, so one at or above the threshold would still have fired.
    """
    false = [alert.surprise for alert in closed if alert.reason is CloseReason.FALSE_ALARM]
    true = [alert.surprise for alert in closed if alert.reason in (CloseReason.REAL, CloseReason.TRACKING)]
    return [ThresholdRow(t, sum(s < t for s in false), sum(s < t for s in true)) for t in thresholds]


def advice(closed: Sequence[ClosedAlert], thresholds: Sequence[float]) -> ThresholdRow | None:
    """The threshold that spares the most false alarms and misses nothing that was real; None if none spares any."""
    best = [row for row in threshold_report(closed, thresholds) if row.missed_real == 0 and row.spared_false]
    return max(best, key=lambda row: (row.spared_false, -row.threshold), default=None)


@dataclass(frozen=True, slots=True)
class CalendarProposal:
    """A calendar entry that would have held back what people called expected."""

    name: str
    first: str
    last: str
    store_id: str


def calendar_proposals(closed: Sequence[ClosedAlert]) -> list[CalendarProposal]:
    """An entry for each alert closed as expected; alerts of one store and day are one entry."""
    proposals: dict[tuple[str, str], CalendarProposal] = {}
    for alert in sorted(closed, key=lambda a: a.began):
        if alert.reason is not CloseReason.EXPECTED:
            continue
        key = (alert.store_id, alert.began[:10])
        before = proposals.get(key)
        last = max(alert.ended[:10], before.last if before else "")
        name = alert.text or (before.name if before else f"expected {alert.began[:10]}")
        proposals[key] = CalendarProposal(name, alert.began[:10], last, alert.store_id)
    return list(proposals.values())
