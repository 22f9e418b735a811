"""The commerce calendar on days that people know."""

import re
from datetime import date, timedelta

import pytest

from scoring.calendar.entries import (
    GREATER_CHINA,
    PRIME,
    RAMADAN,
    SOUTH_EAST_ASIA,
    WEST,
    CalendarKind,
    calendar_between,
    commerce_days,
    is_known_day,
    public_holidays,
)
from scoring.calendar.holiday_names import chinese_holiday


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


def test_paydays_are_sales_days_of_the_marketplaces() -> None:
    def days(country: str) -> list[int]:
        found = calendar_between([country], date(2026, 2, 1), date(2026, 3, 31))
        return [entry.first.day for entry in found if entry.name.zh == "发薪日大促"]

    assert days("TH") == [25, 25]
    assert days("PH") == [15, 28, 15, 30]
    assert days("US") == []


#: where the platforms that are connected sell, and their neighbours
MARKETS = sorted(
    {*WEST, *PRIME, *GREATER_CHINA, *SOUTH_EAST_ASIA, *RAMADAN}
    | {"KR", "JP", "RU", "KZ", "CL", "CO", "PE", "AR", "GR", "HU", "RO", "IL", "NG", "KE", "UZ"}
)


@pytest.mark.parametrize("country", MARKETS)
def test_every_public_holiday_has_a_chinese_and_an_english_name(country: str) -> None:
    found = [entry for year in range(2025, 2031) for entry in public_holidays(country, year)]
    assert found
    assert [e.name.zh for e in found if not re.search("[\u4e00-\u9fff]", e.name.zh)] == []
    assert [e.name.zh for e in found if re.search(r"\([^)]*\)|[a-z]{3}", e.name.zh)] == []
    assert [e.name.en for e in found if re.search("[\u0400-\uffff]", e.name.en.replace("\u2019", "'"))] == []


def test_what_is_special_about_a_holiday_is_said_in_chinese() -> None:
    assert chinese_holiday("Makha Bucha (in lieu)") == "万佛节（补休）"
    assert chinese_holiday("Alternative holiday for Chuseok") == "韩国中秋节补休"
    assert chinese_holiday("Day off (substituted from 05/04/2024)") == "调休（补5月4日）"
    assert chinese_holiday("Chuseok; National Foundation Day") == "韩国中秋节、开天节"
    assert chinese_holiday("Nobody's Day (observed)") == "Nobody's Day (observed)"


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


def spans(year: int) -> dict[str, tuple[date, date]]:
    """The commerce days and seasons that begin in a year."""
    return {
        e.name.en: (e.first, e.last)
        for e in commerce_days(year)
        if e.first.year == year and e.name.en != "Payday sale"
    }


def test_the_commerce_days_of_2026_are_where_shops_expect_them() -> None:
    def day(month: int, first: int, last: int = 0, last_month: int = 0) -> tuple[date, date]:
        return date(2026, month, first), date(2026, last_month or month, last or first)

    assert spans(2026) == {
        "Valentine's Day": day(2, 14),
        "3.8 sale": day(3, 8),
        "Mother's Day": day(5, 10),
        "5.20": day(5, 20),
        "618 sale": day(6, 1, 17),
        "618": day(6, 18),
        **{f"{month}.{month} sale": day(month, month) for month in range(2, 9)},
        "9.9 sale": day(9, 9),
        "10.10 sale": day(10, 10),
        "11.11 sale": day(11, 1, 10),
        "11.11": day(11, 11),
        "After 11.11": day(11, 12, 14),
        "After 618": day(6, 19, 21),
        "Before Black Friday": day(11, 24, 26),
        "After Cyber Monday": day(12, 1, 3),
        "Black Friday": day(11, 27),
        "Cyber Monday": day(11, 30),
        "12.12": day(12, 12),
        "Christmas shopping": day(12, 10, 24),
        "Prime Day": day(7, 8, 17),
        "Prime Big Deal Days": day(10, 6, 12),
        "Before Lunar New Year (carriers wind down)": day(2, 7, 16),
        "Lunar New Year": day(2, 17, 24),
        "Ramadan": day(2, 18, 19, 3),
        "Eid al-Fitr": day(3, 20, 22),
    }


@pytest.mark.parametrize(
    ("year", "july", "october"),
    [(2023, (11, 12), (10, 11)), (2024, (16, 17), (8, 9)), (2025, (8, 11), (7, 8))],
)
def test_prime_days_are_where_amazon_announced_them(
    year: int, july: tuple[int, int], october: tuple[int, int]
) -> None:
    found = spans(year)
    assert found["Prime Day"] == (date(year, 7, july[0]), date(year, 7, july[1]))
    assert found["Prime Big Deal Days"] == (date(year, 10, october[0]), date(year, 10, october[1]))
    assert all(entry.is_certain for entry in commerce_days(year) if "Prime" in entry.name.en)


@pytest.mark.parametrize("year", range(2015, 2045))
def test_days_that_move_are_the_right_day_of_the_week_in_every_year(year: int) -> None:
    found = spans(year)
    fridays = [day for day in range(1, 31) if date(year, 11, day).weekday() == 3]
    friday = date(year, 11, fridays[3]) + timedelta(days=1)
    assert found["Black Friday"] == (friday, friday)
    assert found["Cyber Monday"] == (friday + timedelta(days=3),) * 2
    sundays = [day for day in range(1, 32) if date(year, 5, day).weekday() == 6]
    assert found["Mother's Day"][0].day == sundays[1]


def test_ramadan_of_the_end_of_2030_was_listed_twice_with_two_ends_and_two_feasts() -> None:
    around = calendar_between(["MY"], date(2030, 12, 20), date(2031, 2, 10))
    assert [(e.name.en, e.first, e.last) for e in around if e.name.en in ("Ramadan", "Eid al-Fitr")][:1] == [
        ("Ramadan", date(2030, 12, 26), date(2031, 1, 23))
    ]
    feasts = [e for e in around if e.name.en == "Eid al-Fitr" and e.kind is CalendarKind.SEASON]
    assert [(e.first, e.last) for e in feasts] == [(date(2031, 1, 24), date(2031, 1, 26))]


@pytest.mark.parametrize("year", range(2020, 2045))
def test_ramadan_lasts_a_month_of_the_moon_and_the_feast_follows_it(year: int) -> None:
    months = [e for e in commerce_days(year) if e.name.en == "Ramadan"]
    feasts = {e.first for e in commerce_days(year) if e.name.en == "Eid al-Fitr"}
    assert {(e.last - e.first).days + 1 for e in months} <= {29, 30}
    assert {e.last + timedelta(days=1) for e in months} == feasts
    assert len({e.first for e in months}) == len(months)


def test_a_day_that_waits_for_the_sighting_of_the_moon_was_called_certain() -> None:
    moon = [e for e in commerce_days(2027) if e.name.en in ("Ramadan", "Eid al-Fitr")]
    assert [e.is_certain for e in moon] == [False] * 4
    assert all(e.is_certain for e in commerce_days(2027) if e.name.en in ("618", "Lunar New Year"))


def test_a_holiday_that_is_substituted_says_so_and_an_unknown_one_keeps_its_name() -> None:
    june = {e.first: e.name for e in public_holidays("US", 2027) if e.first.month == 6}
    assert june[date(2027, 6, 18)].zh == "六月节（补休）"
    assert june[date(2027, 6, 19)].zh == "六月节"
    eve = next(e for e in public_holidays("CN", 2026) if e.first == date(2026, 2, 16))
    assert eve.name.zh == "农历除夕"
    assert [e.last for e in public_holidays("GB", 2026) if e.name.en == "May Day"] == [date(2026, 5, 4)]


def test_a_holiday_within_the_season_of_its_name_is_not_listed_again() -> None:
    listed = calendar_between(["CN", "US"], date(2026, 2, 16), date(2026, 2, 24))
    assert [(e.name.zh, e.first) for e in listed if e.name.zh == "春节"] == [("春节", date(2026, 2, 17))]
    new_year = calendar_between(["CN"], date(2026, 2, 23), date(2026, 2, 23))
    assert [e.name.en for e in new_year] == ["Lunar New Year", "Day off (substituted from 02/28/2026)"]
    # a holiday that does not belong to a season, on a day within a season
    assert "Washington's Birthday" in names("US", date(2026, 2, 16))
    assert "Founding Day Holiday" in names("SA", date(2026, 2, 22))


def test_entries_are_in_the_order_of_their_days_and_what_goes_on_already_counts_as_today() -> None:
    listed = calendar_between(["CN", "MY"], date(2026, 2, 17), date(2026, 3, 19))
    order = list(CalendarKind)
    keys = [(max(e.first, date(2026, 2, 17)), order.index(e.kind), e.name) for e in listed]
    assert keys == sorted(keys)
    assert all(e.last >= date(2026, 2, 17) and e.first <= date(2026, 3, 19) for e in listed)
    assert "Ramadan" in [e.name.en for e in listed]
    assert "Eid al-Fitr" not in [e.name.en for e in listed]
    day_after = calendar_between(["CN"], date(2026, 6, 18), date(2026, 6, 18))
    assert [e.name.en for e in day_after] == ["618"]


def test_a_day_is_known_by_either_name_and_a_holiday_by_its_countries() -> None:
    assert [name for name in ("双11", "BLACK FRIDAY", "ramadan", "Prime Day", "Ramadan!", "") if is_known_day(name)] == [
        "双11", "BLACK FRIDAY", "ramadan", "Prime Day",
    ]  # fmt: skip
    assert not is_known_day("Independence Day")
    assert not is_known_day("Independence Day", ["DE"])
    assert is_known_day("independence day", ["DE", "US"])
    assert is_known_day("独立日", ["US"])


def test_an_entry_names_only_the_countries_that_were_asked_for() -> None:
    (day,) = list(calendar_between(["US", "DE", "", "CN"], date(2026, 11, 27), date(2026, 11, 27)))
    assert (day.name.en, day.countries) == ("Black Friday", ("DE", "US"))
    assert [e.name.en for e in calendar_between([], date(2026, 11, 27), date(2026, 11, 27))] == []
    last, first = date(2026, 12, 31), date(2027, 1, 1)
    assert "New Year's Day" in [e.name.en for e in calendar_between(["DE"], last, first)]
    assert [e.name.en for e in calendar_between(["DE"], last, last)] == []


@pytest.mark.parametrize("month", range(1, 13))
def test_every_month_has_its_paydays(month: int) -> None:
    assert "Payday sale" in names("SG", date(2026, month, 25))
    assert "Payday sale" in names("PH", date(2026, month, 15))
    assert "Payday sale" in names("PH", date(2026, month, 28 if month == 2 else 30))
    assert "Payday sale" not in names("SG", date(2026, month, 14))
