"""When many stores are off at once, people get one summary of it: it opens, goes on, and ends. A pure decision.

A storm belongs to one receiver. It opens once alerts of ``STORM_STORES`` stores began within ten minutes, takes in what begins within
half an hour of that, and whatever becomes of its alerts is part of it until fewer stores than that are left. A message that can be
changed is changed; one that cannot waits a moment for the stores that come within the next minute, is sent once, and a second time at its end.
What is left over when it ends goes on alone, as does what begins later.

On the path of an event: after ``scoring/alerts/deciding.py``, called by ``streams/notifier``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from scoring.alerts.deciding import Reason

#: from this many stores on it is one, and below it none any more
STORM_STORES = 5
#: what began within this time is of one storm
BEGINS_WITHIN_MS = 10 * 60_000
#: what begins within this time of its last summary joins it
JOINS_WITHIN_MS = 30 * 60_000
#: a message that cannot be changed waits until no store has come for this long: stores are judged once a minute
GATHERS_MS, LONGEST_GATHERING_MS = 70_000, 150_000
#: a message that can be changed is changed at most this often
CHANGES_EVERY_MS = 20_000
#: and at least this often while its stores are off: what it costs grows
REFRESHES_EVERY_MS = 2 * 60_000
#: with a few stores left it ends once nothing has changed for this long
ENDS_AFTER_MS = 5 * 60_000

#: what is begun; everything else is of alerts that were sent
BEGUN = frozenset({Reason.NEW, Reason.ADDED, Reason.HOLD_ENDED})


class StormState(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is remembered of a storm: kept in the send log. Times in ms since 1970 UTC.

    ``members`` are the alerts of its groups, also those that are over; ``said_ms`` is when it was sent, None while it gathers;
    ``grew_ms`` when a store joined last, ``changed_ms`` when anything became of its alerts, ``shown_ms`` when its message was changed.
    """

    opened_ms: int
    grew_ms: int
    changed_ms: int
    said_ms: int | None = None
    shown_ms: int = 0
    members: Mapping[str, tuple[str, ...]] = {}

    @property
    def alert_ids(self) -> tuple[str, ...]:
        """All alerts that were ever part of it."""
        return tuple(dict.fromkeys(alert_id for ids in self.members.values() for alert_id in ids))


@dataclass(frozen=True, slots=True)
class GroupNews:
    """What is due to be said of one group: why, of which alerts, and which stores are off by them."""

    key: str
    reason: Reason
    alert_ids: tuple[str, ...]
    stores: frozenset[str]


@dataclass(frozen=True, slots=True)
class FiringGroup:
    """What was sent of one group and still fires; ``since_ms`` is when the latest of it fired."""

    key: str
    alert_ids: tuple[str, ...]
    stores: frozenset[str]
    since_ms: int


class StormStep(StrEnum):
    """What to do about the storm of a receiver now."""

    NONE = "none"
    #: one that gathered did not come about
    DROP = "drop"
    GATHER = "gather"
    SAY = "say"
    CHANGE = "change"
    ACKNOWLEDGED = "acknowledged"
    REMIND = "remind"
    END = "end"


@dataclass(frozen=True, slots=True)
class StormPlan:
    """What to do, and the state after it (None: there is no storm any more).

    ``news`` are the groups of which the step says what is due; ``kept`` wait for the storm's next step. All others are said alone.
    """

    step: StormStep
    state: StormState | None = None
    news: tuple[str, ...] = ()
    kept: frozenset[str] = frozenset()


def next_step(
    state: StormState | None,
    news: Sequence[GroupNews],
    firing: Sequence[FiringGroup],
    now_ms: int,
    *,
    can_change: bool,
) -> StormPlan:
    """What to do about the storm of one receiver.

    Args:
        state: the storm that is known, None if there is none.
        news: what is due for each of the receiver's groups.
        firing: what was sent of each and still fires.
        now_ms: the moment, in ms since 1970 UTC.
        can_change: whether a message that was sent can be changed there.
    """
    if state is None or state.said_ms is None:
        return _opening(state, news, firing, now_ms, can_change=can_change)
    return _going_on(state, news, firing, now_ms, can_change=can_change)


def _stores(groups: Iterable[GroupNews | FiringGroup]) -> set[str]:
    return {store for group in groups for store in group.stores}


def _with(state: StormState, groups: Iterable[GroupNews | FiringGroup]) -> Mapping[str, tuple[str, ...]]:
    members = dict(state.members)
    for group in groups:
        members[group.key] = tuple(dict.fromkeys([*members.get(group.key, ()), *group.alert_ids]))
    return members


def _opening(
    state: StormState | None,
    news: Sequence[GroupNews],
    firing: Sequence[FiringGroup],
    now_ms: int,
    *,
    can_change: bool,
) -> StormPlan:
    begun = [one for one in news if one.reason in BEGUN]
    lately = [one for one in firing if now_ms - one.since_ms <= BEGINS_WITHIN_MS]
    together: list[GroupNews | FiringGroup] = [*lately, *begun]
    is_storm = len({one.key for one in together}) > 1 and len(_stores(together)) >= STORM_STORES
    if not begun or not is_storm:
        return StormPlan(StormStep.NONE if state is None else StormStep.DROP)
    before = state or StormState(now_ms, now_ms, now_ms)
    members = _with(before, together)
    grew_ms = now_ms if set(members) - set(before.members) else before.grew_ms
    opened = msgspec.structs.replace(before, grew_ms=grew_ms, changed_ms=now_ms, members=members)
    is_whole = now_ms - grew_ms >= GATHERS_MS or now_ms - opened.opened_ms >= LONGEST_GATHERING_MS
    keys = tuple(one.key for one in begun)
    if can_change or is_whole:
        said = msgspec.structs.replace(opened, said_ms=now_ms, shown_ms=now_ms)
        return StormPlan(StormStep.SAY, said, keys, frozenset(one.key for one in news) & set(members))
    return StormPlan(StormStep.GATHER, opened, (), frozenset(keys))


def _going_on(
    state: StormState,
    news: Sequence[GroupNews],
    firing: Sequence[FiringGroup],
    now_ms: int,
    *,
    can_change: bool,
) -> StormPlan:
    known = set(state.members)
    joins = [one for one in news if one.reason in BEGUN and one.key not in known]
    is_open = now_ms - (state.said_ms or 0) <= JOINS_WITHIN_MS
    if not is_open and len(_stores(joins)) < STORM_STORES:
        joins = []
    mine = [one for one in news if one.key in known or one in joins]
    kept = frozenset(one.key for one in mine)

    def plan(step: StormStep, said: Sequence[GroupNews], **changes: int) -> StormPlan:
        grew = {"grew_ms": now_ms} if any(one in joins for one in said) else {}
        members = _with(state, said)
        after = msgspec.structs.replace(state, members=members, **{**grew, **changes})
        keys = tuple(one.key for one in said)
        return StormPlan(step, None if step is StormStep.END else after, keys, kept - set(keys))

    if joins and not is_open:
        return plan(StormStep.SAY, mine, changed_ms=now_ms, said_ms=now_ms, shown_ms=now_ms)
    over = {one.key for one in mine if one.reason is Reason.RESOLVED}
    ids_over = {alert_id for one in mine if one.key in over for alert_id in one.alert_ids}
    left = [one for one in firing if one.key in known and not set(one.alert_ids) <= ids_over]
    begun = [one for one in mine if one.reason in BEGUN]
    few = len(_stores([*left, *begun])) < STORM_STORES
    is_quiet = now_ms - state.changed_ms >= ENDS_AFTER_MS
    if (not left and not begun) or (few and is_quiet):
        return plan(StormStep.END, [one for one in mine if one.key in over])
    for reason, step in ((Reason.TAKEN_ON, StormStep.ACKNOWLEDGED), (Reason.REPEAT, StormStep.REMIND)):
        said = [one for one in mine if one.reason is reason]
        if said:
            return plan(step, said)
    if mine and (not can_change or now_ms - state.shown_ms >= CHANGES_EVERY_MS):
        return plan(StormStep.CHANGE, mine, changed_ms=now_ms, shown_ms=now_ms)
    if can_change and now_ms - state.shown_ms >= REFRESHES_EVERY_MS:
        return plan(StormStep.CHANGE, (), shown_ms=now_ms)
    return StormPlan(StormStep.NONE, state, (), kept)
