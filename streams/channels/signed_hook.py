"""What chat robots have in common: a hook whose requests are signed with a secret and the time, and people to mention."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from streams.channels.receiver import ChannelContext

if TYPE_CHECKING:
    import aiohttp


class HookReceiver(Protocol):
    """A receiver behind such a hook."""

    @property
    def url(self) -> str:
        """Reference to its address."""

    @property
    def secret(self) -> str:
        """Reference to its secret."""

    @property
    def mention(self) -> tuple[str, ...]:
        """Whom it mentions."""


@dataclass(frozen=True, slots=True)
class SignedHook:
    """A hook with everything resolved; an empty ``secret`` signs nothing."""

    session: aiohttp.ClientSession
    url: str
    secret: str
    mention: tuple[str, ...]
    now_ms: Callable[[], int]

    @classmethod
    def of(cls, receiver: HookReceiver, context: ChannelContext) -> Self:
        """The hook of ``receiver``.

        Raises:
            ConfigError: a secret it names is not there.
        """
        url, secret = context.secret(receiver.url), context.secret(receiver.secret)
        return cls(context.session, url, secret, receiver.mention, context.now_ms)
