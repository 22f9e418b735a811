"""The role ``digests``: waits to lead, takes the send log over, and then looks every second who is due."""

from __future__ import annotations

import asyncio

import structlog

from scoring.digest.schedule import upcoming
from streams.channels.mail import open_post
from streams.clock import now_ms
from streams.config.model import Config
from streams.digests.composing import DigestComposer
from streams.digests.reports import ReportComposer
from streams.digests.sending import Digests
from streams.digests.unsubscribe import Unsubscriptions
from streams.incidents.send_log import SendLog
from streams.instance.files import StateReport
from streams.kafka.leadership import Leadership, lead_in_turn
from streams.printable import counted
from streams.settings import Settings

_log = structlog.get_logger()
ROLE = "digests"
TURN_MS = 1000
#: a mail that the former leader is sending may take this long before it is sent again
CLAIM_PATIENCE_S = 10.0


async def run(settings: Settings, config: Config, report: StateReport) -> None:
    """Send digests until cancelled."""
    report.say("starting")
    composer = DigestComposer(settings, config)
    reports = ReportComposer(settings, config) if config.reports else None
    try:
        await lead_in_turn(
            settings,
            ROLE,
            report,
            lambda leadership: _lead(settings, config, (composer, reports), leadership, report),
            lambda: report.ready(f"standby; {counted(len(config.digests), 'subscriber')}"),
        )
    finally:
        await composer.close()
        if reports is not None:
            await reports.close()


async def _lead(
    settings: Settings,
    config: Config,
    composers: tuple[DigestComposer, ReportComposer | None],
    leadership: Leadership,
    report: StateReport,
) -> None:
    send_log = SendLog(settings, ROLE)
    unsubscriptions = Unsubscriptions(settings, send_log)
    try:
        await send_log.take_over(CLAIM_PATIENCE_S)
        await unsubscriptions.catch_up()
        composer, reports = composers
        digests = Digests(settings, config, send_log, composer, open_post(settings), now_ms, reports)
        await digests.begin()
        _log.info("leadership_taken", role=ROLE, subscribers=len(config.digests))
        while await leadership.is_held(TURN_MS):
            await unsubscriptions.follow()
            turn = asyncio.ensure_future(digests.turn())
            try:
                while not turn.done():  # making a digest may take longer than a heartbeat
                    await asyncio.wait([turn], timeout=1.0)
                    digests.may_claim = await leadership.is_held()
                    report.ready(_detail(config, digests))
            finally:
                turn.cancel()
            turn.result()
    finally:
        await unsubscriptions.close()
        await send_log.close()


def _detail(config: Config, digests: Digests) -> str:
    waiting = digests.waiting()
    if waiting:
        return f"leading; due now: {', '.join(subscriber.name for subscriber, _ in waiting)}"
    following = [
        (when.at_ms, subscriber.name)
        for subscriber in config.digests
        for when in upcoming(subscriber.schedule, now_ms(), 1)
    ]
    if not following:
        return "leading; no subscribers"
    at_ms, name = min(following)
    return f"leading; next: {name} in {max(0, at_ms - now_ms()) // 60_000} min"
