"""The roll-up job: keeps the sums of whole hours up to date, so that a month of all stores is read in a moment.

Readers do not depend on it: while it is not running, ``score_sums`` and ``count_sums`` read more minutes and give the same.
"""

from __future__ import annotations

import asyncio

import structlog

from streams import metrics
from streams.clickhouse.clients import open_writer
from streams.clickhouse.errors import ClickHouseError
from streams.clickhouse.rollup import ROLLUPS, roll_up
from streams.clock import monotonic, now_ms
from streams.settings import Settings

_log = structlog.get_logger()

INTERVAL_S = 60.0
#: a run may take this part of the time: after a large import it must not hold up the landing of rows
_SHARE = 0.1
#: seconds until the next attempt while ClickHouse is unreachable
_AGAIN_S = 10.0


async def once(settings: Settings) -> int:
    """Bring every roll-up up to date; returns how many hours were written.

    Raises:
        ClickHouseError: it is unreachable or rejects the query.
    """
    client = await open_writer(settings)
    written = 0
    try:
        for rollup in ROLLUPS:
            hours = await roll_up(client, settings, rollup)
            metrics.ROLLUP_HOURS.labels(rollup.kind).inc(hours)
            written += hours
    finally:
        await client.close()
    metrics.ROLLUP_LAST_SUCCESS.set(now_ms() / 1000)
    return written


async def run(settings: Settings) -> None:
    """Do so again and again until cancelled; the first time at once."""
    while True:
        started = monotonic()
        try:
            written = await once(settings)
            pause_s = max(INTERVAL_S, (monotonic() - started) / _SHARE)
            if written > 1:
                _log.info("hours_rolled_up", hours=written, seconds=round(monotonic() - started, 1))
        except ClickHouseError as error:
            pause_s = _AGAIN_S
            _log.warning(
                "clickhouse_unreachable",
                job="rollups",
                error=" ".join(str(error).split())[:300],
                retry_in_s=pause_s,
            )
        await asyncio.sleep(pause_s)
