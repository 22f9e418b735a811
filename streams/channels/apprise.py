"""Every service that Apprise knows: Telegram, Teams, Discord and some hundred more."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Literal

from scoring.wording.card import Card
from scoring.wording.text import Text
from streams.channels.markdown import widened
from streams.channels.message import Message, SendRejectedError, SendRetryableError, message_text
from streams.channels.receiver import ChannelContext, ChannelSpec, ReceiverConfig, Url


class AppriseReceiver(ReceiverConfig):
    """A receiver by the Apprise URL behind ``url``."""

    needs = ("url",)

    channel: Literal["apprise"]
    url: Url = ""


def _unmarked(card: Card) -> Card:
    """A card none of whose words is markup or a mention: Apprise looks for both in what it sends, whatever its form."""
    lines = tuple(replace(line, text=widened(line.text), strong=()) for line in card.lines)
    return replace(card, headline=widened(card.headline), lines=lines)


class AppriseChannel:
    """A receiver by its Apprise URL. Apprise only says whether it worked, so every failure is retried."""

    def __init__(self, url: str) -> None:
        import apprise  # loads its plug-ins: only where a receiver uses it

        self._types, self._form = apprise.NotifyType, apprise.NotifyFormat.TEXT
        self._apprise = apprise.Apprise()
        if not self._apprise.add(url):
            raise SendRejectedError("Apprise does not know this kind of address; see its list of services")

    async def send(self, message: Message) -> str:
        """Send the plain text, in a thread: Apprise's own calls may block."""
        kind = self._types.FAILURE if message.cards[0].is_firing else self._types.SUCCESS
        shown = replace(
            message,
            note=widened(message.note),
            summary=widened(message.summary),
            cards=tuple(map(_unmarked, message.cards)),
        )
        # named as text, else services that take HTML get it unescaped
        worked = await asyncio.to_thread(
            self._apprise.notify,
            body=message_text(shown),
            title=shown.title,
            notify_type=kind,
            body_format=self._form,
        )
        if not worked:
            raise SendRetryableError("the service behind Apprise did not take the message")
        return ""


def _build(receiver: AppriseReceiver, context: ChannelContext) -> AppriseChannel:
    return AppriseChannel(context.secret(receiver.url))


CHANNEL = ChannelSpec(
    config=AppriseReceiver,
    words=Text("其他服务（Apprise）", "Other services (Apprise)"),
    per_minute=20,
    per_second=10,
    build=_build,
)
