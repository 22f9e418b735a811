"""The reader of a page: language, clock, and numbers, times and ages as that reader writes them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiohttp import web
from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_compact_currency, format_currency, format_decimal, format_percent

from scoring.wording.text import LANGUAGES, Language, Text
from streams.incidents.reader import LOCALES, ReaderWording

LANGUAGE_COOKIE = "funnelwatch_lang"
ZONE_COOKIE = "funnelwatch_zone"
#: age in seconds from which the unit is used, its length, its word
_AGES = ((86_400 * 2, 86_400, "days"), (7200, 3600, "hours"), (120, 60, "minutes"), (0, 1, "seconds"))


@dataclass(frozen=True, slots=True)
class PageReader:
    """One reader's language and time zone, and the words of the page."""

    language: Language
    zone: str
    words: Mapping[str, Text]

    @property
    def locale(self) -> Locale:
        """Babel's locale of the language."""
        return LOCALES[self.language]

    def word(self, key: str, **values: object) -> str:
        """The text of ``key`` with ``values`` filled in."""
        return self.words[key](self.language, **values)

    def count(self, value: float) -> str:
        """A count: 12,345; one decimal below ten when it is not whole."""
        digits = "#,##0.#" if abs(value) < 10 else "#,##0"
        return _typeset(format_decimal(value, format=digits, locale=self.locale))

    def decimal(self, value: float) -> str:
        """A number with one decimal."""
        return _typeset(format_decimal(value, format="#,##0.0", locale=self.locale))

    def percent(self, rate: float) -> str:
        """A rate as percent: 7.1%; finer where it is small."""
        pattern = "0.00%" if abs(rate) < 0.01 and rate else "0.0%"
        return _typeset(format_percent(rate, format=pattern, locale=self.locale))

    def whole_percent(self, rate: float) -> str:
        """A share as whole percent: 74%."""
        return _typeset(format_percent(round(rate, 2) + 0.0, format="0%", locale=self.locale))

    def change(self, observed: float, expected: float) -> str:
        """Observed against expected: −71%."""
        if expected <= 0:
            return "–"
        change = observed / expected - 1
        sign = "±" if abs(change) < 0.005 else "−" if change < 0 else "+"
        return f"{sign}{format_percent(abs(change), format='0%', locale=self.locale)}"

    def log_change(self, log_ratio: float) -> str:
        """A change on the log scale as percent: −29%."""
        return self.change(math.exp(log_ratio), 1.0)

    def money(self, amount: float, currency: str) -> str:
        """Money without cents; compact from 100,000 on."""
        if abs(amount) >= 100_000:
            return _typeset(format_compact_currency(amount, currency, locale=self.locale, fraction_digits=1))
        return _typeset(
            format_currency(amount, currency, format="¤#,##0", locale=self.locale, currency_digits=False)
        )

    def estimate(self, amount: float, currency: str) -> str:
        """Estimated money, written as cards and digests write it: two significant digits."""
        return _typeset(ReaderWording(self.language).money(amount, currency))

    def country(self, code: str) -> str:
        """A country's name; its code if nobody knows it."""
        return str(self.locale.territories.get(code, code))

    def _at(self, at_ms: int, zone: str) -> datetime:
        return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone or self.zone))

    def clock(self, at_ms: int, zone: str = "") -> str:
        """Hours and minutes on the reader's clock, or on that of ``zone``."""
        return self._at(at_ms, zone).strftime("%H:%M")

    def day(self, at_ms: int, zone: str = "") -> str:
        """The day, short: 3月4日 / Mar 4."""
        pattern = "M月d日" if self.language == "zh" else "MMM d"
        return str(format_datetime(self._at(at_ms, zone), pattern, locale=self.locale))

    def iso_day_only(self, day: str) -> str:
        """A day that ISO 8601 names, short: 3月4日 / Mar 4."""
        pattern = "M月d日" if self.language == "zh" else "MMM d"
        return str(format_date(date.fromisoformat(day), pattern, locale=self.locale))

    def iso_day(self, day: str) -> str:
        """A day that ISO 8601 names, short and with its day of the week: 3月4日周三 / Wed, Mar 4."""
        pattern = "M月d日EEE" if self.language == "zh" else "EEE, MMM d"
        return str(format_date(date.fromisoformat(day), pattern, locale=self.locale))

    def moment(self, at_ms: int, zone: str = "") -> str:
        """Day and minute."""
        return f"{self.day(at_ms, zone)} {self.clock(at_ms, zone)}"

    def zone_name(self, zone: str = "") -> str:
        """The name of the reader's clock, or of that of ``zone``: 北京时间, Los Angeles."""
        return ReaderWording(self.language).zone(zone or self.zone)

    def second(self, at_ms: int) -> str:
        """Day, minute and second on the reader's clock."""
        return f"{self.day(at_ms)} {self._at(at_ms, '').strftime('%H:%M:%S')}"

    def iso(self, at_ms: int) -> str:
        """RFC 3339, for <time datetime>."""
        return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def span(self, length_ms: int) -> str:
        """A length of time in one unit: 42 s, 3 min, 5 h, 2 d."""
        seconds = max(0, length_ms // 1000)
        length, word = next((length, word) for least, length, word in _AGES if seconds >= least)
        return self.word(word, n=f"{seconds // length:,}")

    def ago(self, at_ms: int, now_ms: int) -> str:
        """How long ago: 42 s ago."""
        return self.word("ago", span=self.span(now_ms - at_ms))


def known_zone(name: str) -> bool:
    """True for an IANA time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return bool(name)


def reader_of(request: web.Request, default: Language, words: Mapping[str, Text]) -> PageReader:
    """The reader's language (?lang=, cookie, Accept-Language, ``default``) and zone (cookie set by the script, else UTC)."""
    zone = request.cookies.get(ZONE_COOKIE, "").replace("%2F", "/")
    return PageReader(_language(request, default), zone if known_zone(zone) else "UTC", words)


def _language(request: web.Request, default: Language) -> Language:
    for choice in (request.query.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if choice in LANGUAGES:
            return choice
    weighed: list[tuple[float, int, str]] = []
    for place, item in enumerate(request.headers.get("Accept-Language", "").split(",")[:20]):
        tag, _, weight = item.strip().partition(";q=")
        try:
            weighed.append((-float(weight or 1), place, tag[:2].lower()))
        except ValueError:
            continue
    return next((tag for _, _, tag in sorted(weighed) if tag in LANGUAGES), default)


def _typeset(number: object) -> str:
    """A formatted number with a minus sign; Babel writes a hyphen."""
    return str(number).replace("-", "−")
