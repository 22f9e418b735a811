"""The values behind ``slow.py``: warehouse clocks, the stores on them, what a store remembers over a restart."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from scoring.alerts.alert import AlertTransition
from scoring.baselines.baseline import SlowBaseline
from scoring.baselines.business import BusinessHours
from scoring.detection.engine import AMENDABLE, SeriesEngine
from scoring.detection.memory import SeriesMemory, write_series
from scoring.detection.tracked_alert import TrackedAlert
from scoring.funnel.arrays import Floats
from scoring.funnel.scores import ScoreRow

#: business hours that a window may reach back, and one
REACH = 92


class SlowMemory(msgspec.Struct):
    """What a store's slow step remembers over a restart: everything, as it was when its last hour was closed.

    ``past`` are upstream events by business hour; ``arrived``, ``expected``, ``m`` and ``variance`` the engine's rings, the
    latest last.
    """

    past: list[int]
    known: int
    carried: tuple[float, float]
    shift: float
    series: SeriesMemory
    arrived: list[float]
    expected: list[float]
    m: list[float]
    variance: list[float]
    incident: TrackedAlert | None = None


@dataclass(slots=True)
class WarehouseClock:
    """The stores of one warehouse clock and the engine that judges them; −1 in ``members`` is a store that left."""

    hours: BusinessHours
    engine: SeriesEngine
    members: list[int] = field(default_factory=list)
    #: end minutes of the last business hours and the factors of the members then, for corrections
    ended: deque[tuple[int, Floats]] = field(default_factory=lambda: deque(maxlen=AMENDABLE))
    #: the last minute of the last hour that ended, open or shut
    last_end: int = -1


@dataclass(slots=True)
class SlowStore:
    """One store's slow step."""

    store_id: str
    baseline: SlowBaseline
    clock: WarehouseClock
    series: int
    #: hours that end at this UTC minute or before are in the baseline or the snapshot already
    since: int
    known: int
    calendar: int | None
    shift: float = 0.0
    fresh: bool = True
    incident: TrackedAlert | None = None


@dataclass(slots=True)
class SlowJudgement:
    """What a minute gave for slow steps: nothing, unless it ended a business hour."""

    scores: list[ScoreRow] = field(default_factory=list)
    transitions: list[AlertTransition] = field(default_factory=list)


def ring_rows(engine: SeriesEngine, kept: int) -> NDArray[np.intp]:
    """The rows of an engine's rings that hold its last ``kept`` hours, and the one before them."""
    return np.asarray((engine.minutes - kept - 1 + np.arange(kept + 1)) % len(engine.ring_m), dtype=np.intp)


def write_rings(engine: SeriesEngine, number: int, memory: SlowMemory) -> None:
    """Give a series its last hours and its filter back."""
    rows = ring_rows(engine, len(memory.arrived))
    engine.cum_arrived[rows, number] = np.concatenate([[0.0], np.cumsum(memory.arrived)])
    engine.cum_expected[rows, number] = np.concatenate([[0.0], np.cumsum(memory.expected)])
    write_series(engine, number, memory.series, is_current=True)
    engine.ring_m[rows, number], engine.ring_variance[rows, number] = memory.m, memory.variance
