"""Closed days compared by a second way: what is stored of a day, and what the platform says of it when it is asked otherwise.

A difference found once may be a change that is on its way: the day is read again. One that is still there then is an incident of the
source, with the days named. "Not known" is neither a difference nor an agreement.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

#: amounts differ if they differ by more than this: some platforms round a day's sum
_ROUNDING = Decimal("0.01")
#: how the names of sums of money begin; the currency follows
MONEY = "money "


class DayFigures(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one side says of a day.

    Attributes:
        day: ISO, on the clock of the store.
        figures: ``orders``, ``paid``, ``shipped``, ``cancelled``, ``money USD``, or a measure of a report → decimal text. What is not
            there is not said.
    """

    day: str
    figures: dict[str, str] = {}


class DayDifference(msgspec.Struct, frozen=True, omit_defaults=True):
    """One figure of one day on which the two sides disagree."""

    day: str
    figure: str
    stored: str
    second: str


class DayCheck(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of the comparison, as it is kept: when, of which days, and what still differs after they were read again.

    Attributes:
        checked_ms: when the last comparison ended.
        days: days that agreed or differed then.
        lasting: differences that were there after the days had been read again.
        unknown: why nothing could be compared; empty if it could.
        compared_ms: when it could last.
    """

    checked_ms: int = 0
    compared_ms: int = 0
    days: int = 0
    lasting: tuple[DayDifference, ...] = ()
    unknown: str = ""


def differences(stored: Sequence[DayFigures], second: Sequence[DayFigures]) -> tuple[DayDifference, ...]:
    """Where the second way says something else than what is stored.

    Days and figures that the second way does not speak of are left out; a currency that is stored and that it does not name, while it
    names others, is a difference.
    """
    known = {figures.day: figures.figures for figures in stored}
    found: list[DayDifference] = []
    for other in sorted(second, key=lambda one: one.day):
        own = known.get(other.day, {})
        names = set(other.figures)
        if any(name.startswith(MONEY) for name in names):
            names |= {name for name in own if name.startswith(MONEY)}
        for name in sorted(names):
            held, given = own.get(name, "0"), other.figures.get(name, "0")
            room = _ROUNDING if name.startswith(MONEY) else 0
            if abs(Decimal(held) - Decimal(given)) > room:
                found.append(DayDifference(other.day, name, held, given))
    return tuple(found)


def days_of(found: Sequence[DayDifference]) -> tuple[str, ...]:
    """The days that differ, in order."""
    return tuple(sorted({one.day for one in found}))
