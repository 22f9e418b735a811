"""All channels: one line each. The configuration's receivers, the reference, pages and metrics follow from this tuple.

A new channel is one file in this folder, with its ``CHANNEL``, and one line here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Field

from streams.channels import apprise, console, dingtalk, feishu, mail, pagerduty, slack, webhook, wecom
from streams.channels.message import Channel
from streams.channels.receiver import ChannelContext, ChannelSpec, ReceiverConfig

CHANNELS: tuple[ChannelSpec, ...] = (
    mail.CHANNEL,
    feishu.CHANNEL,
    dingtalk.CHANNEL,
    wecom.CHANNEL,
    slack.CHANNEL,
    pagerduty.CHANNEL,
    webhook.CHANNEL,
    apprise.CHANNEL,
    console.CHANNEL,
)


def receiver_type(channels: Sequence[ChannelSpec]) -> Any:
    """The type of a receiver in the configuration: the models of ``channels``, chosen by the value of ``channel``."""
    return Annotated[reduce(or_, (spec.config for spec in channels)), Field(discriminator="channel")]


def channel_spec(name: str) -> ChannelSpec:
    """The channel of that name.

    Raises:
        KeyError: there is none; the configuration rejects such a receiver.
    """
    return {spec.name: spec for spec in CHANNELS}[name]


def build_channel(receiver: ReceiverConfig, context: ChannelContext) -> Channel:
    """The channel of ``receiver``.

    Raises:
        ConfigError: a secret it names is not there.
        SendRejectedError: an address has a form that cannot work.
    """
    return channel_spec(receiver.channel).build(receiver, context)


def reference_rows(
    channels: Sequence[ChannelSpec] | None = None,
) -> list[tuple[str, str, str, str, str, str]]:
    """A row a channel for the reference: name, English and Chinese words, own fields, messages a minute and a second.

    A field that may not be empty is marked with an asterisk.
    """
    common = set(ReceiverConfig.model_fields)
    return [
        (
            spec.name,
            spec.words("en"),
            spec.words("zh"),
            ", ".join(
                f"{field}*" if field in spec.config.needs else field
                for field in spec.config.model_fields
                if field not in common
            ),
            f"{spec.per_minute:g}",
            f"{spec.per_second}",
        )
        for spec in (CHANNELS if channels is None else channels)
    ]
