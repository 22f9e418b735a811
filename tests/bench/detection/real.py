"""Planted drops in real event streams: the product against its peers, at the same number of alerts on the untouched stream.

    python tests/bench/detection/real.py PAIRS.parquet --from 2013-03-04 --test-days 28

A file of pairs has a row an upstream event: ``store_id``, ``segment``, ``upstream`` (local time), ``downstream`` (empty: it
never came). ``real_sets.py`` says where to get some and makes them. Drops thin what really arrived by 30, 50 or 80 % for one to six hours,
in the whole store or in one segment. A drop counts as detectable if what really came in it holds ln 201,600 nats (``simulator.detection_bound``, without a
wobble and with Poisson's variance). Each peer's threshold is set on the untouched stream for as many alerts as the product
gave there: with hindsight, which flatters the peers. With ``--also OTHER.parquet:2018-06-04:0.25`` (file, first Monday, share kept; as often as
wanted) all sets get one threshold, which flatters them less.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
from measure import run_detector, train_part
from peers import PEERS
from simulator import DAY, DOWN, UP, Incident, Store, World, detection_bound

from scoring.baselines import StoreHistory, fit_baselines
from scoring.baselines.kernel import kernel_from_pairs
from scoring.detection import DetectionPolicy
from scoring.detection.usual import openings, threshold_for

TRAIN_DAYS = 28
#: a planted drop a so many hours, at most
SLOT_HOURS = 12
DEPTHS, SEEDS = (0.3, 0.5, 0.8), (1, 2, 3)
#: peers that need libraries of their own, or hours
SLOW_PEERS = ("Prophet", "Holt-Winters")


def load(
    path: Path, first: str, test_days: int, keep: float = 1.0
) -> tuple[list[StoreHistory], dict[str, np.ndarray]]:
    """Minute counts of every store from the local day ``first`` on (a Monday), and the delays of its pairs in training.

    Of the downstream events a share ``keep`` is kept, drawn once: where nearly all convert, as no shop's visitors do.
    """
    start = int(np.datetime64(first, "m").astype(np.int64))
    minutes = (TRAIN_DAYS + test_days) * DAY
    table = pq.read_table(path)
    names = np.array(table["store_id"].to_pylist())
    segments = np.array(table["segment"].to_pylist())
    up, down = (
        table[name].to_numpy().astype("datetime64[m]").astype(np.int64) - start
        for name in ("upstream", "downstream")
    )
    down = np.where(np.random.default_rng(1).random(len(down)) < keep, down, -1)
    histories, delays = [], {}
    for name in np.unique(names):
        mine = names == name
        labels, row = np.unique(segments[mine], return_inverse=True)
        counts = np.zeros((len(labels), 7, minutes), dtype=np.uint16)
        for stage, at in ((UP, up[mine]), (DOWN, down[mine])):
            inside = (at >= 0) & (at < minutes)
            np.add.at(counts, (row[inside], stage, at[inside]), 1)
        trained = mine & (up >= 0) & (down >= up) & (down < TRAIN_DAYS * DAY)
        delays[str(name)] = np.stack([down[trained] - up[trained], TRAIN_DAYS * DAY - up[trained]])
        histories.append(StoreHistory(str(name), "UTC", start, tuple(map(str, labels)), counts))
    return histories, delays


def another_set(
    first: StoreHistory, spec: str, test_days: int
) -> tuple[list[StoreHistory], dict[str, np.ndarray]]:
    """The histories and delays of another set, as if it began on the same Monday as ``first``."""
    path, monday, keep = spec.rsplit(":", 2)
    histories, delays = load(Path(path), monday, test_days, float(keep))
    of_set = f"{Path(path).stem} {monday} "
    return (
        [replace(h, store_id=of_set + h.store_id, start_minute=first.start_minute) for h in histories],
        {of_set + name: values for name, values in delays.items()},
    )


def plant(
    history: StoreHistory, seed: int, test_days: int, wobble: tuple[float, float] = (0.0, 60.0)
) -> Store:
    """The same history with drops in its test days, under another name; ``wobble`` is its standard deviation and time, where known."""
    rng = np.random.default_rng([seed, len(history.store_id), history.counts.sum() % 9973])
    counts = history.counts.copy()
    name = f"{history.store_id}#{seed}"
    incidents = []
    for slot in range(test_days * 24 // SLOT_HOURS):
        first = TRAIN_DAYS * DAY + slot * SLOT_HOURS * 60 + int(rng.uniform(0, 5 * 60))
        last = first + int(rng.uniform(60, 360))
        depth = float(rng.choice(DEPTHS))
        segment = int(rng.integers(len(history.segments))) if rng.random() < 1 / 3 else None
        rows = [segment] if segment is not None else range(len(history.segments))
        before = counts[rows, DOWN, first:last].sum(0).astype(float)
        for row in rows:
            counts[row, DOWN, first:last] = rng.binomial(counts[row, DOWN, first:last], 1 - depth)
        bound = detection_bound(before, np.full(last - first, depth), 0.0, *wobble)
        label = "" if segment is None else history.segments[segment]
        start = history.start_minute
        incidents.append(
            Incident(name, "abrupt" if segment is None else "segment", depth, start + first, start + last, label, bound)
        )  # fmt: skip
    planted = StoreHistory(name, history.zone, history.start_minute, history.segments, counts)
    return Store(planted, incidents, float(counts[:, UP].sum() / counts.shape[-1] * 60), 0.0, 60.0)


def hits(opened: dict[str, list[int]], stores: list[Store]) -> dict[tuple[str, int], int]:
    """Minutes until each detectable drop was found, by its store and start; those found only."""
    found = {}
    for store in stores:
        mine = sorted(opened.get(store.history.store_id, []))
        for drop in store.incidents:
            hit = next((at for at in mine if drop.start < at <= drop.end + 5), None)
            if hit is not None and np.isfinite(drop.bound):
                found[store.history.store_id, drop.start] = hit - drop.start
    return found


def on_the_same(mine: dict[tuple[str, int], int], others: dict[tuple[str, int], int]) -> str:
    """Median minutes of both over the drops that both found: whoever finds the hard ones too is slower over all of its own."""
    both = sorted(mine.keys() & others.keys())
    if not both:
        return ""
    here, there = (float(np.median([found[drop] for drop in both])) for found in (mine, others))
    return f"{here:.0f} against {there:.0f} over {len(both)}"


def score(opened: dict[str, list[int]], stores: list[Store]) -> dict:
    """Of the detectable drops those found, the median delay, and delay over bound."""
    out: dict[str, object] = {}
    for kind in ("abrupt", "segment"):
        found, delays, over, possible = 0, [], [], 0
        for store in stores:
            mine = sorted(opened.get(store.history.store_id, []))
            for drop in store.incidents:
                if drop.kind != kind or not np.isfinite(drop.bound):
                    continue
                possible += 1
                hit = next((at for at in mine if drop.start < at <= drop.end + 5), None)
                if hit is not None:
                    found += 1
                    delays.append(hit - drop.start)
                    over.append((hit - drop.start) / drop.bound)
        name = "whole" if kind == "abrupt" else "segment"
        out[name] = f"{found}/{possible}"
        if delays:
            out[f"{name} minutes"] = float(np.median(delays))
            out[f"{name} over bound"] = round(float(np.median(over)), 2)
    return out


def product(
    histories: list[StoreHistory], planted: list[Store], world: World, kernels: dict
) -> tuple[int, dict, dict[tuple[str, int], int]]:
    """The product's alerts on the untouched stream, what it finds, and after how many minutes which."""
    untouched = [Store(history, [], 1.0, 0.0, 60.0) for history in histories]
    fitted = fit_baselines([train_part(store, world) for store in untouched], 0, kernels)
    of_store = {baseline.store_id: baseline for baseline in fitted}
    alerts, seen = run_detector(untouched, world, DetectionPolicy(), fitted)
    print(f"  untouched: {seen['traffic']['false']} alerts of traffic")
    for alert in sorted(alerts, key=lambda alert: (alert.store_id, alert.opened)):
        at = np.datetime64(alert.opened, "m")
        print(
            f"  untouched: {alert.store_id} {alert.segment or 'whole'} {at} {alert.level} {alert.surprise:.1f}"
        )
    stores = [store for store in planted if store.history.store_id.split("#")[0] in of_store]
    named = [
        msgspec.structs.replace(
            of_store[store.history.store_id.split("#")[0]], store_id=store.history.store_id
        )
        for store in stores
    ]
    found, _ = run_detector(stores, world, DetectionPolicy(), named)
    opened: dict[str, list[int]] = {}
    for alert in found:
        opened.setdefault(alert.store_id, []).append(alert.opened)
    for baseline in fitted:
        for step in baseline.steps.values():
            kernel = step.kernel
            print(f"  kernel: {baseline.store_id} {kernel.source} mean {kernel.mean_minutes:.1f} length {len(kernel.pmf)} slow {kernel.slow_share:.2f} of {kernel.slow_minutes:.0f} min, sigma {step.sigma:.3f}, dispersion {step.dispersion:.2f}")  # fmt: skip
    return len(alerts), score(opened, planted), hits(opened, planted)


def peer(
    name: str,
    histories: list[StoreHistory],
    planted: list[Store],
    world: World,
    alerts: int,
    product_hits: dict[tuple[str, int], int],
) -> tuple[int, dict]:
    """A peer at the lowest threshold that gives no more than ``alerts`` on the untouched stream."""
    scores = [PEERS[name](Store(history, [], 1.0, 0.0, 60.0), world) for history in histories]
    threshold = threshold_for(scores, alerts)
    count = sum(len(openings(values, threshold)) for values in scores)
    first = world.start + world.train_days * DAY
    opened = {
        store.history.store_id: (first + 1 + openings(PEERS[name](store, world), threshold)).tolist()
        for store in planted
    }
    same = {"product against it, where both found": on_the_same(product_hits, hits(opened, planted))}
    return count, score(opened, planted) | same


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--from", dest="first", required=True, help="a Monday: the first training day")
    parser.add_argument("--test-days", type=int, default=28)
    parser.add_argument("--kernel", choices=["fitted", "pairs"], default="fitted")
    parser.add_argument("--keep", type=float, default=1.0, help="share of the downstream events that is kept")
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="FILE:MONDAY:KEEP",
        help="another set, under the same threshold",
    )
    parser.add_argument(
        "--more",
        type=int,
        default=0,
        help="alerts on the untouched stream that peers may have more than the product",
    )
    parser.add_argument("--peers", action="store_true", help="run the peers too")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    started = time.perf_counter()
    histories, delays = load(given.pairs, given.first, given.test_days, given.keep)
    for other in given.also:
        more, more_delays = another_set(histories[0], other, given.test_days)
        histories, delays = histories + more, delays | more_delays
    world = replace(
        World(0), train_days=TRAIN_DAYS, test_days=given.test_days, start=histories[0].start_minute
    )
    planted = [plant(history, seed, given.test_days) for history in histories for seed in SEEDS]
    kernels = {}
    if given.kernel == "pairs":
        kernels = {
            (name, "click_to_add_to_cart"): kernel_from_pairs(pairs[0], pairs[1])
            for name, pairs in delays.items()
        }
    alerts, found, mine = product(histories, planted, world, kernels)
    results = {
        "set": given.pairs.stem,
        "from": given.first,
        "kernel": given.kernel,
        "keep": given.keep,
        "also": given.also,
        "product": {"alerts": alerts, **found},
    }
    print(json.dumps(results["product"]))
    if given.peers:
        for name in PEERS:
            if name not in SLOW_PEERS:
                count, found = peer(name, histories, planted, world, alerts + given.more, mine)
                results[name] = {"alerts": count, **found}
                print(name, json.dumps(results[name]), flush=True)
    print(f"{time.perf_counter() - started:.0f} s")
    if given.out:
        given.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
