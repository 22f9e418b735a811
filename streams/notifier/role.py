"""The role ``notifier``: waits to lead, takes the send log over, catches up, and then looks at every group each second.

Any number of notifiers may run. The one that holds the single partition of ``funnel.actions.v1`` in the group leads; the
send log's fencing makes sure that a former leader, however late it wakes, claims nothing more.
"""

from __future__ import annotations

import aiohttp
import structlog

from streams.channels import Channel
from streams.channels.receiver import ChannelContext
from streams.channels.registry import build_channel
from streams.clock import now_ms
from streams.config.model import Config
from streams.incidents.alert_log import AlertBook, BookReader
from streams.incidents.facts import FactsReader
from streams.incidents.send_log import SendLog
from streams.instance.files import StateReport, read_instance, secret
from streams.kafka.leadership import Leadership, lead_in_turn
from streams.notifier.notifier import CLOSING_S, Notifier
from streams.outgoing import outgoing_session
from streams.settings import Settings

_log = structlog.get_logger()
ROLE = "notifier"
TURN_S = 1.0


async def run(settings: Settings, config: Config, report: StateReport) -> None:
    """Notify people of alerts until cancelled. A receiver that cannot work is named in the state and left out."""
    report.say("starting")
    async with outgoing_session() as session:
        channels, broken = _channels(settings, config, session)
        detail = f"{len(channels)} receivers" + (f"; not usable: {', '.join(broken)}" if broken else "")
        await lead_in_turn(
            settings,
            ROLE,
            report,
            lambda leadership: _lead(settings, config, channels, leadership, report, detail),
            lambda: report.say("degraded" if broken else "ready", f"standby; {detail}"),
        )


def _channels(
    settings: Settings, config: Config, session: aiohttp.ClientSession
) -> tuple[dict[str, Channel], list[str]]:
    channels, broken = {}, []
    context = ChannelContext(session, settings, now_ms, _write_line)
    for receiver in config.alerting.receivers:
        try:
            channels[receiver.name] = build_channel(receiver, context)
        except Exception as error:  # one receiver with a bad address must not silence the others
            _log.error("receiver_unusable", receiver=receiver.name, error=str(error))
            broken.append(receiver.name)
    return channels, broken


def _write_line(text: str) -> None:
    _log.info("console_message", text=text)


async def _lead(
    settings: Settings,
    config: Config,
    channels: dict[str, Channel],
    leadership: Leadership,
    report: StateReport,
    detail: str,
) -> None:
    book = AlertBook()
    send_log, reader = SendLog(settings, ROLE), BookReader(settings, book)
    facts = FactsReader(settings, config, now_ms)
    instance = read_instance(settings.data)
    page_url = settings.public_url or (instance.page_url if instance else "")
    link_key = settings.link_key.get_secret_value() or secret(settings.data, "link_key")
    notifier: Notifier | None = None
    try:
        await send_log.take_over(CLOSING_S)
        await reader.catch_up()
        notifier = Notifier(config, book, send_log, facts, channels, link_key, page_url, now_ms)
        _log.info("leadership_taken", role=ROLE, alerts=len(book.alerts), groups=len(send_log.records))
        while await leadership.is_held():
            await notifier.turn()
            unreachable = notifier.unreachable()
            report.say(
                "ready",
                f"leading; {detail}" + (f"; out of reach: {', '.join(unreachable)}" if unreachable else ""),
            )
            await reader.follow(round(TURN_S * 1000))
    finally:
        if notifier is not None:
            await notifier.close()
        await reader.close()
        await facts.close()
        await send_log.close()
