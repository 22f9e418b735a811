"""Stores with a baseline whose add-to-carts fail for a while, so that alerts open and resolve in the middle of the faults.

Their clock runs ahead of the machine's, thirty minutes a minute until it is 50 minutes ahead (an hour is what the monitor
and the broker believe), so that an incident fits into a short run.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import msgspec
import numpy as np

from scoring.baselines import StoreBaseline, StoreHistory, fit_baselines
from scoring.events.event import Event, EventType
from scoring.funnel.stages import STAGE_INDEX

STORES = ("incident-a", "incident-b")
SPEED = 30
AHEAD_MS = 50 * 60_000
MINUTE_MS = 60_000
DAY = 1440
DAYS = 3
CLICKS = 50.0
RATE = 0.25
#: minutes that carts work, then fail, in turn
HEALTHY, BROKEN = 8, 8
SEGMENT = "ios/ads"


def baselines() -> list[StoreBaseline]:
    """What some healthy days teach."""
    chance = np.random.default_rng(5)
    minutes = DAYS * DAY
    start = int(time.time()) // 60 - minutes - 60
    counts = np.zeros((1, len(STAGE_INDEX), minutes), dtype=np.int64)
    counts[:, STAGE_INDEX["click"]] = chance.poisson(CLICKS, (1, minutes))
    counts[:, STAGE_INDEX["add_to_cart"]] = chance.binomial(counts[:, STAGE_INDEX["click"]], RATE)
    history = StoreHistory(STORES[0], "UTC", start, (SEGMENT,), counts)
    fitted = fit_baselines([history], int(time.time() * 1000))[0]
    return [msgspec.structs.replace(fitted, store_id=store) for store in STORES]


class Incidents:
    """The events of these stores, minute by minute of their own clock."""

    def __init__(self, run: str, seed: int) -> None:
        self._run = run
        self._chance = random.Random(seed)
        self._began = time.time_ns() // 1_000_000
        self._minute = self._began // MINUTE_MS
        self._number = 0

    def clock_ms(self) -> int:
        """What time it is for these stores."""
        present = time.time_ns() // 1_000_000
        return present + min(AHEAD_MS, (SPEED - 1) * (present - self._began))

    def due(self) -> Iterator[list[Event]]:
        """The events of the minutes that have passed since the last call."""
        while self._minute < self.clock_ms() // MINUTE_MS:
            turn = (self._minute - self._began // MINUTE_MS) % (HEALTHY + BROKEN)
            for store in STORES:
                yield list(self._of_minute(store, turn >= HEALTHY))
            self._minute += 1

    def _of_minute(self, store: str, is_broken: bool) -> Iterator[Event]:
        chance = self._chance
        clicks = max(0, round(chance.gauss(CLICKS, CLICKS**0.5)))
        for _ in range(clicks):
            at = self._minute * MINUTE_MS + chance.randrange(50_000)
            yield self._event(store, "click", at)
            if not is_broken and chance.random() < RATE:
                yield self._event(store, "add_to_cart", at + 5_000)

    def _event(self, store: str, kind: str, at_ms: int) -> Event:
        self._number += 1
        return Event(
            event_id=f"{self._run}-i{self._number}",
            store_id=store,
            type=EventType(kind),
            event_time_ms=at_ms,
            received_at_ms=(self._minute + 1) * MINUTE_MS,
            device_class="ios",
            channel="ads",
            source="api",
        )
