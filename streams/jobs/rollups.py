"""The roll-up job: keeps the sums of whole hours up to date, so that a month of all stores is read in a moment.

Readers do not depend on it: while it is not running, ``score_sums`` and ``count_sums`` read more minutes and give the same.
"""

from __future__ import annotations

import structlog

from streams import metrics
from streams.clickhouse.clients import open_writer
from streams.clickhouse.rollup import ROLLUPS, roll_up
from streams.clock import monotonic, now_ms
from streams.jobs.repeating import LARGEST_SHARE, repeat
from streams.settings import Settings

_log = structlog.get_logger()

INTERVAL_S = 60.0


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
    """Roll up now, and again and again until cancelled."""

    async def one_run() -> float:
        started = monotonic()
        written = await once(settings)
        took_s = monotonic() - started
        if written > 1:
            _log.info("hours_rolled_up", hours=written, seconds=round(took_s, 1))
        return max(INTERVAL_S, took_s / LARGEST_SHARE)

    await repeat("rollups", one_run)
