"""When what a connection uses ends."""

from __future__ import annotations

from scoring.sources.endings import Ending, endings_of
from streams.sources.connection import Connection
from streams.sources.source import SourceSpec


def endings(connection: Connection, spec: SourceSpec | None, now_ms: int) -> tuple[Ending, ...]:
    """What its settings ask the platform for, with the days left of each."""
    return () if spec is None else endings_of(spec.uses(connection.config), now_ms)
