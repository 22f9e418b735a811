"""The console: messages are printed where the notifier runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from scoring.wording.text import Text
from streams.channels.message import Message, message_text
from streams.channels.receiver import ChannelSpec, ReceiverConfig


class ConsoleReceiver(ReceiverConfig):
    """Whoever reads the notifier's output."""

    channel: Literal["console"]


class ConsoleChannel:
    """Writes messages to a function that prints."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    async def send(self, message: Message) -> str:
        """Print the message."""
        self._write(message_text(message))
        return ""


CHANNEL = ChannelSpec(
    config=ConsoleReceiver,
    words=Text("控制台", "Console"),
    per_minute=6000,
    per_second=1000,
    build=lambda receiver, context: ConsoleChannel(context.write),
)
