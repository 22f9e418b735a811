"""Store-local time: which hour of the week a UTC minute is, through daylight saving.

The hour of week is that of the wall clock: when clocks go back, an hour of the profile serves twice; when they go
forward, one is skipped. Day type is weekday or weekend (Saturday and Sunday).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

WEEK_MINUTES = 7 * 1440
#: 1970-01-01 was a Thursday; this many minutes before it was a Monday
_MONDAY_SHIFT = 3 * 1440
#: offsets are looked up once per block: every change of the last decades fell on a quarter of an hour
_BLOCK = 15


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=65536)
def utc_offset(zone: str, block: int) -> int:
    """The zone's offset from UTC in minutes during the quarter of an hour with number ``block`` since 1970."""
    moment = datetime.fromtimestamp(block * _BLOCK * 60, _zone(zone))
    return int((moment.utcoffset() or timedelta()).total_seconds() // 60)


def local_minute(zone: str, minute: int) -> int:
    """Minutes of the wall clock since a Monday 00:00 before 1970, for a UTC minute since 1970."""
    return minute + utc_offset(zone, minute // _BLOCK) + _MONDAY_SHIFT


def local_minutes(zone: str, minutes: NDArray[np.int64]) -> NDArray[np.int64]:
    """``local_minute`` of many UTC minutes: (k,) int64 in, (k,) int64 out."""
    blocks = minutes // _BLOCK
    unique, inverse = np.unique(blocks, return_inverse=True)
    offsets = np.array([utc_offset(zone, int(block)) for block in unique], dtype=np.int64)
    return minutes + offsets[inverse] + _MONDAY_SHIFT


def hour_neighbours(minute_of_week: int) -> tuple[int, int, float]:
    """The two hours of the week between whose centres a minute lies, and the weight of the second.

    Never across Saturday 00:00 or Monday 00:00: weekday and weekend levels differ by a jump, not a slope.
    """
    hour, within = divmod(minute_of_week, 60)
    position = (within + 0.5) / 60 - 0.5
    other = hour + (1 if position >= 0 else -1)
    first, last = (0, 119) if hour < 120 else (120, 167)
    return hour, min(max(other, first), last), abs(position)


def interpolation_table() -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """``hour_neighbours`` of each minute of the week: three arrays of 10,080."""
    rows = [hour_neighbours(minute) for minute in range(WEEK_MINUTES)]
    hours, others, weights = zip(*rows, strict=True)
    return np.array(hours, dtype=np.intp), np.array(others, dtype=np.intp), np.array(weights)
