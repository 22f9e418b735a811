"""How numbers, money and times are written for one reader, with Babel: the shell's side of ``scoring.wording.cards.Wording``."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime

from babel import Locale
from babel.dates import format_date, format_datetime, get_timezone, get_timezone_location
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_symbol

from scoring.wording.text import Language

LOCALES = {"zh": Locale.parse("zh_Hans_CN"), "en": Locale.parse("en_US")}
_UNITS = (("T", 1e12), ("B", 1e9), ("M", 1e6), ("K", 1e3))


class ReaderWording:
    """Numbers in ``language``. Rates have one decimal below 10 %, none above 99.95 % of whole ones."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._locale = LOCALES[language]

    def count(self, value: float) -> str:
        """A number of events, rounded; from 100,000 on short (12万, 120K)."""
        rounded = round(value)
        if abs(rounded) < 100_000:
            return str(format_decimal(rounded, locale=self._locale))
        return self._short(rounded)

    def _short(self, value: float, digits: int = 3) -> str:
        """A large number with a few digits and a unit."""
        units = (("万亿", 1e12), ("亿", 1e8), ("万", 1e4)) if self.language == "zh" else _UNITS
        value = _rounded(value, digits)  # first: 999,999 is a million, not a thousand thousands
        name, unit = next(((name, unit) for name, unit in units if abs(value) >= unit), units[-1])
        return f"{_significant(value / unit, digits)}{name}"

    def decimal(self, value: float) -> str:
        """A number with one decimal at most."""
        return str(format_decimal(round(value, 1) + 0.0, format="#,##0.#", locale=self._locale))

    def hundredths(self, value: float) -> str:
        """A number with two decimals: of an index one percent matters."""
        return str(format_decimal(round(value, 2) + 0.0, format="#,##0.00", locale=self._locale))

    def percent(self, value: float) -> str:
        """A rate in [0, 1] ; one decimal unless it is whole, two below 1 %."""
        whole = value == 0 or value >= 0.995 or abs(value * 100 - round(value * 100)) < 1e-9
        pattern = "#,##0%" if whole else "#,##0.0%" if value >= 0.01 else "#,##0.00%"
        return str(format_percent(value, format=pattern, locale=self._locale))

    def money(self, amount: float, currency: str) -> str:
        """An amount rounded to two significant digits, so that no false exactness is suggested; short from ten million on."""
        return self._amount(_rounded(amount, 2), currency, 3)

    def money_exactly(self, amount: float, currency: str) -> str:
        """``US$1,234``, ``₫10.33亿``: a sum of what was counted, to the unit; from ten million on four digits, not an estimate's two."""
        return self._amount(amount, currency, 4)

    def _amount(self, amount: float, currency: str, digits: int) -> str:
        """An amount to the unit; from ten million on short, with that number of digits."""
        if abs(amount) >= 1e7:
            sign = get_currency_symbol(currency, locale=self._locale)
            return f"{'-' if amount < 0 else ''}{sign}{self._short(abs(amount), digits)}"
        return str(
            format_currency(amount, currency, format="¤#,##0", locale=self._locale, currency_digits=False)
        )

    def clock(self, at_ms: int, zone: str) -> str:
        """A time on the wall in ``zone``, with the name of the clock: 北京时间 3月4日 12:53, Mar 4, 12:53 Shanghai."""
        wall = self.wall(at_ms, zone)
        return f"{self.zone(zone)} {wall}" if self.language == "zh" else f"{wall} {self.zone(zone)}"

    def wall(self, at_ms: int, zone: str) -> str:
        """A time on the wall in ``zone``: month, day, hour and minute."""
        local = datetime.fromtimestamp(at_ms / 1000, UTC)
        pattern = "M月d日 HH:mm" if self.language == "zh" else "MMM d, HH:mm"
        return str(format_datetime(local, pattern, tzinfo=get_timezone(zone), locale=self._locale))

    def zone(self, zone: str) -> str:
        """The name of the clock of ``zone``: 北京时间, 洛杉矶时间, Los Angeles; of a zone without a city its id."""
        if "/" not in zone or zone.startswith("Etc/"):
            return zone
        if self.language == "zh" and zone == "Asia/Shanghai":
            return "北京时间"
        city = str(get_timezone_location(zone, locale=self._locale, return_city=True))
        return f"{city}时间" if self.language == "zh" else city

    def day(self, day: date) -> str:
        """``3月4日``, ``Mar 4``."""
        return str(format_date(day, "M月d日" if self.language == "zh" else "MMM d", locale=self._locale))

    def span(self, minutes: float) -> str:
        """A length of time in days, hours and minutes; at least one minute."""
        whole = max(1, round(minutes))
        days, rest = divmod(whole, 1440)
        hours, left = divmod(rest, 60)
        units = ("天", "小时", "分钟") if self.language == "zh" else ("d", "h", "min")
        parts = [f"{n} {unit}" for n, unit in zip((days, hours, left), units, strict=True) if n]
        return " ".join(parts[:2])


def _rounded(value: float, digits: int) -> float:
    if value == 0 or not math.isfinite(value):
        return 0.0
    return round(value, digits - 1 - math.floor(math.log10(abs(value))))


def _significant(value: float, digits: int) -> str:
    return f"{_rounded(value, digits):,.10g}"
