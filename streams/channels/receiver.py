"""What every receiver's configuration has, and what a channel declares to the registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from scoring.alerts.deciding import AcknowledgementNews
from scoring.wording.text import Text
from streams.channels.message import Channel
from streams.schema import ConfigPart, Name, SecretRef, Zone, is_secret, resolve_secret
from streams.settings import Settings

if TYPE_CHECKING:
    import aiohttp

Url = Annotated[SecretRef, Field(description="Reference to the address of the hook: env:NAME or file:PATH.")]
Mention = Annotated[tuple[str, ...], Field(description="Ids of the people to mention in a firing alert.")]


class ReceiverConfig(ConfigPart):
    """Somebody who is notified, by one channel. Each channel's own model adds ``channel`` and what the channel needs.

    Secrets are references (``SecretRef``): ``env:NAME`` or ``file:PATH``.
    """

    #: fields that may not be empty; a subclass lists its own
    needs: ClassVar[tuple[str, ...]] = ()

    name: Name = Field(description="What routes call it.")
    channel: str
    language: Literal["zh", "en"] = Field("en", description="In which it reads.")
    zone: Zone = Field("UTC", description="Whose clock its messages show.")
    per_minute: float | None = Field(
        None, gt=0, description="Most messages a minute; default: the channel's limit."
    )

    @model_validator(mode="after")
    def _has_what_its_channel_needs(self) -> Self:
        for field in self.needs:
            if not getattr(self, field):
                article = "an" if self.channel[0] in "aeiou" else "a"
                reference = " (env:NAME or file:PATH)" if is_secret(type(self), field) else ""
                raise ValueError(
                    f"receiver {self.name!r}: {article} {self.channel} receiver needs `{field}`{reference}"
                )
        return self


@dataclass(frozen=True, slots=True)
class ChannelContext:
    """What a channel may use of the process that builds it. ``write`` prints one text (the console channel)."""

    session: aiohttp.ClientSession
    settings: Settings
    now_ms: Callable[[], int]
    write: Callable[[str], None]

    def secret(self, reference: str) -> str:
        """The secret behind a reference; empty for an empty one.

        Raises:
            ConfigError: nothing is there.
        """
        return resolve_secret(reference) if reference else ""


def _never(_receiver: ReceiverConfig) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """One channel as the registry knows it.

    Args:
        config: the model of its receivers; its field ``channel`` is a ``Literal`` of the channel's name.
        words: its name for people.
        per_minute: messages a minute that the service takes (its documented limit, or our restraint where it names none).
        per_second: the same a second.
        build: makes the channel of one receiver. Raises ConfigError or SendRejectedError where it cannot work.
        acknowledgements: what it is notified of when somebody acknowledges an alert.
        has_pictures: it can show the picture of a card (``picture.py``), at least with some of its receivers.
        can_change: whether what was sent to a receiver can be changed later: it gets quiet messages (``Message.is_quiet``), too.
        takes_all: a program reads the messages: each has every alert it is about, where people get the first few and a number.
    """

    config: type[ReceiverConfig]
    words: Text
    per_minute: float
    per_second: int
    build: Callable[[Any, ChannelContext], Channel]
    acknowledgements: AcknowledgementNews = AcknowledgementNews.NONE
    has_pictures: bool = False
    takes_all: bool = False
    can_change: Callable[[Any], bool] = _never

    @property
    def name(self) -> str:
        """The value of ``channel`` in the configuration, and of the label ``channel`` of the metrics."""
        (name,) = self.config.model_fields["channel"].annotation.__args__  # type: ignore[union-attr]
        return str(name)
