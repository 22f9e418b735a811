"""Ids that a spreadsheet has destroyed: many orders would become one."""

from __future__ import annotations

import re

#: how spreadsheets write a number of more than eleven digits: its last digits are lost
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE]\+\d{1,3}|[+-]?\d[.,]\d+[eE]-?\d{1,3}", re.ASCII)


def is_scientific(text: str) -> bool:
    """Whether ``text`` is a number in scientific notation, as a spreadsheet writes it; ``12E5`` may be an id."""
    return ("E" in text or "e" in text) and _SCIENTIFIC.fullmatch(text.strip("\t '\"=")) is not None
