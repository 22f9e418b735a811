"""What pools find that stores cannot: drops that hit all of a group at once, judged per store and pooled.

python tests/bench/detection/pools.py --seed 505
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[3]))

from measure import train_part
from simulator import DAY, DOWN, World, simulate

from scoring.alerts.alert import AlertTransition
from scoring.baselines import fit_baselines
from scoring.detection import DetectionPolicy, Detector
from scoring.detection.pools import PoolDetector
from scoring.funnel.pools import PoolRules, StoreTraits
from streams.backtest.run import PooledReplay

RESULTS = Path(__file__).parents[1] / "results"
#: common drops are this far apart, in minutes: the longest window and its echo lie between
APART, LONG = 1080, 60


@dataclass(frozen=True)
class Case:
    stores: int
    low: float
    high: float
    depth: float


CASES = (
    Case(90, 20.0, 168.0, 0.3),
    Case(90, 20.0, 168.0, 0.5),
    Case(98, 168.0, 1414.0, 0.1),
    Case(98, 168.0, 1414.0, 0.2),
    Case(12, 20.0, 168.0, 0.5),
    Case(12, 168.0, 1414.0, 0.3),
)


def plant(stores: list, world: World, depth: float, seed: int) -> list[int]:
    """Thin the arrivals of all stores together for an hour, again and again; gives the drops' first minutes."""
    rng = np.random.default_rng([seed, 77])
    first = world.train_days * DAY
    starts = [
        at + int(rng.uniform(0, 300))
        for at in range(first + 300, first + world.test_days * DAY - APART, APART)
    ]
    for store in stores:
        counts = store.history.counts
        for at in starts:
            counts[:, DOWN, at : at + LONG] = rng.binomial(counts[:, DOWN, at : at + LONG], 1 - depth)
    return starts


def run(case: Case, seed: int, planted: bool) -> dict:
    world = World(seed=seed, stores=case.stores, low=case.low, high=case.high, incidents=0)
    stores = simulate(world)
    starts = plant(stores, world, case.depth, seed) if planted else []
    names = [store.history.store_id for store in stores]
    rules = PoolRules({name: StoreTraits(platform="shopify") for name in names})
    baselines = fit_baselines([train_part(store, world) for store in stores], 0, pools=rules)
    detector, pools = Detector(DetectionPolicy()), PoolDetector(DetectionPolicy(), rules)
    for baseline in baselines:
        (pools if baseline.members else detector).set_baseline(baseline)
    rows = [detector.row_of(s.history.store_id, segment) for s in stores for segment in s.history.segments]
    counts = np.concatenate([store.history.counts for store in stores]).transpose(2, 0, 1)
    pooling = PooledReplay(detector, pools)
    own: list[AlertTransition] = []
    pooled: list[AlertTransition] = []
    ordered = np.zeros_like(counts[0])
    for minute in range((world.train_days - 2) * DAY, len(counts)):
        ordered[rows] = counts[minute]
        own += detector.advance_matrix(world.start + minute, ordered)
        pooled += pooling.advance(world.start + minute)
    test = world.start + world.train_days * DAY
    by_pool = [
        t.opened_at_ms // 60_000 - world.start
        for t in pooled
        if t.sequence == 0 and t.opened_at_ms // 60_000 > test
    ]
    by_store = [
        (t.store_id, t.opened_at_ms // 60_000 - world.start)
        for t in own
        if t.sequence == 0 and t.opened_at_ms // 60_000 > test
    ]
    delays = [
        min((at - start for at in by_pool if start < at <= start + LONG + 5), default=None)
        for start in starts
    ]
    found = [delay for delay in delays if delay is not None]
    shown = {(store, start) for store, at in by_store for start in starts if start < at <= start + LONG + 5}
    missing = [at for at in by_pool if not any(start < at <= start + LONG + 540 for start in starts)]
    step = next(baseline for baseline in baselines if baseline.members).steps
    return {
        "drops": len(starts),
        "by_store": len(shown) / max(len(starts) * case.stores, 1),
        "by_pool": len(found) / max(len(starts), 1),
        "median_minutes": float(np.median(found)) if found else None,
        "false_alerts_of_the_pool": len(missing),
        "pool_sigma": next(iter(step.values())).sigma,
    }


def measure_pools(seed: int, cases: int, stores: int | None = None) -> list[dict]:
    """The first cases with drops, and once for each size of stores without any; ``stores`` caps their number."""
    results, clean = [], set()
    for number, case in enumerate(CASES[:cases]):
        case = replace(case, stores=min(case.stores, stores or case.stores))
        size = (case.stores, case.low, case.high)
        worlds = (True,) if size in clean else (True, False)
        clean.add(size)
        for planted in worlds:
            result = run(case, seed + number, planted)
            results.append({"case": vars_of(case), "world": "drops" if planted else "clean", **result})
            print(json.dumps(results[-1]), flush=True)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=505)
    parser.add_argument("--cases", type=int, default=len(CASES), help="only the first N cases")
    parser.add_argument("--out", type=Path, default=RESULTS / f"pools-{datetime.now(UTC):%Y-%m-%d}.json")
    given = parser.parse_args()
    results = measure_pools(given.seed, given.cases)
    given.out.write_text(json.dumps(results, indent=1) + "\n")
    print(f"written to {given.out}")


def vars_of(case: Case) -> dict:
    return {
        "stores": case.stores,
        "clicks_per_hour": [case.low, case.high],
        "depth": case.depth,
        "minutes": LONG,
    }


if __name__ == "__main__":
    main()
