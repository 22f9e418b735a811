"""DingTalk robots: signed Markdown with real @mentions, or a card by an app's robot (``dingtalk_app.py``)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlencode

from pydantic import Field, model_validator

from scoring.alerts.deciding import AcknowledgementNews
from scoring.wording.text import Text
from streams.channels.dingtalk_app import DingTalkAppChannel
from streams.channels.markdown import cut_bytes, fitting, message_markdown
from streams.channels.message import Channel, Message, MessageKind
from streams.channels.posting import check_code, post_json
from streams.channels.receiver import ChannelContext, ChannelSpec, ReceiverConfig
from streams.channels.signed_hook import SignedHook, check_app
from streams.schema import SecretRef

#: 130101 and 410100: more than 20 messages a minute; -1: the system is busy
_BUSY = frozenset({130101, 410100, -1})
#: largest text a robot takes, in bytes
_MAX_BYTES = 20_000


class DingTalkReceiver(ReceiverConfig):
    """A DingTalk group by its custom robot, or by an app's robot where ``app_id`` is given."""

    needs = ("url",)

    channel: Literal["dingtalk"]
    url: Annotated[
        SecretRef,
        Field(
            description="Reference to the address of the hook; of an app's robot to https://api.dingtalk.com."
        ),
    ] = ""
    secret: Annotated[
        SecretRef, Field(description="Reference to the robot's signing secret, or to the app's secret.")
    ] = ""
    app_id: Annotated[
        str,
        Field(
            description="The app's key (Client ID): its robot keeps one card an incident up to date; none: a custom robot."
        ),
    ] = ""
    to: Annotated[
        tuple[str, ...],
        Field(description="The openConversationId of the group that an app's robot writes to."),
    ] = ()
    mention: Annotated[
        tuple[str, ...],
        Field(
            description="Mobile numbers or user ids (an app's robot: user ids) to mention; `all` is everybody."
        ),
    ] = ()

    @model_validator(mode="after")
    def _an_app_has_all_that_it_needs(self) -> Self:
        check_app(self, "robot")
        return self


def signed_url(url: str, secret: str, timestamp_ms: int) -> str:
    """``url`` with the robot's timestamp and signature: base64(HMAC-SHA256(secret, timestamp + newline + secret))."""
    digest = hmac.new(secret.encode(), f"{timestamp_ms}\n{secret}".encode(), hashlib.sha256).digest()
    query = urlencode({"timestamp": timestamp_ms, "sign": base64.b64encode(digest).decode()})
    return f"{url}{'&' if '?' in url else '?'}{query}"


def dingtalk_payload(message: Message, mention: tuple[str, ...]) -> dict[str, Any]:
    """The body of the robot's request. A person is called only if the text names them too, so it does.

    One line, which calls nobody, for an acknowledgement.
    """
    if message.kind is MessageKind.ACKNOWLEDGED:
        return {"msgtype": "text", "text": {"content": message.note}}
    calls = mention if message.cards[0].is_firing else ()
    text = message_markdown(fitting(message, message_markdown, _MAX_BYTES - 1000))
    text = cut_bytes(text, _MAX_BYTES - 1000)
    if calls:
        text += "\n\n" + " ".join(f"@{person}" for person in calls)
    mobiles = [person for person in calls if person.lstrip("+").replace("-", "").isdigit()]
    users = [person for person in calls if person not in mobiles and person != "all"]
    return {
        "msgtype": "markdown",
        "markdown": {"title": message.title, "text": text},
        "at": {"atMobiles": mobiles, "atUserIds": users, "isAtAll": "all" in calls},
    }


class DingTalkChannel(SignedHook):
    """A DingTalk group by its robot."""

    async def send(self, message: Message) -> str:
        """Send the Markdown; a robot gives no receipt."""
        url = signed_url(self.url, self.secret, self.now_ms()) if self.secret else self.url
        answer = await post_json(self.session, url, dingtalk_payload(message, self.mention))
        check_code(answer, "DingTalk", "errcode", _BUSY)
        return ""


def _build(receiver: DingTalkReceiver, context: ChannelContext) -> Channel:
    if not receiver.app_id:
        return DingTalkChannel.of(receiver, context)
    return DingTalkAppChannel(
        context.session,
        context.secret(receiver.url),
        (receiver.app_id, context.secret(receiver.secret)),
        receiver.to[0],
        receiver.mention,
        context.now_ms,
    )


CHANNEL = ChannelSpec(
    config=DingTalkReceiver,
    words=Text("钉钉", "DingTalk"),
    per_minute=20,
    per_second=10,
    build=_build,
    can_change=lambda receiver: bool(receiver.app_id),
    has_pictures=True,
    acknowledgements=AcknowledgementNews.ALERT,
)
