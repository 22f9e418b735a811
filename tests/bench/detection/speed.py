"""The two bars: 10,000 store-steps scored in under 50 ms a minute on one core; 1,000 stores × 4 weeks fitted in under 5 minutes.

Processor time of this process is taken, with one thread, so that what else runs on the machine does not count.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import msgspec
import numpy as np
from simulator import DAY, World, simulate_store

from scoring.baselines import StoreHistory, fit_baselines
from scoring.detection import DetectionPolicy, Detector

STORE_STEPS, WARM, MEASURED = 10_000, 30, 60


class Histories:
    """Four weeks of many stores, made from a few by another start of their week's noise; one in memory at a time."""

    def __init__(self, stores: int) -> None:
        self._size = stores
        world = World(seed=5, stores=4, test_days=1, incidents=0)
        self._few = [simulate_store(world, number).history for number in range(4)]

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[StoreHistory]:
        for number in range(self._size):
            made = self._few[number % len(self._few)]
            counts = made.counts[:, :, : 28 * DAY]
            yield replace(
                made, store_id=f"s{number:04d}", counts=np.roll(counts, number // 4 * 7 * DAY, axis=2)
            )


def measure_fit(stores: int) -> dict[str, float]:
    """Processor seconds to fit so many stores, and what 1,000 would take at that pace."""
    histories = Histories(stores)
    started = time.process_time()
    made = fit_baselines(histories, 0)
    taken = time.process_time() - started
    assert len(made) == stores
    return {"stores": stores, "seconds": taken, "seconds_of_1000": taken * 1000 / stores}


def measure_scoring() -> dict[str, float]:
    """Processor milliseconds a minute for 10,000 store-steps (one step a store, no segments), median and worst."""
    world = World(seed=6, stores=1, test_days=1, incidents=0)
    made = simulate_store(world, 0).history
    whole = StoreHistory(
        "s", "UTC", made.start_minute, ("",), made.counts[:, :, : 28 * DAY].sum(0, keepdims=True)
    )
    (baseline,) = fit_baselines([whole], 0)
    detector = Detector(DetectionPolicy())
    rows = []
    for number in range(STORE_STEPS):
        detector.set_baseline(msgspec.structs.replace(baseline, store_id=f"s{number}"))
        rows.append(detector.row_of(f"s{number}", ""))
    minutes = whole.counts[0, :, 10_000 : 10_000 + WARM + MEASURED]
    rng = np.random.default_rng(7)
    taken = []
    for minute in range(WARM + MEASURED):
        counts = rng.poisson(np.repeat(minutes[None, :, minute], STORE_STEPS, axis=0))
        started = time.process_time()
        detector.advance_matrix(world.start + 28 * DAY + minute, counts)
        taken.append(time.process_time() - started)
    kept = np.array(taken[WARM:]) * 1000
    return {
        "store_steps": STORE_STEPS,
        "median_ms": float(np.median(kept)),
        "p95_ms": float(np.quantile(kept, 0.95)),
    }
