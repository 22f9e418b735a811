"""Numbers and days for the readers of a digest: the shell's side of ``scoring.digest.worded.DigestWording``."""

from __future__ import annotations

from datetime import date

from babel.dates import format_date

from scoring.wording.text import Language
from streams.incidents.reader import ReaderWording


class DigestReaderWording(ReaderWording):
    """A card's wording, and days and signed changes. Times on the reader's own clock (``zone``) go without its name."""

    def __init__(self, language: Language, zone: str) -> None:
        super().__init__(language)
        self._zone = zone

    def clock(self, at_ms: int, zone: str) -> str:
        """A time on the wall in ``zone``; the zone is named only where it is not the reader's."""
        return self.wall(at_ms, zone) if zone == self._zone else super().clock(at_ms, zone)

    def weekday(self, day: date) -> str:
        """``周三``, ``Wed``."""
        return str(format_date(day, "EEE", locale=self._locale))

    def country(self, code: str) -> str:
        """``泰国``, ``Thailand``; the code itself where it has no name."""
        return str(self._locale.territories.get(code, code))

    def signed_percent(self, change: float) -> str:
        """``−18%``, ``+2.1%``, ``±0%``: whole ones from 10 % on, ``>+999%`` for what is out of all proportion."""
        if change > 9.99:
            return ">+999%"
        digits = 0 if abs(change) >= 0.0995 else 1
        text = f"{abs(change) * 100:.{digits}f}"
        if float(text) == 0:
            return "±0%"
        return f"{'−' if change < 0 else '+'}{text}%"
