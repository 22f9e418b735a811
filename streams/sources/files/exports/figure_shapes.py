"""What the values of a report's column show: days, moments, figures, money or names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scoring.events.incoming import CURRENCIES
from streams.sources.files.exports.cells import Cell, text_of
from streams.sources.files.exports.dates import parts_of
from streams.sources.files.exports.order_words import MOST

#: what may come before an amount
_LETTERS_OF_MONEY = CURRENCIES | {
    "RP",
    "RM",
    "R",
    "KR",
    "TL",
    "S",
    "US",
    "MX",
    "P",
    "L",
    "Q",
    "FT",
    "LEI",
    "KM",
    "DH",
}
_CLOCK = re.compile(r"\d{1,2}:(\d{2})(?::\d{2})?")


def are_days(cells: Sequence[Cell]) -> bool:
    """Whether a column names days, or spans of them."""
    if not cells:
        return True
    if are_moments(cells):
        return False
    fits = sum(parts_of(cell) is not None or " - " in text_of(cell) or "~" in text_of(cell) for cell in cells)
    return fits >= MOST * len(cells) or sum(parts_of(cell) is not None for cell in cells) >= 2


def are_moments(cells: Sequence[Cell]) -> bool:
    """Whether a column says at which minute something happened, which a period of a report does not."""
    if not cells:
        return False
    clocks = [clock for cell in cells if (clock := _CLOCK.search(text_of(cell))) is not None]
    return len(clocks) >= MOST * len(cells) and sum(one[1] not in ("00", "59") for one in clocks) * 2 > len(
        cells
    )


def are_figures(cells: Sequence[Cell], text: str) -> bool:
    """Whether a column holds numbers; long ones without any mark are names of things."""
    if not cells:
        return True
    texts = [text_of(cell) for cell in cells]
    fits = sum(
        bool(re.search(r"\d", one))
        and not re.search(r"%|[^\W\d_]{4,}", one)
        and not _is_name(one)
        and len(re.sub(r"\D", "", one)) <= 11
        for one in texts
    )
    return fits >= MOST * len(texts) and not all(
        parts_of(cell) is not None and len(text_of(cell)) > 7 for cell in cells
    )


def _is_name(text: str) -> bool:
    """``AG1``: letters and a number that are not a currency and its amount."""
    found = re.match(r"([A-Za-z]{1,3})[-_]?\d+$", text)
    return found is not None and found[1].upper() not in _LETTERS_OF_MONEY


def shows_money(cells: Sequence[Cell]) -> bool:
    """Whether some cell has the mark or the decimals of an amount."""
    return any(
        re.search(r"[$€£¥₫₱฿₹₩₽円元]|\d[.,]\d{1,2}$|^[A-Z]{3}\s?\d|\d\s?[A-Z]{3}$|^Rp", text_of(cell))
        for cell in cells
    )
