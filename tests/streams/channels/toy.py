"""A channel of a newcomer: this file, and one line in the registry, are all it takes (``test_toy_channel.py``)."""

from __future__ import annotations

from typing import Literal

from scoring.wording.text import Text
from streams.channels.message import Message
from streams.channels.posting import post_json
from streams.channels.receiver import ChannelContext, ChannelSpec, ReceiverConfig, Url
from streams.schema import SecretRef


class ToyReceiver(ReceiverConfig):
    """A room of the toy service."""

    needs = ("url", "token")

    channel: Literal["toy"]
    url: Url = ""
    token: SecretRef = ""
    room: str = "lobby"


class ToyChannel:
    """Posts the title into the room."""

    def __init__(self, receiver: ToyReceiver, context: ChannelContext) -> None:
        self._session, self._room = context.session, receiver.room
        self._url, self._token = context.secret(receiver.url), context.secret(receiver.token)

    async def send(self, message: Message) -> str:
        payload = {"room": self._room, "text": message.title}
        await post_json(self._session, self._url, payload, {"Authorization": self._token})
        return ""


CHANNEL = ChannelSpec(
    config=ToyReceiver, words=Text("玩具", "Toy"), per_minute=7, per_second=1, build=ToyChannel
)
