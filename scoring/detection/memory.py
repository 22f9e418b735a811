"""What a store's detector must remember beyond the minute counts, as bytes: for a restart.

Minute counts rebuild the rings (``Detector.warm_up``); alerts, freezes and daily levels come from here.
"""

from __future__ import annotations

import msgspec

from scoring.detection.book import Book, StepEntry, StoreEntry
from scoring.detection.engine import SeriesEngine
from scoring.detection.tracked_alert import TrackedAlert


class SeriesMemory(msgspec.Struct, array_like=True):
    """What one series remembers beyond the rings: filter, freeze and recovery."""

    m: float
    variance: float
    age: int
    is_open: bool
    depth: float
    recovery: float
    heal: int
    open_minutes: int
    open_arrivals: float
    open_expected: float


class StepMemory(msgspec.Struct):
    """What one store-step remembers: its series by segment, its incident and the sums behind its daily level."""

    series: dict[str, SeriesMemory]
    incident: TrackedAlert | None
    level_arrivals: float
    level_expected: float
    hour_arrivals: float
    hour_expected: float
    level: float
    level_variance: float


class StoreMemory(msgspec.Struct):
    """A store's snapshot."""

    minute: int
    steps: dict[str, StepMemory]
    schema_version: int = 1
    #: end of the history behind the baseline in force: the daily levels of another baseline are not taken over
    trained_until_ms: int = 0
    #: what ``traffic.py`` remembers of the store
    traffic: bytes = b""
    #: what ``slow.py`` remembers of it
    slow: bytes = b""
    #: what ``rises.py`` remembers of it
    rises: bytes = b""
    #: what ``drifts.py`` remembers of it
    drifts: bytes = b""


def read_series(engine: SeriesEngine, number: int) -> SeriesMemory:
    """What a series of an engine remembers."""
    return SeriesMemory(
        float(engine.m[number]),
        float(engine.variance[number]),
        int(engine.age[number]),
        bool(engine.open[number]),
        float(engine.depth[number]),
        float(engine.recovery[number]),
        int(engine.heal[number]),
        int(engine.open_minutes[number]),
        float(engine.open_arrived[number]),
        float(engine.open_expected[number]),
    )


def write_series(engine: SeriesEngine, number: int, memory: SeriesMemory, is_current: bool) -> None:
    """Give a series its memory back; one that is not current gives only back whether an alert is open."""
    if is_current:
        engine.m[number], engine.variance[number], engine.age[number] = memory.m, memory.variance, memory.age
        last = (engine.minutes - 1) % len(engine.ring_m)
        engine.ring_m[last, number], engine.ring_variance[last, number] = memory.m, memory.variance
    if is_current or memory.is_open != bool(engine.open[number]):
        engine.open[number] = memory.is_open
        engine.depth[number], engine.recovery[number] = memory.depth, memory.recovery
        engine.heal[number], engine.open_minutes[number] = memory.heal, memory.open_minutes
        engine.open_arrived[number], engine.open_expected[number] = memory.open_arrivals, memory.open_expected


def remember(book: Book, store: StoreEntry, minute: int) -> StoreMemory:
    """A store's snapshot after ``minute``, to which the other judges add what they remember."""
    steps = {step_id: _remember(book, entry) for step_id, entry in store.steps.items()}
    trained = store.baseline.trained_until_ms if store.baseline is not None else 0
    return StoreMemory(minute, steps, trained_until_ms=trained)


def recall(book: Book, store: StoreEntry, minute: int | None, state: bytes) -> StoreMemory:
    """Take over a snapshot and give it; one older than ``minute`` restores alerts and levels, filters keep theirs.

    Raises:
        msgspec.DecodeError: the bytes are not a snapshot of this schema.
    """
    memory = msgspec.msgpack.decode(state, type=StoreMemory)
    trained = store.baseline.trained_until_ms if store.baseline is not None else 0
    for step_id, remembered in memory.steps.items():
        entry = store.steps.get(step_id)
        if entry is not None:
            is_same = memory.trained_until_ms in (0, trained)
            _recall(book, entry, remembered, memory.minute == minute, is_same)
    return memory


def _remember(book: Book, entry: StepEntry) -> StepMemory:
    engine, levels, index = book.engine, book.levels, entry.index
    series = {segment: read_series(engine, number) for segment, number in entry.series.items()}
    return StepMemory(
        series,
        entry.incident,
        float(levels.sum_arrived[index]),
        float(levels.sum_expected[index]),
        float(levels.hour_arrived[index]),
        float(levels.hour_expected[index]),
        float(levels.level[index]),
        float(levels.level_variance[index]),
    )


def _recall(
    book: Book, entry: StepEntry, remembered: StepMemory, is_current: bool, is_same_baseline: bool
) -> None:
    engine, levels, index = book.engine, book.levels, entry.index
    entry.incident = remembered.incident
    if is_same_baseline:
        levels.sum_arrived[index], levels.sum_expected[index] = (
            remembered.level_arrivals,
            remembered.level_expected,
        )
        levels.level[index], levels.level_variance[index] = remembered.level, remembered.level_variance
    if is_current:
        levels.hour_arrived[index], levels.hour_expected[index] = (
            remembered.hour_arrivals,
            remembered.hour_expected,
        )
    for segment, memory in remembered.series.items():
        number = entry.series.get(segment)
        if number is not None:
            write_series(engine, number, memory, is_current)
