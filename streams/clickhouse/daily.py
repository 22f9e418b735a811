"""What was counted of stores by whole days of their own clock."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from scoring.funnel.segment_names import PAGELESS

#: ``day`` is days since 1970; without bots and what is set apart; ``pageless`` are those of orders without a page. Parameters: ``counted_between``
DAILY_COUNTS = f"""
SELECT store_id, toInt32(toDate(minute, {{zone:String}})) AS day, toString(stage) AS stage_name, toInt64(sum(count)) AS counted,
    toInt64(sumIf(count, segment IN {PAGELESS})) AS pageless
FROM stage_counts
WHERE store_id IN {{stores:Array(String)}} AND minute >= toDateTime({{from_s:Int64}}, 'UTC') AND minute < toDateTime({{to_s:Int64}}, 'UTC')
GROUP BY store_id, day, stage
"""


def counted_between(zone: str, stores: list[str], first: date, end: date) -> dict[str, Any]:
    """The parameters of ``DAILY_COUNTS`` for the days from ``first`` to ``end`` (excluded)."""
    return {
        "zone": zone,
        "stores": stores,
        "from_s": _midnight_s(first, zone),
        "to_s": _midnight_s(end, zone),
    }


def _midnight_s(day: date, zone: str) -> int:
    return int(datetime.combine(day, time(), ZoneInfo(zone)).timestamp())
