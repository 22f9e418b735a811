"""The SETTINGS clause at the end of a reader's statement, taken off so that its settings go the way of all others.

What is left of the statement may hold no further one: ``access.py`` rejects it by the engine's own syntax tree.
"""

from __future__ import annotations

import re
from typing import Final

from streams.embedded.store.errors import BAD_ARGUMENTS, StoreError
from streams.embedded.store.statement import Token, tokens

_ESCAPE: Final = re.compile(r"\\(.)|''", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f"}
_PAIRS: Final = {"{": "}", "[": "]", "(": ")"}


def split_settings(text: str) -> tuple[str, dict[str, str]]:
    """``text`` without the SETTINGS clause at its end, and the clause's settings; ``text`` itself if it ends with none."""
    raw = text.encode()
    listed = tokens(raw)
    for at in range(len(listed) - 1, -1, -1):
        token = listed[at]
        if token.depth == 0 and token.kind == "word" and token.text == "SETTINGS":
            found = _settings(raw, listed[at + 1 :])
            return (raw[: token.start].decode(), found) if found else (text, {})
    return text, {}


def _settings(raw: bytes, listed: list[Token]) -> dict[str, str] | None:
    """The settings in the tokens after SETTINGS; None if they are anything but a list of names and literals."""
    found: dict[str, str] = {}
    at = 0
    while at < len(listed):
        if len(listed) < at + 3 or listed[at].kind != "word" or listed[at + 1].text != "=":
            return None
        first = listed[at + 2]
        end = at + 3
        if first.text in _PAIRS and first.kind == "other":
            while end < len(listed) and not (
                listed[end].text == _PAIRS[first.text] and listed[end].depth == first.depth
            ):
                end += 1
            end += 1
        elif first.text == "-" and end < len(listed):
            end += 1
        if end > len(listed) or (end < len(listed) and listed[end].text != ","):
            return None
        name = raw[listed[at].start : listed[at].end].decode()
        value = raw[first.start : listed[end - 1].end].decode()
        found[name] = unquoted(value) if first.kind == "string" else value
        at = end + 1
        if end < len(listed) and at >= len(listed):  # it ends with a comma
            return None
    return found or None


def is_closed(text: str) -> bool:
    """Whether each bracket of an expression is opened and closed in it."""
    depth = 0
    for token in tokens(text.encode("utf-8", "surrogateescape")):
        if token.kind != "other":
            continue
        depth += (token.text in _PAIRS) - (token.text in _PAIRS.values())
        if depth < 0:
            return False
    return depth == 0


def quoted(value: str) -> str:
    """``value`` as a string of SQL."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def unquoted(literal: str) -> str:
    """The text of a string literal of SQL."""

    def plain(match: re.Match[str]) -> str:
        return "'" if match[1] is None else _ESCAPED.get(match[1], match[1])

    return _ESCAPE.sub(plain, literal[1:-1])


def filters_by_table(value: str) -> dict[str, str]:
    """``additional_table_filters`` as the conditions by table that it is written as: ``{'table': 'condition', …}``.

    Raises:
        StoreError: it is no such map.
    """
    listed = tokens(value.encode("utf-8", "surrogateescape"))
    inner = listed[1:-1]
    right = len(listed) >= 2 and listed[0].text == "{" and listed[-1].text == "}"
    found: dict[str, str] = {}
    for at in range(0, len(inner), 4):
        part = inner[at : at + 4]
        right = right and len(part) >= 3 and part[0].kind == part[2].kind == "string" and part[1].text == ":"
        right = right and (len(part) == 3 or (part[3].text == "," and at + 4 < len(inner)))
        if not right:
            break
        found[unquoted(part[0].text)] = unquoted(part[2].text)
    if not right:
        raise StoreError(
            BAD_ARGUMENTS, "BAD_ARGUMENTS", "additional_table_filters is a map: {'table': 'condition', …}"
        )
    return found
