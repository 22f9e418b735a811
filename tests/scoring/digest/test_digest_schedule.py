"""When a digest is due, on the clocks of real zones."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.digest.schedule import (
    CATCH_UP_MS,
    DigestForm,
    DigestSchedule,
    due,
    occurrence,
    occurrence_now,
    upcoming,
)

ALL_DAYS = frozenset(range(7))
HOUR_MS = 3_600_000


def schedule(
    zone: str,
    hour: int,
    minute: int = 0,
    days: frozenset[int] = ALL_DAYS,
    form: DigestForm = DigestForm.DAILY,
) -> DigestSchedule:
    return DigestSchedule(zone, hour, minute, days, form)


def utc_ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def wall(at_ms: int, zone: str) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)):%a %m-%d %H:%M %z}"


def test_a_weekly_digest_at_five_on_monday_in_shanghai_is_sent_on_monday_and_covers_monday_to_sunday() -> (
    None
):
    weekly = schedule("Asia/Shanghai", 5, days=frozenset({0}), form=DigestForm.WEEKLY)
    (found,) = upcoming(weekly, utc_ms("2026-03-05T00:00"), 1)
    assert wall(found.at_ms, "Asia/Shanghai") == "Mon 03-09 05:00 +0800"
    assert datetime.fromtimestamp(found.at_ms / 1000, UTC).weekday() == 6  # still Sunday in UTC
    assert (found.first_day, found.last_day) == (date(2026, 3, 2), date(2026, 3, 8))
    assert wall(found.from_ms, "Asia/Shanghai") == "Mon 03-02 00:00 +0800"
    assert wall(found.to_ms, "Asia/Shanghai") == "Mon 03-09 00:00 +0800"


def test_an_hour_that_the_clock_skips_is_taken_at_the_next_moment_that_exists() -> None:
    found = occurrence(schedule("America/Los_Angeles", 2, 30), date(2026, 3, 8))
    assert found is not None
    assert wall(found.at_ms, "America/Los_Angeles") == "Sun 03-08 03:00 -0700"
    assert found.to_ms - found.from_ms == 24 * HOUR_MS  # covers the 7th


def test_an_hour_that_comes_twice_is_taken_once() -> None:
    twice = schedule("America/Los_Angeles", 1, 30)
    found = occurrence(twice, date(2026, 11, 1))
    assert found is not None
    assert wall(found.at_ms, "America/Los_Angeles") == "Sun 11-01 01:30 -0700"
    again = due(twice, found.at_ms + HOUR_MS + 60_000)  # the clock shows 01:31 for the second time
    assert again == found
    assert [o.day.day for o in upcoming(twice, found.at_ms - 1, 2)] == [1, 2]


def test_the_day_of_a_clock_change_is_as_long_as_it_is() -> None:
    spring = occurrence(schedule("America/Los_Angeles", 8), date(2026, 3, 9))
    autumn = occurrence(schedule("America/Los_Angeles", 8), date(2026, 11, 2))
    assert spring is not None
    assert autumn is not None
    assert spring.to_ms - spring.from_ms == 23 * HOUR_MS
    assert autumn.to_ms - autumn.from_ms == 25 * HOUR_MS


def test_a_day_that_a_zone_left_out_has_no_digest() -> None:
    assert occurrence(schedule("Pacific/Apia", 8), date(2011, 12, 30)) is None
    assert occurrence(schedule("Pacific/Apia", 8), date(2011, 12, 31)) is not None


def test_a_missed_hour_is_caught_up_for_twenty_hours_and_then_left_out() -> None:
    daily = schedule("Asia/Shanghai", 8, days=frozenset({2}))
    at = utc_ms("2026-03-04T00:00")  # Wednesday 08:00 in Shanghai
    assert due(daily, at - 1) is None
    for late in (0, 5 * HOUR_MS, CATCH_UP_MS[DigestForm.DAILY]):
        found = due(daily, at + late)
        assert found is not None
        assert (found.day, found.at_ms) == (date(2026, 3, 4), at)
    assert due(daily, at + CATCH_UP_MS[DigestForm.DAILY] + 1) is None


def test_a_weekly_digest_missed_over_the_weekend_is_caught_up_on_monday() -> None:
    weekly = schedule("Europe/Berlin", 18, days=frozenset({4}), form=DigestForm.WEEKLY)
    found = due(weekly, utc_ms("2026-03-09T08:00"))  # Friday 18:00 is 63 hours ago
    assert found is not None
    assert found.day == date(2026, 3, 6)
    assert due(weekly, utc_ms("2026-03-10T08:00")) is None


def test_only_the_wanted_weekdays_have_a_digest() -> None:
    working = schedule("Asia/Shanghai", 9, days=frozenset(range(5)))
    days = [o.day.weekday() for o in upcoming(working, utc_ms("2026-03-05T12:00"), 6)]
    assert days == [4, 0, 1, 2, 3, 4]
    assert upcoming(schedule("UTC", 9, days=frozenset()), 0, 3) == []
    assert occurrence_now(working, utc_ms("2026-03-07T12:00")).day == date(2026, 3, 7)


@pytest.mark.parametrize(
    "zone", ["America/Los_Angeles", "Asia/Shanghai", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]
)
@given(
    start=st.integers(utc_ms("2024-01-01T00:00") // HOUR_MS, utc_ms("2028-01-01T00:00") // HOUR_MS),
    minute_of_day=st.integers(0, 1439),
)
@settings(deadline=None, max_examples=60)
def test_periods_join_without_gap_and_whatever_is_upcoming_becomes_due(
    zone: str, start: int, minute_of_day: int
) -> None:
    daily = schedule(zone, minute_of_day // 60, minute_of_day % 60)
    first, second = upcoming(daily, start * HOUR_MS, 2)
    assert first.to_ms == second.from_ms
    assert start * HOUR_MS < first.at_ms < second.at_ms
    assert due(daily, first.at_ms) == first
    assert due(daily, second.at_ms - 1) in (first, None)
    assert first.to_ms <= first.at_ms
