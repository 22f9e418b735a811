"""CSV as a spreadsheet may open it: a text of a stranger that begins like a formula stays text there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

#: with these a cell of Excel, LibreOffice and Google Sheets becomes a formula (OWASP, CSV injection)
_BEGINS = tuple(b"=+-@\t\r")


def without_formulas(lines: Iterable[bytes]) -> Iterator[bytes]:
    """``lines`` of a CSV, with an apostrophe in front of each text that a spreadsheet would take for a formula.

    Args:
        lines: as ClickHouse writes them: texts in double quotes, numbers without; a text may go over several lines.
    """
    is_inside = False
    for line in lines:
        made, done, at = b"", 0, line.find(b'"')
        while at >= 0:
            begins = not is_inside and (at == 0 or line[at - 1 : at] == b",")
            if begins and line[at + 1 : at + 2] and line[at + 1] in _BEGINS:
                made += line[done : at + 1] + b"'"
                done = at + 1
            is_inside = not is_inside
            at = line.find(b'"', at + 1)
        yield made + line[done:] if made else line
