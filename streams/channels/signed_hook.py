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


class AppReceiver(Protocol):
    """A receiver that an app's robot may serve."""

    @property
    def name(self) -> str:
        """What routes call it."""

    @property
    def secret(self) -> str:
        """Reference to the app's secret."""

    @property
    def app_id(self) -> str:
        """The app's; empty: a custom robot."""

    @property
    def to(self) -> tuple[str, ...]:
        """The groups that it writes to."""


def check_app(receiver: AppReceiver, robot: str) -> None:
    """Nothing, if an app's ``robot`` has all that it needs, and what it needs is given to no other.

    Raises:
        ValueError: it has not.
    """
    if receiver.app_id and not (receiver.secret and len(receiver.to) == 1):
        raise ValueError(f"receiver {receiver.name!r}: an app's {robot} needs `secret` and one group in `to`")
    if receiver.to and not receiver.app_id:
        raise ValueError(f"receiver {receiver.name!r}: `to` is for an app's {robot}; add `app_id`")


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
