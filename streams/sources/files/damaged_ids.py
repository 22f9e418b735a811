"""Ids that a spreadsheet has destroyed: many orders would become one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

#: how spreadsheets write a number of more than eleven digits: its last digits are lost
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE]\+\d{1,3}|[+-]?\d[.,]\d+[eE]-?\d{1,3}", re.ASCII)


#: digits of a number that a spreadsheet keeps
EXCEL_DIGITS = 15
#: zeros past an id's fifteenth digit, added over a column, from which on they are not chance
NO_CHANCE = 3


def is_scientific(text: str) -> bool:
    """Whether ``text`` is a number in scientific notation, as a spreadsheet writes it; ``12E5`` may be an id."""
    return ("E" in text or "e" in text) and _SCIENTIFIC.fullmatch(text.strip("\t '\"=")) is not None


def lost_digits(text: str) -> int:
    """How many digits past the fifteenth of a long number are zeros to its end; -1 if they are not, 0 if it is short."""
    if len(text) <= EXCEL_DIGITS or not (text.isascii() and text.isdigit()):
        return 0
    rest = text[EXCEL_DIGITS:]
    return len(rest) if not rest.strip("0") else -1


@dataclass(slots=True)
class LongIds:
    """What is known of a column's long ids: a spreadsheet rounds all of them or none."""

    lost: int = 0
    has_whole: bool = False

    def note(self, ids: Iterable[str]) -> None:
        """Look at different ids of the column."""
        found = [lost_digits(one) for one in ids]
        self.lost += sum(max(one, 0) for one in found)
        self.has_whole = self.has_whole or any(one < 0 for one in found)

    @property
    def are_rounded(self) -> bool:
        """Whether the zeros at the ends of the long ids are a spreadsheet's."""
        return self.lost >= NO_CHANCE and not self.has_whole
