"""Numbers in a column, by the evidence of the whole column: a dot is thousands or decimal for all of its cells or for none."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from streams.sources.files.exports.cells import LONGEST_VALUE, Cell, is_blank, text_of

#: currencies whose amounts have no decimals in practice: a dot or comma before three digits is thousands
WITHOUT_DECIMALS = frozenset({"IDR", "VND", "JPY", "KRW", "CLP", "COP", "HUF", "PYG", "UGX", "XOF", "XAF"})
#: signs that mean one currency only; "$" and "¥" are several countries'
_SIGNS = {
    "€": "EUR", "£": "GBP", "₫": "VND", "đ": "VND", "rp": "IDR", "฿": "THB", "₱": "PHP", "r$": "BRL", "rm": "MYR", "₹": "INR",
    "₩": "KRW", "₽": "RUB", "s$": "SGD", "nt$": "TWD", "mx$": "MXN", "hk$": "HKD", "us$": "USD", "a$": "AUD", "c$": "CAD",
    "円": "JPY", "元": "CNY", "cn¥": "CNY", "jp¥": "JPY", "rmb": "CNY", "zł": "PLN",
}  # fmt: skip
_MANY_MEANINGS = {"$": "USD", "¥": "CNY"}
_SCALES = {
    "万": 10_000,
    "萬": 10_000,
    "億": 100_000_000,
    "亿": 100_000_000,
    "k": 1000,
    "m": 1_000_000,
    "千": 1000,
}
_NUMBER = re.compile(
    r"^(?P<minus>[-−(]?)\s*(?P<before>[^\d.,()+-]*?)\s*(?P<minus2>[-−]?)(?P<digits>\d[\d.,' \u00a0\u202f]*|[.,]\d+)"
    r"\s*(?P<scale>[万萬亿億千kKmM](?![a-zA-Z$]))?\s*(?P<after>[^\d()]*?)\s*(?P<close>[)-]?)$"
)
_SPACES = str.maketrans("", "", " \u00a0\u202f'’")


@dataclass(slots=True)
class Numerals:
    """How a column writes its numbers, found by adding its cells."""

    dot_decimal: int = 0
    comma_decimal: int = 0
    dot_open: int = 0
    comma_open: int = 0
    native: int = 0
    native_odd: int = 0
    texts: int = 0
    unread: int = 0
    signs: Counter[str] = field(default_factory=Counter)

    def add(self, cell: Cell) -> None:
        """Take a cell into account."""
        if isinstance(cell, bool) or is_blank(cell):
            return
        if isinstance(cell, (int, float)):
            self.native += 1
            self.native_odd += round(cell * 100, 6) != round(cell * 100)
            return
        found = _match(cell)
        if found is None:
            self.unread += 1
            return
        self.texts += 1
        digits, sign = found.group("digits").translate(_SPACES), currency_sign(found)
        if sign:
            self.signs[sign] += 1
        self._weigh(digits)

    def _weigh(self, digits: str) -> None:
        dots, commas = digits.count("."), digits.count(",")
        if dots and commas:
            is_dot = digits.rindex(".") > digits.rindex(",")
            self.dot_decimal += is_dot
            self.comma_decimal += not is_dot
        elif dots > 1:
            self.comma_decimal += 1
        elif commas > 1:
            self.dot_decimal += 1
        elif dots or commas:
            whole, _, rest = digits.partition("." if dots else ",")
            is_open = len(rest) == 3 and 1 <= len(whole) <= 3 and whole != "0"
            if dots:
                self.dot_open += is_open
                self.dot_decimal += not is_open
            else:
                self.comma_open += is_open
                self.comma_decimal += not is_open

    @property
    def is_contradictory(self) -> bool:
        """Whether some cells can only be read one way and others only the other way."""
        return bool(self.dot_decimal and self.comma_decimal)

    @property
    def decimal(self) -> str | None:
        """The sign before decimals where the column says so; "." where it does not matter; None where it is open."""
        if self.dot_decimal and not self.comma_decimal:
            return "."
        if self.comma_decimal and not self.dot_decimal:
            return ","
        if self.dot_decimal or self.dot_open or self.comma_open:
            return None
        return "."

    def currency(self) -> tuple[str, bool]:
        """The currency that the cells name, and whether that is certain ("$" is not)."""
        if len(self.signs) != 1:
            return "", False
        sign = next(iter(self.signs))
        if sign in _MANY_MEANINGS:
            return _MANY_MEANINGS[sign], False
        return _SIGNS.get(sign, sign.upper()), True


def read_number(cell: Cell, decimal: str) -> Decimal | None:
    """The number in a cell whose column has ``decimal`` before its decimals; None if it is none."""
    if isinstance(cell, bool) or is_blank(cell):
        return None
    if isinstance(cell, (int, float)):
        return Decimal(str(cell)) if cell == cell and abs(cell) != float("inf") else None
    if isinstance(cell, str) and cell.isascii():
        plain = cell.replace(".", "", 1) if decimal == "." else cell
        if plain.isdigit() and cell[0] != "." and cell[-1] != ".":
            return Decimal(cell)
    found = _match(cell)
    if found is None:
        return None
    digits = found.group("digits").translate(_SPACES)
    thousands = "," if decimal == "." else "."
    whole, _, rest = digits.partition(decimal)
    if decimal in rest or thousands in rest or not _is_grouped(whole, thousands):
        return None
    try:
        number = (
            Decimal(f"{whole.replace(thousands, '') or '0'}.{rest or '0'}")
            if rest
            else Decimal(whole.replace(thousands, "") or "0")
        )
    except InvalidOperation:
        return None
    number *= _SCALES.get((found.group("scale") or "").lower(), 1)
    is_negative = bool(found.group("minus") or found.group("minus2") or found.group("close") == "-")
    return -number if is_negative else number


def currency_sign(found: re.Match[str]) -> str:
    """The currency written before or after the digits, folded; empty if none of those known is."""
    for text in (found.group("before"), found.group("after")):
        sign = text.strip(" .").casefold()
        if sign in _SIGNS or sign in _MANY_MEANINGS or (len(sign) == 3 and sign.isascii() and sign.isalpha()):
            return sign
    return ""


def _is_grouped(whole: str, thousands: str) -> bool:
    """Whether thousands are in groups: the last of three digits, the others of two (as in India) or three."""
    if thousands not in whole:
        return True
    first, *middle, last = whole.split(thousands)
    return 1 <= len(first) <= 3 and len(last) == 3 and all(len(group) in (2, 3) for group in middle)


def _match(cell: Cell) -> re.Match[str] | None:
    text = text_of(cell)
    return _match_of_text(text) if len(text) <= LONGEST_VALUE else None


@functools.lru_cache(maxsize=20_000)
def _match_of_text(text: str) -> re.Match[str] | None:
    text = unicodedata.normalize("NFKC", text).replace("￥", "¥").strip()
    found = _NUMBER.match(text)
    if found is None or (found.group("minus") == "(") != (found.group("close") == ")"):
        return None
    words = (found.group("before") + found.group("after")).strip(" .%")
    if len(words) > 4:
        return None
    return found
