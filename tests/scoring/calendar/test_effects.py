"""On which minutes of a store which day holds, against a calendar leafed through minute by minute."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from scoring.calendar.effects import (
    DAY,
    DayChoice,
    DayEffect,
    DayRules,
    DaySpan,
    OwnEntry,
    local_date,
    local_number,
)
from scoring.calendar.entries import CalendarEntry, CalendarKind, calendar_between
from scoring.wording.text import Text

SUPPRESS, WIDEN, COMPARE = DayEffect.SUPPRESS, DayEffect.WIDEN, DayEffect.COMPARE
COMMERCE, SEASON, HOLIDAY = CalendarKind.COMMERCE, CalendarKind.SEASON, CalendarKind.HOLIDAY
COUNTRIES = {"us": "US", "cn": "CN", "none": ""}


def minute_of(moment: datetime) -> int:
    """Minutes since the Monday from which weeks are counted."""
    return int((moment - datetime(1969, 12, 29)) / timedelta(minutes=1))  # noqa: DTZ001


def test_local_minutes_are_counted_from_a_monday() -> None:
    moment = datetime(2026, 11, 27, 13, 45)  # noqa: DTZ001
    assert local_number(moment) == minute_of(moment)
    assert local_number(datetime(1969, 12, 29, 0, 1)) == 1  # noqa: DTZ001
    assert local_date(local_number(moment)) == moment.date()
    assert local_date(-1) == date(1969, 12, 28)
    assert date(1969, 12, 29).weekday() == 0


@pytest.mark.parametrize(
    ("countries", "stores", "for_us", "for_cn", "for_none"),
    [
        ((), (), True, True, True),
        (("US",), (), True, False, False),
        ((), ("cn",), False, True, False),
        (("US",), ("cn",), True, True, False),
        (("",), (), False, False, False),
        (("DE",), ("shop",), False, False, False),
    ],
)
def test_an_entry_and_a_choice_are_for_the_stores_and_countries_they_name_or_for_all(
    countries: tuple[str, ...], stores: tuple[str, ...], for_us: bool, for_cn: bool, for_none: bool
) -> None:
    noon = datetime(2026, 1, 1, 12)  # noqa: DTZ001
    own = OwnEntry("x", WIDEN, noon, noon, countries, stores)
    choice = DayChoice("sale", None, countries, stores)
    entry = CalendarEntry(Text("大促", "SALE"), COMMERCE, noon.date(), noon.date())
    other = CalendarEntry(Text("别的", "other"), COMMERCE, noon.date(), noon.date())
    for store, wanted in (("us", for_us), ("cn", for_cn), ("none", for_none)):
        assert own.is_for(store, COUNTRIES[store]) == wanted
        assert choice.is_for(entry, store, COUNTRIES[store]) == wanted
        assert not choice.is_for(other, store, COUNTRIES[store])
    assert DayChoice("大促", None).is_for(entry, "us", "US")


def test_an_own_entry_is_on_the_calendar_on_every_day_that_it_touches() -> None:
    def days(first: datetime, last: datetime) -> tuple[date, date]:
        entry = OwnEntry("sale", WIDEN, first, last, ("US",)).as_calendar()
        assert (entry.name.zh, entry.name.en, entry.kind, entry.countries) == (
            "sale",
            "sale",
            COMMERCE,
            ("US",),
        )
        return entry.first, entry.last

    first = datetime(2026, 5, 1, 22)  # noqa: DTZ001
    assert days(first, datetime(2026, 5, 3)) == (date(2026, 5, 1), date(2026, 5, 2))  # noqa: DTZ001
    assert days(first, datetime(2026, 5, 3, 0, 1)) == (date(2026, 5, 1), date(2026, 5, 3))  # noqa: DTZ001


RULES = DayRules(
    COUNTRIES,
    {COMMERCE: COMPARE, HOLIDAY: WIDEN},
    (
        OwnEntry("move", SUPPRESS, datetime(2026, 11, 26, 20), datetime(2026, 11, 27, 4), stores=("us",)),  # noqa: DTZ001
        OwnEntry("all", WIDEN, datetime(2026, 11, 1), datetime(2026, 11, 2)),  # noqa: DTZ001
    ),
    (
        DayChoice("Cyber Monday", None),
        DayChoice("lunar new year", SUPPRESS, stores=("cn",)),
        DayChoice("Lunar New Year", WIDEN),
        DayChoice("Thanksgiving Day", SUPPRESS, countries=("US",)),
    ),
)


def slowly(rules: DayRules, store: str, moment: datetime) -> set[tuple[str, DayEffect]]:
    """What holds for a store at one minute of its wall clock."""
    country, found = COUNTRIES[store], set()
    for own in rules.own:
        if own.first <= moment < own.last and (not own.stores or store in own.stores):
            found.add((own.name, own.effect))
    for entry in calendar_between([country], moment.date(), moment.date()) if country else ():
        effect = rules.effects.get(entry.kind)
        for choice in reversed(rules.choices):
            named = choice.name.lower() in (entry.name.zh.lower(), entry.name.en.lower())
            meant = (
                (not choice.stores and not choice.countries)
                or store in choice.stores
                or country in choice.countries
            )
            effect = choice.effect if named and meant else effect
        if effect is not None:
            both = {entry.name.zh: None, entry.name.en: None}
            found.add((" / ".join(both), effect))
    return found


@pytest.mark.parametrize("store", ["us", "cn", "none"])
@pytest.mark.parametrize("month", [(2026, 2), (2026, 11), (2026, 12)])
def test_what_holds_in_a_minute_is_what_the_calendar_and_the_choices_say(
    store: str, month: tuple[int, int]
) -> None:
    draw = random.Random(f"{store} {month}")
    first = datetime(*month, 1)  # noqa: DTZ001
    spans = RULES.spans(store, first.date(), (first + timedelta(days=29)).date())
    assert list(spans) == sorted(spans, key=lambda span: (span.first, span.name))
    for _ in range(60):
        moment = first + timedelta(days=draw.randrange(30), minutes=draw.choice([0, 1, 239, 240, 719, 1199, 1200, 1439]))  # fmt: skip
        at = minute_of(moment)
        held = {(span.name, span.effect) for span in spans if span.first <= at < span.last}
        assert held == slowly(RULES, store, moment)


def test_an_own_entry_holds_on_the_first_and_on_the_last_day_that_is_asked_for() -> None:
    def is_found(first: date, last: date) -> bool:
        return "move" in [span.name for span in RULES.spans("us", first, last)]

    assert is_found(date(2026, 11, 20), date(2026, 11, 26))
    assert is_found(date(2026, 11, 27), date(2026, 11, 30))
    assert not is_found(date(2026, 11, 20), date(2026, 11, 25))
    assert not is_found(date(2026, 11, 28), date(2026, 11, 30))


def test_a_choice_alone_changes_a_day_whose_kind_does_nothing() -> None:
    rules = DayRules(COUNTRIES, {}, choices=(DayChoice("黑五", SUPPRESS),))
    day = date(2026, 11, 27)
    start = minute_of(datetime(2026, 11, 27))  # noqa: DTZ001
    assert rules.spans("us", day, day) == (DaySpan("黑五 / Black Friday", SUPPRESS, start, start + DAY),)
    assert rules.spans("none", day, day) == ()
    assert DayRules(COUNTRIES, {}).spans("us", day, day) == ()


def excluded(days: int, length_minutes: int, history_days: int) -> int | None:
    """How many of a history's minutes the fit leaves out for an own entry in its middle."""
    first = datetime(2026, 8, 3)  # noqa: DTZ001
    begins = first + timedelta(days=days)
    entry = OwnEntry("x", COMPARE, begins, begins + timedelta(minutes=length_minutes))
    start = minute_of(first)
    out = DayRules({}, {}, (entry,)).excluded("s", np.arange(start, start + history_days * DAY))
    if out is None:
        return None
    assert out[minute_of(begins) - start]
    assert not out[minute_of(begins) - start + length_minutes :].any()
    return int(out.sum())


def test_the_fit_leaves_out_days_of_up_to_three_and_never_half_of_a_history() -> None:
    assert excluded(2, DAY, 30) == DAY
    assert excluded(2, 3 * DAY, 30) == 3 * DAY
    assert excluded(2, 3 * DAY + 1, 30) is None
    assert excluded(1, DAY, 2) == DAY
    assert excluded(1, DAY + 1, 3) == DAY + 1
    assert excluded(0, DAY + 1, 2) is None
    assert excluded(40, DAY, 30) is None
