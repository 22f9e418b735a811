"""One turn of the notifier: which groups are there, what does the core decide, claim it, send it, settle it.

A message is claimed in the send log before it is sent and settled after. A process that dies in between leaves a claim
without an end; whoever comes next decides afresh from the state before it, so the message is sent again at most once, with the
same key (mail programs, PagerDuty and web hooks recognise it) and with a note. A failed attempt is un-claimed and decided anew
later with what is true then; a refused one is settled as told, so it is not tried for ever.

On the path of an event: the last file. After ``funnel.alerts.v1``, where ``streams/monitor/partition.py`` publishes.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from scoring.alerts import AlertState
from scoring.cards import ActionKind, Card, build_card
from scoring.cards import Surroundings as CardSurroundings
from scoring.routing import Route, Severity, group_key, matching_routes
from scoring.telling import (
    Action,
    Candidate,
    Decision,
    GroupState,
    Reason,
    Surroundings,
    after,
    decide,
)
from scoring.texts import Text
from streams.config import Config
from streams.metrics import NOTIFIER_FAILED, NOTIFIER_REFUSED, NOTIFIER_SENT
from streams.notifier.book import AlertBook
from streams.notifier.channels import Channel, Message, MessageKind, SendRefused, SendRetryable
from streams.notifier.channels.build import PER_MINUTE
from streams.notifier.facts import FactsReader
from streams.notifier.ledger import Ledger, SendRecord
from streams.notifier.links import LIFETIME_MS, Link, sign
from streams.notifier.rules import ReceiverConfig, core_inhibitions, core_mute_timings, core_route
from streams.notifier.wording import ReaderWording

log = structlog.get_logger()

#: most cards in one message; what is left over is counted in the title
MOST_CARDS = 5
MOST_BACKOFF_S = 300.0

NOTES: Mapping[Reason, Text] = {
    Reason.REPEAT: Text(
        "提醒：仍未恢复，也无人认领。", "Reminder: not over yet, and nobody has taken it on."
    ),
    Reason.HOLD_ENDED: Text(
        "此前被静默、免打扰或抑制，现已到期，告警仍在。",
        "It was held back (silence, mute or inhibition); that has ended and the alert is still firing.",
    ),
    Reason.RAISED: Text("级别上升。", "The severity has risen."),
    Reason.ADDED: Text("同组又有新告警。", "More alerts in this group."),
}
UNSURE = Text("（本条可能重复发送）", "(This may be a repeat: the last attempt was interrupted.)")


@dataclass(slots=True)
class Group:
    """The alerts of one group on one route at this moment."""

    key: str
    route: Route
    candidates: list[Candidate] = field(default_factory=list)


class Bucket:
    """How many messages a receiver may still take: a token bucket of one minute."""

    def __init__(self, per_minute: float, now_s: float) -> None:
        self._rate = per_minute / 60.0
        self._most = max(1.0, per_minute)
        self._tokens, self._at_s = self._most, now_s

    def take(self, now_s: float) -> bool:
        """Take one if there is one."""
        self._tokens = min(self._most, self._tokens + (now_s - self._at_s) * self._rate)
        self._at_s = now_s
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


class Notifier:
    """Decides, claims, sends and settles for all groups. One instance leads at a time (``role.py``)."""

    def __init__(
        self,
        config: Config,
        book: AlertBook,
        ledger: Ledger,
        facts: FactsReader,
        channels: Mapping[str, Channel],
        link_key: str,
        page_url: str,
        now_ms: Callable[[], int],
    ) -> None:
        self._config, self._book, self._ledger, self._facts = config, book, ledger, facts
        self._channels, self._link_key, self._page_url, self._now_ms = channels, link_key, page_url, now_ms
        self._route = core_route(config.alerting)
        self._mutes = core_mute_timings(config.alerting)
        self._inhibitions = core_inhibitions(config.alerting)
        self._not_before_ms: dict[str, int] = {}
        self._buckets: dict[str, Bucket] = {}
        self._unsure = {key for key, record in ledger.records.items() if record.claim}

    def groups(self) -> list[Group]:
        """The groups of all alerts that may matter, with what routing sees of each alert."""
        groups: dict[str, Group] = {}
        for alert in self._book.alerts.values():
            candidate = self._book.candidate(alert, self._config)
            for route in matching_routes(self._route, candidate.labels):
                if route.receiver:
                    key = group_key(route, candidate.labels)
                    groups.setdefault(key, Group(key, route)).candidates.append(candidate)
        return list(groups.values())

    def state(self, group: Group) -> GroupState:
        """The group's state in the send log; for a new one, from when its first alert fired."""
        record = self._ledger.records.get(group.key)
        if record is not None and record.group is not None:
            return record.group
        fired = [self._book.alerts[c.alert_id].fired_at_ms for c in group.candidates]
        return GroupState(first_seen_ms=min((at for at in fired if at is not None), default=self._now_ms()))

    def surroundings(self) -> Surroundings:
        """What holds messages back now."""
        now_ms = self._now_ms()
        firing = [
            self._book.candidate(alert, self._config)
            for alert in self._book.alerts.values()
            if alert.state is AlertState.FIRING
        ]
        return Surroundings(self._book.actions.silences(now_ms), self._mutes, self._inhibitions, firing)

    def decision(self, group: Group) -> Decision:
        """What the core decides for a group now."""
        return decide(self.state(group), group.candidates, group.route, self.surroundings(), self._now_ms())

    async def turn(self) -> int:
        """Look at every group once; the number of messages sent.

        Raises:
            LedgerLost: another process leads now.
        """
        await self._weigh()
        due: dict[str, list[tuple[Group, Decision]]] = defaultdict(list)
        around, now_ms = self.surroundings(), self._now_ms()
        for group in self.groups():
            state = self.state(group)
            decision = decide(state, group.candidates, group.route, around, now_ms)
            if decision.action is Action.SEND:
                if now_ms >= self._not_before_ms.get(group.key, 0):
                    due[group.route.receiver].append((group, decision))
                continue
            changed = after(decision, state, group.candidates, now_ms)
            if changed is not state:
                await self._ledger.write(group.key, self._record(group.key, group=changed))
        sent = await asyncio.gather(*(self._send_all(name, work) for name, work in due.items()))
        self._forget()
        return sum(sent)

    async def _weigh(self) -> None:
        """Learn the money at stake of every firing alert: it may raise its severity."""
        for alert in list(self._book.alerts.values()):
            if alert.state is AlertState.FIRING and alert.lost > 0:
                facts = await self._facts.facts(alert)
                if facts.store.money_per_event is not None and facts.base_rate is not None:
                    money = alert.lost * facts.store.money_per_event * facts.base_rate
                    self._book.lost_money[alert.alert_id] = money

    def _record(self, key: str, **changes: object) -> SendRecord:
        before = self._ledger.records.get(key) or SendRecord(at_ms=0)
        fields = {name: getattr(before, name) for name in before.__struct_fields__}
        return SendRecord(**{**fields, "at_ms": self._now_ms(), **changes})

    async def _send_all(self, receiver_name: str, work: list[tuple[Group, Decision]]) -> int:
        receiver = self._config.alerting.receiver(receiver_name)
        channel = self._channels.get(receiver_name)
        if receiver is None or channel is None:
            return 0
        sent = 0
        for group, decision in work:
            now_s = self._now_ms() / 1000
            bucket = self._buckets.setdefault(
                receiver_name, Bucket(receiver.per_minute or PER_MINUTE[receiver.channel], now_s)
            )
            if not bucket.take(now_s):
                break  # the rest waits for the next turn; nothing of it is claimed
            sent += await self._send(group, decision, receiver, channel)
        return sent

    async def _send(
        self, group: Group, decision: Decision, receiver: ReceiverConfig, channel: Channel
    ) -> int:
        state = self.state(group)
        record = self._record(group.key)
        fresh = not any(told.is_firing for told in (state.told or {}).values())
        thread = f"{group.key}|{self._now_ms()}" if fresh or not record.thread else record.thread
        parent = "" if fresh else record.receipt
        key = _message_key(group.key, decision, state)
        await self._ledger.write(
            group.key, self._record(group.key, group=state, claim=key, thread=thread, receipt=parent)
        )
        message = await self._message(group, decision, receiver, key, thread, parent)
        try:
            receipt = await channel.send(message)
        except SendRetryable as error:
            await self._put_off(group, record.failures + 1, receiver, error)
            return 0
        except SendRefused as error:
            NOTIFIER_REFUSED.labels(receiver.channel).inc()
            log.error("a message was refused", receiver=receiver.name, error=str(error))
            receipt = parent
        else:
            NOTIFIER_SENT.labels(receiver.channel).inc()
            log.info(
                "told", receiver=receiver.name, reason=decision.reason.value, alerts=len(decision.alert_ids)
            )
        settled = after(decision, state, group.candidates, self._now_ms())
        await self._ledger.write(
            group.key,
            self._record(group.key, group=settled, claim="", receipt=parent or receipt, failures=0),
        )
        self._unsure.discard(group.key)
        return 1

    async def _put_off(
        self, group: Group, failures: int, receiver: ReceiverConfig, error: SendRetryable
    ) -> None:
        NOTIFIER_FAILED.labels(receiver.channel).inc()
        wait_s = error.retry_after_s or min(MOST_BACKOFF_S, 2.0 ** min(failures, 10))
        self._not_before_ms[group.key] = self._now_ms() + round(wait_s * 1000)
        self._unsure.discard(group.key)
        log.warning(
            "a message waits", receiver=receiver.name, error=str(error), failures=failures, wait_s=wait_s
        )
        await self._ledger.write(group.key, self._record(group.key, claim="", failures=failures))

    async def _message(
        self, group: Group, decision: Decision, receiver: ReceiverConfig, key: str, thread: str, parent: str
    ) -> Message:
        by_id = {candidate.alert_id: candidate for candidate in group.candidates}
        chosen = sorted(
            (by_id[alert_id] for alert_id in decision.alert_ids),
            key=lambda c: (not c.is_firing, -list(Severity).index(Severity(c.labels["severity"]))),
        )
        cards = tuple([await self.card(candidate, receiver) for candidate in chosen[:MOST_CARDS]])
        notes = [NOTES[decision.reason](receiver.language)] if decision.reason in NOTES else []
        if group.key in self._unsure:
            notes.append(UNSURE(receiver.language))
        if len(chosen) > MOST_CARDS:
            more = Text("另有 {n} 条告警，见页面。", "{n} more alerts: see the page.")
            notes.append(more(receiver.language, n=len(chosen) - MOST_CARDS))
        return Message(
            key=key,
            thread=thread,
            parent=parent,
            kind=MessageKind.FIRING if any(card.is_firing for card in cards) else MessageKind.RESOLVED,
            language=receiver.language,
            cards=cards,
            note=" ".join(notes),
        )

    async def card(self, candidate: Candidate, receiver: ReceiverConfig) -> Card:
        """The card of one alert for one receiver."""
        alert = self._book.alerts[candidate.alert_id]
        facts = await self._facts.facts(alert)
        threshold = self._config.thresholds
        around = CardSurroundings(
            store=facts.store,
            threshold=threshold.page if alert.level.value == "page" else threshold.notice,
            severity=Severity(candidate.labels["severity"]),
            health=facts.health,
            acknowledged_by=self._book.actions.standing(alert.alert_id).acknowledged_by,
            links=self._links(alert.alert_id, alert.opened_at_ms, receiver),
        )
        return build_card(alert, around, ReaderWording(receiver.language), receiver.zone)

    def _links(self, alert_id: str, opened_at_ms: int, receiver: ReceiverConfig) -> dict[ActionKind, str]:
        if not self._page_url:
            return {}
        base = self._page_url.rstrip("/")
        links = {ActionKind.DETAILS: f"{base}/alerts/{alert_id}?lang={receiver.language}"}
        if not self._link_key:
            return links
        pressed = [kind for kind in ActionKind if kind is not ActionKind.DETAILS]
        signed = {
            kind: f"{base}/do/{sign(Link(alert_id, kind.value, receiver.name, opened_at_ms + LIFETIME_MS), self._link_key)}"
            for kind in pressed
        }
        return signed | links

    def _forget(self) -> None:
        kept = {
            alert_id
            for record in self._ledger.records.values()
            if record.group is not None
            for alert_id, told in (record.group.told or {}).items()
            if told.is_firing
        }
        self._book.forget(kept)


def _message_key(key: str, decision: Decision, state: GroupState) -> str:
    """Equal for a message that is begun again from the same state, different for every later one."""
    content = (
        f"{key}|{decision.reason}|{','.join(sorted(decision.alert_ids))}|{state.last_sent_ms}|{state.repeats}"
    )
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()
