"""Whether what a column holds can be what its header says: by the form of its values, and by what the columns of one row say of each other.

A header's words alone take a postcode for a buyer and a batch for an order. What the rows contradict is left out, and so is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

from streams.sources.files.exports import order_words as says
from streams.sources.files.exports.cells import LONGEST_VALUE, Cell, is_blank, text_of
from streams.sources.files.exports.dates import parts_of, read_moment
from streams.sources.files.exports.layout import FieldOfExport

_AMOUNTS = ("total", "refund_amount", "unit_price", "discount")
_STATES = ("status", "line_status", "substatus", "financial", "fulfilment", "payment_method")
_IDS = ("order", "line", "parcel")
_PERCENT = re.compile(r"\d\s*%\s*$")
_DECIMALS = re.compile(r"^[^\d]*\d{1,9}[.,]\d{1,2}[^\d]*$")
_MONEY_SIGN = re.compile(r"[$€£¥₫₱฿₹₩₽]")
#: pieces of one row: a whole number, though some exports write it with decimals
_PIECES = re.compile(r"^[-+]?\d{1,3}(?:[.,]?\d{3})?(?:[.,]0+)?(?:\s*\w{1,6})?$")
#: a code or name of a currency
_LONGEST_CURRENCY = 12
#: from so many digits without a mark between them on, a number is the name of a thing and no amount
_DIGITS_OF_A_NAME = 12
#: rows from which on a number that is the same in each is not an order's
_ROWS_OF_ONE_ORDER = 12
#: a payment may be dated a little before the order, by another clock
_SLACK = timedelta(hours=26)
_CENT = 0.011
#: an amount: its sign, whole part and two decimals
_FIGURE = re.compile(r"([-−]?)\D*?(\d[\d.,]*?)(?:[.,](\d{1,2}))?(?!\d)\D*$")
#: rows that must say it
_ROWS_ENOUGH = 3


def can_hold(field: str, cells: Sequence[Cell]) -> bool:
    """Whether what a column holds can be that: most of its cells, for some are notes."""
    test = _tests().get(field)
    return test is None or sum(map(test, cells)) >= says.MOST * len(cells)


@cache
def _tests() -> Mapping[str, Callable[[Cell], bool]]:
    """Field → whether a cell can be one."""
    return {
        **dict.fromkeys(says.TIMES, _is_time),
        **dict.fromkeys(_AMOUNTS, _is_amount),
        "quantity": _is_count,
        **dict.fromkeys(_STATES, _is_word),
        **dict.fromkeys(_IDS, _is_id),
        "currency": _is_currency,
        "country": _is_word,
        "buyer": _is_name_or_id,
        "product": _is_name_or_id,
        "item_name": _is_word,
    }


def _is_time(cell: Cell) -> bool:
    return parts_of(cell) is not None


def _is_number(cell: Cell) -> bool:
    text = text_of(cell)
    if isinstance(cell, (int, float)):
        return True
    return (
        bool(says.DIGIT.search(text)) and not _PERCENT.search(text) and (len(text) < 9 or not _is_time(cell))
    )


def _is_amount(cell: Cell) -> bool:
    """A number that is not the name of a thing."""
    return _is_number(cell) and not (
        isinstance(cell, str) and text_of(cell).isdigit() and len(text_of(cell)) >= _DIGITS_OF_A_NAME
    )


def _is_count(cell: Cell) -> bool:
    if isinstance(cell, (int, float)):
        return float(cell).is_integer()
    return _PIECES.match(text_of(cell)) is not None


def _is_name_or_id(cell: Cell) -> bool:
    """No date, no share and no amount of money."""
    text = text_of(cell)
    return not (_PERCENT.search(text) or _MONEY_SIGN.search(text) or _is_date(cell))


def _is_word(cell: Cell) -> bool:
    text = text_of(cell)
    return any(sign.isalpha() for sign in text) and not _is_time(cell)


def _is_id(cell: Cell) -> bool:
    text = text_of(cell)
    return (
        not _DECIMALS.match(text) and not _MONEY_SIGN.search(text) and (len(text) < 8 or not _is_date(cell))
    )


def _is_date(cell: Cell) -> bool:
    """A date that is written as one; numbers of orders look like seconds since 1970 often enough."""
    return not isinstance(cell, (int, float)) and not text_of(cell).isdigit() and _is_time(cell)


def _is_currency(cell: Cell) -> bool:
    text = text_of(cell)
    return 0 < len(text) <= _LONGEST_CURRENCY and not says.DIGIT.search(text)


def disproved(fields: Mapping[FieldOfExport, int], rows: Sequence[Sequence[Cell]]) -> list[FieldOfExport]:
    """The fields that the rows speak against: a number of orders that is the same everywhere, and times in an impossible order."""
    found: list[FieldOfExport] = []
    if "order" in fields and _is_of_all_rows(fields["order"], rows):
        found.append("order")
    if "placed" not in fields:
        return found
    others: list[FieldOfExport] = [one for one in fields if one in says.TIMES and one != "placed"]
    early = [one for one in others if _is_before(fields[one], fields["placed"], rows)]
    if (
        len(early) > 1 and early == others
    ):  # all the others are before it: it is the one that is something else
        return [*found, "placed"]
    return found + early


def are_net_of_fees(gross: int, fee: int, net: int, rows: Sequence[Sequence[Cell]]) -> bool:
    """Whether one column is another one less the fees in a third, in each row that has all three."""
    sums = []
    for row in rows:
        if max(gross, fee, net) < len(row):
            one, less, rest = (_figure(row[place]) for place in (gross, fee, net))
            if one is not None and less is not None and rest is not None:
                sums.append(abs(one - abs(less) - rest) < _CENT or abs(one + less - rest) < _CENT)
    return bool(sums) and all(sums)


def _figure(cell: Cell) -> float | None:
    """The number in a cell, by whichever mark its decimals have."""
    if isinstance(cell, (int, float)):
        return float(cell)
    text = text_of(cell).replace(" ", "")
    found = _FIGURE.search(text) if len(text) <= LONGEST_VALUE else None
    if found is None:
        return None
    whole, decimals = re.sub(r"[.,]", "", found[2]), found[3] or ""
    return float(f"{found[1]}{whole}.{decimals or 0}")


def _is_of_all_rows(place: int, rows: Sequence[Sequence[Cell]]) -> bool:
    texts = {text_of(row[place]) for row in rows if place < len(row) and not is_blank(row[place])}
    return len(texts) == 1 and len(rows) >= _ROWS_OF_ONE_ORDER


def _is_before(place: int, placed: int, rows: Sequence[Sequence[Cell]]) -> bool:
    """Whether one column's times are before the other's in most rows, however their days and months are read."""
    verdicts = []
    for day_first in (True, False):
        pairs = list(_pairs(place, placed, rows, day_first))
        early = sum(one < other - _SLACK for one, other in pairs)
        verdicts.append(len(pairs) >= _ROWS_ENOUGH and early * 2 > len(pairs))
    return all(verdicts)


def _pairs(
    one: int, other: int, rows: Sequence[Sequence[Cell]], day_first: bool
) -> Iterator[tuple[datetime, datetime]]:
    for row in rows:
        if max(one, other) < len(row):
            moments = [read_moment(row[place], day_first) for place in (one, other)]
            if moments[0] is not None and moments[1] is not None:
                yield moments[0].local, moments[1].local
