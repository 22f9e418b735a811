"""What an entry of the calendar does to a store in South-East Asia on a sales day (9.9): quieter, and slower by how much?

    python tests/bench/detection/sales_days.py --seed 5 --stores 10

Stores take part (2.5 times the visitors, conversion 1.3 times or 0.8 times its usual) or do not, know their country or do not, and at
15:00 their carts fail for three hours, or nothing fails. Printed: stores with an alert before the failure, stores notified of it,
and after how many minutes.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from scenarios import _convert
from simulator import DAY, DOWN, UP, World, simulate

from scoring.alerts.alert import AlertKind, AlertState
from scoring.baselines import StoreHistory, fit_baselines
from scoring.calendar.effects import DayEffect, DayRules
from scoring.calendar.entries import CalendarKind
from scoring.detection import DetectionPolicy, Detector

#: Wednesday 2026-08-12 00:00 UTC: the day after the training is 9 September
START, TRAIN = 29_774_880, 28
FAILS, FIXED = 15 * 60, 18 * 60


def day_of_sale(counts: np.ndarray, seed: int, worth: float | None, depth: float) -> np.ndarray:
    """The counts with the sale (None: the store takes no part) and a failure of ``depth`` (0: none)."""
    rng = np.random.default_rng([seed, int(counts.sum()) % 99_991])
    made = counts.astype(np.int64)
    first = TRAIN * DAY
    if worth is not None:
        rate = made[:, DOWN].sum(1) / made[:, UP].sum(1)
        cut = slice(first, first + DAY)
        clicks = rng.poisson(made[:, UP, cut] * 2.5)
        made[:, UP, cut] = clicks
        for row in range(len(made)):
            made[row, DOWN, cut] = _convert(rng, clicks[row], min(rate[row] * worth, 0.9))
    fails = slice(first + FAILS, first + FIXED)
    made[:, DOWN, fails] = rng.binomial(made[:, DOWN, fails], 1 - depth)
    return made


def run(stores: list, baselines: list, seed: int, country: str, worth: float | None, depth: float) -> str:
    histories = [
        replace(store.history, counts=day_of_sale(store.history.counts, seed, worth, depth))
        for store in stores
    ]
    rules = DayRules({h.store_id: country for h in histories}, {CalendarKind.COMMERCE: DayEffect.WIDEN})
    detector, made = Detector(DetectionPolicy(), rules), []
    for baseline, history in zip(baselines, histories, strict=True):
        detector.set_baseline(baseline)
        for segment in history.segments:
            detector.row_of(history.store_id, segment)
    minutes = np.concatenate([h.counts for h in histories]).transpose(2, 0, 1)
    for minute in range((TRAIN - 1) * DAY, TRAIN * DAY + FIXED + 5):
        made += detector.advance_matrix(START + minute, minutes[minute])
    failing = (START + TRAIN * DAY + FAILS) * 60_000
    fired = [t for t in made if t.kind is AlertKind.CONVERSION and t.state is AlertState.FIRING]
    before = {t.store_id for t in fired if failing - FAILS * 60_000 < t.at_ms <= failing}
    first: dict[str, int] = {}
    for t in fired:
        if t.at_ms > failing:
            first.setdefault(t.store_id, (t.at_ms - failing) // 60_000)
    median = float(np.median(list(first.values()))) if first else float("nan")
    return f"alerts before {len(before)}, notified of the failure {len(first)} of {len(stores)}, median {median:.0f} min"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--stores", type=int, default=10)
    given = parser.parse_args()
    world = World(
        given.seed, stores=given.stores, train_days=TRAIN, test_days=1, low=300, high=30_000, incidents=0, promos=False, start=START
    )  # fmt: skip
    stores = simulate(world)
    trained = [
        StoreHistory(h.store_id, h.zone, h.start_minute, h.segments, h.counts[:, :, : TRAIN * DAY])
        for h in (store.history for store in stores)
    ]
    baselines = fit_baselines(trained, 0)
    for worth, taking in (
        (1.3, "takes part, converts better"),
        (0.8, "takes part, converts worse"),
        (None, "takes no part"),
    ):
        for depth in (0.5, 0.0):
            for country in ("TH", ""):
                said = run(stores, baselines, given.seed, country, worth, depth)
                print(
                    f"{taking}, carts fail by {depth:.0%}, country {country or 'unknown'}: {said}", flush=True
                )


if __name__ == "__main__":
    main()
