"""The ``calendar`` part of the configuration: what commerce days, seasons and holidays do, and a business's own entries."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from scoring.calendar.entries import is_known_day
from streams.schema import ConfigPart

Effect = Literal["suppress", "widen", "compare", "ignore"]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class CalendarEntryConfig(ConfigPart):
    """One entry of a business's own, on the clock of each store it concerns."""

    name: str = Field(min_length=1, description="What it is called on cards and in mails.")
    first: date | datetime = Field(description="First day, or the moment it begins: 2026-11-11T20:00.")
    last: date | datetime | None = Field(
        None, description="Last day (included), or the moment it ends; default: the first day."
    )
    effect: Literal["suppress", "widen", "compare"] = Field(
        "widen", description="`suppress` alerts, `widen` what is expected, `compare` with the last such day."
    )
    warm_up_days: int = Field(
        0,
        ge=0,
        le=30,
        description="Days before it on which people wait for it: conversion may differ by more.",
    )
    hangover_days: int = Field(
        0,
        ge=0,
        le=30,
        description="Days after it on which people have bought: conversion may differ by more.",
    )
    countries: tuple[Country, ...] = Field((), description="Only in these; none: everywhere.")
    stores: tuple[str, ...] = Field((), description="Only for these store ids; none: for all.")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> CalendarEntryConfig:
        begins, ends = self.span()
        if begins.tzinfo is not None or ends.tzinfo is not None:
            raise ValueError("times are on the store's own clock: leave the offset out")
        if ends <= begins:
            raise ValueError("last must not be before first")
        return self

    def span(self) -> tuple[datetime, datetime]:
        """Begin (included) and end (excluded)."""
        last = self.last if self.last is not None else _day(self.first)
        begins = self.first if isinstance(self.first, datetime) else datetime.combine(self.first, time())
        ends = last if isinstance(last, datetime) else datetime.combine(last, time()) + timedelta(days=1)
        return begins, ends


class CalendarDayConfig(ConfigPart):
    """What one built-in entry does, whatever its kind does: ``{day: 双11, effect: suppress, countries: [CN]}``."""

    day: str = Field(min_length=1, description="Its name, Chinese or English: 双11, Black Friday, Ramadan, …")
    effect: Effect = Field(
        description="`suppress` alerts, `widen` what is expected, `compare` with the last such day, `ignore`."
    )
    countries: tuple[Country, ...] = Field((), description="Only in these; none: everywhere.")
    stores: tuple[str, ...] = Field((), description="Only for these store ids; none: for all.")

    @model_validator(mode="after")
    def _is_on_the_calendar(self) -> CalendarDayConfig:
        if not is_known_day(self.day, self.countries):
            where = f" of {', '.join(self.countries)}" if self.countries else ""
            raise ValueError(f"unknown day {self.day!r}{where}; for a public holiday, name its countries")
        return self


class CalendarConfig(ConfigPart):
    """What the days of the calendar do to judging; they hold for stores that name their country."""

    commerce: Effect = Field("widen", description="Commerce days: 618, 双11, Black Friday, …")
    season: Effect = Field("compare", description="Seasons: Lunar New Year, Ramadan, …")
    holidays: Effect = Field("widen", description="Public holidays.")
    days: tuple[CalendarDayConfig, ...] = Field(
        (), description="Single days, by name, country and store; they come before their kind."
    )
    entries: tuple[CalendarEntryConfig, ...] = ()


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
