"""The benchmark: the product and its peers on the same simulated stores, thresholds fixed on another set beforehand.

python tests/bench/detection/bench.py --stores 100 --seed 202
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[3]))

from measure import Alert, judge, run_scorer
from peers import PEERS, openings
from simulator import DAY, World, simulate

from scoring.alerts import Level
from scoring.detection import DetectionPolicy

BUDGET = 0.05
RESULTS = Path(__file__).parents[1] / "results"
#: the hourly libraries take seconds a store: they run on so many
FEW = 40
SLOW = ("Prophet", "Holt-Winters")


def peer_alerts(scores: dict[str, np.ndarray], world: World, threshold: float) -> list[Alert]:
    first = world.start + world.train_days * DAY
    return [
        Alert(store, "", Level.NOTICE, first + int(minute) + 1, first + int(minute) + 61, 0.0)
        for store, score in scores.items()
        for minute in openings(score, threshold)
    ]


def calibrate(scores: dict[str, np.ndarray], stores: list, world: World) -> float:
    """The lowest threshold whose false alerts stay within the budget on the calibration set."""
    pooled = np.concatenate([score[::7] for score in scores.values()])
    grid = np.unique(
        np.quantile(
            pooled[pooled > -9],
            np.concatenate([np.linspace(0.9, 0.999, 25), 1 - np.logspace(-3, -6, 30), [1.0]]),
        )
    )
    low, high = 0, len(grid) - 1
    while low < high:
        middle = (low + high) // 2
        if judge(peer_alerts(scores, world, float(grid[middle])), stores, world)["far"] <= BUDGET:
            high = middle
        else:
            low = middle + 1
    return float(grid[low])


def summary(result: dict) -> dict:
    return {key: value for key, value in result.items() if key not in ("wrong", "rows")}


def say(name: str, result: dict) -> None:
    kinds = " ".join(
        f"{kind.replace('abrupt ', '-')} {share:.0%}" for kind, share in result["recall"].items()
    )
    ratio = result["median_delay_over_bound"]
    print(
        f"{name:24} FAR {result['far']:.3f} ({result['false_alerts']})  by quartile {result['far_by_quartile']}  of detectable "
        f"{result['of_feasible_abrupt']:.0%}  delay/bound {ratio if ratio is None else round(ratio, 2)}  {kinds}",
        flush=True,
    )


#: worlds the method was not developed on: what is changed in each
STRESS: dict[str, dict] = {
    "heavy tails": {"heavy_tails": True},
    "five days of history": {"train_days": 5},
    "one million an hour": {"low": 800_000.0, "high": 1_200_000.0},
    "slow kernel": {"kernel": tuple(0.95 ** np.arange(90) / (0.95 ** np.arange(90)).sum())},
    "daylight saving": {"zone": "Europe/Berlin", "start": 29_459_520 + 49 * DAY},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stores", type=int, default=100)
    parser.add_argument("--seed", type=int, default=202)
    parser.add_argument("--stress", type=int, default=20, help="stores in each stress world; 0: none")
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args()
    policy = DetectionPolicy()
    world = World(seed=given.seed, stores=given.stores)
    stores = simulate(world)
    started = time.perf_counter()
    alerts, timing = run_scorer(stores, world, policy)
    told: dict = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "world": asdict(world) | {"kernel": len(world.kernel)},
        "policy": asdict(policy),
        "product": {level.value: summary(judge(alerts, stores, world, level)) for level in Level},
        "traffic": timing["traffic"],
        "seconds": {"fit": timing["fit_s"], "score": timing["run_s"], "all": time.perf_counter() - started},
    }
    for level in Level:
        say(f"product ({level.value})", judge(alerts, stores, world, level))
    print("traffic", timing["traffic"])
    if given.peers:
        told["peers"] = run_peers(world, stores, given.seed)
    told["stress"] = {}
    for name, changes in STRESS.items() if given.stress else ():
        other = replace(world, stores=given.stress, seed=given.seed + 7, **changes)
        tested = simulate(other)
        found, _ = run_scorer(tested, other, policy)
        told["stress"][name] = {level.value: summary(judge(found, tested, other, level)) for level in Level}
        say(name, judge(found, tested, other))
    RESULTS.mkdir(exist_ok=True)
    out = given.out or RESULTS / f"detection-{datetime.now(UTC):%Y-%m-%d}.json"
    out.write_text(json.dumps(told, indent=1, default=float) + "\n")
    print(f"written to {out}")


def run_peers(world: World, stores: list, seed: int) -> dict:
    calibration = replace(world, seed=seed + 1, stores=min(world.stores, 60))
    other = simulate(calibration)
    told = {}
    for name, peer in PEERS.items():
        few = FEW if name in SLOW else len(stores)
        threshold = calibrate(
            {s.history.store_id: peer(s, calibration) for s in other[:few]}, other[:few], calibration
        )
        scores = {s.history.store_id: peer(s, world) for s in stores[:few]}
        result = judge(peer_alerts(scores, world, threshold), stores[:few], world)
        told[name] = summary(result) | {"threshold": threshold, "stores": few}
        say(name, result)
    return told


if __name__ == "__main__":
    main()
