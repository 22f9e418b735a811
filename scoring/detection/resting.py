"""Stores at rest: what a quiet store costs between two of its events, which is a few bytes and no time.

A store that has a baseline is in the book, with two and a half days of memory a series, only while there is something to judge:

* events came within the longest window, or what they may still bring is not nothing;
* an alert of it is open;
* its visitors are followed, because their staying away could ever be detected (``Traffic``), or its warehouse is (``SlowSteps``).

Any other store rests: its baseline is kept compressed, with what it remembered when it went to rest. Silence changes that in
a way that is known beforehand (filters return to their prior, a daily level forgets at midnight), so a store that is heard of
is again in the state it would have had every minute of its rest been closed.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from scoring.baselines.baseline import StoreBaseline, decode_baseline, encode_baseline
from scoring.detection.book import Book, StepEntry, StoreEntry
from scoring.detection.engine import RING, SeriesEngine
from scoring.detection.memory import StoreMemory, recall
from scoring.detection.special_days import SURGE_VARIANCE
from scoring.funnel.units import MINUTE_MS

#: arrivals that events of the past may still bring, all together, below which they are nothing
NOTHING_DUE = 1e-3
#: minutes without events after which a store may rest: no window and no ring holds any
QUIET_MINUTES = RING
#: minutes between two looks at who may rest
LOOK_EVERY = 60
#: those who may must be at least this share of the stores in the book
_SHARE = 1 / 8
#: stores of a partition that never rest: few enough to cost nothing
ROOM = 50
_LEVEL = 1


@dataclass(slots=True)
class Rest:
    """One store at rest.

    ``begun`` is the engine's minute at which its series were (or would have been) registered, ``at`` the UTC minute from which
    its rest is to be made up for, ``memory`` its snapshot then; empty for a store that was never heard of.
    """

    baseline: bytes
    begun: int
    at: int | None
    memory: bytes = b""
    #: another baseline came during the rest: its levels count, not those that are remembered
    is_refitted: bool = False


class Resting:
    """The stores of a partition that are at rest.

    Args:
        room: this many stores are in the book whether there is something to judge or not.
    """

    def __init__(self, room: int = ROOM) -> None:
        self.room = room
        self._stores: dict[str, Rest] = {}

    def __len__(self) -> int:
        return len(self._stores)

    def __contains__(self, store_id: str) -> bool:
        return store_id in self._stores

    def put(self, baseline: StoreBaseline, begun: int, at: int | None, memory: bytes = b"") -> None:
        """Let a store rest from the UTC minute ``at`` on; None: no minute has been closed yet."""
        known = self._stores.get(baseline.store_id)
        packed = zlib.compress(encode_baseline(baseline), _LEVEL)
        if known is not None:  # another baseline: what was seen of the store stays
            begun, memory = known.begun, known.memory
        self._stores[baseline.store_id] = Rest(packed, begun, at, memory, known is not None)

    def remember(self, store_id: str, memory: bytes) -> None:
        """Keep a snapshot for when the store is heard of."""
        self._stores[store_id].memory = memory

    def pop(self, store_id: str) -> tuple[StoreBaseline, Rest]:
        """Take a store out."""
        rest = self._stores.pop(store_id)
        return decode_baseline(zlib.decompress(rest.baseline)), rest


def is_at_an_end(memory: StoreMemory) -> bool:
    """Whether a snapshot says that no alert of its store is open."""
    return not (
        memory.traffic
        or memory.slow
        or any(
            any(series.is_open for series in step.series.values())
            or (step.incident is not None and step.incident.resolved_at_ms is None)
            for step in memory.steps.values()
        )
    )


def may_go(
    stores: Mapping[str, StoreEntry], book: Book, minute: int, stays: Callable[[StoreBaseline], bool]
) -> list[str]:
    """The stores that may rest from ``minute`` on; none while they are few among all: going to rest costs a copy of the book.

    Args:
        stores: those that have a baseline.
        book: their book.
        minute: the UTC minute that closes next.
        stays: whether a store with that baseline is judged by more than its events.
    """
    quiet = {
        name: store
        for name, store in stores.items()
        if store.seen_at < minute - QUIET_MINUTES
        and not any(
            entry.incident is not None and entry.incident.resolved_at_ms is None
            for entry in store.steps.values()
        )
    }
    if len(quiet) < _SHARE * len(stores):
        return []
    due, is_open = book.due(), book.engine.open
    gone = [
        name
        for name, store in quiet.items()
        if due.get(name, 0.0) < NOTHING_DUE
        and store.baseline is not None
        and not stays(store.baseline)
        and not any(is_open[list(entry.series.values())].any() for entry in store.steps.values())
    ]
    return gone if len(gone) >= _SHARE * len(stores) else []


def begun(book: Book, store: StoreEntry) -> int:
    """The engine's minute since which a store's silence is remembered."""
    ages = [book.engine.age[number] for step in store.steps.values() for number in step.series.values()]
    return book.engine.minutes - int(min(ages, default=0))


def wake(
    book: Book, baseline: StoreBaseline, rest: Rest, first: int | None, minute: int | None
) -> StoreEntry:
    """Register a store, and bring it to where the minutes of its rest would have brought it.

    Args:
        book: where it is registered.
        baseline: its baseline.
        rest: its rest.
        first: the first UTC minute that was closed; None before it.
        minute: the last one.
    """
    book.set_baseline(baseline)
    store = book.stores[baseline.store_id]
    memory = recall(book, store, None, rest.memory) if rest.memory else None
    followed = book.engine.minutes - rest.begun
    for entry in store.steps.values():
        entry.ready += rest.begun - book.engine.minutes
        for series in entry.series.values():
            book.engine.age[series] = followed
        if minute is None or first is None:
            continue
        since = rest.at if rest.at is not None else first - 1
        if rest.is_refitted:
            book.levels.set(
                entry.index, baseline.zone, entry.baseline, baseline.trained_until_ms // MINUTE_MS
            )
        elif memory is not None and memory.trained_until_ms in (0, baseline.trained_until_ms):
            since = memory.minute
        book.levels.let_days_pass(entry.index, since, minute)
        book.surges.let_minutes_pass(entry.index, minute, followed)
        changed = book.days.catch_up(entry.index, minute, followed)
        _relax(book.engine, entry, memory, minute)
        _add_promotion(book.engine, entry, changed)
    return store


def _relax(engine: SeriesEngine, entry: StepEntry, memory: StoreMemory | None, minute: int) -> None:
    """Let the filters forget: m[t] = m·ρᵗ and P[t] = σ² + (P − σ²)·ρ²ᵗ, the filter's prediction without events."""
    remembered = memory.steps.get(entry.baseline.step) if memory is not None else None
    if memory is None or remembered is None:
        return
    back = np.arange(min(RING, engine.minutes))
    rows = (engine.minutes - 1 - back) % RING
    passed = np.maximum(minute - memory.minute - back, 0)
    for segment, series in entry.series.items():
        before = remembered.series.get(segment)
        if before is not None:
            kept = engine.rho[series] ** passed
            prior = engine.sigma2[series]
            engine.ring_m[rows, series] = before.m * kept
            engine.ring_variance[rows, series] = prior + (before.variance - prior) * kept**2
            engine.m[series], engine.variance[series] = (
                engine.ring_m[rows[0], series],
                engine.ring_variance[rows[0], series],
            )


def _add_promotion(engine: SeriesEngine, entry: StepEntry, changed: int) -> None:
    """Open the filters again where an entry of the calendar began or ended ``changed`` minutes ago."""
    if changed >= min(RING, engine.minutes):
        return
    back = np.arange(changed + 1)
    rows = (engine.minutes - 1 - back) % RING
    for series in entry.series.values():
        engine.ring_variance[rows, series] += SURGE_VARIANCE * engine.rho[series] ** (
            2 * (changed - back + 1)
        )
        engine.variance[series] = engine.ring_variance[rows[0], series]
