"""The alerts of slow changes: opened, carried on and resolved as each night's comparison of whole days says.

What is compared is worked out with the baselines (``scoring/baselines/drift.py``) and published with them; here it becomes the
life of an alert. It never pages, is brought up to date once a night, and is over when the step no longer converts below its four
weeks before, be it that the rate is back or that those weeks have come down to it.
"""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from scoring.alerts.alert import (
    AGED,
    AlertKind,
    AlertTransition,
    Evidence,
    Level,
    WindowFigures,
    make_alert_id,
)
from scoring.baselines.baseline import StepDrift, StoreBaseline
from scoring.detection.policy import DetectionPolicy
from scoring.detection.tracked_alert import ClosedAlerts, TrackedAlert
from scoring.funnel.drift_notes import DriftNote
from scoring.funnel.units import DAY_MS, MINUTE_MS

#: it is over below this surprise: with one threshold a rate on the edge would open and close every night
_OVER = 1.0
#: what converts less by a smaller part is not worth anybody's morning
_LEAST_DROP = 0.05
#: what opens within so long of the last one's end is the same incident
_MERGE_MS = 7 * DAY_MS
#: one that was open for so long has entered the weeks that it is compared with
_LONG_MS = 21 * DAY_MS
_EPOCH = date(1970, 1, 1)


class Drifts:
    """The slow changes of the stores of a detector."""

    def __init__(self, policy: DetectionPolicy, closed: ClosedAlerts) -> None:
        self._policy, self._closed = policy, closed
        #: by store and step, open or lately over
        self._alerts: dict[str, dict[str, TrackedAlert]] = {}
        self._due: dict[str, StoreBaseline] = {}

    def set_baseline(self, baseline: StoreBaseline) -> None:
        """Look at what a new baseline says at the end of the next minute."""
        if baseline.drifts or baseline.store_id in self._alerts:
            self._due[baseline.store_id] = baseline

    def is_due(self, baseline: StoreBaseline) -> bool:
        """Whether a baseline says that something drifts: its store must not rest."""
        return any(self._begins(drift) for drift in baseline.drifts)

    def judge(self, minute: int) -> list[AlertTransition]:
        """The transitions that the baselines of the last minute bring, as of the end of ``minute``."""
        at_ms, made = (minute + 1) * MINUTE_MS, list[AlertTransition]()
        due, self._due = self._due, {}
        for store_id, baseline in due.items():
            said = {drift.step: drift for drift in baseline.drifts}
            mine = self._alerts.setdefault(store_id, {})
            for step in sorted({*said, *mine}):
                made += self._follow(store_id, step, mine.get(step), said.get(step), at_ms)
            if not mine:
                del self._alerts[store_id]
        return made

    def _begins(self, drift: StepDrift) -> bool:
        return drift.surprise >= self._policy.drift and drift.observed <= (1 - _LEAST_DROP) * drift.expected

    def _follow(
        self, store_id: str, step: str, known: TrackedAlert | None, drift: StepDrift | None, at_ms: int
    ) -> list[AlertTransition]:
        if known is None or known.resolved_at_ms is not None:
            if drift is None or not self._begins(drift):
                return []
            return [self._open(store_id, drift, known, at_ms)]
        if drift is None:  # nothing can be compared today: a day without visitors, a longer promotion
            return []
        if drift.surprise < _OVER:
            if at_ms - known.opened_at_ms >= _LONG_MS:
                known.note = AGED
            return [known.end(at_ms, _figures(drift))]
        if known.note == _note(drift):
            return []
        self._say(known, drift)
        return [known.transition(at_ms)]

    def _open(
        self, store_id: str, drift: StepDrift, last: TrackedAlert | None, at_ms: int
    ) -> AlertTransition:
        if last is not None and last.is_same(at_ms, _MERGE_MS, self._closed):
            alert = last
            alert.reopen(_evidence(drift), Level.NOTICE)
        else:
            alert = self._alerts[store_id][drift.step] = TrackedAlert(
                alert_id=make_alert_id(store_id, drift.step, "", AlertKind.DRIFT, at_ms),
                store_id=store_id,
                step=drift.step,
                segment="",
                kind=AlertKind.DRIFT,
                level=Level.NOTICE,
                opened_at_ms=at_ms,
                evidence=_evidence(drift),
            )
        self._say(alert, drift)
        return alert.transition(at_ms)

    @staticmethod
    def _say(alert: TrackedAlert, drift: StepDrift) -> None:
        """What it says is what holds now: the loss is that of the days compared, not a sum over nights that overlap."""
        alert.evidence, alert.note = _evidence(drift), _note(drift)
        alert.arrived = alert.expected = alert.fast_variance = 0.0
        alert.add(drift.observed, drift.expected, 0.0, drift.log_variance)

    # ---------------------------------------------------------------- restart

    def open_stores(self) -> set[str]:
        """Stores of which something drifts."""
        return {
            store
            for store, alerts in self._alerts.items()
            if any(alert.resolved_at_ms is None for alert in alerts.values())
        }

    def remember(self, store_id: str) -> bytes:
        """What must survive a restart; empty for a store of which nothing ever drifted."""
        mine = self._alerts.get(store_id)
        return msgspec.msgpack.encode(mine) if mine else b""

    def recall(self, store_id: str, state: bytes) -> None:
        """Take over what ``remember`` gave.

        Raises:
            msgspec.DecodeError: the bytes are not of this schema.
        """
        self._alerts.pop(store_id, None)
        if state:
            self._alerts[store_id] = msgspec.msgpack.decode(state, type=dict[str, TrackedAlert])


def _evidence(drift: StepDrift) -> Evidence:
    return Evidence(surprise=drift.surprise, **msgspec.structs.asdict(_figures(drift)))


def _figures(drift: StepDrift) -> WindowFigures:
    minutes = (drift.last_day - drift.first_day + 1) * 1440
    return WindowFigures(drift.observed, drift.expected, drift.low, drift.high, minutes, drift.sample)


def _note(drift: StepDrift) -> str:
    first, last = (_EPOCH + timedelta(days=day) for day in (drift.first_day, drift.last_day))
    return DriftNote(first, last).text()
