"""Feishu and Lark custom bots: an interactive card, signed where the bot has a secret.

On the path of an event: a last stop, after ``streams/notifier/notifier.py``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Annotated, Any, Literal

import msgspec
from pydantic import Field

from scoring.alerts.deciding import AcknowledgementNews
from scoring.alerts.routing import Severity
from scoring.wording.card import ActionKind, Card
from scoring.wording.text import Text
from streams.channels.markdown import fitting
from streams.channels.message import Message, MessageKind
from streams.channels.posting import check_code, post_json
from streams.channels.receiver import ChannelSpec, Mention, ReceiverConfig, Url
from streams.channels.signed_hook import SignedHook
from streams.schema import SecretRef

#: 11232 and 99991400: too many messages
_BUSY = frozenset({11232, 99991400})
#: largest request that a custom bot takes is 20 KB; a signature and a mention go into the rest
_MAX_BYTES = 19_000
#: what a card's Markdown takes for markup is written as an HTML entity: a backslash would be shown
_ENTITIES = str.maketrans({c: f"&#{ord(c)};" for c in "\\`*_[]<>~&"})
_NO_TAGS = str.maketrans({"<": "＜", ">": "＞"})
_COLOURS = {Severity.CRITICAL: "red", Severity.WARNING: "orange", Severity.INFO: "yellow"}


class FeishuReceiver(ReceiverConfig):
    """A Feishu or Lark group by its custom bot."""

    needs = ("url",)

    channel: Literal["feishu"]
    url: Url = ""
    secret: Annotated[SecretRef, Field(description="Reference to the bot's signing secret.")] = ""
    mention: Mention = ()


def signature(secret: str, timestamp_s: int) -> str:
    """base64(HMAC-SHA256(key = timestamp + newline + secret, empty message)), as the bot's guide asks."""
    key = f"{timestamp_s}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


def _elements(card: Card) -> list[dict[str, Any]]:
    lines = "\n".join(line.text for line in card.lines)
    elements: list[dict[str, Any]] = [{"tag": "div", "text": {"tag": "plain_text", "content": lines}}]
    if card.actions:
        buttons = [
            {
                "tag": "button",
                "text": {"tag": "plain_text", "content": action.text},
                "url": action.url,
                "type": "primary" if action.kind is ActionKind.ACKNOWLEDGE else "default",
            }
            for action in card.actions
        ]
        elements.append({"tag": "action", "actions": buttons})
    return elements


def feishu_payload(message: Message, mention: tuple[str, ...]) -> dict[str, Any]:
    """The body of the hook's request, unsigned: as many cards as it takes; one line for an acknowledgement."""
    if message.kind is MessageKind.ACKNOWLEDGED:
        # in a text, <at …> would call people
        return {"msg_type": "text", "content": {"text": message.note.translate(_NO_TAGS)}}
    return _payload(
        fitting(message, lambda m: msgspec.json.encode(_payload(m, mention)).decode(), _MAX_BYTES), mention
    )


def _payload(message: Message, mention: tuple[str, ...]) -> dict[str, Any]:
    first = message.cards[0]
    elements: list[dict[str, Any]] = []
    if message.note:
        elements.append({"tag": "note", "elements": [{"tag": "plain_text", "content": message.note}]})
    for index, card in enumerate(message.cards):
        if index:
            elements += [
                {"tag": "hr"},
                {"tag": "markdown", "content": f"**{card.headline.translate(_ENTITIES)}**"},
            ]
        elements += _elements(card)
    if mention and first.is_firing:
        people = " ".join(f"<at id={user}></at>" for user in mention)
        elements.append({"tag": "div", "text": {"tag": "lark_md", "content": people}})
    return {
        "msg_type": "interactive",
        "card": {
            "config": {"wide_screen_mode": True},
            "header": {
                "title": {"tag": "plain_text", "content": message.title},
                "template": _COLOURS[first.severity] if first.is_firing else "green",
            },
            "elements": elements,
        },
    }


class FeishuChannel(SignedHook):
    """A Feishu or Lark group by its custom bot."""

    async def send(self, message: Message) -> str:
        """Send the card; a custom bot gives no receipt."""
        payload = feishu_payload(message, self.mention)
        if self.secret:
            timestamp = self.now_ms() // 1000
            payload |= {"timestamp": str(timestamp), "sign": signature(self.secret, timestamp)}
        check_code(await post_json(self.session, self.url, payload), "Feishu", "code", _BUSY)
        return ""


#: a bot takes five messages a second and a hundred a minute; four leave room for others that use the same bot
CHANNEL = ChannelSpec(
    config=FeishuReceiver,
    words=Text("飞书", "Feishu / Lark"),
    per_minute=100,
    per_second=4,
    build=FeishuChannel.of,
    acknowledgements=AcknowledgementNews.ALERT,
)
