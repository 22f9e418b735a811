"""``funnelwatch notify``: test whether a message reaches its receiver"""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from scoring.alerts.routing import Severity
from scoring.wording.card import Card, Line, LineKind
from streams.channels import Message, MessageKind, SendError
from streams.channels.receiver import ChannelContext, ReceiverConfig
from streams.channels.registry import build_channel
from streams.cli.asking import DataOption, configuration, failed
from streams.cli.terminal import say
from streams.clock import now_ms
from streams.outgoing import outgoing_session
from streams.schema import ConfigError
from streams.settings import Settings, load_settings

notify = typer.Typer(no_args_is_help=True, help="Test the receivers of messages.")


@notify.callback()
def receivers() -> None:
    """Test the receivers of messages."""


def _test_message(receiver: ReceiverConfig) -> Message:
    zh = receiver.language == "zh"
    headline = "测试 · Funnelwatch 可以送达这里" if zh else "Test · Funnelwatch can reach you here"
    text = (
        "这不是告警。收到即说明配置正确。"
        if zh
        else "This is not an alert. If you can read it, the receiver is configured correctly."
    )
    card = Card("test", receiver.language, Severity.INFO, True, headline, (Line(LineKind.SIZE, text),), ())
    key = f"test-{receiver.name}-{now_ms()}"
    return Message(key, key, "", MessageKind.TEST, receiver.language, (card,))


async def _send_test(settings: Settings, receiver: ReceiverConfig) -> None:
    async with outgoing_session() as session:
        channel = build_channel(receiver, ChannelContext(session, settings, now_ms, say))
        await channel.send(_test_message(receiver))


@notify.command("test")
def send_test(
    name: Annotated[str, typer.Argument(metavar="RECEIVER", help="A receiver's name in funnelwatch.yaml.")],
    data: DataOption = None,
) -> None:
    """Send a test message to a receiver and report whether it was accepted."""
    settings = load_settings(**({"data": data} if data else {}))
    config = configuration(settings)
    receiver = config.alerting.receiver(name)
    if receiver is None:
        known = ", ".join(r.name for r in config.alerting.receivers) or "(none is configured)"
        raise failed(f"unknown receiver {name!r}; expected one of: {known}")
    try:
        asyncio.run(_send_test(settings, receiver))
    except (SendError, ConfigError) as error:
        raise failed(f"{name} ({receiver.channel}): {error}") from error
    say(f"sent to {name} ({receiver.channel})")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(notify, name="notify")
