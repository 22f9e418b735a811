"""Amounts and currencies as shops and people write them, read where there is only one way to read them.

Called by ``scoring/events/repairs.py`` for what is not the decimal text that the interface asks for. "1,299" is a thousand in one
country and one and a bit in another: what can be read in two ways is not read.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from scoring.events.incoming import CURRENCIES
from scoring.events.notes import Note

#: digits after the point where they are not two (ISO 4217, list of 2024-06)
_DECIMALS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(), 0),  # noqa: SIM905
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    "CLF": 4,
}
_DOLLARS = """USD CAD AUD NZD SGD HKD TWD MXN ARS CLP COP UYU DOP BSD BBD BMD BND BZD FJD GYD JMD KYD LRD NAD SBD SRD TTD XCD"""
#: signs and everyday names, and the currencies that each can mean (Unicode CLDR 46, symbols and narrow symbols)
_MARKS = {
    mark: frozenset(codes.split())
    for mark, codes in {
        "$": _DOLLARS, "US$": "USD", "A$": "AUD", "AU$": "AUD", "CA$": "CAD", "C$": "CAD NIO", "NZ$": "NZD", "S$": "SGD", "SG$": "SGD",
        "HK$": "HKD", "NT$": "TWD", "NTD": "TWD", "MX$": "MXN", "R$": "BRL", "€": "EUR", "EURO": "EUR", "EUROS": "EUR",
        "£": "GBP EGP FKP GIP LBP SDG SHP SSP SYP", "¥": "CNY CNH JPY", "CN¥": "CNY", "JP¥": "JPY", "RMB": "CNY", "人民币": "CNY",
        "元": "CNY CNH TWD HKD MOP", "円": "JPY", "YEN": "JPY", "₩": "KRW KPW", "원": "KRW", "₹": "INR", "RS": "INR PKR LKR NPR MUR SCR",
        "₽": "RUB", "₫": "VND", "Đ": "VND", "₺": "TRY", "TL": "TRY", "฿": "THB", "₱": "PHP", "₪": "ILS", "₴": "UAH", "₦": "NGN",
        "₵": "GHS", "₡": "CRC", "₲": "PYG", "₸": "KZT", "₼": "AZN", "₾": "GEL", "₭": "LAK", "៛": "KHR", "₮": "MNT", "৳": "BDT",
        "ZŁ": "PLN", "KČ": "CZK", "FT": "HUF", "LEI": "RON MDL", "KR": "SEK NOK DKK ISK", "RM": "MYR", "RP": "IDR", "S/": "PEN",
        "FR": "CHF", "SFR": "CHF",
    }.items()
}  # fmt: skip
#: codes of hundredths, which only their small letter distinguishes from the currency
_HUNDREDTHS = frozenset({"GBp", "GBx", "ZAc"})
_LONGEST = 40
_ALIKE = str.maketrans({"￥": "¥", "￡": "£", "￦": "₩", "٫": ".", "٬": ",", "’": "'", "−": "-", "‐": "-"})
_PARTS = re.compile(r"(?P<before>[^\d.,]*)(?P<number>[.,]?\d(?:[\d., ']*\d)?[.,]?)(?P<after>[^\d.,]*)")
_NUMBER = re.compile(r"\d{1,28}(\.\d{1,9})?")
#: thousands in threes, and as India writes them
_THREES = r"[1-9]\d{{0,2}}(?:{0}\d{{3}})+"
_LAKHS = r"[1-9]\d?(?:,\d{2})+,\d{3}"


class Money(NamedTuple):
    """An amount and its currency, empty where they are not known, and what was done to each (None: nothing)."""

    amount: str
    currency: str
    amount_note: Note | None
    currency_note: Note | None


def is_ambiguous(amount: str, currency: str) -> bool:
    """True if the decimal text ``amount`` is as well a thousand with its separator, which only the currency can say."""
    whole, point, fraction = amount.partition(".")
    could_be_thousands = len(fraction) == 3 and 1 <= len(whole) <= 3 and whole[0] not in "0-"
    return bool(point) and could_be_thousands and _DECIMALS.get(currency, 2) != 3


def read_money(amount: object, currency: object, default: str, *, point_is_decimal: bool) -> Money:
    """Amount and currency of an event whose own ones are not as the interface asks for.

    Args:
        amount: as sent; None for none.
        currency: as sent; None for none.
        default: the store's currency.
        point_is_decimal: the sender writes decimal text by agreement, so that "1.299" is not a thousand.
    """
    said, currency_note = _read_currency(currency, default)
    if amount is None or amount == "":
        return Money("", said, None, currency_note)
    number, meant, note = _parts_of(amount)
    if note is not None:
        return Money("", said, note, currency_note)
    if said and meant and said not in meant:
        return Money("", said, Note.CONFLICTING, currency_note)
    if not said and meant is not None:
        said = default if default in meant else next(iter(meant)) if len(meant) == 1 else ""
    elif not said and currency_note is None:
        said = default
    if not said:
        return Money("", "", Note.AMBIGUOUS if meant else Note.UNREADABLE, currency_note)
    is_decimal = point_is_decimal or not isinstance(amount, str)
    read = _number(number.lstrip("-"), _DECIMALS.get(said, 2), is_decimal)
    if isinstance(read, Note):
        return Money("", said, read, currency_note)
    if not point_is_decimal and is_ambiguous(read, said):
        read += "0"  # from here on it is decimal text
    read = f"-{read}" if number.startswith("-") else read
    return Money(read, said, Note.READ if read != amount else None, currency_note)


def _read_currency(currency: object, default: str) -> tuple[str, Note | None]:
    """A currency's code, and what was done to get it; no code if it is not known."""
    if currency is None or currency == "":
        return "", None
    if not isinstance(currency, str) or len(currency) > _LONGEST or currency.strip() in _HUNDREDTHS:
        return "", Note.UNREADABLE
    if currency in CURRENCIES:
        return currency, None
    meant = _meant_by(currency.translate(_ALIKE))
    if meant is None:
        return "", Note.UNREADABLE
    if len(meant) == 1:
        return next(iter(meant)), Note.READ
    return (default, Note.READ) if default in meant else ("", Note.AMBIGUOUS)


def _meant_by(mark: str) -> frozenset[str] | None:
    """The currencies that a sign, a name or a code can mean; None for an unknown one."""
    name = mark.strip().upper()
    return frozenset({name}) if name in CURRENCIES else _MARKS.get(name)


def _parts_of(amount: object) -> tuple[str, frozenset[str] | None, Note | None]:
    """The number as text, the currencies next to it (None: none does), or why there is no number."""
    if isinstance(amount, bool) or not isinstance(amount, str | int | float):
        return "", None, Note.UNREADABLE
    if isinstance(amount, int):
        return (str(amount), None, None) if abs(amount) < 10**28 else ("", None, Note.OUT_OF_RANGE)
    if isinstance(amount, float):
        return _exactly(repr(amount))
    if len(amount) > _LONGEST:
        return "", None, Note.UNREADABLE
    text = "".join(map(_plain, amount)).translate(_ALIKE).strip()
    text = re.sub(r"(?<=[^\W\d_])\.|(?<=S/)\.", "", text)  # "Rs. 5", "5 kr."
    text = re.sub(r"(?<=\d)[.,][-–—]+$", "", text)  # "19,-"
    parts = _PARTS.fullmatch(text)
    if parts is None:
        return "", None, Note.UNREADABLE
    before, after = parts["before"].strip(), parts["after"].strip()
    is_negative = before[:1] == "-" or before[-1:] == "-"
    marks = [mark for mark in (before.strip("+- "), after) if mark]
    meant = [_meant_by(mark) for mark in marks]
    known = [one for one in meant if one is not None]
    if len(known) < len(meant):
        return "", None, Note.UNREADABLE
    currencies = frozenset.intersection(*known) if known else None
    if currencies is not None and not currencies:
        return "", None, Note.CONFLICTING
    number = parts["number"]
    return f"-{number}" if is_negative else number, currencies, None


def _plain(character: str) -> str:
    """A character's everyday form: spaces and digits of any script, wide forms."""
    if character.isspace() or unicodedata.category(character) == "Zs":
        return " "
    if "\uff01" <= character <= "\uff5e":
        character = chr(ord(character) - 0xFEE0)
    return str(unicodedata.decimal(character, character))


def _exactly(text: str) -> tuple[str, frozenset[str] | None, Note | None]:
    """A number of a machine, without the noise of binary fractions (0.1 + 0.2)."""
    try:
        value = Decimal(text)
        rounded = round(value, 6)
    except (InvalidOperation, ValueError, OverflowError):
        return "", None, Note.UNREADABLE
    if abs(value) >= 10**15 or abs(value - rounded) > Decimal("1e-9") * max(abs(value), Decimal(1)):
        return "", None, Note.UNREADABLE
    whole, _, fraction = f"{rounded:f}".partition(".")
    fraction = fraction.rstrip("0")
    return whole + ("." + fraction if fraction else ""), None, None


def _number(text: str, decimals: int, point_is_decimal: bool) -> str | Note:
    """Decimal text of a number without sign and currency.

    Args:
        text: digits, separators and spaces.
        decimals: of its currency.
        point_is_decimal: a point alone is never a separator of thousands.
    """
    grouped = re.fullmatch(r"([1-9]\d{0,2}(?:([ '])\d{3})(?:\2\d{3})*)([.,]\d+)?", text)
    if grouped:
        whole, fraction = re.sub(r"\D", "", grouped[1]), (grouped[3] or "")[1:]
        return _checked(whole, fraction)
    points, commas = text.count("."), text.count(",")
    last = max(text.rfind("."), text.rfind(","))
    if points and commas:
        whole, fraction, mark = text[:last], text[last + 1 :], text[last]
        other = "," if mark == "." else "."
        return _checked(_ungrouped(whole, other), fraction) if text.count(mark) == 1 else Note.UNREADABLE
    if points + commas > 1:
        return _checked(_ungrouped(text, text[last]), "")
    if points + commas == 0:
        return _checked(text, "")
    whole, fraction = text[:last], text[last + 1 :]
    if len(fraction) == 3 and re.fullmatch(r"[1-9]\d{0,2}", whole):
        if text[last] == "." and (point_is_decimal or decimals == 3):
            return _checked(whole, fraction)
        return _checked(whole + fraction, "") if decimals == 0 else Note.AMBIGUOUS
    return _checked(whole or "0", fraction)


def _ungrouped(text: str, separator: str) -> str:
    """The digits of a number whose thousands are separated; empty if they are not in their places."""
    is_grouped = re.fullmatch(_THREES.format(re.escape(separator)), text)
    if is_grouped or (separator == "," and re.fullmatch(_LAKHS, text)):
        return text.replace(separator, "")
    return ""


def _checked(whole: str, fraction: str) -> str | Note:
    if len(fraction) > 9 and (whole + fraction).isdecimal():
        whole, _, fraction = _exactly(f"{whole}.{fraction}")[0].partition(".")
    text = whole + ("." + fraction if fraction else "")
    return text if _NUMBER.fullmatch(text) else Note.UNREADABLE
