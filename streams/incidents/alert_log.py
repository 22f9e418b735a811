"""Alerts and human actions, followed from their topics, and how they look to routing.

On the path of an event: after the topic ``funnel.alerts.v1``, before ``streams/notifier/notifier.py``.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import structlog

from scoring.alerts.actions import ActionBook, HumanAction
from scoring.alerts.alert import AlertState, AlertTransition, most_of
from scoring.alerts.deciding import INHIBITION_LINGERS_MS, Candidate
from scoring.alerts.routing import RoutingError, severity
from scoring.errors import UNDECODABLE
from scoring.funnel.pools import parse_pool
from scoring.funnel.spread_notes import parse_spread_note
from scoring.wording.source_note import note_of_source
from streams.config.model import Config
from streams.kafka import topics
from streams.kafka.followers import TopicFollower
from streams.kafka.servers import servers_of
from streams.settings import Settings

_log = structlog.get_logger()


class AlertBook:
    """The newest transition of every alert that may still matter, and all human actions."""

    def __init__(self) -> None:
        self.alerts: dict[str, AlertTransition] = {}
        self.actions = ActionBook()
        #: loss in the base currency by alert, filled by the notifier when it has the facts
        self.lost_money: dict[str, float] = {}

    def take_alert(self, raw: bytes) -> None:
        """Note a transition; an older one of the same alert is left out."""
        alert = msgspec.json.decode(raw, type=AlertTransition)
        known = self.alerts.get(alert.alert_id)
        if alert.state is not AlertState.PENDING and (known is None or known.sequence < alert.sequence):
            self.alerts[alert.alert_id] = alert

    def take_action(self, raw: bytes) -> None:
        """Note a human action."""
        self.actions.take(msgspec.json.decode(raw, type=HumanAction))

    def forget(self, keep: Iterable[str], now_ms: int) -> None:
        """Drop alerts that are resolved and not in ``keep`` (those whose firing was sent to somebody).

        Those that were over a moment ago stay: what they held back is given time to end as well.
        """
        kept, lately = set(keep), now_ms - INHIBITION_LINGERS_MS
        over = [a for a in self.alerts.values() if a.state is AlertState.RESOLVED]
        for alert_id in [a.alert_id for a in over if (a.resolved_at_ms or 0) <= lately]:
            if alert_id not in kept:
                del self.alerts[alert_id]
                self.lost_money.pop(alert_id, None)

    def candidate(self, alert: AlertTransition, config: Config) -> Candidate:
        """The alert as routing sees it: its labels, and whether people have taken it on."""
        store, pool = config.store(alert.store_id), parse_pool(alert.store_id)
        shared = {str(pool[0]): pool[1]} if pool else {}
        handling = self.actions.handling(alert.alert_id)
        money = self.lost_money.get(alert.alert_id)
        note = note_of_source(alert.kind, alert.note)
        labels = {
            "alert_id": alert.alert_id,
            "store_id": alert.store_id,
            "step": alert.step,
            "segment": alert.segment,
            "kind": alert.kind.value,
            "level": alert.level.value,
            "label": alert.label.value,
            "severity": severity(
                alert.level.value, alert.kind.value, money, config.alerting.critical_money, alert.label.value
            ).value,
            "platform": store.platform.value if store else shared.get("platform", ""),
            "country": store.country if store else shared.get("country", ""),
            "category": store.category if store else "",
            "connection": alert.segment if note else "",
            "owner": note.owner if note else "",
        }
        return Candidate(
            alert_id=alert.alert_id,
            labels=labels,
            is_firing=alert.state is AlertState.FIRING,
            sequence=alert.sequence,
            acknowledged=handling.acknowledged_at_ms is not None,
            closed=handling.closed_at_ms is not None,
            members=frozenset(alert.members),
            missing_in=frozenset(most_of(alert.contributions)) if alert.members else frozenset(),
            fired_ms=alert.fired_at_ms,
            ended_ms=alert.resolved_at_ms,
            spread=len(parse_spread_note(alert.note).segments),
        )


class BookReader:
    """Follows the topics of alerts and actions from their beginning into an ``AlertBook``."""

    def __init__(self, settings: Settings, book: AlertBook) -> None:
        self._book = book
        self._follower = TopicFollower(servers_of(settings), (topics.ACTIONS, topics.ALERTS))

    async def catch_up(self) -> None:
        """Read everything there is now."""
        await self._follower.open()
        while await self._follower.is_behind():
            await self.follow(200)

    async def follow(self, timeout_ms: int) -> int:
        """Take what has come; the number of records."""
        records = await self._follower.take(timeout_ms)
        for record in records:
            take = self._book.take_alert if record.topic == topics.ALERTS else self._book.take_action
            try:
                take(record.value)
            except (*UNDECODABLE, TypeError, RoutingError) as error:
                _log.warning("record_skipped", topic=record.topic, offset=record.offset, error=str(error))
        return len(records)

    async def close(self) -> None:
        """Stop following."""
        await self._follower.close()
