"""Which of several versions holds, whatever order they come in.

A version is one report of one thing by one way: an import, or a connection. The newest version of a way takes the place of that
way's older ones; a way that withdrew (an import that was undone) says nothing until it reports again; and among the ways the
newest version holds. All versions are kept. The same in SQL: the views of ``deploy/clickhouse``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

import msgspec


class Version(Protocol):
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


T = TypeVar("T", bound=Version)


def way_of(version: Version) -> tuple[str, str, str]:
    """By which way it was reported."""
    return version.source, version.connection, version.import_id


def rank_of(version: Version) -> tuple[int, bool, bytes]:
    """Orders versions of one way, and versions of one time by their content, so that no two processes differ."""
    return version.told_at_ms, version.withdrawn, msgspec.json.encode(version)


def counted(versions: Iterable[T], identity: Callable[[T], object] = lambda version: None) -> list[T]:
    """The versions that count, oldest first: those of each way after its last withdrawal.

    Args:
        versions: of one thing, or of several that ``identity`` distinguishes.
        identity: what a version is about.
    """
    known = sorted({rank_of(version): version for version in versions}.items(), key=lambda item: item[0])
    withdrawn = {
        (identity(version), way_of(version)): version.told_at_ms for _, version in known if version.withdrawn
    }
    return [
        version
        for _, version in known
        if version.told_at_ms > withdrawn.get((identity(version), way_of(version)), -1)
    ]


def holding(versions: Iterable[T]) -> T | None:
    """The version of one thing that holds; None if every way has withdrawn."""
    left = counted(versions)
    return left[-1] if left else None
