"""Which groups of alerts there are on which routes, and what the core decides for each: a pure reading of the books.

Used by whoever decides (``streams/notifier``) and by whoever explains (page, ``funnelwatch route explain``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from scoring.alerts.alert import AlertState
from scoring.alerts.deciding import (
    INHIBITION_LINGERS_MS,
    AcknowledgementNews,
    Candidate,
    Decision,
    GroupState,
    Holds,
    decide,
)
from scoring.alerts.routing import Route, all_match, group_key, matching_routes
from streams.channels.registry import channel_spec
from streams.config.model import Config
from streams.config.routing import core_inhibitions, core_mute_timings, core_route
from streams.incidents.alert_log import AlertBook
from streams.incidents.facts import FactsReader
from streams.incidents.send_log import SendLog


@dataclass(slots=True)
class AlertGroup:
    """The alerts of one group on one route at this moment."""

    key: str
    route: Route
    candidates: list[Candidate] = field(default_factory=list)


class AlertGroups:
    """The groups of all alerts now, from configuration, books and send log.

    Args:
        config: routes, mute timings and inhibitions.
        book: alerts and what people did.
        send_log: what was sent.
        facts: say whether a store's data is late; its conversion alerts then wait.
    """

    def __init__(self, config: Config, book: AlertBook, send_log: SendLog, facts: FactsReader) -> None:
        self._config, self._book, self._send_log, self._facts = config, book, send_log, facts
        self._route = core_route(config.alerting)
        self._mutes = core_mute_timings(config.alerting)
        self._inhibitions = core_inhibitions(config.alerting)

    def all(self) -> list[AlertGroup]:
        """The groups of all alerts that may matter, with what routing sees of each alert.

        An alert whose labels changed (its severity rose, the routes were edited) belongs to other groups now; it also stays where
        it was sent, until its end is sent there.
        """
        groups: dict[str, AlertGroup] = {}
        for alert in self._book.alerts.values():
            candidate = self._book.candidate(alert, self._config)
            for route in matching_routes(self._route, candidate.labels):
                if route.receiver:
                    key = group_key(route, candidate.labels)
                    groups.setdefault(key, AlertGroup(key, route)).candidates.append(candidate)
        for key, record in self._send_log.records.items():
            sent = (record.group.sent or {}) if record.group else {}
            here = {c.alert_id for c in groups[key].candidates} if key in groups else set()
            for alert_id in (i for i, what in sent.items() if what.is_firing and i not in here):
                moved, old = self._book.alerts.get(alert_id), self._former_route(key)
                if moved is not None and old is not None:
                    candidate = replace(self._book.candidate(moved, self._config), moved=True)
                    groups.setdefault(key, AlertGroup(key, old)).candidates.append(candidate)
        return list(groups.values())

    def _former_route(self, key: str) -> Route | None:
        """The route of a group that no alert leads to any more; None if its receiver is not configured any more."""
        name, receiver, _ = key.split("|", 2)
        waiting = [self._route]
        while waiting:
            node = waiting.pop()
            if (node.name, node.receiver) == (name, receiver):
                return node
            waiting += node.routes
        known = self._config.alerting.receiver(receiver)
        return replace(self._route, name=name, receiver=receiver, routes=()) if known else None

    def state(self, group: AlertGroup, now_ms: int) -> GroupState:
        """The group's state in the send log; for a new one, from when its first alert fired."""
        record = self._send_log.records.get(group.key)
        if record is not None and record.group is not None:
            return record.group
        fired = [self._book.alerts[c.alert_id].fired_at_ms for c in group.candidates]
        return GroupState(first_seen_ms=min((at for at in fired if at is not None), default=now_ms))

    def holds(self, now_ms: int) -> Holds:
        """What holds messages back at ``now_ms``."""
        alerts = [alert for alert in self._book.alerts.values() if alert.state is AlertState.FIRING]
        ended = [
            self._book.candidate(alert, self._config)
            for alert in self._book.alerts.values()
            if alert.resolved_at_ms is not None and now_ms - alert.resolved_at_ms < INHIBITION_LINGERS_MS
        ]
        firing = [self._book.candidate(alert, self._config) for alert in alerts]
        late = {alert.store_id for alert in alerts if self._facts.is_late(alert.store_id)}
        firing += [late_pipeline(store_id) for store_id in sorted(late)]
        # in a storm every alert is held against every one that could inhibit it: leave out those that cannot
        firing, ended = ([c for c in some if self._can_inhibit(c)] for some in (firing, ended))
        return Holds(self._book.actions.silences(now_ms), self._mutes, self._inhibitions, firing, ended)

    def _can_inhibit(self, candidate: Candidate) -> bool:
        return any(all_match(rule.source, candidate.labels) for rule in self._inhibitions)

    def decision(self, group: AlertGroup, holds: Holds, now_ms: int) -> Decision:
        """What the core decides for a group at ``now_ms``; ``holds`` are those of that moment."""
        receiver = self._config.alerting.receiver(group.route.receiver)
        return decide(
            self.state(group, now_ms),
            group.candidates,
            group.route,
            holds,
            now_ms,
            acknowledgements=channel_spec(receiver.channel).acknowledgements
            if receiver is not None
            else AcknowledgementNews.NONE,
        )


def late_pipeline(store_id: str) -> Candidate:
    """What represents "the data of this store is late" among the firing alerts, for inhibitions to name (``kind=pipeline``)."""
    name = f"pipeline-late-{store_id}"
    return Candidate(name, {"alert_id": name, "store_id": store_id, "kind": "pipeline"}, True, 0)
