"""PagerDuty Events API v2: one incident a thread, triggered, and resolved under the same key."""

from __future__ import annotations

from typing import Any

import aiohttp

from scoring.cards import ActionKind
from scoring.routing import Severity
from streams.notifier.channels.message import Message
from streams.notifier.channels.posting import post_json

EVENTS_URL = "https://events.pagerduty.com/v2/enqueue"
_SEVERITIES = {Severity.CRITICAL: "critical", Severity.WARNING: "error", Severity.INFO: "warning"}


def pagerduty_payload(message: Message, routing_key: str) -> dict[str, Any]:
    """The event: ``resolve`` once no card of the message fires, else ``trigger`` (a second trigger updates)."""
    firing = [card for card in message.cards if card.is_firing]
    event: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": "trigger" if firing else "resolve",
        "dedup_key": message.thread[:255],
    }
    if firing:
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
        """Send the event; the receipt is the incident's key."""
        answer = await post_json(self._session, self._url, pagerduty_payload(message, self._key))
        return str(answer.get("dedup_key", message.thread))
