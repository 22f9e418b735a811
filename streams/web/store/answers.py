"""What one store's funnel, lines and raw events are answered with.

Times are milliseconds since 1970 UTC (suffix ``_ms``), rates are in [0, 1], money is in the store's own currency. None always
means "not known" or "not supplied", never zero.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class FunnelStage(msgspec.Struct, frozen=True):
    """One stage. ``count`` is None when no source supplies the stage; ``expected`` when the window has no full baseline.

    ``pageless`` are those of ``count`` that belong to orders that no page led to: they are in no step before the order. None as ``count`` is.
    """

    stage: str
    count: int | None
    expected: float | None
    pageless: int | None


class FunnelStep(msgspec.Struct, frozen=True):
    """One step: arrivals downstream over arrivals upstream in the same window. It is not a cohort: the latest to enter may still continue."""

    step: str
    state: str
    conversion_rate: float | None
    drop_off_rate: float | None
    surprise: float | None


class Funnel(msgspec.Struct, frozen=True):
    """A store's funnel over the half-open window [from_ms, to_ms), which ends with the last scored minute.

    ``bots`` and ``marked`` are events of the window that were left out: those of known bots, and those set apart.
    """

    store_id: str
    segment: str
    window_minutes: int
    from_ms: int
    to_ms: int
    covered_minutes: int
    stages: tuple[FunnelStage, ...]
    steps: tuple[FunnelStep, ...]
    bots: int = 0
    marked: int = 0


class SeriesPoint(msgspec.Struct, frozen=True):
    """Arrivals downstream of a step in [at_ms, at_ms + resolution): counted, expected and the 99 % band."""

    at_ms: int
    observed: int
    expected: float | None
    low: float | None
    high: float | None
    state: str


class Series(msgspec.Struct, frozen=True):
    """The last hours of one step. Past one minute of resolution the band is the root of the summed squares: approximate."""

    store_id: str
    step: str
    segment: str
    from_ms: int
    to_ms: int
    resolution_minutes: int
    band: Literal["exact", "approximate"]
    points: tuple[SeriesPoint, ...]


class RawEvent(msgspec.Struct, frozen=True):
    """One raw event as it was landed (pseudonyms only)."""

    event_id: str
    type: str
    event_time_ms: int
    received_at_ms: int
    device_class: str
    channel: str
    country: str
    payment_method: str
    order_id: str
    product: str
    amount: str
    currency: str
    source: str
    store_id: str = ""


class RawEvents(msgspec.Struct, frozen=True):
    """Raw events of one store in [from_ms, to_ms), newest first; ``truncated`` says that the limit cut them."""

    store_id: str
    from_ms: int
    to_ms: int
    truncated: bool
    sql: str
    events: tuple[RawEvent, ...]
