"""What the calendar does to judging: on which local minutes of a store which entry holds, and with which effect.

``scoring/calendar/entries.py`` says what day it is; this file says, by a business's own rules, what that changes. Used by
``scoring/detection/special_days.py`` as minutes close, and by the fit, which leaves such days out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from scoring.calendar.entries import CalendarEntry, CalendarKind, DayPhase, calendar_between
from scoring.wording.text import Text

DAY = 1440
#: the Monday from which ``scoring.baselines.localtime`` counts
_MONDAY = date(1969, 12, 29)
#: longer entries (a month of Ramadan, weeks of presale) are life as it is then: the fit keeps them
_EXCLUDED_DAYS = 3
#: the fit keeps at least this share of a history
_KEPT_SHARE = 0.5


class DayEffect(StrEnum):
    """What an entry does.

    ``suppress`` holds alerts back: they are pending and reach nobody until the entry ends. ``widen`` lets conversion
    differ by what promotions usually change. ``compare`` judges as on any day and names the entry in the alert.
    """

    SUPPRESS = "suppress"
    WIDEN = "widen"
    COMPARE = "compare"


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """A business's own entry, ``first`` (included) to ``last`` (excluded) on the store's clock.

    Without stores and countries it holds for all stores; with both, for those that match either.
    """

    name: str
    effect: DayEffect
    first: datetime
    last: datetime
    countries: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    phase: DayPhase = DayPhase.DAY

    def is_for(self, store_id: str, country: str) -> bool:
        """Whether the entry concerns a store."""
        if not self.stores and not self.countries:
            return True
        return store_id in self.stores or (country != "" and country in self.countries)

    def as_calendar(self) -> CalendarEntry:
        """The entry as a calendar shows it, by whole days."""
        last = (self.last - timedelta(microseconds=1)).date()
        name = Text(self.name, self.name)
        return CalendarEntry(
            name, CalendarKind.COMMERCE, self.first.date(), last, self.countries, phase=self.phase
        )

    def with_phases(self, warm_up_days: int, hangover_days: int) -> tuple[OwnEntry, ...]:
        """The entry with the days before and after it, which are entries of the same effect and another phase."""
        before = replace(
            self,
            name=f"{self.name} · 预热 / warm-up",
            first=self.first - timedelta(days=warm_up_days),
            last=self.first,
            phase=DayPhase.WARM_UP,
        )
        after = replace(
            self,
            name=f"{self.name} · 余波 / hangover",
            first=self.last,
            last=self.last + timedelta(days=hangover_days),
            phase=DayPhase.HANGOVER,
        )
        return (*((before,) if warm_up_days else ()), self, *((after,) if hangover_days else ()))


@dataclass(frozen=True, slots=True)
class DayChoice:
    """What a business changes in one built-in entry, by its name in either language; None: nothing at all.

    Without stores and countries it holds for all stores; with both, for those that match either.
    """

    name: str
    effect: DayEffect | None
    countries: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()

    def is_for(self, entry: CalendarEntry, store_id: str, country: str) -> bool:
        """Whether the choice concerns an entry of a store's calendar."""
        if self.name.casefold() not in (entry.name.zh.casefold(), entry.name.en.casefold()):
            return False
        everybody = not self.stores and not self.countries
        return everybody or store_id in self.stores or (country != "" and country in self.countries)


@dataclass(frozen=True, slots=True)
class DaySpan:
    """Local minutes [first, last) of a store (numbered as by ``local_minute``), what they are, what that changes."""

    name: str
    effect: DayEffect
    first: int
    last: int
    phase: DayPhase = DayPhase.DAY


def local_date(local: int) -> date:
    """The date that a store's wall clock shows at a local minute."""
    return _MONDAY + timedelta(days=local // DAY)


def local_number(moment: datetime) -> int:
    """The local minute of a moment on the store's wall clock (naive)."""
    return (moment.date() - _MONDAY).days * DAY + moment.hour * 60 + moment.minute


@dataclass(frozen=True, slots=True)
class DayRules:
    """A business's rules.

    Args:
        countries: the country of each store; a store without one has no public holidays and commerce days.
        effects: what the built-in entries of each kind do; a kind that is not in it does nothing.
        own: the business's own entries.
        choices: what single built-in entries do, whatever their kind does; the first that fits counts.
    """

    countries: Mapping[str, str]
    effects: Mapping[CalendarKind, DayEffect]
    own: tuple[OwnEntry, ...] = ()
    choices: tuple[DayChoice, ...] = ()

    def spans(self, store_id: str, first: date, last: date) -> tuple[DaySpan, ...]:
        """What holds for a store between two dates (both included), by time."""
        country = self.countries.get(store_id, "")
        found = [
            DaySpan(
                entry.name, entry.effect, local_number(entry.first), local_number(entry.last), entry.phase
            )
            for entry in self.own
            if entry.is_for(store_id, country) and entry.last.date() >= first and entry.first.date() <= last
        ]
        wanted = bool(country) and bool(self.effects or self.choices)
        for entry in calendar_between([country], first, last) if wanted else ():
            chosen = next((c for c in self.choices if c.is_for(entry, store_id, country)), None)
            effect = self.effects.get(entry.kind) if chosen is None else chosen.effect
            if effect is not None:
                name = (
                    entry.name.en if entry.name.zh == entry.name.en else f"{entry.name.zh} / {entry.name.en}"
                )
                start, end = (entry.first - _MONDAY).days * DAY, (entry.last - _MONDAY).days * DAY + DAY
                found.append(DaySpan(name, effect, start, end, entry.phase))
        return tuple(sorted(found, key=lambda span: (span.first, span.name)))

    def excluded(self, store_id: str, local: NDArray[np.int64]) -> NDArray[np.bool_] | None:
        """Which minutes of a history the fit leaves out; None if there are none.

        None too where more than half of the history would be left out: a short history cannot be choosy.

        Args:
            store_id: the store.
            local: (minutes,) the local minutes of its history.
        """
        out = np.zeros(len(local), dtype=bool)
        for span in self.spans(store_id, local_date(int(local[0])), local_date(int(local[-1]))):
            if span.last - span.first <= _EXCLUDED_DAYS * DAY:
                out |= (local >= span.first) & (local < span.last)
        return out if out.any() and out.mean() <= 1 - _KEPT_SHARE else None
