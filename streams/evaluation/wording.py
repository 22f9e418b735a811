"""How an evaluation's numbers and days are written for one reader."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date

from streams.incidents.reader import LOCALES, ReaderWording

_MINUS = "−"


class EvaluationReader(ReaderWording):
    """A reader's wording, with signs and days."""

    def decimal(self, value: float) -> str:
        """A number with one decimal at most; below 0 with a minus and not a hyphen."""
        return super().decimal(value).replace("-", _MINUS)

    def money(self, amount: float, currency: str) -> str:
        """An amount; below 0 with a minus."""
        return super().money(amount, currency).replace("-", _MINUS)

    def signed(self, value: float) -> str:
        """A number with its sign: ``+12.5``, ``−3``; 0 has none."""
        said = self.decimal(abs(value))
        return said if round(abs(value), 1) == 0 else f"{_MINUS if value < 0 else '+'}{said}"

    def calendar_day(self, at_ms: int, zone: str) -> str:
        """A day with its year."""
        day = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).date()
        pattern = "y年M月d日" if self.language == "zh" else "d MMM y"
        return str(format_date(day, pattern, locale=LOCALES[self.language]))
