"""Feishu and Lark: an interactive card by a custom bot, signed where it has a secret, or by an app's bot (``feishu_app.py``).

On the path of an event: a last stop, after ``streams/notifier/notifier.py``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import msgspec
from pydantic import Field, model_validator

from scoring.alerts.deciding import AcknowledgementNews
from scoring.alerts.routing import Severity
from scoring.wording.card import ActionKind, Card
from scoring.wording.text import Text
from streams.channels.feishu_app import FeishuAppChannel
from streams.channels.markdown import emphasised, fitting
from streams.channels.message import Channel, Message, MessageKind
from streams.channels.posting import check_code, post_json
from streams.channels.receiver import ChannelContext, ChannelSpec, Mention, ReceiverConfig
from streams.channels.signed_hook import SignedHook, check_app
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
    """A Feishu or Lark group by its custom bot, or by an app's bot where ``app_id`` is given."""

    needs = ("url",)

    channel: Literal["feishu"]
    url: Annotated[
        SecretRef,
        Field(
            description="Reference to the address of the hook; of an app's bot to https://open.feishu.cn or https://open.larksuite.com."
        ),
    ] = ""
    secret: Annotated[
        SecretRef, Field(description="Reference to the bot's signing secret, or to the app's secret.")
    ] = ""
    app_id: Annotated[
        str,
        Field(description="The app's id: its bot keeps one card an incident up to date; none: a custom bot."),
    ] = ""
    to: Annotated[tuple[str, ...], Field(description="The id of the group that an app's bot writes to.")] = ()
    mention: Mention = ()

    @model_validator(mode="after")
    def _an_app_has_all_that_it_needs(self) -> Self:
        check_app(self, "bot")
        return self


def signature(secret: str, timestamp_s: int) -> str:
    """base64(HMAC-SHA256(key = timestamp + newline + secret, empty message)), as the bot's guide asks."""
    key = f"{timestamp_s}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


def _elements(card: Card, pictures: Mapping[str, str]) -> list[dict[str, Any]]:
    lines = "\n".join(emphasised(line, lambda text: text.translate(_ENTITIES)) for line in card.lines)
    elements: list[dict[str, Any]] = [{"tag": "markdown", "content": lines}]
    if card.alert_id in pictures:
        words = card.curve.words if card.curve else ""
        alt = {"tag": "plain_text", "content": words}
        elements += [
            {"tag": "img", "img_key": pictures[card.alert_id], "alt": alt},
            {"tag": "note", "elements": [{"tag": "plain_text", "content": words}]},
        ]
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


def feishu_payload(
    message: Message, mention: tuple[str, ...], pictures: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The body of the hook's request, unsigned: as many cards as it takes; one line for an acknowledgement.

    ``pictures`` are the keys of uploaded pictures by alert: a custom bot cannot upload any.
    """
    if message.kind is MessageKind.ACKNOWLEDGED:
        # in a text, <at …> would call people
        return {"msg_type": "text", "content": {"text": message.note.translate(_NO_TAGS)}}
    with_pictures = pictures or {}

    def written(shown: Message) -> str:
        return msgspec.json.encode(_payload(shown, mention, with_pictures)).decode()

    return _payload(fitting(message, written, _MAX_BYTES), mention, with_pictures)


def _payload(message: Message, mention: tuple[str, ...], pictures: Mapping[str, str]) -> dict[str, Any]:
    first = message.cards[0]
    elements: list[dict[str, Any]] = []
    if message.note:
        elements.append({"tag": "note", "elements": [{"tag": "plain_text", "content": message.note}]})
    for index, card in enumerate(message.cards):
        if index:
            elements.append({"tag": "hr"})
        if index or message.summary:  # else it is the title
            elements.append({"tag": "markdown", "content": f"**{card.headline.translate(_ENTITIES)}**"})
        elements += _elements(card, pictures)
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


def _build(receiver: FeishuReceiver, context: ChannelContext) -> Channel:
    if not receiver.app_id:
        return FeishuChannel.of(receiver, context)
    return FeishuAppChannel(
        context.session,
        context.secret(receiver.url),
        (receiver.app_id, context.secret(receiver.secret)),
        receiver.to[0],
        lambda message, pictures: feishu_payload(message, receiver.mention, pictures),
        context.now_ms,
    )


#: a bot takes five messages a second and a hundred a minute; four leave room for others that use the same bot
CHANNEL = ChannelSpec(
    config=FeishuReceiver,
    words=Text("飞书", "Feishu / Lark"),
    per_minute=100,
    per_second=4,
    build=_build,
    can_change=lambda receiver: bool(receiver.app_id),
    has_pictures=True,
    acknowledgements=AcknowledgementNews.ALERT,
)
