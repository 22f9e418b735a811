"""Which of several tellings holds, whatever order they come in.

A telling is one report of one thing by one way: an import, or a connection. The newest telling of a way takes the place of that
way's older ones; a way that withdrew (an import that was undone) says nothing until it reports again; and among the ways the
newest telling holds. All tellings are kept. The same in SQL: the views of ``deploy/clickhouse``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

import msgspec


class Telling(Protocol):
    """What the kinds of record have in common here."""

    @property
    def source(self) -> str: ...
    @property
    def connection(self) -> str: ...
    @property
    def import_id(self) -> str: ...
    @property
    def told_at_ms(self) -> int: ...
    @property
    def withdrawn(self) -> bool: ...


T = TypeVar("T", bound=Telling)


def way_of(telling: Telling) -> tuple[str, str, str]:
    """By which way it was told."""
    return telling.source, telling.connection, telling.import_id


def rank_of(telling: Telling) -> tuple[int, bool, bytes]:
    """Orders tellings of one way, and tellings of one time by their content, so that no two processes differ."""
    return telling.told_at_ms, telling.withdrawn, msgspec.json.encode(telling)


def counted(tellings: Iterable[T], identity: Callable[[T], object] = lambda telling: None) -> list[T]:
    """The tellings that count, oldest first: those of each way after its last withdrawal.

    Args:
        tellings: of one thing, or of several that ``identity`` distinguishes.
        identity: what a telling is about.
    """
    known = sorted({rank_of(telling): telling for telling in tellings}.items(), key=lambda item: item[0])
    withdrawn = {
        (identity(telling), way_of(telling)): telling.told_at_ms for _, telling in known if telling.withdrawn
    }
    return [
        telling
        for _, telling in known
        if telling.told_at_ms > withdrawn.get((identity(telling), way_of(telling)), -1)
    ]


def holding(tellings: Iterable[T]) -> T | None:
    """The telling of one thing that holds; None if every way has withdrawn."""
    left = counted(tellings)
    return left[-1] if left else None
