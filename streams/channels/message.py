"""What a channel is given to send, what it gives back, and how it fails."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from scoring.wording.card import Card
from scoring.wording.text import Language
from streams.errors import FunnelwatchError, RejectedError, UnreachableError


class SendError(FunnelwatchError):
    """A message was not sent; raised by channels, handled by ``streams/notifier/notifier.py``."""


class SendRetryableError(SendError, UnreachableError):
    """The other side is unreachable or asks to wait; the notifier retries, not before ``retry_after_s``."""

    def __init__(self, text: str, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class SendRejectedError(SendError, RejectedError):
    """The other side will never take this message (wrong key, address gone); retrying is useless."""


class MessageKind(StrEnum):
    """What a message is for."""

    FIRING = "firing"
    RESOLVED = "resolved"
    #: only for channels that want to know of acknowledgements (``ChannelSpec.acknowledgements``)
    ACKNOWLEDGED = "acknowledged"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one receiver.

    ``key`` names the message: equal for the same message sent twice. ``thread`` names the incident: equal for all
    messages of a group, so channels can update or reply instead of repeating. ``parent`` is the receipt of the
    thread's first message, empty for the first; that of a storm is shared by many threads (``is_shared``), so it is
    replied to, and never brought up to date with one of them. ``note`` is one line put in front ("silence ended", "repeated").
    Of a message that somebody has acknowledged alerts, the note is all that a chat shows.
    ``summary`` is what many stores have in common (``streams/notifier/storm.py``). ``is_quiet``: what was sent is brought up to date, and
    nobody is called; only for receivers whose messages can be changed (``ChannelSpec.can_change``). ``others_firing`` counts the thread's alerts that were sent before, still fire and are not in this message.
    """

    key: str
    thread: str
    parent: str
    kind: MessageKind
    language: Language
    cards: tuple[Card, ...]
    note: str = ""
    others_firing: int = 0
    summary: str = ""
    is_shared: bool = False
    is_quiet: bool = False

    @property
    def title(self) -> str:
        """One line that says it all: the summary of a storm, else the first card's verdict and how many more there are."""
        if self.summary:
            return self.summary
        more = len(self.cards) - 1
        extra = "" if not more else f" （另 {more} 条）" if self.language == "zh" else f" (+{more} more)"
        return f"{self.cards[0].headline}{extra}"


def message_text(message: Message) -> str:
    """All cards as plain text, with the summary of a storm and the note in front."""
    lead = "".join(f"{line}\n" for line in (message.summary, message.note) if line)
    return lead + "\n\n".join(card.letter for card in message.cards)


class Channel(Protocol):
    """A way to reach a receiver. ``send`` gives back a receipt: a text that names the message there, or nothing.

    Raises:
        SendRetryableError: try again later.
        SendRejectedError: never.
    """

    async def send(self, message: Message) -> str:
        """Send ``message`` and give back its receipt."""
