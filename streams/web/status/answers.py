"""What the state of the data and of the parts is answered with.

Times are milliseconds since 1970 UTC (suffix ``_ms``), rates are in [0, 1], money is in the store's own currency. None always
means "not known" or "not supplied", never zero.
"""

from __future__ import annotations

import msgspec


class SourceHealth(msgspec.Struct, frozen=True):
    """One source of one store: when its newest event happened, and how long events took from happening to arrival.

    Over the last quarter of an hour: ``repeats`` are events that arrived again, ``bot_share`` the part of bots; ``pixel_share``
    is the pixel's orders of the last hour over those of the store's other sources, None where that says nothing.
    """

    store_id: str
    source: str
    last_event_ms: int
    last_received_ms: int
    events: int
    delay_ms: int
    repeats: int = 0
    bot_share: float = 0.0
    pixel_share: float | None = None


class PartHealth(msgspec.Struct, frozen=True):
    """What a role on this machine last reported; ``state`` is "silent" when its heartbeat has stopped."""

    name: str
    state: str
    detail: str
    updated_at_ms: int


class Status(msgspec.Struct, frozen=True):
    """Data ages and parts. ``ready`` is whether ClickHouse answers; ``answered_at_ms`` is when it last did."""

    at_ms: int
    ready: bool
    detail: str
    answered_at_ms: int | None
    newest_event_ms: int | None
    newest_received_ms: int | None
    scored_until_ms: int | None
    late_by_ms: int | None
    dead_letters_hour: int | None
    firing: int | None
    parts: tuple[PartHealth, ...]
    sources: tuple[SourceHealth, ...]
