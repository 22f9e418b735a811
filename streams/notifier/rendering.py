"""The message of a decision: its cards, its note and the links of its buttons, for one receiver."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from scoring.alerts.alert import AlertTransition
from scoring.alerts.deciding import Candidate, Decision, GroupState, Reason
from scoring.alerts.routing import Severity
from scoring.wording.alert_words import alert_name
from scoring.wording.card import PLACES, ActionKind, Card
from scoring.wording.card import CardContext as CardSurroundings
from scoring.wording.cards import build_card
from scoring.wording.catalogue import pool_name
from scoring.wording.text import Language
from streams.channels import Message, MessageKind
from streams.channels.receiver import ReceiverConfig
from streams.channels.registry import channel_spec
from streams.config.core import threshold_of
from streams.config.model import Config
from streams.incidents.alert_log import AlertBook
from streams.incidents.facts import FactsReader
from streams.incidents.groups import AlertGroup
from streams.incidents.links import LIFETIME_MS, Link, sign
from streams.incidents.reader import ReaderWording
from streams.notifier.notes import StormSeen, note_of, note_of_acknowledged, note_of_storm, summary_of_storm

#: most cards in one message to people; what is left over is counted in its note
MAX_CARDS = 5


@dataclass(frozen=True, slots=True)
class Claim:
    """What names a message before it is sent: its key, its incident, the incident's first message at the receiver.

    ``is_unsure``: an earlier attempt was interrupted, so it may have been sent already.
    """

    key: str
    thread: str
    parent: str
    is_unsure: bool
    #: that first message is the summary of a storm, and of other incidents too
    is_shared: bool = False


def message_key(content: str) -> str:
    """The key of a message from what makes it the one that it is: equal for one that is begun again, different for every later one."""
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


class MessageRenderer:
    """Renders messages from the books and the facts of the alerts' stores."""

    def __init__(
        self,
        config: Config,
        book: AlertBook,
        facts: FactsReader,
        link_key: str,
        page_url: str,
        now_ms: Callable[[], int],
    ) -> None:
        self._config, self._book, self._facts = config, book, facts
        self._link_key, self._page_url, self._now_ms = link_key, page_url, now_ms

    async def message(
        self,
        group: AlertGroup,
        decision: Decision,
        receiver: ReceiverConfig,
        settled: GroupState,
        claim: Claim,
        *,
        storm: StormSeen | None = None,
        is_quiet: bool = False,
    ) -> Message:
        """The message of a decision that was claimed; ``storm`` is what is said of it where it is one's."""
        by_id = {candidate.alert_id: candidate for candidate in group.candidates}
        chosen = sorted(
            (by_id[alert_id] for alert_id in decision.alert_ids),
            key=lambda c: (
                not c.is_firing or c.closed,
                -list(Severity).index(Severity(c.labels["severity"])),
            ),
        )
        shown = chosen if channel_spec(receiver.channel).takes_all else chosen[:MAX_CARDS]
        cards = tuple([await self.card(candidate, receiver) for candidate in shown])
        if decision.reason is Reason.TAKEN_ON:
            return self._acknowledged(chosen, cards, receiver, claim, storm)
        sent = {alert_id for alert_id, what in (settled.sent or {}).items() if what.is_firing}
        others = len(sent - set(decision.alert_ids))
        opened_ms = min(self._book.alerts[c.alert_id].opened_at_ms for c in chosen)
        silences = [
            silence
            for silence in self._book.actions.ended(self._now_ms())
            if silence.ends_ms >= opened_ms and any(silence.covers(c.labels) for c in chosen)
        ]
        note = note_of(
            receiver.language,
            decision.reason,
            unsure=claim.is_unsure,
            left_out=len(chosen) - len(cards),
            others=others,
            silence=max(silences, key=lambda s: s.ends_ms, default=None),
        )
        return Message(
            key=claim.key,
            thread=claim.thread,
            parent=claim.parent,
            is_shared=claim.is_shared,
            kind=_kind(cards),
            language=receiver.language,
            cards=cards,
            note=f"{note} {note_of_storm(receiver.language, storm)}".strip() if storm else note,
            others_firing=others,
            summary=self._summary(chosen, storm, receiver) if storm else "",
            is_quiet=is_quiet or bool(storm and storm.is_change),
        )

    def _summary(self, chosen: list[Candidate], storm: StormSeen, receiver: ReceiverConfig) -> str:
        """What a storm has in common, and what it has cost where that is known of it."""
        lost = self._lost_together(chosen)
        wording = ReaderWording(receiver.language)
        cost = wording.money(lost, self._config.alerting.base_currency) if lost else ""
        names = [self._name(store, receiver.language) for store in storm.off]
        return summary_of_storm(receiver.language, storm, names, cost)

    def _lost_together(self, chosen: list[Candidate]) -> float:
        """What alerts have cost in the base currency, each store once.

        The steps of one store lose the same visitors, and pools share their stores with each other and with alerts of their own: of each
        store the largest loss counts.
        """
        by_store: dict[str, float] = {}
        for c in chosen:
            money, alert = self._book.lost_money.get(c.alert_id, 0.0), self._book.alerts[c.alert_id]
            whole = {alert.store_id: money}
            parts = (
                {part.segment: money * part.share for part in alert.contributions} if alert.members else whole
            )
            for store, part in parts.items():
                by_store[store] = max(by_store.get(store, 0.0), part)
        return sum(by_store.values())

    def _acknowledged(
        self,
        chosen: list[Candidate],
        cards: tuple[Card, ...],
        receiver: ReceiverConfig,
        claim: Claim,
        storm: StormSeen | None,
    ) -> Message:
        """That somebody has acknowledged what was sent: one line, and the cards for what keeps an incident up to date."""
        taken = []
        for candidate in (c for c in chosen if storm is None or c.alert_id in storm.taken):
            alert = self._book.alerts[candidate.alert_id]
            name = self._name(alert.store_id, receiver.language)
            who = self._book.actions.handling(alert.alert_id).acknowledged_by
            taken.append((who, f"{name} · {alert_name(alert.kind, alert.step, receiver.language)}"))
        return Message(
            key=claim.key,
            thread=claim.thread,
            parent=claim.parent,
            is_shared=claim.is_shared,
            kind=MessageKind.ACKNOWLEDGED,
            language=receiver.language,
            cards=cards,
            note=note_of_acknowledged(receiver.language, taken),
            summary=self._summary(chosen, storm, receiver) if storm else "",
        )

    def _name(self, store_id: str, language: Language) -> str:
        store = self._config.store(store_id)
        return store.called(language) if store else pool_name(store_id, language) or store_id

    async def card(self, candidate: Candidate, receiver: ReceiverConfig) -> Card:
        """The card of one alert for one receiver."""
        alert = self._book.alerts[candidate.alert_id]
        facts = await self._facts.facts(alert)
        handling = self._book.actions.handling(alert.alert_id)
        around = CardSurroundings(
            store=replace(facts.store, name=self._name(alert.store_id, receiver.language)),
            threshold=threshold_of(self._config, alert.kind, alert.level),
            severity=Severity(candidate.labels["severity"]),
            health=facts.health,
            calendar=facts.calendar(alert, receiver.language),
            acknowledged_by=handling.acknowledged_by,
            assignee=handling.assignee,
            closed_by=handling.closed_by,
            closed_as=handling.closed_as,
            links=self._links(alert, receiver),
            member_names={member: self._name(member, receiver.language) for member in alert.members},
            now_ms=self._now_ms(),
            present=await self._facts.present(alert),
            curve=await self._facts.curve(alert) if channel_spec(receiver.channel).has_pictures else (),
        )
        return build_card(alert, around, ReaderWording(receiver.language), receiver.zone)

    def _links(self, alert: AlertTransition, receiver: ReceiverConfig) -> dict[ActionKind, str]:
        """The addresses of a card's actions. Each message has its own: a silence that has ended can be asked for again."""
        if not self._page_url:
            return {}
        base, alert_id = self._page_url.rstrip("/"), alert.alert_id
        links = {ActionKind.DETAILS: f"{base}/alerts/{alert_id}?lang={receiver.language}"}
        if self._config.store(alert.store_id) is not None:  # a pool has no page of its own
            query = urlencode({"store": alert.store_id, "lang": receiver.language})
            links[ActionKind.STORE] = f"{base}/?{query}#store"
        if not self._link_key:
            return links
        ends_ms = self._now_ms() + LIFETIME_MS
        pressed = [kind for kind in ActionKind if kind not in PLACES]
        signed = {
            kind: f"{base}/do/{sign(Link(alert_id, kind.value, receiver.name, ends_ms), self._link_key)}?lang={receiver.language}"
            for kind in pressed
        }
        return signed | links


def _kind(cards: tuple[Card, ...]) -> MessageKind:
    return MessageKind.FIRING if any(card.is_firing for card in cards) else MessageKind.RESOLVED
