"""The store's wall clock, against the clock itself: zones of 30 and 45 minutes, hours that come twice or not at all."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from scoring.baselines.localtime import (
    WEEK_MINUTES,
    hour_neighbours,
    interpolation_table,
    local_minute,
    local_minutes,
)

MONDAY = datetime(1969, 12, 29)  # noqa: DTZ001
#: zone and a UTC moment at which its clocks are put on or back, or one that does neither
CHANGES = [
    ("Europe/Berlin", "2026-03-29T01:00"),
    ("Europe/Berlin", "2026-10-25T01:00"),
    ("America/St_Johns", "2026-03-08T05:30"),
    ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("Pacific/Chatham", "2026-04-04T14:00"),
    ("Asia/Kathmandu", "2026-04-04T14:00"),
    ("Asia/Kolkata", "1969-12-31T23:00"),
    ("Pacific/Apia", "2011-12-30T10:00"),
]


def shown(zone: str, minute: int) -> int:
    """Minutes that the wall clock shows since a Monday before 1970."""
    wall = datetime.fromtimestamp(minute * 60, ZoneInfo(zone)).replace(tzinfo=None)
    return (wall - MONDAY) // timedelta(minutes=1)


@pytest.mark.parametrize(("zone", "around"), CHANGES)
def test_the_local_minute_is_what_the_wall_clock_shows(zone: str, around: str) -> None:
    change = int(datetime.fromisoformat(around).replace(tzinfo=UTC).timestamp()) // 60
    draw = random.Random(zone)
    minutes = [*range(change - 2, change + 3), *(change + draw.randrange(-20_000, 20_000) for _ in range(40))]
    assert [local_minute(zone, minute) for minute in minutes] == [shown(zone, minute) for minute in minutes]
    many = local_minutes(zone, np.array(minutes, dtype=np.int64))
    assert many.tolist() == [shown(zone, minute) for minute in minutes]
    assert MONDAY.weekday() == 0


@pytest.mark.parametrize("minute", [0, 29, 30, 59, 60, 7199, 7200, 7170, 7171, 10_079, 3000])
def test_a_minute_lies_between_the_middles_of_its_hour_and_of_the_nearer_neighbour(minute: int) -> None:
    hour, other, weight = hour_neighbours(minute)
    assert hour == minute // 60
    middle = hour * 60 + 30
    distance = minute + 0.5 - middle
    assert weight == pytest.approx(abs(distance) / 60)
    neighbour = hour + (1 if distance > 0 else -1)
    is_weekend = hour >= 120
    stays = 0 <= neighbour < 168 and (neighbour >= 120) == is_weekend
    assert other == (neighbour if stays else hour)


def test_the_table_of_the_week_holds_each_minute() -> None:
    hours, others, weights = interpolation_table()
    assert len(hours) == WEEK_MINUTES == 7 * 24 * 60
    for minute in range(0, WEEK_MINUTES, 7):
        assert (hours[minute], others[minute], weights[minute]) == hour_neighbours(minute)
