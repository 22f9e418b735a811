"""How the dry run of a file is written for a reader: amounts as people write them, and each question once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from babel import Locale
from babel.numbers import format_decimal

from scoring.wording.text import Language
from streams.sources.files.exports.field_words import field_name

_COMMA = {"zh": "、", "en": ", "}


def amount_text(amount: int | str, locale: Locale) -> str:
    """An amount with all the decimals that it has: 3,060.00."""
    text = str(amount)
    decimals = len(text.partition(".")[2])
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return str(format_decimal(Decimal(text), format=pattern, locale=locale, decimal_quantization=False))


def asked_once(table: dict[str, Any]) -> list[dict[str, Any]]:
    """The questions about a table; that of day or month first once, for one answer holds for all its columns."""
    dates = [one for one in table["questions"] if one["about"] == "dates"]
    return [one for one in table["questions"] if one["about"] != "dates" or one is dates[0]]


def dates_asked(table: dict[str, Any], language: Language) -> str:
    """The columns whose dates can be read in two ways."""
    names = [field_name(one["column"])(language) for one in table["questions"] if one["about"] == "dates"]
    return _COMMA[language].join(names)
