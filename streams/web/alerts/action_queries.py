"""The queries of what people did about alerts: from ClickHouse, and from memory what was sent a moment ago.

Before it: ``streams/web/frame/actions.py``, which remembers an action until landing has stored it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from scoring.alerts.actions import ActionBook, AlertHandling, HumanAction, HumanActionKind
from scoring.errors import UNDECODABLE
from scoring.funnel.units import DAY_MS
from streams.clickhouse.reader import Database, Row
from streams.clock import now_ms
from streams.web.alerts.answers import ActionEntry, ActionSummary, Alert, SilenceInForce
from streams.web.frame.actions import ActionSender

#: a silence lasts at most 30 days, so older actions hold nothing back
SILENCE_DAYS = 31
#: actions are kept for this long
KEPT_DAYS = 1100

ACTIONS_OF = """
SELECT action
FROM actions
WHERE at > toDateTime({from_s:Int64}, 'UTC') AND JSONExtractString(action, 'alert_id') IN {alerts:Array(String)}
ORDER BY at
LIMIT 20000
"""

SILENCES = """
SELECT action
FROM actions
WHERE at > toDateTime({from_s:Int64}, 'UTC') AND JSONExtractString(action, 'kind') IN ('silence', 'unsilence')
ORDER BY at
LIMIT 20000
"""

ONE = """
SELECT action
FROM actions
WHERE at > toDateTime({from_s:Int64}, 'UTC') AND JSONExtractString(action, 'action_id') = {action:String}
ORDER BY at
LIMIT 1
"""


class ActionQueries:
    """The queries of actions."""

    def __init__(self, database: Database, sender: ActionSender) -> None:
        self._database, self._sender = database, sender

    def _with_pending(self, rows: Iterable[Row], wanted: Iterable[HumanAction]) -> list[HumanAction]:
        """Actions in order, each once: those of ClickHouse, and those that it does not show yet."""
        found: dict[str, HumanAction] = {}
        for row in rows:
            try:
                action = msgspec.json.decode(row["action"], type=HumanAction)
            except UNDECODABLE:  # of another release; its row stays in the table
                continue
            found.setdefault(action.action_id, action)
        self._sender.stored(found)
        added = [a for a in wanted if a.action_id not in found]
        return sorted([*found.values(), *added], key=lambda action: action.at_ms)

    def is_pending(self, action_id: str) -> bool:
        """True if the action is known from memory only."""
        return self._sender.pending(action_id) is not None

    async def about(self, alert_ids: Iterable[str], since_ms: int) -> dict[str, list[HumanAction]]:
        """What was done about each of these alerts since ``since_ms``, in order."""
        ids = list(alert_ids)
        if not ids:
            return {}
        rows = await self._database.rows(ACTIONS_OF, alerts=ids, from_s=since_ms // 1000)
        actions = self._with_pending(rows, [a for a in self._sender.all_pending() if a.alert_id in ids])
        by_alert: dict[str, list[HumanAction]] = {alert_id: [] for alert_id in ids}
        for action in actions:
            by_alert[action.alert_id].append(action)
        return by_alert

    async def one(self, action_id: str) -> HumanAction | None:
        """The action of that id, None if nobody did it yet.

        Raises:
            ClickHouseUnreachableError: it is not in memory, and ClickHouse does not answer.
        """
        pending = self._sender.pending(action_id)
        if pending is not None:
            return pending
        since = now_ms() - KEPT_DAYS * DAY_MS
        rows = await self._database.rows(ONE, action=action_id, from_s=since // 1000)
        return next(iter(self._with_pending(rows, ())), None)

    async def silences(self, at_ms: int) -> tuple[SilenceInForce, ...]:
        """The silences in force, the one that ends first at the top."""
        rows = await self._database.rows(SILENCES, from_s=(at_ms - SILENCE_DAYS * DAY_MS) // 1000)
        kinds = (HumanActionKind.SILENCE, HumanActionKind.UNSILENCE)
        book = ActionBook()
        for action in self._with_pending(rows, [a for a in self._sender.all_pending() if a.kind in kinds]):
            book.take(action)
        found = [
            SilenceInForce(
                silence_id=silence.silence_id,
                matchers=tuple(map(str, silence.matchers)),
                alert_id=next(
                    (m.value for m in silence.matchers if (m.label, m.operator) == ("alert_id", "=")), ""
                ),
                author=silence.author,
                reason=silence.reason,
                starts_at_ms=silence.starts_ms,
                ends_at_ms=silence.ends_ms,
            )
            for silence in book.silences(at_ms)
        ]
        return tuple(sorted(found, key=lambda s: (s.ends_at_ms, s.silence_id)))

    def summary(self, alert: Alert, actions: list[HumanAction], at_ms: int) -> ActionSummary:
        """Who handles an alert, and how, after ``actions``."""
        book = ActionBook()
        for action in actions:
            book.take(action)
        handling: AlertHandling = book.handling(alert.alert_id)
        until = handling.silenced_until_ms
        silenced = until is not None and until > at_ms
        by = next((a.who for a in reversed(actions) if a.kind is HumanActionKind.SILENCE), "")
        return ActionSummary(
            acknowledged_by=handling.acknowledged_by,
            acknowledged_at_ms=handling.acknowledged_at_ms,
            assignee=handling.assignee,
            comments=len(handling.comments),
            closed_as=handling.closed_as.value if handling.closed_as else "",
            closed_by=handling.closed_by,
            closed_at_ms=handling.closed_at_ms,
            silenced_until_ms=until if silenced else None,
            silenced_by=by if silenced else "",
            minutes_to_acknowledge=_minutes(alert.fired_at_ms, handling.acknowledged_at_ms),
            minutes_to_resolve=_minutes(
                alert.fired_at_ms,
                min(
                    (ms for ms in (alert.resolved_at_ms, handling.closed_at_ms) if ms is not None),
                    default=None,
                ),
            ),
            pending=any(self.is_pending(a.action_id) for a in actions),
        )

    def entry(self, action: HumanAction) -> ActionEntry:
        """The action as page and API show it."""
        return ActionEntry(
            action_id=action.action_id,
            kind=action.kind.value,
            at_ms=action.at_ms,
            who=action.who,
            via=action.via,
            alert_id=action.alert_id,
            reason=action.reason.value if action.reason else "",
            text=action.text,
            assignee=action.assignee,
            until_ms=action.until_ms or None,
            pending=self.is_pending(action.action_id),
        )


def _minutes(from_ms: int | None, to_ms: int | None) -> float | None:
    return None if from_ms is None or to_ms is None else max(0, to_ms - from_ms) / 60_000
