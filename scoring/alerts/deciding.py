"""Whether a group's receiver is notified now: a pure decision that always gives its reason.

A group waits ``group_wait`` before its first message and ``group_interval`` before new alerts are added, and repeats
after ``repeat_interval`` at most ``most_repeats`` times. What holds a message back (``scoring/alerts/routing.py``) delays it and
never loses it: when the hold ends, the alert is sent if it is still firing. A silence of an alert that was sent before announces
its end in the same way, unless somebody has acknowledged the alert. What flaps is sent with growing pauses.

On the path of an event: after ``scoring/alerts/alert.py``, called by ``streams/notifier``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

import msgspec

from scoring.alerts.routing import Inhibition, Labels, MuteTiming, Route, Severity, Silence, all_match


@dataclass(frozen=True, slots=True)
class Candidate:
    """An alert as routing sees it now."""

    alert_id: str
    labels: Labels
    is_firing: bool
    sequence: int
    acknowledged: bool = False
    closed: bool = False
    #: its labels now lead to other groups; it was sent here before, so its end is sent here too
    moved: bool = False
    #: of a pooled alert: the stores it is about
    members: frozenset[str] = frozenset()
    #: of these the ones that make up most of what is missing: the others may be as usual
    missing_in: frozenset[str] = frozenset()
    #: when it fired and when it was over; None before that
    fired_ms: int | None = None
    ended_ms: int | None = None
    #: in how many places more it has failed since it began
    spread: int = 0

    def speaks_for(self, other: Candidate) -> bool:
        """Whether this alert can hold another back: a pooled one only those of its members, any other whatever a rule names."""
        return not self.members or other.labels.get("store_id", "") in self.members


@dataclass(frozen=True, slots=True)
class LastSent:
    """What a group's receiver was last sent about one alert.

    ``acknowledged``: also that somebody has acknowledged it; ``spread``: in how many places more it failed by then.
    """

    is_firing: bool
    severity: str
    level: str
    acknowledged: bool = False
    spread: int = 0


@dataclass(frozen=True, slots=True)
class Flap:
    """How often the same thing fired and was over within ``FLAP_MEMORY_MS`` of the time before, and when it was last over."""

    times: int
    over_ms: int
    severity: str


class GroupState(msgspec.Struct, frozen=True):
    """What is remembered of one group: kept in the send log, so it survives restarts. Times in ms since 1970 UTC."""

    first_seen_ms: int
    last_sent_ms: int | None = None
    repeats: int = 0
    #: what was last sent about each alert, by its id; stored under the name that the first release gave it
    sent: Mapping[str, LastSent] | None = msgspec.field(default=None, name="told")
    was_held: tuple[str, ...] = ()
    flaps: Mapping[str, Flap] | None = None


class GroupAction(StrEnum):
    """What to do with a group now."""

    SEND = "send"
    WAIT = "wait"
    NOTHING = "nothing"


class Reason(StrEnum):
    """Why. Each has a text in both languages."""

    NEW = "new"
    ADDED = "added"
    RAISED = "raised"
    SPREAD = "spread"
    RESOLVED = "resolved"
    REPEAT = "repeat"
    HOLD_ENDED = "hold_ended"
    SILENCE_ENDED = "silence_ended"
    TAKEN_ON = "taken_on"
    GROUP_WAIT = "group_wait"
    GROUP_INTERVAL = "group_interval"
    FLAPPING = "flapping"
    REPEAT_LATER = "repeat_later"
    REPEATS_SPENT = "repeats_spent"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"
    MOVED = "moved"
    SILENCED = "silenced"
    MUTED = "muted"
    INHIBITED = "inhibited"
    NEVER_SENT = "never_sent"
    NOTHING_NEW = "nothing_new"
    IN_STORM = "in_storm"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a group, why, and when to look again.

    ``alert_ids`` are the alerts the message is about (for ``SEND``) or that wait; ``detail`` names the silence, mute
    timing or inhibiting alert; ``until_ms`` is when the answer can change by time alone. ``held_ids`` are the alerts that
    something holds back now, whatever is done about the others: the end of that will be sent.
    """

    action: GroupAction
    reason: Reason
    alert_ids: tuple[str, ...] = ()
    until_ms: int | None = None
    detail: str = ""
    held_ids: tuple[str, ...] = ()


class AcknowledgementNews(StrEnum):
    """What a receiver is notified of when somebody acknowledges what it was sent, once for each.

    Nothing; that an incident is taken on, once all its firing alerts are (it pages people on its own until then); each alert (a chat,
    in which the others would go on looking).
    """

    NONE = "none"
    INCIDENT = "incident"
    ALERT = "alert"


@dataclass(frozen=True)
class Holds:
    """What can hold a message back at this moment."""

    silences: Sequence[Silence] = ()
    mute_timings: Mapping[str, MuteTiming] | None = None
    inhibitions: Sequence[Inhibition] = ()
    firing: Sequence[Candidate] = ()
    #: those that were over within ``INHIBITION_LINGERS_MS``
    ended: Sequence[Candidate] = ()

    @cached_property
    def inhibiting(self) -> tuple[tuple[Inhibition, Mapping[tuple[str, ...], Sequence[Candidate]]], ...]:
        """By rule, what it may hold others back by, those that fire first, by the labels that must be equal.

        Worked out once for all who are asked about: a storm of n alerts would otherwise look at n² pairs in every turn.
        """
        found = []
        for rule in self.inhibitions:
            by_labels: dict[tuple[str, ...], list[Candidate]] = {}
            for source in (*(one for one in self.firing if one.is_firing), *self.ended):
                if all_match(rule.source, source.labels):
                    by_labels.setdefault(rule.shared(source.labels), []).append(source)
            found.append((rule, by_labels))
        return tuple(found)


#: what another alert held back ends with it, but not in the same minute: a member has fewer arrivals than its pool, so it takes longer
#: to show that it is well. One that is not is notified of by then
INHIBITION_LINGERS_MS = 15 * 60_000


def held(
    candidate: Candidate, route: Route, holds: Holds, now_ms: int, *, was_held: bool = False
) -> Decision | None:
    """Why an alert must wait now (silenced, inhibited or muted); None if nothing holds it. ``was_held``: something did before."""
    ids = (candidate.alert_id,)
    for silence in holds.silences:
        if silence.holds(candidate.labels, now_ms):
            return Decision(GroupAction.WAIT, Reason.SILENCED, ids, silence.ends_ms, silence.silence_id)
    for rule, by_labels in holds.inhibiting:
        if not all_match(rule.target, candidate.labels):
            continue
        for source in by_labels.get(rule.shared(candidate.labels), ()):
            until = None if source.is_firing else (source.ended_ms or 0) + INHIBITION_LINGERS_MS
            lingers = until is None or (was_held and now_ms < until)
            if lingers and source.alert_id != candidate.alert_id and source.speaks_for(candidate):
                return Decision(GroupAction.WAIT, Reason.INHIBITED, ids, until, source.alert_id)
    for name in route.mute_timings:
        timing = (holds.mute_timings or {}).get(name)
        until = timing.muted_until(now_ms) if timing else None
        if until is not None:
            return Decision(GroupAction.WAIT, Reason.MUTED, ids, until, name)
    return None


_RANK = {Severity.INFO.value: 0, Severity.WARNING.value: 1, Severity.CRITICAL.value: 2}


def _news(candidate: Candidate, sent: LastSent | None, was_held: bool) -> Reason | None:
    """What is new about an alert since its receiver was last notified; None if nothing."""
    if sent is None or not sent.is_firing:
        if not candidate.is_firing or candidate.closed or candidate.moved:
            return None
        if was_held:
            return Reason.HOLD_ENDED
        return Reason.NEW if sent is None else Reason.ADDED
    if not candidate.is_firing or candidate.closed:
        return Reason.RESOLVED
    now_rank = _RANK.get(candidate.labels.get("severity", ""), 0)
    if now_rank > _RANK.get(sent.severity, 0) or (
        sent.level == "notice" and candidate.labels.get("level") == "page"
    ):
        return Reason.RAISED
    if candidate.spread > sent.spread:
        return Reason.SPREAD
    if was_held and not candidate.acknowledged and not candidate.moved:
        return Reason.SILENCE_ENDED
    return None


#: after this long without it, something that fires again is a new incident
FLAP_MEMORY_MS = 2 * 3_600_000
#: the longest that something which flaps waits before it is sent again
MAX_FLAP_WAIT_S = 3600.0


def identity(candidate: Candidate) -> str:
    """What fires, whenever it fires: an alert that opens again has another id and the same identity."""
    return "|".join(candidate.labels.get(name, "") for name in ("store_id", "step", "segment", "kind"))


def _flapping(candidate: Candidate, group: GroupState, route: Route, now_ms: int) -> Decision | None:
    """Why an alert that flapped a moment ago waits: group_interval, doubled with every return, at most an hour.

    A higher severity than the last time does not wait.
    """
    flap = (group.flaps or {}).get(identity(candidate))
    if flap is None or now_ms - flap.over_ms > FLAP_MEMORY_MS:
        return None
    if _RANK.get(candidate.labels.get("severity", ""), 0) > _RANK.get(flap.severity, 0):
        return None
    longest = max(route.group_interval_s, MAX_FLAP_WAIT_S)
    wait_s = min(longest, route.group_interval_s * 2.0 ** min(flap.times - 1, 20))
    due = flap.over_ms + round(wait_s * 1000)
    return Decision(GroupAction.WAIT, Reason.FLAPPING, (candidate.alert_id,), due) if now_ms < due else None


def _silenced(candidate: Candidate, sent: LastSent | None, hold: Decision | None) -> bool:
    """True for an alert that was sent, that nobody has acknowledged and that is silenced now."""
    is_open = not (candidate.acknowledged or candidate.closed or candidate.moved)
    return bool(
        candidate.is_firing
        and is_open
        and sent is not None
        and sent.is_firing
        and hold is not None
        and hold.reason is Reason.SILENCED
    )


def _taken_on(
    group: GroupState, candidates: Sequence[Candidate], news: AcknowledgementNews
) -> tuple[str, ...]:
    """The alerts whose acknowledgement is news to a receiver; empty if there is none."""
    sent = {alert_id: what for alert_id, what in (group.sent or {}).items() if what.is_firing}
    taken = {c.alert_id for c in candidates if c.acknowledged and c.is_firing and not c.closed}
    if news is AcknowledgementNews.INCIDENT and not taken.issuperset(sent):
        return ()
    return tuple(alert_id for alert_id, what in sent.items() if alert_id in taken and not what.acknowledged)


def decide(
    group: GroupState,
    candidates: Sequence[Candidate],
    route: Route,
    holds: Holds,
    now_ms: int,
    *,
    acknowledgements: AcknowledgementNews = AcknowledgementNews.NONE,
) -> Decision:
    """What to do with one group of one receiver at ``now_ms``, with the reason.

    A receiver that wants ``acknowledgements`` is also notified, once, that the alerts it was sent have been acknowledged; nothing
    holds that back, and anything else that is due goes first.
    """
    decision = _decide(group, candidates, route, holds, now_ms)
    if acknowledgements is not AcknowledgementNews.NONE and decision.action is not GroupAction.SEND:
        taken = _taken_on(group, candidates, acknowledgements)
        if taken:
            return Decision(GroupAction.SEND, Reason.TAKEN_ON, taken, held_ids=decision.held_ids)
    return decision


def _decide(
    group: GroupState, candidates: Sequence[Candidate], route: Route, holds: Holds, now_ms: int
) -> Decision:
    """What to do with one group, acknowledgements aside.

    A resolved alert is sent without delay if and only if its firing was sent. A raised severity is sent at once, also
    when the alert is acknowledged. A new alert in a group that was notified waits for ``group_interval``; the first waits
    for ``group_wait``. An acknowledged or closed alert is not repeated; closing an alert that was sent is its end.
    """
    sent = group.sent or {}
    news: dict[str, Reason] = {}
    waiting: list[Decision] = []
    silenced: list[str] = []
    for candidate in candidates:
        before = sent.get(candidate.alert_id)
        was_held = candidate.alert_id in group.was_held
        news_of_it = _news(candidate, before, was_held)
        is_over = news_of_it is Reason.RESOLVED
        hold = None if is_over else held(candidate, route, holds, now_ms, was_held=was_held)
        if _silenced(candidate, before, hold):
            silenced.append(candidate.alert_id)
        if news_of_it is None:
            continue
        if hold is not None:
            silenced += hold.alert_ids
        elif news_of_it in (Reason.NEW, Reason.ADDED):
            hold = _flapping(candidate, group, route, now_ms)
        if hold is not None:
            waiting.append(hold)
        else:
            news[candidate.alert_id] = news_of_it
    held_ids = tuple(dict.fromkeys(silenced))
    if news:
        return replace(_notify(group, news, route, now_ms), held_ids=held_ids)
    if waiting:
        ends = [hold.until_ms for hold in waiting if hold.until_ms is not None]
        return replace(
            waiting[0],
            alert_ids=tuple(alert_id for hold in waiting for alert_id in hold.alert_ids),
            until_ms=min(ends) if ends else None,
            held_ids=held_ids,
        )
    return replace(_repeat(group, candidates, route, holds, now_ms), held_ids=held_ids)


def _notify(group: GroupState, news: Mapping[str, Reason], route: Route, now_ms: int) -> Decision:
    ids = tuple(news)
    urgent = (Reason.RESOLVED, Reason.RAISED, Reason.SPREAD, Reason.HOLD_ENDED, Reason.SILENCE_ENDED)
    reason = next(r for r in (*urgent, Reason.NEW, Reason.ADDED) if r in news.values())
    if reason not in urgent:
        if group.last_sent_ms is None:
            due = group.first_seen_ms + round(route.group_wait_s * 1000)
            if now_ms < due:
                return Decision(GroupAction.WAIT, Reason.GROUP_WAIT, ids, due)
        else:
            reason = Reason.ADDED if any(t.is_firing for t in (group.sent or {}).values()) else Reason.NEW
            due = group.last_sent_ms + round(route.group_interval_s * 1000)
            if reason is Reason.ADDED and now_ms < due:
                return Decision(GroupAction.WAIT, Reason.GROUP_INTERVAL, ids, due)
    return Decision(GroupAction.SEND, reason, ids)


def _repeat(
    group: GroupState, candidates: Sequence[Candidate], route: Route, holds: Holds, now_ms: int
) -> Decision:
    sent = group.sent or {}
    firing = [c for c in candidates if c.is_firing and not c.closed and c.alert_id in sent]
    if not firing or group.last_sent_ms is None:
        return Decision(GroupAction.NOTHING, *_why_nothing(candidates, sent))
    open_ones = [c for c in firing if not (c.acknowledged or c.moved)]
    if not open_ones:
        reason = Reason.MOVED if all(c.moved for c in firing) else Reason.ACKNOWLEDGED
        return Decision(GroupAction.NOTHING, reason, tuple(c.alert_id for c in firing))
    ids = tuple(c.alert_id for c in open_ones)
    waits = [hold for c in open_ones if (hold := held(c, route, holds, now_ms))]
    if len(waits) == len(open_ones):
        return replace(waits[0], alert_ids=ids)
    if group.repeats >= route.most_repeats:
        return Decision(GroupAction.NOTHING, Reason.REPEATS_SPENT, ids)
    due = group.last_sent_ms + round(route.repeat_interval_s * 1000)
    if now_ms < due:
        return Decision(GroupAction.WAIT, Reason.REPEAT_LATER, ids, due)
    held_ids = {alert_id for hold in waits for alert_id in hold.alert_ids}
    return Decision(GroupAction.SEND, Reason.REPEAT, tuple(i for i in ids if i not in held_ids))


def _why_nothing(
    candidates: Sequence[Candidate], sent: Mapping[str, LastSent]
) -> tuple[Reason, tuple[str, ...]]:
    closed = tuple(c.alert_id for c in candidates if c.closed and c.is_firing)
    if closed:
        return Reason.CLOSED, closed
    never = tuple(c.alert_id for c in candidates if not c.is_firing and c.alert_id not in sent)
    return (Reason.NEVER_SENT, never) if never and not sent else (Reason.NOTHING_NEW, ())
