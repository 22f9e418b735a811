"""The collector as a process: opens the intake, serves HTTP, says how it is, and ends without losing what it took."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence

import structlog
from aiohttp import web

from streams.clock import monotonic
from streams.collector.door import Door
from streams.collector.edge import device_class
from streams.collector.intake import EventIntake, open_intake
from streams.collector.keys import WriteKeys
from streams.collector.server import CollectorApp
from streams.config.model import Config
from streams.connections import Connections, LimitedSite
from streams.instance.files import HEARTBEAT_S, StateReport
from streams.instance.processes import collect_rarely, open_files
from streams.settings import Settings

_log = structlog.get_logger()

#: seconds that requests under way have to finish when the process is asked to end
DRAIN_S = 10.0


async def run(settings: Settings, config: Config, report: StateReport, doors: Sequence[Door]) -> None:
    """Serve until cancelled; then finish the requests under way and let go of broker and spool."""
    try:
        await _serve(settings, config, report, doors)
    except asyncio.CancelledError:
        report.clear()
        raise


async def _serve(settings: Settings, config: Config, report: StateReport, doors: Sequence[Door]) -> None:
    report.say("starting", "connecting to Kafka")
    keys = WriteKeys(config, settings.collector_rate, monotonic)
    if not keys:
        _log.warning("no_write_keys", hint="give stores `keys: [env:NAME]` in funnelwatch.yaml")
    device_class(
        "Mozilla/5.0 (X11; Linux x86_64)"
    )  # loads the patterns, 0.1 s, before the first visitor waits
    async with open_intake(settings, config, spool=True) as intake:
        app = CollectorApp(settings, intake, keys, doors).application()
        connections = Connections.within(open_files(), settings.trusted_proxies)
        app.middlewares.insert(0, connections.middleware)
        # bodies are decompressed by ourselves, within limits; aiohttp's access log would hold query and address
        runner = web.AppRunner(
            app, access_log=None, auto_decompress=False, handle_signals=False, shutdown_timeout=DRAIN_S
        )
        await runner.setup()
        try:
            site = LimitedSite(
                runner,
                settings.collector_host,
                settings.collector_port,
                connections,
                auto_decompress=False,
            )
            await site.start()
            # what is there now stays: the collector of cyclic garbage, for which everything waits, need not look through it
            gc.collect()
            gc.freeze()
            collect_rarely()
            url = f"http://{settings.collector_host}:{_port(runner)}"
            _log.info("server_started", url=url, keys=len(keys))
            await _beat_forever(report, intake, url)
        finally:
            report.say("stopping")
            await runner.cleanup()


async def _beat_forever(report: StateReport, intake: EventIntake, url: str) -> None:
    watch = asyncio.create_task(intake.publisher.watch())
    try:
        while not watch.done():
            publisher = intake.publisher
            if publisher.is_broker_there:
                waiting = publisher.spooled_bytes
                report.ready(f"sending on {waiting:,} spooled bytes" if waiting else "", {"http": url})
            else:
                detail = f"Kafka is unreachable; {publisher.spooled_bytes:,} bytes wait on disk"
                report.say("degraded", detail, {"http": url})
            await asyncio.wait([watch], timeout=HEARTBEAT_S)
        watch.result()
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)


def _port(runner: web.AppRunner) -> int:
    return int(runner.addresses[0][1])
