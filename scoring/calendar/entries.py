"""The commerce calendar: days on which shops do not behave as usual, by country, with names in both languages.

Commerce days come from the table below, public holidays from the ``holidays`` library. An entry says what day it is,
never what it will do to a store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

import holidays
from holidays.calendars.chinese import _ChineseLunisolar
from holidays.calendars.islamic import _IslamicLunar

from scoring.calendar.holiday_names import chinese_holiday
from scoring.wording.text import Text

Span = tuple[date, date]


class CalendarKind(StrEnum):
    """Whether people shop (or send) differently because of commerce, of the season, or because offices are closed."""

    COMMERCE = "commerce"
    SEASON = "season"
    HOLIDAY = "holiday"


class DayPhase(StrEnum):
    """What part of a promotion an entry is: people wait and fill carts, buy, or have bought."""

    WARM_UP = "warm_up"
    DAY = "day"
    HANGOVER = "hangover"


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One entry from ``first`` to ``last`` (both included) in ``countries`` (none named: everywhere).

    ``is_certain`` is False where the day is not announced yet and only the usual time of the year is known.
    """

    name: Text
    kind: CalendarKind
    first: date
    last: date
    countries: tuple[str, ...] = ()
    is_certain: bool = True
    phase: DayPhase = DayPhase.DAY


GREATER_CHINA = ("CN", "HK", "MO", "TW")
SOUTH_EAST_ASIA = ("SG", "MY", "ID", "TH", "VN", "PH")
LUNAR_NEW_YEAR = (*GREATER_CHINA, "SG", "MY", "VN", "KR", "ID")
#: where Ramadan changes the hours at which most people shop
RAMADAN = (
    "AE", "BD", "BH", "DZ", "EG", "ID", "IQ", "JO", "KW", "LB", "LY", "MA", "MY", "OM", "PK", "QA", "SA", "TN", "TR", "YE",
)  # fmt: skip
WEST = (
    "US", "CA", "GB", "IE", "AU", "NZ", "DE", "AT", "CH", "FR", "IT", "ES", "PT", "NL", "BE", "LU", "SE", "NO", "DK", "FI",
    "PL", "CZ", "BR", "MX", "ZA",
)  # fmt: skip
PRIME = (
    "US", "CA", "GB", "IE", "AU", "DE", "AT", "FR", "IT", "ES", "PT", "NL", "BE", "LU", "SE", "PL", "JP", "SG", "AE", "SA",
    "EG", "BR", "MX", "TR", "IN",
)  # fmt: skip

#: announced by Amazon each year; a year that is not here is shown at the usual time and marked as not announced
PRIME_DAYS: dict[int, Span] = {
    2023: (date(2023, 7, 11), date(2023, 7, 12)),
    2024: (date(2024, 7, 16), date(2024, 7, 17)),
    2025: (date(2025, 7, 8), date(2025, 7, 11)),
}
PRIME_BIG_DEAL_DAYS: dict[int, Span] = {
    2023: (date(2023, 10, 10), date(2023, 10, 11)),
    2024: (date(2024, 10, 8), date(2024, 10, 9)),
    2025: (date(2025, 10, 7), date(2025, 10, 8)),
}


def _weekday_of(year: int, month: int, weekday: int, number: int) -> date:
    """The ``number``-th ``weekday`` (0 = Monday) of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))


def _fixed(month: int, day: int, last_month: int = 0, last_day: int = 0) -> Callable[[int], Span]:
    return lambda year: (date(year, month, day), date(year, last_month or month, last_day or day))


def _black_friday(year: int) -> date:
    return _weekday_of(year, 11, 3, 4) + timedelta(days=1)


def _one(day: Callable[[int], date]) -> Callable[[int], Span]:
    return lambda year: (day(year), day(year))


#: the sale of the marketplaces on the day on which most people are paid; in the Philippines twice a month
PAYDAY = Text("发薪日大促", "Payday sale")
PAID_MONTHLY = ("SG", "MY", "ID", "TH", "VN")

#: name, countries, and the first and last day in a year
YEARLY: tuple[tuple[Text, tuple[str, ...], Callable[[int], Span]], ...] = (
    (Text("情人节", "Valentine's Day"), WEST, _fixed(2, 14)),
    (Text("38 女神节大促", "3.8 sale"), ("CN",), _fixed(3, 8)),
    (Text("母亲节", "Mother's Day"), ("US", "CA", "AU", "DE", "IT", "CN", "BR", "SG"), _one(lambda y: _weekday_of(y, 5, 6, 2))),
    (Text("520", "5.20"), ("CN",), _fixed(5, 20)),
    (Text("618 大促期", "618 sale"), ("CN",), _fixed(6, 1, 6, 17)),
    (Text("618", "618"), ("CN",), _fixed(6, 18)),
    *((Text(f"{m}.{m} 大促", f"{m}.{m} sale"), SOUTH_EAST_ASIA, _fixed(m, m)) for m in (2, 3, 4, 5, 6, 7, 8)),
    (Text("99 大促", "9.9 sale"), SOUTH_EAST_ASIA, _fixed(9, 9)),
    (Text("1010 大促", "10.10 sale"), SOUTH_EAST_ASIA, _fixed(10, 10)),
    (Text("双11 大促期", "11.11 sale"), ("CN",), _fixed(11, 1, 11, 10)),
    (Text("双11", "11.11"), (*GREATER_CHINA, *SOUTH_EAST_ASIA), _fixed(11, 11)),
    (Text("双11 之后", "After 11.11"), ("CN",), _fixed(11, 12, 11, 14)),
    (Text("618 之后", "After 618"), ("CN",), _fixed(6, 19, 6, 21)),
    (Text("黑五之前", "Before Black Friday"), WEST, lambda y: (_black_friday(y) - timedelta(days=3), _black_friday(y) - timedelta(days=1))),
    (Text("网络星期一之后", "After Cyber Monday"), WEST, lambda y: (_black_friday(y) + timedelta(days=4), _black_friday(y) + timedelta(days=6))),
    (Text("黑五", "Black Friday"), WEST, _one(_black_friday)),
    (Text("网络星期一", "Cyber Monday"), WEST, _one(lambda y: _black_friday(y) + timedelta(days=3))),
    (Text("双12", "12.12"), (*GREATER_CHINA, *SOUTH_EAST_ASIA), _fixed(12, 12)),
    (Text("圣诞购物季", "Christmas shopping"), WEST, _fixed(12, 10, 12, 24)),
    *((PAYDAY, PAID_MONTHLY, _fixed(m, 25)) for m in range(1, 13)),
    *((PAYDAY, ("PH",), _fixed(m, 15)) for m in range(1, 13)),
    *((PAYDAY, ("PH",), _fixed(m, 28 if m == 2 else 30)) for m in range(1, 13)),
)  # fmt: skip

#: by English name, the entries in which people wait for a promotion or have bought
PHASES: dict[str, DayPhase] = {
    "618 sale": DayPhase.WARM_UP,
    "11.11 sale": DayPhase.WARM_UP,
    "Before Black Friday": DayPhase.WARM_UP,
    "After 618": DayPhase.HANGOVER,
    "After 11.11": DayPhase.HANGOVER,
    "After Cyber Monday": DayPhase.HANGOVER,
}


def _moving(year: int) -> Iterable[CalendarEntry]:
    """The entries whose day is announced or follows the moon."""
    for days, name, usual in (
        (PRIME_DAYS, Text("Prime Day", "Prime Day"), (date(year, 7, 8), date(year, 7, 17))),
        (
            PRIME_BIG_DEAL_DAYS,
            Text("Prime 秋季大促", "Prime Big Deal Days"),
            (date(year, 10, 6), date(year, 10, 12)),
        ),
    ):
        first, last = days.get(year, usual)
        yield CalendarEntry(name, CalendarKind.COMMERCE, first, last, PRIME, is_certain=year in days)
    new_year = _ChineseLunisolar().lunar_new_year_date(year)
    if new_year is not None and new_year[0] is not None:
        day = new_year[0]
        yield CalendarEntry(
            Text("春节前（物流陆续停收）", "Before Lunar New Year (carriers wind down)"),
            CalendarKind.SEASON, day - timedelta(days=10), day - timedelta(days=1), ("CN",),
        )  # fmt: skip
        yield CalendarEntry(
            Text("春节", "Lunar New Year"),
            CalendarKind.SEASON,
            day,
            day + timedelta(days=7),
            LUNAR_NEW_YEAR,
        )
    yield from _ramadans(year)


def _ramadans(year: int) -> Iterable[CalendarEntry]:
    """Ramadan and the feast after it; they are certain where the sighting of the moon has been announced."""
    moon = _IslamicLunar()
    # one that begins in December ends in the next year
    feasts = {**dict(moon.eid_al_fitr_dates(year)), **dict(moon.eid_al_fitr_dates(year + 1))}
    for first, is_estimated in moon.ramadan_beginning_dates(year):
        for feast in sorted(day for day in feasts if day > first)[:1]:
            yield CalendarEntry(
                Text("斋月", "Ramadan"),
                CalendarKind.SEASON,
                first,
                feast - timedelta(days=1),
                RAMADAN,
                not is_estimated,
            )
            yield CalendarEntry(
                Text("开斋节", "Eid al-Fitr"),
                CalendarKind.SEASON,
                feast,
                feast + timedelta(days=2),
                RAMADAN,
                not feasts[feast],
            )


@lru_cache(maxsize=16)
def commerce_days(year: int) -> tuple[CalendarEntry, ...]:
    """All commerce days and seasons that touch ``year``, by day."""
    found = [
        CalendarEntry(
            name, CalendarKind.COMMERCE, *span(year), countries, phase=PHASES.get(name.en, DayPhase.DAY)
        )
        for name, countries, span in YEARLY
    ]
    found += _moving(year)
    return tuple(sorted(set(found), key=lambda entry: (entry.first, entry.name)))


@lru_cache(maxsize=256)
def public_holidays(country: str, year: int) -> tuple[CalendarEntry, ...]:
    """The public holidays of a country (ISO 3166 alpha-2) in a year; none for a country that is not known."""
    if country not in holidays.list_supported_countries():
        return ()
    spoken = holidays.list_localized_countries().get(country, [])
    named = {
        language: holidays.country_holidays(
            country, years=year, language=next((code for code in codes if code in spoken), None)
        )
        for language, codes in (("zh", ("zh_CN", "en_US")), ("en", ("en_US",)))
    }
    return tuple(
        CalendarEntry(
            Text(chinese_holiday(named["zh"].get(day, name)), name),
            CalendarKind.HOLIDAY,
            day,
            day,
            (country,),
        )
        for day, name in sorted(named["en"].items())
    )


#: a year whose entries have every name that recurs
_ANY_YEAR = 2026


def is_known_day(name: str, countries: Iterable[str] = ()) -> bool:
    """Whether an entry is called so, in Chinese or English: a commerce day, a season, or a public holiday of ``countries``."""
    sources = [*commerce_days(_ANY_YEAR)]
    sources += [entry for country in countries for entry in public_holidays(country, _ANY_YEAR)]
    return any(name.casefold() in (entry.name.zh.casefold(), entry.name.en.casefold()) for entry in sources)


def calendar_between(countries: Iterable[str], first: date, last: date) -> tuple[CalendarEntry, ...]:
    """What is on the calendar of any of ``countries`` from ``first`` to ``last`` (both included), by day.

    An entry's ``countries`` are narrowed to those asked for; holidays of the same day and name are listed once.
    """
    wanted = sorted(set(countries) - {""})
    years = range(first.year - 1, last.year + 2)
    found: dict[tuple[str, date, date], CalendarEntry] = {}
    sources = [entry for year in years for entry in commerce_days(year)]
    sources += [entry for year in years for country in wanted for entry in public_holidays(country, year)]
    for entry in sources:
        if entry.last < first or entry.first > last:
            continue
        here = tuple(country for country in wanted if not entry.countries or country in entry.countries)
        if entry.countries and not here:
            continue
        key = (entry.name.en, entry.first, entry.last)
        known = found.get(key)
        both = tuple(sorted({*here, *(known.countries if known else ())}))
        if entry.kind is CalendarKind.HOLIDAY and any(
            other.name.zh == entry.name.zh and other.first <= entry.first <= other.last
            for other in found.values()
            if other.kind is not CalendarKind.HOLIDAY
        ):
            continue  # the season of that name is listed already
        found[key] = CalendarEntry(
            entry.name, entry.kind, entry.first, entry.last, both, entry.is_certain, entry.phase
        )
    order = list(CalendarKind)
    return tuple(sorted(found.values(), key=lambda e: (max(e.first, first), order.index(e.kind), e.name)))
