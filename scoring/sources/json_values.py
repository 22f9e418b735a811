"""Values of a JSON document as facts: moments, money, numbers, answers. What cannot be read for sure is said, never guessed."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from scoring.errors import ScoringError
from scoring.sources.json_paths import MISSING

_MONEY = re.compile(r"[+-]?\d{1,28}(\.\d{1,9})?")
#: up to here a number of a moment is seconds, milliseconds, microseconds: the years 1973 to 5138 read the same in each
_SECONDS, _MILLISECONDS = 10**11, 10**14
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_YES = frozenset({"true", "yes", "y", "1", "是"})
_NO = frozenset({"false", "no", "n", "0", "否", ""})


class UnreadableValueError(ScoringError):
    """Raised for a value that is not what its field needs; the row is set aside with the text."""


def read_json(text: str | bytes) -> Any:
    """A JSON document with its fractions exact.

    Raises:
        UnreadableValueError: it is not JSON.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except RecursionError:
        raise UnreadableValueError("nested too deeply") from None
    except ValueError as error:
        raise UnreadableValueError(f"not JSON: {error}") from error


def json_text(value: Any) -> str:
    """The text of a document that ``read_json`` gave, with its fractions as they were."""
    return _ENCODER.encode(value).decode()


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


def is_given(value: Any) -> bool:
    """Whether something is there: null and an empty text are not."""
    return value is not MISSING and value is not None and value != ""


def text_of(value: Any, name: str) -> str:
    """An id or a word; a whole number is one too.

    Raises:
        UnreadableValueError: it is neither, or a fraction (an id that went through a spreadsheet lost its digits).
    """
    if not is_given(value):
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise UnreadableValueError(f"`{name}`: expected text, got {shown(value)}")


#: places of a fraction that are kept, and numbers that are rounded to them
_PLACES_KEPT, _LARGEST = 9, 10**15


def money_of(value: Any, name: str, decimals: int = 0) -> str:
    """Decimal text. ``decimals`` digits of it are the fraction where the source writes the smallest unit.

    Raises:
        UnreadableValueError: it is not a plain number: signs of currencies and of thousands are not guessed at.
    """
    if not is_given(value):
        return ""
    written = format(_short(value), "f") if isinstance(value, Decimal) else str(value).strip()
    if isinstance(value, bool) or not _MONEY.fullmatch(written):
        raise UnreadableValueError(f"`{name}`: expected an amount such as 12.50, got {shown(value)}")
    try:
        amount = Decimal(written)
    except InvalidOperation:
        raise UnreadableValueError(f"`{name}`: {shown(value)} is not an amount") from None
    if decimals:
        amount = amount.scaleb(-decimals)
        return format(amount, "f")
    return written.removeprefix("+")


def _short(value: Decimal) -> Decimal:
    """A number without the places that are only the rest of a binary fraction."""
    exponent = value.as_tuple().exponent
    is_long = isinstance(exponent, int) and exponent < -_PLACES_KEPT
    return round(value, _PLACES_KEPT) if is_long and abs(value) < _LARGEST else value


def whole_of(value: Any, name: str) -> int:
    """A whole number; 0 for nothing.

    Raises:
        UnreadableValueError: it is none.
    """
    if not is_given(value):
        return 0
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value.strip()):
        return int(value)
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    raise UnreadableValueError(f"`{name}`: expected a whole number, got {shown(value)}")


def answer_of(value: Any, name: str) -> bool | None:
    """Yes, no, or None for nothing.

    Raises:
        UnreadableValueError: it is neither.
    """
    if value is MISSING or value is None:
        return None
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in _YES:
        return True
    if text in _NO:
        return False if text else None
    raise UnreadableValueError(f"`{name}`: expected true or false, got {shown(value)}")


#: an offset that is apart from its time: 2026-11-28 08:00:00 +0800
_APART = re.compile(r" +([+-]\d{2}:?\d{2})$")


def moment_of(value: Any, name: str, zone: str, form: str = "") -> int:
    """Milliseconds since 1970; 0 for nothing, and for the 0 that platforms write for "not yet".

    Args:
        value: a number (its size says whether it is seconds, milliseconds or microseconds), or text.
        name: of the field, for the error.
        zone: IANA name, for text without an offset.
        form: of text, as ``strptime`` takes it; ISO 8601 if empty.

    Raises:
        UnreadableValueError: it is not a moment.
    """
    if not is_given(value):
        return 0
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and not form:
        value = int(value)
    if isinstance(value, Decimal):
        value = value * 1000 if value < _SECONDS else value
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _by_size(value, name)
    if not isinstance(value, str):
        raise UnreadableValueError(f"`{name}`: expected a time, got {shown(value)}")
    text = value.strip()
    if not form:
        text = _APART.sub(r"\1", text.replace("/", "-"))
    try:
        when = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007
    except ValueError:
        expected = form or "ISO 8601 such as 2026-11-28T08:00:00+08:00"
        raise UnreadableValueError(f"`{name}`: expected a time as {expected}, got {shown(value)}") from None
    if when.year < 1971:
        return 0  # 0000-00-00 and 1970-01-01 stand for "not yet"
    if when.tzinfo is None:
        when = when.replace(tzinfo=ZoneInfo(zone))
    return round(when.astimezone(UTC).timestamp() * 1000)


def day_of(value: Any, name: str, zone: str, form: str = "") -> date:
    """The day that a report's row speaks of: as written, or of the moment in ``zone``.

    Raises:
        UnreadableValueError: it is none.
    """
    if isinstance(value, str) and not form and re.fullmatch(r"\d{4}[-/]?\d{2}[-/]?\d{2}", value.strip()):
        digits = re.sub(r"\D", "", value)
        try:
            return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        except ValueError:
            raise UnreadableValueError(f"`{name}`: {shown(value)} is not a day") from None
    at_ms = moment_of(value, name, zone, form)
    if not at_ms:
        raise UnreadableValueError(f"`{name}`: expected a day, got {shown(value)}")
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).date()


def _by_size(number: int, name: str) -> int:
    if number == 0:
        return 0
    if number < 0:
        raise UnreadableValueError(f"`{name}`: {number} is not a time")
    if number < _SECONDS:
        return number * 1000
    return number if number < _MILLISECONDS else number // 1000


def shown(value: Any) -> str:
    """A value for an error: its kind, and a short text as it is. Names and addresses do not get here: the door masked them."""
    if value is MISSING:
        return "nothing"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return repr(value if not isinstance(value, Decimal) else str(value))[:60]
