"""Closed days counted a second time from the platform's own rows, by the time at which orders were placed.

The mapping has no part in it: each source says a second time which fields hold an order's times and money, so that a field that the mapping
reads wrongly, or an answer that was wrong when it was read, is a difference.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from scoring.events.redaction import mask_field
from scoring.sources.counted_orders import CountedOrder, figures_of, said_of
from scoring.sources.json_values import UnreadableValueError
from scoring.sources.second_way import DayFigures
from streams.sources.asking import AnswerGarbledError
from streams.sources.connection import Connection
from streams.sources.json_object import JsonObject
from streams.sources.market_asking import bounds_of

#: rows after which no further day is read whole; of the others the orders are counted, where the platform does that
MOST_ROWS = 5000

#: by their numbers the orders that were placed in a span of milliseconds, its end left out
Placed = Callable[[int, int], Awaitable[Mapping[str, CountedOrder]]]
#: how many were placed in such a span; None if the platform does not say
Count = Callable[[int, int], Awaitable[int | None]]


async def recounted(
    connection: Connection, days: Sequence[date], says: Collection[str], placed: Placed, count: Count | None
) -> list[DayFigures]:
    """The figures of closed days, the last one first.

    Args:
        connection: whose first store's clock the days are on.
        days: in order.
        says: the figures that the rows hold.
        placed: reads the rows.
        count: counts orders without their rows.
    """
    zone = connection.zones.get(connection.stores[0], "UTC")
    found: list[DayFigures] = []
    orders: list[CountedOrder] = []
    read: list[date] = []
    for day in reversed(days):
        if len(orders) < MOST_ROWS:
            orders += (await placed(*bounds_of(day, zone))).values()
            read.append(day)
        elif count is not None and (number := await count(*bounds_of(day, zone))) is not None:
            found.append(DayFigures(day.isoformat(), {"orders": str(number)}))
    return found + [said_of(one, says) for one in figures_of(orders, read, ZoneInfo(zone))]


def method_of(field: str, text: str) -> str:
    """How an order is paid, as it is stored: what looks personal in it was removed, and what is longer is cut."""
    return mask_field(field, text)[:64]


def counted_rows(
    host: str, rows: Iterable[Any], number: str, read: Callable[[JsonObject], CountedOrder | None]
) -> dict[str, CountedOrder]:
    """The orders of a page by their numbers.

    Args:
        host: that answered.
        rows: of the answer.
        number: field with an order's number.
        read: what of a row is counted; None for an order that does not count.

    Raises:
        AnswerGarbledError: a row has another form.
    """
    found: dict[str, CountedOrder] = {}
    try:
        for row in map(JsonObject, rows):
            if not row.text(number):
                raise AnswerGarbledError(f"{host} answered with a row without `{number}`")
            order = read(row)
            if order is not None:
                found[row.text(number)] = order
    except UnreadableValueError as error:
        raise AnswerGarbledError(f"{host}: {error}") from error
    return found
