"""Orders counted by day: the same figures of what is stored, and of what the platform's own rows say when they are read a second time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scoring.sources.second_way import MONEY, DayFigures, plain_figure

#: of the orders that were placed on a day, those to which it had happened when the last of the days ended: later changes are still on
#: their way to one of the two sides
PAID, SHIPPED, CANCELLED = "paid of them", "shipped of them", "cancelled of them"
#: units of the orders of a day, and how many of them say whose they are
UNITS, BUYERS = "units of them", "with a buyer of them"
#: how many of them are to be paid on delivery, and how many are known not to be
ON_DELIVERY, PREPAID = "on delivery of them", "prepaid of them"
#: how the names of counts by a word begin: the word that the platform says follows
METHOD, COUNTRY = "payment method ", "country "
#: words of one kind and day that are compared, the most frequent ones
_MOST_WORDS = 20
_COUNTS = ("orders", "paid", PAID, SHIPPED, CANCELLED, UNITS, BUYERS, ON_DELIVERY, PREPAID)
_BY_WORD = (MONEY, METHOD, COUNTRY)


class CountedOrder(NamedTuple):
    """What of an order matters for the figures of a day. Times are 0 where nothing is known."""

    placed_ms: int
    paid_ms: int
    amount: str
    currency: str
    shipped_ms: int = 0
    cancelled_ms: int = 0
    units: int = 0
    has_buyer: bool = False
    on_delivery: bool | None = None
    method: str = ""
    country: str = ""


def figures_of(orders: Iterable[CountedOrder], days: Sequence[date], zone: ZoneInfo) -> list[DayFigures]:
    """The figures of each of ``days`` on the clock of ``zone``; a day without orders has zeros."""
    counts: dict[str, dict[str, Decimal]] = {
        day.isoformat(): defaultdict(Decimal, dict.fromkeys(_COUNTS, Decimal())) for day in days
    }
    next_day = max(days) + timedelta(days=1)
    ends_ms = round(datetime(next_day.year, next_day.month, next_day.day, tzinfo=zone).timestamp() * 1000)
    for order in orders:
        placed, paid = _day(order.placed_ms, zone), _day(order.paid_ms, zone)
        if paid in counts:
            counts[paid]["paid"] += 1
        if placed not in counts:
            continue
        counts[placed]["orders"] += 1
        counts[placed][UNITS] += order.units
        counts[placed][BUYERS] += order.has_buyer
        counts[placed][ON_DELIVERY] += order.on_delivery is True
        counts[placed][PREPAID] += order.on_delivery is False
        for begins, word in ((METHOD, order.method), (COUNTRY, order.country)):
            if word:
                counts[placed][begins + word] += 1
        if order.amount:
            counts[placed][MONEY + order.currency] += Decimal(order.amount)
        for name, at_ms in (
            (PAID, order.paid_ms),
            (SHIPPED, order.shipped_ms),
            (CANCELLED, order.cancelled_ms),
        ):
            counts[placed][name] += 0 < at_ms < ends_ms
    return [
        DayFigures(day, {name: format(value, "f") for name, value in found.items()})
        for day, found in counts.items()
    ]


def said_of(figures: DayFigures, names: Collection[str]) -> DayFigures:
    """What a second way says of a day, of all that was counted.

    Args:
        figures: of its rows.
        names: what its rows hold, each as it is compared (``second_way.py``).
    """
    said: dict[str, str] = {}
    for name in names:
        plain = plain_figure(name)
        held = {plain: figures.figures.get(plain)} if plain not in _BY_WORD else _by_word(figures, plain)
        said |= {name.removesuffix(plain) + one: value for one, value in held.items() if value is not None}
    return DayFigures(figures.day, said)


def _by_word(figures: DayFigures, begins: str) -> dict[str, str]:
    found = {name: value for name, value in figures.figures.items() if name.startswith(begins)}
    if begins == MONEY:
        return found
    counts = Counter({name: Decimal(value) for name, value in found.items()})
    return {name: found[name] for name, _ in counts.most_common(_MOST_WORDS)}


def _day(at_ms: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at_ms / 1000, zone).date().isoformat() if at_ms else ""
