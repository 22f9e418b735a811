"""Text from outside (events, people, files, other programs), made fit for a terminal.

A terminal obeys control characters: a rejected record could clear the screen, set the title or write text backwards. They are
shown as what they are. Whatever writes to a terminal asks here: ``streams/cli/terminal.py``, ``streams/embedded/console.py``, logs.
"""

from __future__ import annotations

import re
from typing import Final

# C0, DEL and C1; what turns the direction of text; line separators; what cannot be written
_HARMFUL: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_KEPT: Final = frozenset("\n\t")


def printable(text: str, *, lines: bool = False) -> str:
    """``text`` with control characters as escapes such as ``\\x1b``; with ``lines``, line breaks and tabs stay."""

    def escaped(match: re.Match[str]) -> str:
        sign = match[0]
        if lines and sign in _KEPT:
            return sign
        return f"\\x{ord(sign):02x}" if ord(sign) < 256 else f"\\u{ord(sign):04x}"

    return _HARMFUL.sub(escaped, text)


def printable_json(text: str) -> str:
    """JSON that means the same and holds no control character as it is; between its values only line breaks stay."""
    return _HARMFUL.sub(lambda match: match[0] if match[0] in _KEPT else f"\\u{ord(match[0]):04x}", text)


def counted(number: int, thing: str) -> str:
    """``1 store``, ``1,200 stores``."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
