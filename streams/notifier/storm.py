"""The storm of one receiver in one turn: what the core decides of it, and the groups that its one message is about.

Called by ``notifier.py`` with all that is due for one receiver in a turn. Programs and pagers have no storms: they keep one incident a
group. The decision is the core's (``scoring/alerts/storm.py``); what is remembered of a storm is a record of the send log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec

from scoring.alerts.deciding import AcknowledgementNews, Candidate, Decision, GroupAction, GroupState, Reason
from scoring.alerts.settling import after
from scoring.alerts.storm import FiringGroup, GroupNews, StormPlan, StormState, StormStep, next_step
from streams.channels.receiver import ReceiverConfig
from streams.channels.registry import channel_spec
from streams.incidents.groups import AlertGroup, AlertGroups
from streams.incidents.send_log import SendLog, SendRecord, storm_key
from streams.notifier.notes import StormSeen
from streams.notifier.rendering import Claim, message_key

#: what is due of a group
Item = tuple[AlertGroup, Decision]
_REASONS = {
    StormStep.ACKNOWLEDGED: Reason.TAKEN_ON,
    StormStep.REMIND: Reason.REPEAT,
    StormStep.END: Reason.RESOLVED,
}


def stores_of(candidates: Sequence[Candidate]) -> frozenset[str]:
    """The stores that are off by alerts; of a pool, whose other members may be as usual, those that make up most of it."""
    return frozenset(
        store for c in candidates for store in c.missing_in or c.members or {c.labels.get("store_id", "")}
    )


def _news(group: AlertGroup, decision: Decision) -> GroupNews:
    about = [c for c in group.candidates if c.alert_id in decision.alert_ids]
    return GroupNews(group.key, decision.reason, decision.alert_ids, stores_of(about))


def _firing(group: AlertGroup, state: GroupState) -> FiringGroup | None:
    sent = {alert_id for alert_id, what in (state.sent or {}).items() if what.is_firing}
    firing = [c for c in group.candidates if c.alert_id in sent]
    if not firing:
        return None
    since_ms = max(c.fired_ms or 0 for c in firing)
    return FiringGroup(group.key, tuple(c.alert_id for c in firing), stores_of(firing), since_ms)


@dataclass(frozen=True)
class ReceiverStorm:
    """What a receiver's storm does in this turn.

    ``work`` is what is due, ``groups`` are all groups of the receiver with their ``states`` and ``records`` in the send log, ``before``
    is the storm as it was.
    """

    receiver: ReceiverConfig
    work: Sequence[Item]
    groups: Mapping[str, AlertGroup]
    states: Mapping[str, GroupState]
    records: Mapping[str, SendRecord]
    before: StormState | None
    plan: StormPlan
    now_ms: int

    @classmethod
    def of(
        cls,
        receiver: ReceiverConfig,
        send_log: SendLog,
        groups: AlertGroups,
        work: Sequence[Item],
        mine: Sequence[AlertGroup],
        now_ms: int,
    ) -> ReceiverStorm:
        """The storm of ``receiver``, whose groups are ``mine``."""
        states = {group.key: groups.state(group, now_ms) for group in mine}
        spec = channel_spec(receiver.channel)
        record = send_log.records.get(storm_key(receiver.name))
        before = record.storm if record else None
        plan = StormPlan(StormStep.NONE)
        if not spec.takes_all and spec.acknowledgements is not AcknowledgementNews.INCIDENT:
            plan = next_step(
                before,
                [_news(group, decision) for group, decision in work],
                [one for group in mine if (one := _firing(group, states[group.key])) is not None],
                now_ms,
                can_change=spec.can_change(receiver),
            )
        records = {key: send_log.records[key] for key in states if key in send_log.records}
        return cls(receiver, work, {g.key: g for g in mine}, states, records, before, plan, now_ms)

    @property
    def key(self) -> str:
        """The key of its record."""
        return storm_key(self.receiver.name)

    @property
    def has_step(self) -> bool:
        """Whether there is anything to do about it."""
        return self.plan.step is not StormStep.NONE

    @property
    def is_sent(self) -> bool:
        """Whether its step is a message: what cannot be changed takes changes without one."""
        return self.plan.step not in (StormStep.NONE, StormStep.GATHER, StormStep.DROP) and (
            not self._is_change or self._can_change
        )

    @property
    def _is_change(self) -> bool:
        return self.plan.step is StormStep.CHANGE

    @property
    def _can_change(self) -> bool:
        return channel_spec(self.receiver.channel).can_change(self.receiver)

    def alone(self) -> Iterator[tuple[Item, bool]]:
        """What is said of single groups, and whether that only changes what was sent of them before the storm."""
        for item in self.work:
            key = item[0].key
            if key not in self.plan.news and key not in self.plan.kept:
                yield item, False
            elif self._changes_own(key):
                yield item, True

    def _changes_own(self, key: str) -> bool:
        """Whether what is due of a group is shown on a message of its own, too: it was sent before the storm, and can be changed."""
        is_due = key in self.plan.news and self.plan.step in (StormStep.CHANGE, StormStep.END)
        return is_due and self._can_change and self._has_own(key)

    def _has_own(self, key: str) -> bool:
        record, sent = self.records.get(key), self.states[key].sent or {}
        is_own = record is not None and bool(record.receipt) and not record.is_shared
        return is_own and any(what.is_firing for what in sent.values())

    def claim(self, record: SendRecord, is_unsure: bool) -> Claim:
        """The names of its message."""
        state = self.plan.state or self.before
        thread = record.thread or f"{self.key}|{self.now_ms}"
        moment = f"{state.said_ms}|{state.changed_ms}" if state else ""
        ids = ",".join(sorted(self._decided))
        return Claim(
            message_key(f"{thread}|{self.plan.step}|{ids}|{moment}"), thread, record.receipt, is_unsure
        )

    @cached_property
    def _decided(self) -> tuple[str, ...]:
        """The alerts of which something is due in this step."""
        return tuple(i for group, one in self.work if group.key in self.plan.news for i in one.alert_ids)

    @cached_property
    def _members(self) -> tuple[Candidate, ...]:
        """All its alerts that are known: those that fire, and those that are over."""
        ids = {i for state in (self.before, self.plan.state) if state for i in state.alert_ids}
        found = {
            c.alert_id: c for group in self.groups.values() for c in group.candidates if c.alert_id in ids
        }
        return tuple(found.values())

    def as_one(self) -> tuple[AlertGroup, Decision]:
        """Its groups as one, and what is decided of them all."""
        reason = _REASONS.get(self.plan.step, Reason.NEW)
        ids = [c.alert_id for c in self._members]
        if self.plan.step is StormStep.END:
            # those that are over; where every one of them has come back meanwhile, what is left
            ids = [c.alert_id for c in self._members if is_over(c)] or ids
        route = next(iter(self.groups.values())).route
        return AlertGroup(self.key, route, list(self._members)), Decision(
            GroupAction.SEND, reason, tuple(ids)
        )

    def seen(self) -> StormSeen:
        """What its message says of all its stores."""
        off = stores_of([c for c in self._members if not is_over(c)])
        over = stores_of([c for c in self._members if is_over(c)]) - off
        since_ms = min((c.fired_ms for c in self._members if c.fired_ms is not None), default=self.now_ms)
        return StormSeen(
            off=tuple(sorted(off)),
            over=len(over),
            minutes=round((self.now_ms - since_ms) / 60_000),
            is_ended=self.plan.step is StormStep.END,
            is_change=self._is_change,
            can_change=self._can_change,
            taken=frozenset(self._decided) if self.plan.step is StormStep.ACKNOWLEDGED else frozenset(),
        )

    def settled(self, record: SendRecord, claim: Claim, receipt: str) -> dict[str, SendRecord | None]:
        """What is remembered once its step has been carried out: of the storm, and of each of its groups."""
        plan, now_ms = self.plan, self.now_ms
        if plan.state is None:
            written: dict[str, SendRecord | None] = {self.key: None}
        else:
            names = {"claim": "", "thread": claim.thread, "receipt": receipt, "failures": 0}
            changed = msgspec.structs.replace(record, at_ms=now_ms, storm=plan.state, **names)
            written = {self.key: changed}
        # reminders of all its groups fall due together
        said_ms = now_ms if self.plan.step in (StormStep.SAY, StormStep.REMIND) else None
        said_ms = said_ms or (self.before.said_ms if self.before else None) or now_ms
        for group, decision in self.work:
            if group.key in plan.news and not self._changes_own(group.key):
                state = after(decision, self.states[group.key], group.candidates, now_ms)
                state = msgspec.structs.replace(state, last_sent_ms=said_ms)
                own = self.records.get(group.key) or SendRecord(now_ms)
                if not self._has_own(group.key):
                    own = msgspec.structs.replace(own, thread=claim.thread, receipt=receipt, is_shared=True)
                written[group.key] = msgspec.structs.replace(
                    own, at_ms=now_ms, group=state, claim="", failures=0
                )
        if plan.step is StormStep.SAY and plan.state is not None:
            for key in set(plan.state.members) & set(self.records) - set(written):
                own, state = self.records[key], self.states[key]
                written[key] = msgspec.structs.replace(
                    own, group=msgspec.structs.replace(state, last_sent_ms=said_ms)
                )
        return written


def is_over(candidate: Candidate) -> bool:
    """Whether nothing more is to be done about an alert."""
    return not candidate.is_firing or candidate.closed
