"""Keeps what the events of each day add up to, so that an evaluation reads days and not events: part of the evaluation job.

Looks at the last ``RECENT_DAYS`` every time, and at all that is kept (``ALL_DAYS``) on the first run and once a day: an import or a
backfill of the past is in the evaluation a day later at most. A run that ends early is made good by the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from scoring.funnel.units import DAY_MS
from streams import metrics
from streams.clickhouse.clients import open_writer
from streams.clickhouse.event_days import changed_days, count_days
from streams.clock import monotonic, now_ms
from streams.config.model import Config
from streams.settings import Settings

_log = structlog.get_logger()

#: days that late events usually fall into, and all for which events are kept
RECENT_DAYS, ALL_DAYS = 50, 400


async def once(settings: Settings, config: Config, days: int = ALL_DAYS) -> int:
    """Count every day again whose events changed; returns how many days of stores.

    Raises:
        ClickHouseError: it is unreachable or rejects a query.
    """
    client = await open_writer(settings)
    counted = 0
    try:
        zones = _by_zone((store.id, store.zone) for store in config.stores)
        for zone, stores in sorted(zones.items()):
            today = datetime.fromtimestamp(now_ms() / 1000, ZoneInfo(zone)).date()
            changed = await changed_days(client, settings, stores, zone, today - timedelta(days=days), today)
            counted += await count_days(client, settings, zone, changed)
    finally:
        await client.close()
    metrics.EVENT_DAYS_LAST_SUCCESS.set(now_ms() / 1000)
    return counted


def _by_zone(stores: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for store, zone in stores:
        found[zone].append(store)
    return found


class EventDays:
    """Counts days before each round of evaluations; it remembers when it last looked at everything."""

    def __init__(self, settings: Settings, config: Config) -> None:
        self._settings, self._config = settings, config
        self._whole_at_ms = 0

    async def look(self) -> int:
        """Count what changed; returns how many days of stores.

        Raises:
            ClickHouseError: it is unreachable or rejects a query.
        """
        started, is_whole = monotonic(), now_ms() - self._whole_at_ms >= DAY_MS
        counted = await once(self._settings, self._config, ALL_DAYS if is_whole else RECENT_DAYS)
        if is_whole:
            self._whole_at_ms = now_ms()
        if counted > len(self._config.stores):
            _log.info("event_days_counted", days=counted, seconds=round(monotonic() - started, 1))
        return counted
