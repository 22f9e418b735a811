"""Business time: the hours in which a warehouse works, and time counted in them alone.

A parcel does not age while nobody is there. So delays of slow steps are counted in *business hours*: whole hours of the
wall clock, numbered as they come, those in which the warehouse is shut left out. What happens while it is shut (an order
paid at night) counts in the next hour in which it is open.

Used by ``slow.py`` (the fit), ``scoring/detection/slow.py`` (live) and ``scoring/baselines/cohorts.py`` alike.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from scoring.baselines.localtime import local_minute, local_minutes
from scoring.calendar.effects import local_date
from scoring.calendar.entries import public_holidays
from scoring.funnel.arrays import Bools, Ints
from scoring.funnel.units import HOURS_A_WEEK

HOURS_A_DAY = 24
#: an hour of the day (a day of the week) with less than this share of the average one's shipments is taken for shut
_SHUT_HOUR, _SHUT_DAY = 0.25, 0.2
SUNDAY = 6


class BusinessHours(msgspec.Struct, frozen=True):
    """When a warehouse works: hours of the week (0 is Monday 00:00 to 01:00) on the clock of ``zone``.

    ``country`` (ISO 3166 alpha-2) names the public holidays on which it is shut; empty: it knows none. ``closed`` are
    further days on which it is shut, as ISO dates. ``is_inferred`` is True where nobody said so and shipments did.
    """

    zone: str
    open_hours: tuple[int, ...]
    country: str = ""
    closed: tuple[str, ...] = ()
    is_inferred: bool = False

    def __post_init__(self) -> None:
        if not self.open_hours or not set(self.open_hours) <= set(range(HOURS_A_WEEK)):
            raise ValueError("business hours need at least one hour of the week, 0 to 167")

    def is_open(self, local_hour: int) -> bool:
        """Whether the warehouse works in an hour of its wall clock, numbered since the Monday before 1970."""
        return local_hour % HOURS_A_WEEK in _open_set(self.open_hours) and not _is_closed(
            self.country, self.closed, local_hour // HOURS_A_DAY
        )

    def open_mask(self, local_hours: Ints) -> Bools:
        """(k,) ``is_open`` of many hours."""
        week = np.zeros(HOURS_A_WEEK, dtype=bool)
        week[list(self.open_hours)] = True
        days, which = np.unique(local_hours // HOURS_A_DAY, return_inverse=True)
        shut = np.array([_is_closed(self.country, self.closed, int(day)) for day in days], dtype=bool)
        return np.asarray(week[local_hours % HOURS_A_WEEK] & ~shut[which])

    def ends_hour(self, minute: int) -> bool:
        """Whether an hour of the warehouse's clock ends with this UTC minute."""
        return local_minute(self.zone, minute + 1) % 60 == 0


@lru_cache(maxsize=4096)
def _open_set(open_hours: tuple[int, ...]) -> frozenset[int]:
    return frozenset(open_hours)


@lru_cache(maxsize=65536)
def _is_closed(country: str, closed: tuple[str, ...], day: int) -> bool:
    date = local_date(day * 1440)
    if date.isoformat() in closed:
        return True
    return bool(country) and any(
        entry.first <= date <= entry.last for entry in public_holidays(country, date.year)
    )


def wall_hours(zone: str, start_minute: int, minutes: int) -> tuple[Ints, Ints]:
    """The hours of a wall clock that *end* within a stretch of UTC minutes.

    When clocks go back the hour that is lived twice is given twice; when they go forward the one skipped is not given.

    Args:
        zone: IANA name.
        start_minute: minutes since 1970 UTC.
        minutes: length of the stretch.

    Returns:
        (hours,) local hour numbers, and (hours + 1,) bounds: hour i is the minutes from bounds[i] (included) to
        bounds[i + 1] (excluded), counted from the start. The first may be cut off at its beginning.
    """
    local = local_minutes(zone, start_minute + np.arange(minutes, dtype=np.int64))
    ends = np.nonzero(
        local_minutes(zone, start_minute + np.arange(1, minutes + 1, dtype=np.int64)) % 60 == 0
    )[0]
    return local[ends] // 60, np.concatenate([[0], ends + 1]).astype(np.int64)


def in_business_hours(
    values: NDArray[np.float64], is_open: Bools
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Hourly values brought to business hours, and what is left for the next one.

    Args:
        values: (hours, k) of the wall clock.
        is_open: (hours,) whether it is a business hour; a shut hour's values count in the next open one.

    Returns:
        (business hours, k) and (k,) what happened since the last of them.
    """
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    ends = np.nonzero(is_open)[0] + 1
    reached = np.concatenate([[0], ends])
    return np.diff(total[reached], axis=0), total[-1] - total[reached[-1]]


def infer_hours(
    zone: str, local_hours: Ints, shipped: NDArray[np.float64], country: str = ""
) -> BusinessHours:
    """The business hours that shipments show: hours of the day and days of the week in which a fair share of them falls.

    Day and hour are looked at apart, so that a store with few shipments has hours too. A warehouse that rests on Sundays
    is taken to rest on the public holidays of its country.

    Args:
        zone: IANA name of the clock.
        local_hours: (hours,) numbers of the wall clock's hours.
        shipped: (hours,) shipments.
        country: where the warehouse is.
    """
    by_hour = np.bincount(local_hours % HOURS_A_DAY, shipped, HOURS_A_DAY)
    by_day = np.bincount(local_hours // HOURS_A_DAY % 7, shipped, 7)
    hours = np.nonzero(by_hour >= _SHUT_HOUR * by_hour.mean())[0]
    days = np.nonzero(by_day >= _SHUT_DAY * by_day.mean())[0]
    open_hours = tuple(int(day * HOURS_A_DAY + hour) for day in days for hour in hours)
    rests = SUNDAY not in days
    return BusinessHours(zone, open_hours, country if rests else "", is_inferred=True)
