"""PagerDuty Events API v2: one incident a thread, triggered, acknowledged and resolved under the same key."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from scoring.alerts.deciding import AcknowledgementNews
from scoring.alerts.routing import Severity
from scoring.wording.card import ActionKind
from scoring.wording.text import Text
from streams.channels.message import Message, MessageKind
from streams.channels.posting import post_json
from streams.channels.receiver import ChannelContext, ChannelSpec, ReceiverConfig
from streams.schema import SecretRef

if TYPE_CHECKING:
    import aiohttp

EVENTS_URL = "https://events.pagerduty.com/v2/enqueue"
_SEVERITIES = {Severity.CRITICAL: "critical", Severity.WARNING: "error", Severity.INFO: "warning"}


class PagerDutyReceiver(ReceiverConfig):
    """A PagerDuty service by its integration key."""

    needs = ("secret",)

    channel: Literal["pagerduty"]
    secret: Annotated[SecretRef, Field(description="Reference to the routing key of the integration.")] = ""
    url: Annotated[SecretRef, Field(description="Reference to another address of the Events API.")] = ""


def dedup_key(thread: str) -> str:
    """The name of the incident: the thread itself, or a hash of one that is too long for PagerDuty."""
    return thread if len(thread) <= 255 else hashlib.sha256(thread.encode()).hexdigest()


def pagerduty_payload(message: Message, routing_key: str) -> dict[str, Any]:
    """The event: ``resolve`` once no card of the message fires, else ``trigger`` (a second trigger updates).

    ``acknowledge`` when people have taken all of it on: PagerDuty then stops to page the next one in line.
    """
    firing = [card for card in message.cards if card.is_firing]
    action = "trigger" if firing else "resolve"
    if message.kind is MessageKind.ACKNOWLEDGED:
        action = "acknowledge"
    event: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": dedup_key(message.thread),
    }
    if action == "trigger":
        worst = firing[0]
        links = [
            {"href": action.url, "text": action.text}
            for card in firing
            for action in card.actions
            if action.kind is ActionKind.DETAILS
        ]
        event |= {
            "payload": {
                "summary": message.title[:1024],
                "source": "funnelwatch",
                "severity": _SEVERITIES[worst.severity],
                "custom_details": {
                    str(i): [card.headline, *(line.text for line in card.lines)]
                    for i, card in enumerate(firing)
                },
            },
            "links": links,
        }
    return event


class PagerDutyChannel:
    """A PagerDuty service by its integration key."""

    def __init__(self, session: aiohttp.ClientSession, routing_key: str, url: str = EVENTS_URL) -> None:
        self._session, self._key, self._url = session, routing_key, url

    async def send(self, message: Message) -> str:
        """Send the event; the receipt is the incident's key. While others of the incident fire, the end of one is not an event."""
        if message.others_firing and not any(card.is_firing for card in message.cards):
            return message.parent
        answer = await post_json(self._session, self._url, pagerduty_payload(message, self._key))
        return str(answer.get("dedup_key", message.thread))


def _build(receiver: PagerDutyReceiver, context: ChannelContext) -> PagerDutyChannel:
    url, key = context.secret(receiver.url), context.secret(receiver.secret)
    return PagerDutyChannel(context.session, key, url or EVENTS_URL)


CHANNEL = ChannelSpec(
    config=PagerDutyReceiver,
    words=Text("PagerDuty", "PagerDuty"),
    per_minute=120,
    per_second=10,
    build=_build,
    acknowledgements=AcknowledgementNews.INCIDENT,
)
