"""One turn of the notifier: what the core decides for each group is claimed, sent and settled.

A message is claimed in the send log before it is sent and settled after. A process that dies in between leaves a claim
without an end; whoever comes next decides again from the state before it, so the message is sent again at most once, with the
same key (mail programs, PagerDuty and web hooks recognise it) and with a note. A failed attempt gives up its claim and is decided
again later, with what is true then. A receiver that is unreachable or asks to wait gets nothing until then, and delays no other; a
rejected message is not retried for a quarter of an hour, then with growing pauses: what fires is not forgotten. Groups and decisions
come from ``streams/incidents/groups.py``, messages from ``streams/notifier/rendering.py``.

On the path of an event: after ``streams/incidents/alert_log.py``, before the channels (``streams/channels``).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping

import structlog

from scoring.alerts.deciding import Decision, GroupAction, GroupState
from scoring.alerts.routing import Severity
from scoring.alerts.settling import after
from streams import tracing
from streams.channels import Channel, Message, SendRejectedError, SendRetryableError
from streams.channels.receiver import ReceiverConfig
from streams.channels.registry import channel_spec
from streams.config.model import Config
from streams.incidents.alert_log import AlertBook
from streams.incidents.facts import FactsReader
from streams.incidents.groups import AlertGroup, AlertGroups
from streams.incidents.send_log import SendLog, SendRecord, storm_key
from streams.kafka.errors import LogFencedError
from streams.metrics import NOTIFIER_FAILED, NOTIFIER_REJECTED, NOTIFIER_SENT
from streams.notifier.pace import Pace
from streams.notifier.rendering import Claim, MessageRenderer, message_key
from streams.notifier.storm import Item, ReceiverStorm

_log = structlog.get_logger()

#: longest wait before an unreachable receiver is tried again
MAX_BACKOFF_S = 300.0

#: how long a rejected message waits; after a restart it is retried at once, since the receiver may have been corrected
REJECTED_PAUSE_S = 900.0
MAX_REJECTED_PAUSE_S = 6 * 3600.0
#: how long a turn waits for its messages before it looks at the other receivers again
PATIENCE_S = 1.0
#: how long messages under way may take to end when the notifier stops
CLOSING_S = 5.0


class Notifier:
    """Decides, claims, sends and settles for all groups. One instance leads at a time (``role.py``)."""

    def __init__(
        self,
        config: Config,
        book: AlertBook,
        send_log: SendLog,
        facts: FactsReader,
        channels: Mapping[str, Channel],
        link_key: str,
        page_url: str,
        now_ms: Callable[[], int],
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._patience_s = patience_s
        self._config, self._book, self._send_log, self._facts = config, book, send_log, facts
        self._channels, self._now_ms = channels, now_ms
        self._groups = AlertGroups(config, book, send_log, facts)
        self._renderer = MessageRenderer(config, book, facts, link_key, page_url, now_ms)
        #: not before this moment: by group for what was rejected, by receiver for what is unreachable
        self._not_before_ms: dict[str, int] = {}
        self._failures: dict[str, int] = {}
        self._paces: dict[str, Pace] = {}
        self._under_way: dict[str, asyncio.Task[int]] = {}
        self._unsure = {key for key, record in send_log.records.items() if record.claim}

    async def turn(self) -> int:
        """Decide for every group once; returns the number of messages sent since the last turn.

        A receiver that is slow is left to itself: the turn ends without it, and its groups are not looked at until it is done.

        Raises:
            LogFencedError: another process leads now.
        """
        sent = await self._gather(0.0)
        await self._weigh()
        due: dict[str, list[Item]] = defaultdict(list)
        groups: dict[str, list[AlertGroup]] = defaultdict(list)
        now_ms = self._now_ms()
        holds = self._groups.holds(now_ms)
        for group in self._groups.all():
            receiver = group.route.receiver
            if receiver in self._under_way:
                continue
            groups[receiver].append(group)
            state = self._groups.state(group, now_ms)
            decision = self._groups.decision(group, holds, now_ms)
            if decision.action is GroupAction.SEND:
                if self._may_send(group.key, receiver):
                    due[receiver].append((group, decision))
                continue
            changed = after(decision, state, group.candidates, now_ms)
            if changed is not state:
                await self._send_log.write(group.key, self._record(group.key, group=changed))
        storms = {name for name in groups if storm_key(name) in self._send_log.records}
        for name in [*due, *(storms - set(due))]:
            work = sorted(due.get(name, ()), key=self._urgency)
            self._under_way[name] = asyncio.create_task(self._send_all(name, work, groups[name]))
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
        """Give messages under way a moment to end: one that is sent and settled is not sent again."""
        waiting = list(self._under_way.values())
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=CLOSING_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        self._under_way = {}

    def _urgency(self, item: tuple[AlertGroup, Decision]) -> tuple[int, float, float]:
        """What goes first when a receiver takes only a few: what did not fail before, what is most severe, what costs most."""
        group, decision = item
        record = self._send_log.records.get(group.key)
        chosen = [c for c in group.candidates if c.alert_id in decision.alert_ids]
        ranks = [list(Severity).index(Severity(c.labels["severity"])) for c in chosen]
        money = max((self._book.lost_money.get(c.alert_id, 0.0) for c in chosen), default=0.0)
        return (record.failures if record else 0, -max(ranks, default=0), -money)

    async def _weigh(self) -> None:
        """Look up the money at stake of every alert: it may raise the severity of one that fires, and the end of a storm says it."""
        known = list(self._book.alerts.values())
        await self._facts.look_up_prices(known)
        for alert in known:
            money = await self._facts.lost_in_base(alert)
            if money is not None:
                self._book.lost_money[alert.alert_id] = money

    def _record(self, key: str, **changes: object) -> SendRecord:
        before = self._send_log.records.get(key) or SendRecord(at_ms=0)
        fields = {name: getattr(before, name) for name in before.__struct_fields__}
        return SendRecord(**{**fields, "at_ms": self._now_ms(), **changes})

    def _may_send(self, key: str, receiver: str) -> bool:
        now_ms = self._now_ms()
        return all(now_ms >= self._not_before_ms.get(name, 0) for name in (key, receiver))

    async def _send_all(self, receiver_name: str, work: list[Item], groups: list[AlertGroup]) -> int:
        receiver = self._config.alerting.receiver(receiver_name)
        channel = self._channels.get(receiver_name)
        if receiver is None or channel is None:
            return 0
        storm = ReceiverStorm.of(receiver, self._send_log, self._groups, work, groups, self._now_ms())
        sent = 0
        if storm.has_step and self._may_send(storm.key, receiver.name):
            if storm.is_sent and not self._pace(receiver).take(self._now_ms() / 1000):
                return 0
            if not await self._step(storm, receiver, channel):
                return 0
            sent += storm.is_sent
        for item, is_quiet in storm.alone():
            if not self._pace(receiver).take(self._now_ms() / 1000):
                break  # the rest waits for the next turn; nothing of it is claimed
            if not await self._send(item, receiver, channel, is_quiet=is_quiet):
                break  # unreachable: the others would only wait for it too
            sent += 1
        return sent

    def _pace(self, receiver: ReceiverConfig) -> Pace:
        known = self._paces.get(receiver.name)
        if known is None:
            # what a notifier before this one sent counts too
            mine = [
                (key, r)
                for key, r in self._send_log.records.items()
                if key.split("|", 2)[1:2] == [receiver.name]
            ]
            sent = [r.at_ms / 1000 for _, r in mine if r.claim]
            # the groups of a storm were sent as one
            groups = {(r.thread if r.is_shared else key): r.group for key, r in mine if r.group}
            sent += [group.last_sent_ms / 1000 for group in groups.values() if group.last_sent_ms]
            limits = channel_spec(receiver.channel)
            known = Pace(receiver.per_minute or limits.per_minute, limits.per_second, sent)
            self._paces[receiver.name] = known
        return known

    async def _send(
        self, item: Item, receiver: ReceiverConfig, channel: Channel, *, is_quiet: bool = False
    ) -> bool:
        """Claim, send and settle the message of one group. False if the receiver is unreachable."""
        group, decision = item
        state, record = self._groups.state(group, self._now_ms()), self._record(group.key)
        claim = self._claim(group, decision, state, record)
        settled = after(decision, state, group.candidates, self._now_ms())
        claimed = {"group": state, "claim": claim.key, "thread": claim.thread}
        claimed |= {"receipt": claim.parent, "is_shared": claim.is_shared}

        def rendered() -> Awaitable[Message]:
            return self._renderer.message(group, decision, receiver, settled, claim, is_quiet=is_quiet)

        is_reached, receipt = await self._deliver(group.key, claimed, decision, rendered, receiver, channel)
        if receipt is not None:
            sent = {"group": settled, "claim": "", "receipt": claim.parent or receipt, "failures": 0}
            await self._send_log.write(group.key, self._record(group.key, **sent))
        return is_reached

    async def _step(self, storm: ReceiverStorm, receiver: ReceiverConfig, channel: Channel) -> bool:
        """Claim, send and settle what a storm does next, as one. False if the receiver is unreachable."""
        record = self._record(storm.key)
        claim = storm.claim(record, storm.key in self._unsure)
        if not storm.is_sent:
            await self._send_log.write_all(storm.settled(record, claim, record.receipt))
            return True

        def rendered() -> Awaitable[Message]:
            group, decision = storm.as_one()
            return self._renderer.message(group, decision, receiver, GroupState(0), claim, storm=storm.seen())

        claimed = {"claim": claim.key, "thread": claim.thread}
        decision = storm.as_one()[1]
        is_reached, receipt = await self._deliver(storm.key, claimed, decision, rendered, receiver, channel)
        if receipt is not None:
            await self._send_log.write_all(storm.settled(record, claim, claim.parent or receipt))
        return is_reached

    async def _deliver(
        self,
        key: str,
        claimed: Mapping[str, object],
        decision: Decision,
        rendered: Callable[[], Awaitable[Message]],
        receiver: ReceiverConfig,
        channel: Channel,
    ) -> tuple[bool, str | None]:
        """Claim and send one message: whether the receiver was reached, and the receipt (None: nothing was taken)."""
        await self._send_log.write(key, self._record(key, **claimed))
        begun_ns = tracing.now_ns()
        try:
            receipt = await channel.send(await rendered())
        except SendRetryableError as error:
            await self._put_off(key, receiver, error)
            return False, None
        except SendRejectedError as error:
            await self._reject(key, receiver, str(error))
            return True, None
        except LogFencedError:
            raise
        except Exception as error:  # one message that cannot be rendered must not silence the other receivers
            _log.exception("notification_not_rendered", receiver=receiver.name)
            await self._reject(key, receiver, type(error).__name__)
            return True, None
        for alert_id in decision.alert_ids:
            sent_to = {"funnelwatch.receiver": receiver.name, "funnelwatch.channel": receiver.channel}
            tracing.of_alert("message", alert_id, begun_ns, attributes=sent_to)
        NOTIFIER_SENT.labels(receiver.channel).inc()
        said = {"reason": decision.reason.value, "alerts": len(decision.alert_ids)}
        _log.info("notification_sent", receiver=receiver.name, **said)
        self._unsure.discard(key)
        self._failures.pop(receiver.name, None)
        return True, receipt

    def _claim(self, group: AlertGroup, decision: Decision, state: GroupState, record: SendRecord) -> Claim:
        """The names of the message: a new incident begins where nothing that was sent still fires."""
        is_new = not any(sent.is_firing for sent in (state.sent or {}).values())
        thread = f"{group.key}|{self._now_ms()}" if is_new or not record.thread else record.thread
        parent = "" if is_new else record.receipt
        ids = ",".join(sorted(decision.alert_ids))
        key = message_key(f"{group.key}|{decision.reason}|{ids}|{state.last_sent_ms}|{state.repeats}")
        return Claim(key, thread, parent, group.key in self._unsure, bool(parent) and record.is_shared)

    async def _put_off(self, key: str, receiver: ReceiverConfig, error: SendRetryableError) -> None:
        failures = self._record(key).failures + 1
        NOTIFIER_FAILED.labels(receiver.channel).inc()
        in_a_row = self._failures[receiver.name] = self._failures.get(receiver.name, 0) + 1
        wait_s = error.retry_after_s or min(MAX_BACKOFF_S, 2.0 ** min(in_a_row, 10))
        self._not_before_ms[receiver.name] = self._now_ms() + round(wait_s * 1000)
        _log.warning(
            "receiver_unreachable",
            receiver=receiver.name,
            error=str(error),
            failures=in_a_row,
            retry_in_s=wait_s,
        )
        await self._send_log.write(key, self._record(key, claim="", failures=failures))

    async def _reject(self, key: str, receiver: ReceiverConfig, error: str) -> None:
        failures = self._record(key).failures + 1
        NOTIFIER_REJECTED.labels(receiver.channel).inc()
        wait_s = min(MAX_REJECTED_PAUSE_S, REJECTED_PAUSE_S * 2.0 ** min(failures - 1, 10))
        _log.error("notification_rejected", receiver=receiver.name, error=error, retry_in_s=wait_s)
        self._not_before_ms[key] = self._now_ms() + round(wait_s * 1000)
        await self._send_log.write(key, self._record(key, claim="", failures=failures))

    def unreachable(self) -> tuple[str, ...]:
        """The receivers that cannot be reached now."""
        return tuple(sorted(self._failures))

    def _forget(self) -> None:
        kept: set[str] = set()
        for record in self._send_log.records.values():
            sent = (record.group.sent or {}) if record.group else {}
            kept |= {alert_id for alert_id, what in sent.items() if what.is_firing}
            kept |= set(record.storm.alert_ids if record.storm else ())  # its end counts them
        self._book.forget(kept, self._now_ms())
