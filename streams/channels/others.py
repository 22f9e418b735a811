"""The console, and every service that Apprise knows (Telegram, Teams, Discord and some hundred more)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import apprise

from streams.channels.message import Message, SendRefused, SendRetryable


def message_text(message: Message) -> str:
    """All cards as plain text, with the note in front."""
    note = f"{message.note}\n" if message.note else ""
    return note + "\n\n".join(card.text for card in message.cards)


class ConsoleChannel:
    """Writes messages to a function that prints."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    async def send(self, message: Message) -> str:
        """Print the message."""
        self._write(message_text(message))
        return ""


class AppriseChannel:
    """A receiver by its Apprise URL. Apprise tells only whether it worked, so every failure is tried again."""

    def __init__(self, url: str) -> None:
        self._apprise = apprise.Apprise()
        if not self._apprise.add(url):
            raise SendRefused("Apprise does not know this kind of address; see its list of services")

    async def send(self, message: Message) -> str:
        """Send the plain text, in a thread: Apprise's own calls may block."""
        kind = apprise.NotifyType.FAILURE if message.cards[0].is_firing else apprise.NotifyType.SUCCESS
        worked = await asyncio.to_thread(
            self._apprise.notify, body=message_text(message), title=message.title, notify_type=kind
        )
        if not worked:
            raise SendRetryable("the service behind Apprise did not take the message")
        return ""
