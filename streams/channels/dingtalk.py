"""DingTalk robots: signed Markdown with real @mentions."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import Field

from scoring.alerts.deciding import AcknowledgementNews
from scoring.wording.text import Text
from streams.channels.markdown import cut_bytes, fitting, message_markdown
from streams.channels.message import Message, MessageKind
from streams.channels.posting import check_code, post_json
from streams.channels.receiver import ChannelSpec, ReceiverConfig, Url
from streams.channels.signed_hook import SignedHook
from streams.schema import SecretRef

#: 130101 and 410100: more than 20 messages a minute; -1: the system is busy
_BUSY = frozenset({130101, 410100, -1})
#: largest text a robot takes, in bytes
_MAX_BYTES = 20_000


class DingTalkReceiver(ReceiverConfig):
    """A DingTalk group by its robot."""

    needs = ("url",)

    channel: Literal["dingtalk"]
    url: Url = ""
    secret: Annotated[SecretRef, Field(description="Reference to the robot's signing secret.")] = ""
    mention: Annotated[
        tuple[str, ...], Field(description="Mobile numbers or user ids to mention; `all` is everybody.")
    ] = ()


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


CHANNEL = ChannelSpec(
    config=DingTalkReceiver,
    words=Text("钉钉", "DingTalk"),
    per_minute=20,
    per_second=10,
    build=DingTalkChannel.of,
    acknowledgements=AcknowledgementNews.ALERT,
)
