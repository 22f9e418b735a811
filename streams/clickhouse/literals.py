"""Texts in queries: how they are written as SQL literals, and how many fit into one query.

Used by ``streams/landing`` and ``streams/clickhouse/repeats.py``, whose texts come by the ten thousand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

#: ids asked for in one query
_IDS_A_QUERY = 4000


def portions(asked: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many at a time as one query can ask for."""
    return (asked[start : start + _IDS_A_QUERY] for start in range(0, len(asked), _IDS_A_QUERY))


def literals(texts: Iterable[str]) -> str:
    """The texts as SQL literals, each once."""
    return ", ".join(literal(text) for text in sorted(set(texts)))


def literal(text: str) -> str:
    """The text as an SQL literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\0", "\\0")
    return f"'{escaped}'"


def named(name: str) -> str:
    """The name of a table, view, user or policy, quoted."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
