"""The benchmark: the product and its peers on the same simulated stores, thresholds fixed on another set beforehand.

python tests/bench/detection/bench.py --stores 100 --seed 202

Parts can be run one by one into the same file: --part product --part peers --part market --part stress --part pools
--part speed. All of it in a few minutes, too small to mean anything and written to a folder for temporary files: --quick.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[3]))

import market as second
from measure import Alert, judge, run_detector
from peers import PEERS
from plots import plot_delay, plot_false
from pools import measure_pools
from simulator import DAY, World, simulate
from speed import measure_fit, measure_scoring

from scoring.alerts.alert import Level
from scoring.detection import DetectionPolicy
from scoring.detection.usual import openings

BUDGET = 0.05
RESULTS = Path(__file__).parents[1] / "results"
#: the hourly libraries take seconds a store: they run on this many
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


#: worlds the method was not developed on: what is changed in each, in the first simulator and in the second
STRESS: dict[str, dict] = {
    "heavy tails": {"heavy_tails": True},
    "five days of history": {"train_days": 5},
    "one million an hour": {"low": 800_000.0, "high": 1_200_000.0},
    "slow kernel": {"kernel": tuple(0.95 ** np.arange(90) / (0.95 ** np.arange(90)).sum())},
    "daylight saving": {"zone": "Europe/Berlin", "start": 29_459_520 + 49 * DAY},
}
#: Saturday 2026-03-28 and Sunday 2026-10-25 change clocks in Europe: the test weeks lie across the first
SPRING = 29_459_520 + 49 * DAY
MARKET_STRESS: dict[str, dict] = {
    "second: heavy tails": {"heavy_tails": True},
    "second: bot waves": {"bots": True},
    "second: held-back ingest": {"lag": True},
    "second: missing minutes": {"gaps": True},
    "second: moving holiday": {"moving_holiday": True},
    "second: five days of history": {"train_days": 5},
    "second: kernels of 20 to 40 minutes": {"delays": (20.0, 40.0)},
    "second: thirty segments": {"segments": (30,)},
    "second: one million an hour": {"low": 8e5, "high": 1.2e6, "first_stages": ("click",)},
    "second: clocks change": {"start": SPRING},
}
PARTS = ("product", "peers", "market", "stress", "pools", "speed")
#: sizes of a run that only shows that everything runs
QUICK = {"stores": 8, "stress": 2, "few": 2, "fit": 12, "cases": 1, "pooled": 10}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stores", type=int, default=100)
    parser.add_argument("--seed", type=int, default=202)
    parser.add_argument("--stress", type=int, default=20, help="stores in each stress world; 0: none")
    parser.add_argument(
        "--few", type=int, default=FEW, help="stores that Prophet and Holt-Winters are run on"
    )
    parser.add_argument(
        "--fit", type=int, default=250, help="stores whose fit is timed (1,000 are extrapolated)"
    )
    parser.add_argument("--cases", type=int, default=2, help="cases of drops common to a pool")
    parser.add_argument("--pooled", type=int, default=None, help="stores of a pool at most")
    parser.add_argument("--quick", action="store_true", help="a small run, to see that everything runs")
    parser.add_argument("--part", choices=PARTS, action="append", help="only these parts; default: all")
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args()
    if given.quick:
        vars(given).update(QUICK)
    parts = given.part or PARTS
    RESULTS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="detection-quick-")) if given.quick and not given.out else RESULTS
    out = given.out or folder / f"detection-{datetime.now(UTC):%Y-%m-%d}.json"
    world = World(seed=given.seed, stores=given.stores)
    stores = simulate(world) if {"product", "peers"} & set(parts) else []
    if "product" in parts:
        keep(out, run_product(world, stores, out))
    if "peers" in parts:
        keep(out, {"peers": run_peers(world, stores, given.seed, given.few)})
        plot_quartiles(out)
    if "market" in parts:
        keep(out, run_market(second.Market(seed=given.seed, stores=given.stores), out))
    if "stress" in parts:
        for name, changes in STRESS.items() if given.stress else ():
            other = replace(world, stores=given.stress, seed=given.seed + 7, **changes)
            keep(out, {"stress": {name: run_stress(name, simulate(other), other)}})
        for name, changes in MARKET_STRESS.items() if given.stress else ():
            market = second.Market(seed=given.seed + 7, stores=given.stress, **changes)
            keep(out, {"stress": {name: run_stress(name, second.simulate(market), market)}})
    if "pools" in parts:
        keep(out, {"pools": measure_pools(given.seed, given.cases, given.pooled)})
    if "speed" in parts:
        speed = {"scoring": measure_scoring(), "fit": measure_fit(given.fit)}
        print("speed", speed)
        keep(out, {"speed": speed})
    print(f"written to {out}")


def keep(out: Path, results: dict) -> None:
    """Add results to the file; parts that are there already are written over one by one."""
    known = json.loads(out.read_text()) if out.exists() else {}
    for key, value in results.items():
        known[key] = known.get(key, {}) | value if key == "stress" else value
    known["at"] = datetime.now(UTC).isoformat(timespec="seconds")
    out.write_text(json.dumps(known, indent=1, default=float) + "\n")


def run_product(world: World, stores: list, out: Path) -> dict:
    started = time.perf_counter()
    alerts, timing = run_detector(stores, world, DetectionPolicy())
    results = {level: judge(alerts, stores, world, level) for level in Level}
    for level in Level:
        say(f"product ({level.value})", results[level])
    print("traffic", timing["traffic"])
    edges = np.quantile([store.clicks_per_hour for store in stores], [0.25, 0.5, 0.75]).tolist()
    plot_delay(results[Level.NOTICE]["rows"], edges, out.with_name(out.stem + "-delay.png"))
    return {
        "world": asdict(world) | {"kernel": len(world.kernel)},
        "policy": asdict(DetectionPolicy()),
        "product": {level.value: summary(results[level]) for level in Level},
        "traffic": timing["traffic"],
        "seconds": {"fit": timing["fit_s"], "score": timing["run_s"], "all": time.perf_counter() - started},
    }


def run_market(market: second.Market, out: Path) -> dict:
    stores = second.simulate(market)
    alerts, timing = run_detector(stores, market, DetectionPolicy())
    results = {level: judge(alerts, stores, market, level) for level in Level}
    for level in Level:
        say(f"second ({level.value})", results[level])
    print("traffic", timing["traffic"])
    edges = np.quantile([store.clicks_per_hour for store in stores], [0.25, 0.5, 0.75]).tolist()
    plot_delay(results[Level.NOTICE]["rows"], edges, out.with_name(out.stem + "-second-delay.png"))
    return {
        "market": {"world": asdict(market)}
        | {level.value: summary(results[level]) for level in Level}
        | {"traffic": timing["traffic"]}
    }


def run_stress(name: str, stores: list, world: World | second.Market) -> dict:
    alerts, _ = run_detector(stores, world, DetectionPolicy())
    say(name, judge(alerts, stores, world))
    return {level.value: summary(judge(alerts, stores, world, level)) for level in Level}


def plot_quartiles(out: Path) -> None:
    """The picture of false alerts by quartile, of all methods in the file."""
    results = json.loads(out.read_text())
    rates = {
        f"product ({level})": value["far_by_quartile"] for level, value in results.get("product", {}).items()
    }
    rates |= {name: value["far_by_quartile"] for name, value in results["peers"].items()}
    plot_false(rates, BUDGET, out.with_name(out.stem + "-false.png"))


def run_peers(world: World, stores: list, seed: int, most: int) -> dict:
    calibration = replace(world, seed=seed + 1, stores=min(world.stores, 60))
    other = simulate(calibration)
    results = {}
    for name, peer in PEERS.items():
        few = most if name in SLOW else len(stores)
        threshold = calibrate(
            {s.history.store_id: peer(s, calibration) for s in other[:few]}, other[:few], calibration
        )
        scores = {s.history.store_id: peer(s, world) for s in stores[:few]}
        result = judge(peer_alerts(scores, world, threshold), stores[:few], world)
        results[name] = summary(result) | {"threshold": threshold, "stores": few}
        say(name, result)
    return results


if __name__ == "__main__":
    main()
