"""Why an alert was sent, or was not: the core's decision for each route that takes it, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from scoring.alerts.alert import AlertKind, AlertLabel, AlertState, Level
from scoring.alerts.deciding import Candidate, Decision, GroupAction, GroupState, Holds, Reason, decide
from scoring.alerts.routing import LABELS, group_key, matching_routes, severity
from scoring.wording.text import Language, Text
from streams.config.model import Config
from streams.config.routing import core_inhibitions, core_mute_timings, core_route
from streams.incidents.alert_log import AlertBook
from streams.incidents.facts import FactsReader
from streams.incidents.groups import AlertGroup, AlertGroups
from streams.incidents.send_log import SendLog, storm_key

REASONS: Mapping[Reason, Text] = {
    Reason.NEW: Text("新告警，现在通知", "a new alert; being sent now"),
    Reason.ADDED: Text("同组又有新告警，现在通知", "another alert in the group; being sent now"),
    Reason.SPREAD: Text("又一处出现，立即通知", "another place fails too; sent at once"),
    Reason.RAISED: Text("已升级，立即通知", "its severity has risen; sent at once"),
    Reason.RESOLVED: Text("已恢复，立即通知", "it is over; sent at once"),
    Reason.REPEAT: Text(
        "仍在告警且无人认领，再提醒一次", "still firing and not acknowledged; a reminder is due"
    ),
    Reason.HOLD_ENDED: Text(
        "静默、免打扰或抑制已到期，现在通知", "the silence, mute or inhibition has ended; being sent now"
    ),
    Reason.SILENCE_ENDED: Text(
        "静默已到期，告警仍在，现在通知", "its silence has ended and it is still firing; being sent now"
    ),
    Reason.TAKEN_ON: Text(
        "有人认领，告知一次",
        "somebody has acknowledged it; the receiver is notified once",
    ),
    Reason.FLAPPING: Text(
        "反复出现又恢复，稍后仍在则通知", "it is flapping; sent later if it is still firing then"
    ),
    Reason.CLOSED: Text("有人已关闭，不再通知", "somebody has closed it; nothing more is sent"),
    Reason.MOVED: Text(
        "现由其他路由通知，这里只再通知恢复", "other routes notify of it now; only its end is sent here"
    ),
    Reason.GROUP_WAIT: Text("等同组其他告警，稍后通知", "waiting for others in its group (group_wait)"),
    Reason.GROUP_INTERVAL: Text(
        "同组刚通知过，稍后通知", "its group was notified a moment ago (group_interval)"
    ),
    Reason.REPEAT_LATER: Text(
        "已通知；到时间前不再提醒", "sent; a reminder is not due yet (repeat_interval)"
    ),
    Reason.REPEATS_SPENT: Text("已通知；提醒次数已用完", "sent; no reminders are left (most_repeats)"),
    Reason.ACKNOWLEDGED: Text("已通知且有人认领，不再提醒", "sent and acknowledged; no reminders"),
    Reason.SILENCED: Text("被静默 {detail}", "held by silence {detail}"),
    Reason.MUTED: Text("免打扰时段 {detail}", "held by mute timing {detail}"),
    Reason.INHIBITED: Text("被告警 {detail} 抑制", "held because alert {detail} is firing"),
    Reason.NEVER_SENT: Text(
        "通知之前就恢复了，无需通知", "it was over before anyone was notified; nothing to send"
    ),
    Reason.IN_STORM: Text(
        "许多店同时异常，由一条汇总统一通知", "many stores are off at once; one summary covers them all"
    ),
    Reason.NOTHING_NEW: Text("已通知过，没有新情况", "sent before; nothing new"),
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decision for one alert on one route."""

    route: str
    receiver: str
    group: str
    decision: Decision

    def text(self, language: Language) -> str:
        """The reason in words, without the time."""
        return REASONS[self.decision.reason](language, detail=self.decision.detail)


def explain(
    alert_id: str, config: Config, book: AlertBook, send_log: SendLog, facts: FactsReader, now_ms: int
) -> list[Explanation]:
    """What routing says of one alert now, a row a route; empty if no route has a receiver for it.

    Raises:
        KeyError: the book does not hold the alert.
    """
    if alert_id not in book.alerts:
        raise KeyError(alert_id)
    groups = AlertGroups(config, book, send_log, facts)
    holds = groups.holds(now_ms)

    def decided(group: AlertGroup) -> Decision:
        decision = groups.decision(group, holds, now_ms)
        record = send_log.records.get(storm_key(group.route.receiver))
        in_storm = record is not None and record.storm is not None and group.key in record.storm.members
        if in_storm and decision.action is GroupAction.SEND:
            return replace(decision, action=GroupAction.WAIT, reason=Reason.IN_STORM)
        return (
            replace(decision, reason=Reason.IN_STORM)
            if in_storm and decision.reason is Reason.NOTHING_NEW
            else decision
        )

    return [
        Explanation(group.route.name, group.route.receiver, group.key, decided(group))
        for group in groups.all()
        if alert_id in {c.alert_id for c in group.candidates}
    ]


def whole_labels(given: Mapping[str, str], config: Config) -> dict[str, str]:
    """The labels of a supposed alert: what is given, the store's own from the configuration, else those of a usual alert."""
    store = config.store(given.get("store_id", ""))
    level = given.get("level", Level.PAGE.value)
    kind = given.get("kind", AlertKind.CONVERSION.value)
    usual = {
        "kind": kind,
        "level": level,
        "label": AlertLabel.UNKNOWN.value,
        "severity": severity(level, kind, None, config.alerting.critical_money).value,
        "platform": store.platform.value if store else "",
        "country": store.country if store else "",
        "category": store.category if store else "",
    }
    return {name: given.get(name, usual.get(name, "")) for name in LABELS}


def suppose(labels: Mapping[str, str], config: Config, book: AlertBook, at_ms: int) -> list[Explanation]:
    """What routing would say, a row a route, of an alert with these labels that fires at ``at_ms`` as the first of its group."""
    candidate = Candidate("supposed", {**labels, "alert_id": "supposed"}, True, 0)
    firing = [book.candidate(a, config) for a in book.alerts.values() if a.state is AlertState.FIRING]
    holds = Holds(
        book.actions.silences(at_ms),
        core_mute_timings(config.alerting),
        core_inhibitions(config.alerting),
        firing,
    )
    return [
        Explanation(
            taken.name,
            taken.receiver,
            group_key(taken, candidate.labels),
            decide(GroupState(first_seen_ms=at_ms), [candidate], taken, holds, at_ms),
        )
        for taken in matching_routes(core_route(config.alerting), candidate.labels)
        if taken.receiver
    ]
