"""What the state of sources is answered with.

Times are milliseconds since 1970 UTC (suffix ``_ms``), 0 where nothing is known. Texts are in the reader's language.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from streams.sources.overview import ConnectionStatus
from streams.sources.source_log import StoredTrial

_Day = Annotated[str, msgspec.Meta(pattern=r"^$|^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class StageSupply(msgspec.Struct, frozen=True):
    """How a source gives one stage: ``event``, ``status``, ``report`` or ``never``."""

    stage: str
    supply: str


class ConnectionEntry(msgspec.Struct, frozen=True):
    """One connection: its state, what is wrong and what to do, what it supplies, and its last test."""

    status: ConnectionStatus
    trouble_text: str
    advice: str
    stages: tuple[StageSupply, ...]
    trial: StoredTrial | None = None


class ArrivingSource(msgspec.Struct, frozen=True):
    """What came to a store in the last day by one source: events, their newest, and how long they took to arrive."""

    store_id: str
    source: str
    events: int
    last_event_ms: int
    last_received_ms: int
    delay_ms: int
    stages: tuple[StageSupply, ...]


class Sources(msgspec.Struct, frozen=True):
    """Every connection, and every other source that sent events in the last day. ``complete`` is false until all connections are read."""

    at_ms: int
    complete: bool
    connections: tuple[ConnectionEntry, ...]
    arriving: tuple[ArrivingSource, ...]


class SourceActionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do about a connection. ``first`` and ``last`` (days, both included) belong to ``backfill``, ``backfill_id`` to the three
    that change one.
    """

    kind: Literal[
        "pause",
        "resume",
        "test",
        "accept",
        "backfill",
        "backfill_pause",
        "backfill_resume",
        "backfill_cancel",
    ]
    who: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"\S")]
    why: Annotated[str, msgspec.Meta(max_length=300)] = ""
    first: _Day = ""
    last: _Day = ""
    resource: str = ""
    backfill_id: str = ""


class SourceActionDone(msgspec.Struct, frozen=True):
    """What was recorded; the owner of the connection follows within seconds."""

    name: str
    kind: str
    paused: bool
    backfills: tuple[str, ...]
