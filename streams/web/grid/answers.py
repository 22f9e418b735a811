"""What the store grid answers with.

Times are milliseconds since 1970 UTC (suffix ``_ms``), rates are in [0, 1], money is in the store's own currency. None always
means "not known" or "not supplied", never zero.
"""

from __future__ import annotations

from typing import Literal

import msgspec

#: worst first; the order of the store grid
TileState = Literal[
    "firing", "breach", "data_late", "normal", "not_enough_data", "no_baseline", "missing_stage", "no_data"
]


class MoneyEstimate(msgspec.Struct, frozen=True):
    """An estimate of money, with the range that follows from the alert's 90 % interval of lost events.

    ``base`` is the amount in the base currency, by the rate of ``base_day`` (empty where both are the same); None without a rate.
    """

    amount: float
    low: float
    high: float
    currency: str
    base: float | None = None
    base_currency: str = ""
    base_day: str = ""


class StepScore(msgspec.Struct, frozen=True):
    """The newest score of one store-step (whole store). Arrivals are those of the window of ``window_minutes``."""

    step: str
    state: str
    surprise: float
    observed: float
    expected: float
    sample: float
    window_minutes: int
    minute_ms: int


class SparkPoint(msgspec.Struct, frozen=True):
    """Arrivals of a few minutes from ``at_ms``: as counted and, where there is a baseline, as expected."""

    at_ms: int
    observed: float
    expected: float | None


class AlertSize(msgspec.Struct, frozen=True):
    """The worst firing alert of a store: where, how sure, how far off now (where that is not known: in the window it was found in)."""

    step: str
    segment: str
    surprise: float
    observed: float
    expected: float
    window_minutes: int


class StoreTile(msgspec.Struct, frozen=True):
    """One store of the grid: its worst step and how old its data is.

    ``state`` and ``worst`` are of the steps of minutes; ``slow`` is the step of days that is off, where one is. ``judged_from_ms``
    is from when a store that is still learning is judged, by its own history.
    """

    store_id: str
    name: str
    platform: str
    zone: str
    currency: str
    state: TileState
    worst: StepScore | None
    steps: tuple[StepScore, ...]
    spark: tuple[SparkPoint, ...]
    last_event_ms: int | None
    scored_until_ms: int | None
    alert_id: str | None
    alert_level: str | None
    alert_count: int
    lost: float | None
    money: MoneyEstimate | None
    alert: AlertSize | None = None
    slow: StepScore | None = None
    judged_from_ms: int | None = None


class Stores(msgspec.Struct, frozen=True):
    """The store grid, worst first."""

    at_ms: int
    stores: tuple[StoreTile, ...]


class StoreWindow(msgspec.Struct, frozen=True):
    """A store's rolling counts over the ``window_minutes`` that end with the minute ``minute_ms``."""

    store_id: str
    window_minutes: int
    minute_ms: int
    counts: dict[str, int]


class Windows(msgspec.Struct, frozen=True):
    """Rolling counts by store and window."""

    windows: tuple[StoreWindow, ...]
