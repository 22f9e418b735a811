"""Simulated worlds in which peers are weak or strong for a reason, at the same number of alerts on untouched data, as ``real.py`` does it.

    python tests/bench/detection/worlds.py --seed 31 --stores 8

Shops that are always open, with two incidents in the training month (as every simulated store has); shops with opening hours; and
shops with waves of bots in the training month. Nothing is wrong in the test weeks but the drops that are planted.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from peers import PEERS
from real import SLOW_PEERS, TRAIN_DAYS, peer, plant, product
from simulator import DAY, UP, Store, World, simulate

#: bots in the training month: waves of so many minutes, and how many times the usual they bring
_WAVES, _WAVE_MINUTES, _TIMES = 4, (60, 240), (1.0, 4.0)


def with_bots(store: Store, seed: int) -> Store:
    """The same store with waves of visitors in the training month who never convert."""
    rng = np.random.default_rng([seed, len(store.history.counts)])
    counts = store.history.counts.copy()
    for _ in range(_WAVES):
        first = int(rng.uniform(0, TRAIN_DAYS - 1) * DAY)
        cut = slice(first, first + int(rng.uniform(*_WAVE_MINUTES)))
        pace = counts[:, UP, cut].sum(0) * rng.uniform(*_TIMES)
        counts[int(rng.integers(len(counts))), UP, cut] += rng.poisson(pace).astype(counts.dtype)
    return replace(store, history=replace(store.history, counts=counts))


def worlds(world: World) -> dict[str, list[Store]]:
    """The stores of each world, by its name."""
    always = simulate(world)
    return {
        "always open, two incidents in the training month": always,
        "opening hours": simulate(replace(world, hours=True)),
        "bots in the training month": [
            with_bots(store, world.seed + number) for number, store in enumerate(always)
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=31)
    parser.add_argument("--stores", type=int, default=8)
    parser.add_argument("--only", help="a part of the name of the worlds that are run")
    given = parser.parse_args()
    world = World(given.seed, stores=given.stores, train_days=TRAIN_DAYS, low=100, high=30_000, incidents=0)
    for name, stores in worlds(world).items():
        if given.only and given.only not in name:
            continue
        histories = [store.history for store in stores]
        planted = [
            plant(store.history, given.seed, world.test_days, (store.sigma, store.tau)) for store in stores
        ]
        alerts, found, mine = product(histories, planted, world, {})
        print(name, "product", json.dumps({"alerts": alerts, **found}), flush=True)
        for other in PEERS:
            if other not in SLOW_PEERS:
                count, found = peer(other, histories, planted, world, alerts, mine)
                print(name, other, json.dumps({"alerts": count, **found}), flush=True)


if __name__ == "__main__":
    main()
