"""The commerce calendar on days that people know."""

from datetime import date, timedelta

import pytest

from scoring.calendar.entries import CalendarKind, calendar_between


def names(country: str, day: date) -> list[str]:
    return [entry.name.en for entry in calendar_between([country], day, day)]


@pytest.mark.parametrize(
    ("country", "day", "name"),
    [
        ("US", date(2025, 11, 28), "Black Friday"),
        ("DE", date(2024, 12, 2), "Cyber Monday"),
        ("CN", date(2026, 6, 18), "618"),
        ("CN", date(2026, 11, 11), "11.11"),
        ("SG", date(2026, 12, 12), "12.12"),
        ("JP", date(2025, 7, 9), "Prime Day"),
        ("CN", date(2026, 2, 17), "Lunar New Year"),
        ("ID", date(2026, 2, 20), "Ramadan"),
        ("SA", date(2026, 3, 20), "Eid al-Fitr"),
        ("US", date(2026, 5, 10), "Mother's Day"),
        ("US", date(2026, 7, 4), "Independence Day"),
        ("CN", date(2026, 10, 1), "National Day"),
    ],
)
def test_a_known_day_is_on_its_country_calendar(country: str, day: date, name: str) -> None:
    assert name in names(country, day)


def test_black_friday_is_not_on_chinas_calendar_and_618_not_on_americas() -> None:
    assert names("CN", date(2025, 11, 28)) == []
    assert names("US", date(2025, 6, 18)) == []


def test_a_holiday_is_named_in_both_languages_and_once_for_several_countries() -> None:
    (new_year,) = [
        entry
        for entry in calendar_between(["US", "CN", "DE", "US"], date(2027, 1, 1), date(2027, 1, 1))
        if entry.name.en == "New Year's Day"
    ]
    assert set(new_year.countries) == {"CN", "DE", "US"}
    assert new_year.name.zh == "元旦"
    chinese = calendar_between(["CN"], date(2026, 10, 1), date(2026, 10, 1))
    assert any(entry.name.zh == "国庆节" for entry in chinese)


def test_prime_day_of_a_year_that_is_not_announced_says_so() -> None:
    (prime,) = [
        e for e in calendar_between(["US"], date(2031, 7, 10), date(2031, 7, 10)) if "Prime" in e.name.en
    ]
    assert not prime.is_certain


def test_a_span_that_began_earlier_is_found_and_nothing_ends_before_it_begins() -> None:
    day = date(2026, 3, 1)
    assert "Ramadan" in names("MY", day)
    everything = calendar_between(["CN", "US", "SA", "ID"], day, day + timedelta(days=366))
    assert all(entry.first <= entry.last for entry in everything)
    assert {entry.kind for entry in everything} == set(CalendarKind)
    assert calendar_between(["ZZ"], day, day) == ()
