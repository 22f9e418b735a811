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
import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping

import structlog

from scoring.alerts.alert import AlertState
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
from streams.incidents.send_log import SendLog, SendRecord
from streams.kafka.errors import LogFencedError
from streams.metrics import NOTIFIER_FAILED, NOTIFIER_REJECTED, NOTIFIER_SENT
from streams.notifier.pace import Pace
from streams.notifier.rendering import Claim, MessageRenderer
from streams.notifier.storm import MessageBatch, batched, stores_of

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
        due: dict[str, list[tuple[AlertGroup, Decision]]] = defaultdict(list)
        now_ms = self._now_ms()
        holds = self._groups.holds(now_ms)
        for group in self._groups.all():
            receiver = group.route.receiver
            if receiver in self._under_way:
                continue
            state = self._groups.state(group, now_ms)
            decision = self._groups.decision(group, holds, now_ms)
            if decision.action is GroupAction.SEND:
                if now_ms >= max(self._not_before_ms.get(name, 0) for name in (group.key, receiver)):
                    due[receiver].append((group, decision))
                continue
            changed = after(decision, state, group.candidates, now_ms)
            if changed is not state:
                await self._send_log.write(group.key, self._record(group.key, group=changed))
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
        """Look up the money at stake of every firing alert: it may raise its severity."""
        firing = [alert for alert in self._book.alerts.values() if alert.state is AlertState.FIRING]
        await self._facts.look_up_prices(firing)
        for alert in firing:
            money = await self._facts.lost_in_base(alert)
            if money is not None:
                self._book.lost_money[alert.alert_id] = money

    def _record(self, key: str, **changes: object) -> SendRecord:
        before = self._send_log.records.get(key) or SendRecord(at_ms=0)
        fields = {name: getattr(before, name) for name in before.__struct_fields__}
        return SendRecord(**{**fields, "at_ms": self._now_ms(), **changes})

    async def _send_all(self, receiver_name: str, work: list[tuple[AlertGroup, Decision]]) -> int:
        receiver = self._config.alerting.receiver(receiver_name)
        channel = self._channels.get(receiver_name)
        if receiver is None or channel is None:
            return 0
        sent = 0
        for batch in batched(work, channel_spec(receiver.channel)):
            if not self._pace(receiver).take(self._now_ms() / 1000):
                break  # the rest waits for the next turn; nothing of it is claimed
            if not await self._send(batch, receiver, channel):
                break  # unreachable: the others would only wait for it too
            sent += 1
        return sent

    def _pace(self, receiver: ReceiverConfig) -> Pace:
        known = self._paces.get(receiver.name)
        if known is None:
            # what a notifier before this one sent counts too
            mine = [
                r for key, r in self._send_log.records.items() if key.split("|", 2)[1:2] == [receiver.name]
            ]
            sent = [r.at_ms / 1000 for r in mine if r.claim]
            sent += [r.group.last_sent_ms / 1000 for r in mine if r.group and r.group.last_sent_ms]
            limits = channel_spec(receiver.channel)
            known = Pace(receiver.per_minute or limits.per_minute, limits.per_second, sent)
            self._paces[receiver.name] = known
        return known

    async def _send(self, batch: MessageBatch, receiver: ReceiverConfig, channel: Channel) -> bool:
        """Claim, send and settle one message. False if the receiver is unreachable."""
        settled: dict[str, GroupState] = {}
        claims: dict[str, Claim] = {}
        for group, decision in batch.items:
            state = self._groups.state(group, self._now_ms())
            claim = self._claim(group, decision, state, self._record(group.key))
            claims[group.key], settled[group.key] = (
                claim,
                after(decision, state, group.candidates, self._now_ms()),
            )
            claimed = {"group": state, "claim": claim.key, "thread": claim.thread}
            claimed |= {"receipt": claim.parent, "is_shared": claim.is_shared}
            await self._send_log.write(group.key, self._record(group.key, **claimed))
        try:
            begun_ns = tracing.now_ns()
            message = await self._message(batch, receiver, settled, claims)
            receipt = await channel.send(message)
        except SendRetryableError as error:
            await self._put_off(batch, receiver, error)
            return False
        except SendRejectedError as error:
            await self._reject(batch, receiver, str(error))
            return True
        except LogFencedError:
            raise
        except Exception as error:  # one message that cannot be rendered must not silence the other receivers
            _log.exception("notification_not_rendered", receiver=receiver.name)
            await self._reject(batch, receiver, type(error).__name__)
            return True
        for alert_id in dict.fromkeys(one for _, decision in batch.items for one in decision.alert_ids):
            sent_to = {"funnelwatch.receiver": receiver.name, "funnelwatch.channel": receiver.channel}
            tracing.of_alert("message", alert_id, begun_ns, attributes=sent_to)
        NOTIFIER_SENT.labels(receiver.channel).inc()
        _log.info(
            "notification_sent",
            receiver=receiver.name,
            reason=batch.items[0][1].reason.value,
            alerts=sum(len(decision.alert_ids) for _, decision in batch.items),
        )
        for key in batch.keys:
            sent = {
                "group": settled[key],
                "claim": "",
                "receipt": claims[key].parent or receipt,
                "is_shared": claims[key].is_shared if claims[key].parent else batch.is_storm,
                "failures": 0,
            }
            await self._send_log.write(key, self._record(key, **sent))
            self._unsure.discard(key)
        self._failures.pop(receiver.name, None)
        return True

    async def _message(
        self,
        batch: MessageBatch,
        receiver: ReceiverConfig,
        settled: Mapping[str, GroupState],
        claims: Mapping[str, Claim],
    ) -> Message:
        """The message of a batch. That of a storm belongs to no incident of its own: it begins one for each of its groups."""
        group, decision = batch.as_one()
        first = claims[batch.keys[0]]
        if not batch.is_storm:
            return await self._renderer.message(group, decision, receiver, settled[group.key], first)
        content = "|".join(claims[key].key for key in batch.keys)
        key = hashlib.blake2b(content.encode(), digest_size=16).hexdigest()
        claim = Claim(key, first.thread, "", any(claims[name].is_unsure for name in batch.keys))
        everything = GroupState(
            0, sent={k: v for state in settled.values() for k, v in (state.sent or {}).items()}
        )
        stores = len(stores_of(batch.items))
        return await self._renderer.message(group, decision, receiver, everything, claim, stores=stores)

    def _claim(self, group: AlertGroup, decision: Decision, state: GroupState, record: SendRecord) -> Claim:
        """The names of the message: a new incident begins where nothing that was sent still fires."""
        is_new = not any(sent.is_firing for sent in (state.sent or {}).values())
        thread = f"{group.key}|{self._now_ms()}" if is_new or not record.thread else record.thread
        parent = "" if is_new else record.receipt
        key = _message_key(group.key, decision, state)
        return Claim(key, thread, parent, group.key in self._unsure, bool(parent) and record.is_shared)

    async def _put_off(
        self, batch: MessageBatch, receiver: ReceiverConfig, error: SendRetryableError
    ) -> None:
        failures = max(self._record(key).failures for key in batch.keys) + 1
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
        for key in batch.keys:
            await self._send_log.write(key, self._record(key, claim="", failures=failures))

    async def _reject(self, batch: MessageBatch, receiver: ReceiverConfig, error: str) -> None:
        failures = max(self._record(key).failures for key in batch.keys) + 1
        NOTIFIER_REJECTED.labels(receiver.channel).inc()
        wait_s = min(MAX_REJECTED_PAUSE_S, REJECTED_PAUSE_S * 2.0 ** min(failures - 1, 10))
        _log.error("notification_rejected", receiver=receiver.name, error=error, retry_in_s=wait_s)
        for key in batch.keys:
            self._not_before_ms[key] = self._now_ms() + round(wait_s * 1000)
            await self._send_log.write(key, self._record(key, claim="", failures=failures))

    def unreachable(self) -> tuple[str, ...]:
        """The receivers that cannot be reached now."""
        return tuple(sorted(self._failures))

    def _forget(self) -> None:
        kept = {
            alert_id
            for record in self._send_log.records.values()
            if record.group is not None
            for alert_id, sent in (record.group.sent or {}).items()
            if sent.is_firing
        }
        self._book.forget(kept, self._now_ms())


def _message_key(key: str, decision: Decision, state: GroupState) -> str:
    """Equal for a message that is begun again from the same state, different for every later one."""
    content = (
        f"{key}|{decision.reason}|{','.join(sorted(decision.alert_ids))}|{state.last_sent_ms}|{state.repeats}"
    )
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()
