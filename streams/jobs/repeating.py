"""Runs a job again and again: after its own pause, and soon again while ClickHouse is unreachable."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from streams.clickhouse.errors import ClickHouseError

_log = structlog.get_logger()

#: seconds until the next attempt while ClickHouse is unreachable
_AGAIN_S = 10.0
#: a run of a job may take this part of the time: after a large import it must not hold up the landing of rows
LARGEST_SHARE = 0.1


async def repeat(job: str, once: Callable[[], Awaitable[float]]) -> None:
    """Run ``once`` now, and each time again after as many seconds as it returns, until cancelled."""
    while True:
        try:
            pause_s = await once()
        except ClickHouseError as error:
            pause_s = _AGAIN_S
            said = " ".join(str(error).split())[:300]
            _log.warning("clickhouse_unreachable", job=job, error=said, retry_in_s=pause_s)
        await asyncio.sleep(pause_s)
