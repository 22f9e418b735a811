"""Whether a group of alerts is told to its receiver now: a pure decision that always says its reason.

A group waits ``group_wait`` before its first message and ``group_interval`` before new alerts are added, and repeats
after ``repeat_interval`` at most ``most_repeats`` times. What holds a message back (``scoring/routing.py``) delays it and
never loses it: when the hold ends, the alert is told if it is still firing.

On the path of an event: after ``scoring/alerts.py``, called by ``streams/notifier``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from scoring.routing import Inhibition, Labels, MuteTiming, Route, Severity, Silence


@dataclass(frozen=True, slots=True)
class Candidate:
    """An alert as routing sees it now."""

    alert_id: str
    labels: Labels
    is_firing: bool
    sequence: int
    acknowledged: bool = False
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What a group's receiver was last told of one alert."""

    is_firing: bool
    severity: str
    level: str


@dataclass(frozen=True, slots=True)
class GroupState:
    """What is remembered of one group: kept in the send log, so it survives restarts. Times in ms since 1970 UTC."""

    first_seen_ms: int
    last_sent_ms: int | None = None
    repeats: int = 0
    told: Mapping[str, Told] | None = None
    was_held: tuple[str, ...] = ()


class Action(StrEnum):
    """What to do with a group now."""

    SEND = "send"
    WAIT = "wait"
    NOTHING = "nothing"


class Reason(StrEnum):
    """Why. Each has a text in both languages."""

    NEW = "new"
    ADDED = "added"
    RAISED = "raised"
    RESOLVED = "resolved"
    REPEAT = "repeat"
    HOLD_ENDED = "hold_ended"
    GROUP_WAIT = "group_wait"
    GROUP_INTERVAL = "group_interval"
    REPEAT_LATER = "repeat_later"
    REPEATS_SPENT = "repeats_spent"
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    MUTED = "muted"
    INHIBITED = "inhibited"
    NEVER_TOLD = "never_told"
    NOTHING_NEW = "nothing_new"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a group, why, and when to look again.

    ``alert_ids`` are the alerts the message is about (for ``SEND``) or that wait; ``detail`` names the silence, mute
    timing or inhibiting alert; ``until_ms`` is when the answer can change by time alone.
    """

    action: Action
    reason: Reason
    alert_ids: tuple[str, ...] = ()
    until_ms: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What can hold a message back at this moment."""

    silences: Sequence[Silence] = ()
    mute_timings: Mapping[str, MuteTiming] | None = None
    inhibitions: Sequence[Inhibition] = ()
    firing: Sequence[Candidate] = ()


def held(candidate: Candidate, route: Route, around: Surroundings, now_ms: int) -> Decision | None:
    """Why an alert must wait now (silenced, inhibited or muted); None if nothing holds it."""
    ids = (candidate.alert_id,)
    for silence in around.silences:
        if silence.holds(candidate.labels, now_ms):
            return Decision(Action.WAIT, Reason.SILENCED, ids, silence.ends_ms, silence.silence_id)
    for rule in around.inhibitions:
        for source in around.firing:
            if source.is_firing and rule.holds(source.labels, candidate.labels):
                return Decision(Action.WAIT, Reason.INHIBITED, ids, None, source.alert_id)
    for name in route.mute_timings:
        timing = (around.mute_timings or {}).get(name)
        until = timing.muted_until(now_ms) if timing else None
        if until is not None:
            return Decision(Action.WAIT, Reason.MUTED, ids, until, name)
    return None


_RANK = {Severity.INFO.value: 0, Severity.WARNING.value: 1, Severity.CRITICAL.value: 2}


def _news(candidate: Candidate, told: Told | None, was_held: bool) -> Reason | None:
    """What is new about an alert since its receiver was last told; None if nothing."""
    if told is None or not told.is_firing:
        if not candidate.is_firing:
            return None
        if was_held:
            return Reason.HOLD_ENDED
        return Reason.NEW if told is None else Reason.ADDED
    if not candidate.is_firing or candidate.closed:
        return Reason.RESOLVED
    now_rank = _RANK.get(candidate.labels.get("severity", ""), 0)
    if now_rank > _RANK.get(told.severity, 0) or (
        told.level == "notice" and candidate.labels.get("level") == "page"
    ):
        return Reason.RAISED
    return None


def decide(
    group: GroupState, candidates: Sequence[Candidate], route: Route, around: Surroundings, now_ms: int
) -> Decision:
    """What to do with one group of one receiver at ``now_ms``, with the reason.

    A resolved alert is told without delay if and only if its firing was told. A raised severity is told at once, also
    when the alert is acknowledged. A new alert in a group that was told waits for ``group_interval``; the first waits
    for ``group_wait``. An acknowledged or closed alert is not repeated.
    """
    told = group.told or {}
    news: dict[str, Reason] = {}
    waiting: list[Decision] = []
    never_told = []
    for candidate in candidates:
        if candidate.closed and candidate.alert_id not in told:
            continue
        news_of_it = _news(candidate, told.get(candidate.alert_id), candidate.alert_id in group.was_held)
        if news_of_it is None:
            if not candidate.is_firing and candidate.alert_id not in told:
                never_told.append(candidate.alert_id)
            continue
        hold = None if news_of_it is Reason.RESOLVED else held(candidate, route, around, now_ms)
        if hold is not None:
            waiting.append(hold)
        else:
            news[candidate.alert_id] = news_of_it
    if news:
        return _tell(group, news, route, now_ms)
    if waiting:
        ends = [hold.until_ms for hold in waiting if hold.until_ms is not None]
        first = waiting[0]
        return replace(
            first,
            alert_ids=tuple(alert_id for hold in waiting for alert_id in hold.alert_ids),
            until_ms=min(ends) if ends else None,
        )
    if never_told and not told:
        return Decision(Action.NOTHING, Reason.NEVER_TOLD, tuple(never_told))
    return _repeat(group, candidates, route, around, now_ms)


def _tell(group: GroupState, news: Mapping[str, Reason], route: Route, now_ms: int) -> Decision:
    ids = tuple(news)
    urgent = (Reason.RESOLVED, Reason.RAISED, Reason.HOLD_ENDED)
    reason = next(r for r in (*urgent, Reason.NEW, Reason.ADDED) if r in news.values())
    if reason not in urgent:
        if group.last_sent_ms is None:
            due = group.first_seen_ms + round(route.group_wait_s * 1000)
            if now_ms < due:
                return Decision(Action.WAIT, Reason.GROUP_WAIT, ids, due)
        else:
            reason = Reason.ADDED if any(t.is_firing for t in (group.told or {}).values()) else Reason.NEW
            due = group.last_sent_ms + round(route.group_interval_s * 1000)
            if reason is Reason.ADDED and now_ms < due:
                return Decision(Action.WAIT, Reason.GROUP_INTERVAL, ids, due)
    return Decision(Action.SEND, reason, ids)


def _repeat(
    group: GroupState, candidates: Sequence[Candidate], route: Route, around: Surroundings, now_ms: int
) -> Decision:
    told = group.told or {}
    firing = [c for c in candidates if c.is_firing and not c.closed and c.alert_id in told]
    if not firing or group.last_sent_ms is None:
        return Decision(Action.NOTHING, Reason.NOTHING_NEW)
    open_ones = [c for c in firing if not c.acknowledged]
    if not open_ones:
        return Decision(Action.NOTHING, Reason.ACKNOWLEDGED, tuple(c.alert_id for c in firing))
    ids = tuple(c.alert_id for c in open_ones)
    if group.repeats >= route.most_repeats:
        return Decision(Action.NOTHING, Reason.REPEATS_SPENT, ids)
    due = group.last_sent_ms + round(route.repeat_interval_s * 1000)
    if now_ms < due:
        return Decision(Action.WAIT, Reason.REPEAT_LATER, ids, due)
    holds = [hold for c in open_ones if (hold := held(c, route, around, now_ms))]
    if len(holds) == len(open_ones):
        return holds[0]
    held_ids = {alert_id for hold in holds for alert_id in hold.alert_ids}
    return Decision(Action.SEND, Reason.REPEAT, tuple(i for i in ids if i not in held_ids))


def after(decision: Decision, group: GroupState, candidates: Sequence[Candidate], now_ms: int) -> GroupState:
    """The group's state once ``decision`` has been carried out."""
    by_id = {candidate.alert_id: candidate for candidate in candidates}
    told = dict(group.told or {})
    if decision.action is not Action.SEND:
        holding = decision.reason in (Reason.SILENCED, Reason.MUTED, Reason.INHIBITED)
        if not holding:
            return group
        added = tuple(i for i in decision.alert_ids if i not in group.was_held)
        return replace(group, was_held=group.was_held + added) if added else group
    for alert_id in decision.alert_ids:
        candidate = by_id[alert_id]
        told[alert_id] = Told(
            candidate.is_firing and not candidate.closed,
            candidate.labels.get("severity", ""),
            candidate.labels.get("level", ""),
        )
    return GroupState(
        first_seen_ms=group.first_seen_ms,
        last_sent_ms=now_ms,
        repeats=group.repeats + 1 if decision.reason is Reason.REPEAT else 0,
        told=told,
        was_held=tuple(i for i in group.was_held if i not in decision.alert_ids),
    )
