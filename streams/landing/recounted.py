"""Which minute rows of the stream no longer count, because their minutes were recounted from raw events.

Used by ``streams/landing/role.py`` for ``funnel.minutes.v1``.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from scoring.errors import UNDECODABLE
from streams.clickhouse.clients import table
from streams.landing.writer import Row
from streams.settings import Settings


class _Minute(msgspec.Struct, gc=False):
    minute_ms: int


_decode_minutes = msgspec.json.Decoder(list[_Minute]).decode


def not_recounted(settings: Settings, rows: Sequence[Row]) -> str:
    """A condition that leaves out minute rows of minutes that were recounted from raw events."""
    try:
        minutes = [row.minute_ms for row in _decode_minutes(b"[" + b",".join(r.line for r in rows) + b"]")]
    except UNDECODABLE:
        return ""
    low, high = min(minutes) // 1000, max(minutes) // 1000
    noted = table(settings, "recounts_raw")
    return (
        "(store_id, toDateTime(intDiv(minute_ms, 1000), 'UTC')) NOT IN (SELECT store_id, minute "
        f"FROM {noted} WHERE minute BETWEEN toDateTime({low}, 'UTC') AND toDateTime({high}, 'UTC'))"
    )
