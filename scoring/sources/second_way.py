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
#: how a figure of a second way begins of which more may be stored: a push may have said it, where the row says nothing
AT_LEAST = "at least "
#: how one begins that is made otherwise (before taxes and discounts): only another size, such as another unit, is a difference
ABOUT = "about "
_SIZE = 2


class DayFigures(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one side says of a day.

    Attributes:
        day: ISO, on the clock of the store.
        figures: ``orders``, ``paid``, ``money USD``, what happened to the day's orders (``counted_orders.py``), or a measure of a report →
            decimal text. What is not there is not said. A second way may begin a name with ``AT_LEAST`` or ``ABOUT``.
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
        checked_ms: when the last comparison began: it says nothing of what was stored later, however long it took.
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
        for how in ("", ABOUT):
            if any(name.startswith(how + MONEY) for name in names):
                names |= {how + name for name in own if name.startswith(MONEY)}
        for name in sorted(names):
            held, given = own.get(plain_figure(name), "0"), other.figures.get(name, "0")
            if _differ(name, Decimal(held), Decimal(given)):
                found.append(DayDifference(other.day, name, held, given))
    return tuple(found)


def plain_figure(name: str) -> str:
    """A figure's own name, without how it is compared."""
    return name.removeprefix(AT_LEAST).removeprefix(ABOUT)


def _differ(name: str, held: Decimal, given: Decimal) -> bool:
    """Whether two figures differ, as the name says that they are compared."""
    if name.startswith(AT_LEAST):
        return held < given
    if name.startswith(ABOUT):
        return abs(held) > _SIZE * abs(given) or abs(given) > _SIZE * abs(held)
    return abs(held - given) > (_ROUNDING if name.startswith(MONEY) else 0)


def days_of(found: Sequence[DayDifference]) -> tuple[str, ...]:
    """The days that differ, in order."""
    return tuple(sorted({one.day for one in found}))
