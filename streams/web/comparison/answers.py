"""What the comparison of stores is answered with.

Times are milliseconds since 1970 UTC (suffix ``_ms``), rates are in [0, 1], money is in the store's own currency. None always
means "not known" or "not supplied", never zero.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class StepComparison(msgspec.Struct, frozen=True):
    """One step of one store over the span: arrivals against the store's own expectation.

    ``state`` is that of the newest minute; ``observed`` and ``expected`` sum the ``covered_minutes`` that have an
    expectation. ``smallest_drop`` is the smallest fall, in
    [0, 1], that an hour could show on average; None where not even a full stop would show, or where it is not known
    yet (``drop_known`` false). ``source`` says whose numbers the expectation is made of: ``own``, ``pooled``,
    ``peers`` (of this many ``lenders``) or ``benchmark``; empty where it is not known.
    """

    step: str
    state: str
    observed: float | None
    expected: float | None
    conversion_rate: float | None
    drop_known: bool = False
    smallest_drop: float | None = None
    source: str = ""
    lenders: int = 0
    covered_minutes: int = 0


class StoreComparison(msgspec.Struct, frozen=True):
    """One store: its steps, each against its own expectation."""

    store_id: str
    name: str
    steps: tuple[StepComparison, ...]


class PlatformGroup(msgspec.Struct, frozen=True):
    """Stores of one platform. ``comparable`` is whether their rates rest on the same definitions."""

    platform: str
    comparable: Literal["same", "alone", "own"]
    stores: tuple[StoreComparison, ...]


class PlatformComparison(msgspec.Struct, frozen=True):
    """All stores by platform, over [from_ms, to_ms); platforms are not ranked against each other."""

    from_ms: int
    to_ms: int
    groups: tuple[PlatformGroup, ...]
