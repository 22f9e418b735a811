"""One turn of the notifier: which groups are there, what does the core decide, claim it, send it, settle it.

A message is claimed in the send log before it is sent and settled after. A process that dies in between leaves a claim
without an end; whoever comes next decides afresh from the state before it, so the message is sent again at most once, with the
same key (mail programs, PagerDuty and web hooks recognise it) and with a note. A failed attempt is un-claimed and decided anew
later with what is true then. A receiver that is away or asks to wait gets nothing until then, and costs the others nothing; a
message that is refused for good is not tried again for a quarter of an hour, then ever more rarely, for what fires is not forgotten.

The file is long because claiming, sending and settling share the state of one leader, and are read as one story.

On the path of an event: the last file. After ``funnel.alerts.v1``, where ``streams/monitor/partition.py`` publishes.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import structlog

from scoring.alerts.alert import AlertState
from scoring.alerts.deciding import (
    Action,
    Candidate,
    Decision,
    GroupState,
    Reason,
    Surroundings,
    after,
    decide,
)
from scoring.alerts.routing import Route, Severity, all_match, group_key, matching_routes
from scoring.wording.cards import ActionKind, Card, build_card
from scoring.wording.cards import Surroundings as CardSurroundings
from streams.channels import Channel, Message, MessageKind, SendRejectedError, SendRetryableError
from streams.channels.receiver import ReceiverConfig
from streams.channels.registry import channel_spec
from streams.config.model import Config
from streams.config.routing import core_inhibitions, core_mute_timings, core_route
from streams.incidents.alert_log import AlertBook
from streams.incidents.facts import FactsReader
from streams.incidents.links import LIFETIME_MS, Link, sign
from streams.incidents.reader import ReaderWording
from streams.incidents.send_log import Ledger, LedgerLost, SendRecord
from streams.metrics import NOTIFIER_FAILED, NOTIFIER_REFUSED, NOTIFIER_SENT
from streams.notifier.notes import note_of
from streams.notifier.pace import Pace

log = structlog.get_logger()

#: most cards in one message; what is left over is counted in the title
MOST_CARDS = 5
MOST_BACKOFF_S = 300.0

#: how long a refused message waits: a mended receiver is told after a restart at once, else after this
REFUSED_PAUSE_S = 900.0
MOST_REFUSED_PAUSE_S = 6 * 3600.0
#: how long a turn waits for its messages before it looks at the other receivers again
PATIENCE_S = 1.0
#: how long messages under way may take to end when the notifier stops
PARTING_S = 5.0


@dataclass(slots=True)
class Group:
    """The alerts of one group on one route at this moment."""

    key: str
    route: Route
    candidates: list[Candidate] = field(default_factory=list)


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
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._patience_s = patience_s
        self._config, self._book, self._ledger, self._facts = config, book, ledger, facts
        self._channels, self._link_key, self._page_url, self._now_ms = channels, link_key, page_url, now_ms
        self._route = core_route(config.alerting)
        self._mutes = core_mute_timings(config.alerting)
        self._inhibitions = core_inhibitions(config.alerting)
        #: not before this moment: by group for what was refused, by receiver for what is away
        self._not_before_ms: dict[str, int] = {}
        self._failures: dict[str, int] = {}
        self._paces: dict[str, Pace] = {}
        self._under_way: dict[str, asyncio.Task[int]] = {}
        self._unsure = {key for key, record in ledger.records.items() if record.claim}

    def groups(self) -> list[Group]:
        """The groups of all alerts that may matter, with what routing sees of each alert.

        An alert whose labels changed (its severity rose, the routes were edited) belongs to other groups now; it also stays where
        it was told, until its end is told there.
        """
        groups: dict[str, Group] = {}
        for alert in self._book.alerts.values():
            candidate = self._book.candidate(alert, self._config)
            for route in matching_routes(self._route, candidate.labels):
                if route.receiver:
                    key = group_key(route, candidate.labels)
                    groups.setdefault(key, Group(key, route)).candidates.append(candidate)
        for key, record in self._ledger.records.items():
            told = (record.group.told or {}) if record.group else {}
            here = {c.alert_id for c in groups[key].candidates} if key in groups else set()
            for alert_id in (i for i, what in told.items() if what.is_firing and i not in here):
                moved, old = self._book.alerts.get(alert_id), self._former_route(key)
                if moved is not None and old is not None:
                    candidate = replace(self._book.candidate(moved, self._config), moved=True)
                    groups.setdefault(key, Group(key, old)).candidates.append(candidate)
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
        alerts = [alert for alert in self._book.alerts.values() if alert.state is AlertState.FIRING]
        firing = [self._book.candidate(alert, self._config) for alert in alerts]
        late = {alert.store_id for alert in alerts if self._facts.is_late(alert.store_id)}
        firing += [late_pipeline(store_id) for store_id in sorted(late)]
        # in a storm every alert is held against every one that could inhibit it: leave out those that cannot
        firing = [c for c in firing if any(all_match(rule.source, c.labels) for rule in self._inhibitions)]
        return Surroundings(self._book.actions.silences(now_ms), self._mutes, self._inhibitions, firing)

    def decision(self, group: Group) -> Decision:
        """What the core decides for a group now."""
        return self._decision(group, self.surroundings(), self._now_ms())

    def _decision(self, group: Group, around: Surroundings, now_ms: int) -> Decision:
        receiver = self._config.alerting.receiver(group.route.receiver)
        return decide(
            self.state(group),
            group.candidates,
            group.route,
            around,
            now_ms,
            hears_acknowledgement=receiver is not None
            and channel_spec(receiver.channel).hears_acknowledgement,
        )

    async def turn(self) -> int:
        """Look at every group once; the number of messages that were sent since the last turn.

        A receiver that is slow is left to itself: the turn ends without it, and its groups are not looked at until it is done.

        Raises:
            LedgerLost: another process leads now.
        """
        sent = await self._gather(0.0)
        await self._weigh()
        due: dict[str, list[tuple[Group, Decision]]] = defaultdict(list)
        around, now_ms = self.surroundings(), self._now_ms()
        for group in self.groups():
            receiver = group.route.receiver
            if receiver in self._under_way:
                continue
            state, decision = self.state(group), self._decision(group, around, now_ms)
            if decision.action is Action.SEND:
                if now_ms >= max(self._not_before_ms.get(name, 0) for name in (group.key, receiver)):
                    due[receiver].append((group, decision))
                continue
            changed = after(decision, state, group.candidates, now_ms)
            if changed is not state:
                await self._ledger.write(group.key, self._record(group.key, group=changed))
        for name, work in due.items():
            self._under_way[name] = asyncio.create_task(self._send_all(name, sorted(work, key=self._urgency)))
        sent += await self._gather(self._patience_s)
        self._forget()
        return sent

    async def _gather(self, patience_s: float) -> int:
        """The messages of the receivers that are done by then."""
        if not self._under_way:
            return 0
        done, _ = await asyncio.wait(self._under_way.values(), timeout=patience_s)
        self._under_way = {name: task for name, task in self._under_way.items() if task not in done}
        failures = [error for task in done if (error := task.exception()) is not None]
        if failures:
            raise failures[0]
        return sum(task.result() for task in done)

    async def close(self) -> None:
        """Let what is under way end, for a little while: a message that is sent and settled is not sent again."""
        waiting = list(self._under_way.values())
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=PARTING_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        self._under_way = {}

    def _urgency(self, item: tuple[Group, Decision]) -> tuple[int, float, float]:
        """What goes first when a receiver takes only so much: what did not fail before, what is worst, what costs most."""
        group, decision = item
        record = self._ledger.records.get(group.key)
        chosen = [c for c in group.candidates if c.alert_id in decision.alert_ids]
        ranks = [list(Severity).index(Severity(c.labels["severity"])) for c in chosen]
        money = max((self._book.lost_money.get(c.alert_id, 0.0) for c in chosen), default=0.0)
        return (record.failures if record else 0, -max(ranks, default=0), -money)

    async def _weigh(self) -> None:
        """Learn the money at stake of every firing alert: it may raise its severity."""
        for alert in list(self._book.alerts.values()):
            if alert.state is AlertState.FIRING:
                money = await self._facts.lost_in_base(alert)
                if money is not None:
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
            if not self._pace(receiver).take(self._now_ms() / 1000):
                break  # the rest waits for the next turn; nothing of it is claimed
            if not await self._send(group, decision, receiver, channel):
                break  # it is away: the others would only wait for it too
            sent += 1
        return sent

    def _pace(self, receiver: ReceiverConfig) -> Pace:
        known = self._paces.get(receiver.name)
        if known is None:
            # what a notifier before this one sent counts too
            mine = [r for key, r in self._ledger.records.items() if key.split("|", 2)[1:2] == [receiver.name]]
            sent = [r.at_ms / 1000 for r in mine if r.claim]
            sent += [r.group.last_sent_ms / 1000 for r in mine if r.group and r.group.last_sent_ms]
            limits = channel_spec(receiver.channel)
            known = Pace(receiver.per_minute or limits.per_minute, limits.per_second, sent)
            self._paces[receiver.name] = known
        return known

    async def _send(
        self, group: Group, decision: Decision, receiver: ReceiverConfig, channel: Channel
    ) -> bool:
        """Claim, send and settle one message. False if the receiver is away."""
        state = self.state(group)
        record = self._record(group.key)
        fresh = not any(told.is_firing for told in (state.told or {}).values())
        thread = f"{group.key}|{self._now_ms()}" if fresh or not record.thread else record.thread
        parent = "" if fresh else record.receipt
        key = _message_key(group.key, decision, state)
        settled = after(decision, state, group.candidates, self._now_ms())
        await self._ledger.write(
            group.key, self._record(group.key, group=state, claim=key, thread=thread, receipt=parent)
        )
        try:
            message = await self._message(group, decision, receiver, settled, key, thread, parent)
            receipt = await channel.send(message)
        except SendRetryableError as error:
            await self._put_off(group, record.failures + 1, receiver, error)
            return False
        except SendRejectedError as error:
            await self._refuse(group, record.failures + 1, receiver, str(error))
            return True
        except LedgerLost:
            raise
        except Exception as error:  # one message that cannot be made must not silence the other receivers
            log.exception("a message cannot be made", receiver=receiver.name)
            await self._refuse(group, record.failures + 1, receiver, type(error).__name__)
            return True
        NOTIFIER_SENT.labels(receiver.channel).inc()
        log.info("told", receiver=receiver.name, reason=decision.reason.value, alerts=len(decision.alert_ids))
        await self._ledger.write(
            group.key,
            self._record(group.key, group=settled, claim="", receipt=parent or receipt, failures=0),
        )
        self._unsure.discard(group.key)
        self._failures.pop(receiver.name, None)
        return True

    async def _put_off(
        self, group: Group, failures: int, receiver: ReceiverConfig, error: SendRetryableError
    ) -> None:
        NOTIFIER_FAILED.labels(receiver.channel).inc()
        in_a_row = self._failures[receiver.name] = self._failures.get(receiver.name, 0) + 1
        wait_s = error.retry_after_s or min(MOST_BACKOFF_S, 2.0 ** min(in_a_row, 10))
        self._not_before_ms[receiver.name] = self._now_ms() + round(wait_s * 1000)
        log.warning(
            "a receiver is away", receiver=receiver.name, error=str(error), failures=in_a_row, wait_s=wait_s
        )
        await self._ledger.write(group.key, self._record(group.key, claim="", failures=failures))

    async def _refuse(self, group: Group, failures: int, receiver: ReceiverConfig, error: str) -> None:
        NOTIFIER_REFUSED.labels(receiver.channel).inc()
        wait_s = min(MOST_REFUSED_PAUSE_S, REFUSED_PAUSE_S * 2.0 ** min(failures - 1, 10))
        self._not_before_ms[group.key] = self._now_ms() + round(wait_s * 1000)
        log.error("a message was refused", receiver=receiver.name, error=error, wait_s=wait_s)
        await self._ledger.write(group.key, self._record(group.key, claim="", failures=failures))

    def troubles(self) -> tuple[str, ...]:
        """The receivers that nothing reaches now."""
        return tuple(sorted(self._failures))

    async def _message(
        self,
        group: Group,
        decision: Decision,
        receiver: ReceiverConfig,
        settled: GroupState,
        key: str,
        thread: str,
        parent: str,
    ) -> Message:
        by_id = {candidate.alert_id: candidate for candidate in group.candidates}
        chosen = sorted(
            (by_id[alert_id] for alert_id in decision.alert_ids),
            key=lambda c: (
                not c.is_firing or c.closed,
                -list(Severity).index(Severity(c.labels["severity"])),
            ),
        )
        cards = tuple([await self.card(candidate, receiver) for candidate in chosen[:MOST_CARDS]])
        told = {alert_id for alert_id, what in (settled.told or {}).items() if what.is_firing}
        others = len(told - set(decision.alert_ids))
        opened_ms = min(self._book.alerts[c.alert_id].opened_at_ms for c in chosen)
        silences = [
            silence
            for silence in self._book.actions.ended(self._now_ms())
            if silence.ends_ms >= opened_ms and any(silence.covers(c.labels) for c in chosen)
        ]
        return Message(
            key=key,
            thread=thread,
            parent=parent,
            kind=_kind(decision, cards),
            language=receiver.language,
            cards=cards,
            note=note_of(
                receiver.language,
                decision.reason,
                unsure=group.key in self._unsure,
                left_out=len(chosen) - len(cards),
                others=others,
                silence=max(silences, key=lambda s: s.ends_ms, default=None),
            ),
            others_firing=others,
        )

    async def card(self, candidate: Candidate, receiver: ReceiverConfig) -> Card:
        """The card of one alert for one receiver."""
        alert = self._book.alerts[candidate.alert_id]
        facts = await self._facts.facts(alert)
        threshold = self._config.thresholds
        standing = self._book.actions.standing(alert.alert_id)
        around = CardSurroundings(
            store=facts.store,
            threshold=threshold.page if alert.level.value == "page" else threshold.notice,
            severity=Severity(candidate.labels["severity"]),
            health=facts.health,
            calendar=facts.calendar(alert, receiver.language),
            acknowledged_by=standing.acknowledged_by,
            assignee=standing.assignee,
            closed_by=standing.closed_by,
            closed_as=standing.closed_as,
            links=self._links(alert.alert_id, receiver),
        )
        return build_card(alert, around, ReaderWording(receiver.language), receiver.zone)

    def _links(self, alert_id: str, receiver: ReceiverConfig) -> dict[ActionKind, str]:
        """The addresses of a card's actions. Each message has its own: a silence that has ended can be asked for again."""
        if not self._page_url:
            return {}
        base = self._page_url.rstrip("/")
        links = {ActionKind.DETAILS: f"{base}/alerts/{alert_id}?lang={receiver.language}"}
        if not self._link_key:
            return links
        ends_ms = self._now_ms() + LIFETIME_MS
        pressed = [kind for kind in ActionKind if kind is not ActionKind.DETAILS]
        signed = {
            kind: f"{base}/do/{sign(Link(alert_id, kind.value, receiver.name, ends_ms), self._link_key)}?lang={receiver.language}"
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


def late_pipeline(store_id: str) -> Candidate:
    """What stands for "the data of this store is late" among the firing alerts, for inhibitions to name (``kind=pipeline``)."""
    name = f"pipeline-late-{store_id}"
    return Candidate(name, {"alert_id": name, "store_id": store_id, "kind": "pipeline"}, True, 0)


def _kind(decision: Decision, cards: tuple[Card, ...]) -> MessageKind:
    if decision.reason is Reason.TAKEN_ON:
        return MessageKind.ACKNOWLEDGED
    return MessageKind.FIRING if any(card.is_firing for card in cards) else MessageKind.RESOLVED


def _message_key(key: str, decision: Decision, state: GroupState) -> str:
    """Equal for a message that is begun again from the same state, different for every later one."""
    content = (
        f"{key}|{decision.reason}|{','.join(sorted(decision.alert_ids))}|{state.last_sent_ms}|{state.repeats}"
    )
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()
