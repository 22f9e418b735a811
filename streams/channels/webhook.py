"""Any other system: signed JSON with the card's text and its parts."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from pydantic import Field

from scoring.wording.text import Text
from streams.channels.message import Message
from streams.channels.posting import post_json
from streams.channels.receiver import ChannelContext, ChannelSpec, ReceiverConfig, Url
from streams.schema import SecretRef

if TYPE_CHECKING:
    import aiohttp


class WebhookReceiver(ReceiverConfig):
    """A system of the user's own."""

    needs = ("url", "secret")

    channel: Literal["webhook"]
    url: Url = ""
    secret: Annotated[SecretRef, Field(description="Reference to the secret that signs each message.")] = ""


def webhook_payload(message: Message) -> dict[str, Any]:
    """The body: stable field names, the card whole and in parts."""
    return {
        "version": 1,
        "key": message.key,
        "thread": message.thread,
        "kind": message.kind.value,
        "language": message.language,
        "title": message.title,
        "note": message.note,
        "alerts": [
            {
                "alert_id": card.alert_id,
                "severity": card.severity.value,
                "firing": card.is_firing,
                "headline": card.headline,
                "lines": [{"kind": line.kind.value, "text": line.text} for line in card.lines],
                "actions": [{"kind": a.kind.value, "text": a.text, "url": a.url} for a in card.actions],
                "text": card.text,
            }
            for card in message.cards
        ],
    }


def signature(secret: str, timestamp_s: int, body: bytes) -> str:
    """``sha256=`` and the hex HMAC-SHA256 of timestamp, a dot and the raw body: the receiver checks both."""
    digest = hmac.new(secret.encode(), f"{timestamp_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"sha256={digest}"


class WebhookChannel:
    """An HTTP address that checks ``X-Funnelwatch-Signature`` over ``X-Funnelwatch-Timestamp`` and the raw body."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, secret: str, now_ms: Callable[[], int]
    ) -> None:
        self._session, self._url, self._secret, self._now_ms = session, url, secret, now_ms

    async def send(self, message: Message) -> str:
        """Send the JSON; ``Idempotency-Key`` lets the receiver drop a repeat."""
        body = msgspec.json.encode(webhook_payload(message))
        timestamp = self._now_ms() // 1000
        headers = {
            "X-Funnelwatch-Timestamp": str(timestamp),
            "X-Funnelwatch-Signature": signature(self._secret, timestamp, body),
            "Idempotency-Key": message.key,
        }
        await post_json(self._session, self._url, body, headers)
        return ""


def _build(receiver: WebhookReceiver, context: ChannelContext) -> WebhookChannel:
    url, secret = context.secret(receiver.url), context.secret(receiver.secret)
    return WebhookChannel(context.session, url, secret, context.now_ms)


CHANNEL = ChannelSpec(
    config=WebhookReceiver,
    words=Text("自有系统（webhook）", "Webhook"),
    per_minute=120,
    per_second=10,
    build=_build,
    takes_all=True,
)
