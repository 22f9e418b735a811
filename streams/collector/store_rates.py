"""How many events the pages of each store may send: over all keys, since a page's key is public and may open several stores.

``streams/collector/server.py`` asks before it publishes what came by a public door. As many buckets as stores are configured.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from streams.collector.keys import BURST_S


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class StoreRates:
    """The buckets of all stores. A bucket may be overdrawn by one request, which the next ones wait for."""

    def __init__(self, rate: float, clock: Callable[[], float]) -> None:
        """Allow ``rate`` events a second, and ten times that at once; ``clock`` gives seconds that only grow."""
        self._rate = rate
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def wait_s(self, stores: Iterable[str]) -> tuple[float, str]:
        """Take an event of each of ``stores`` (a store may occur often): (0, "") if all may be taken.

        Else nothing is taken: the seconds after which to try again, and the store that has to wait longest.
        """
        now, most = self._clock(), self._rate * BURST_S
        counts = Counter(stores)
        for store in counts:
            bucket = self._buckets.setdefault(store, _Bucket(most, now))
            bucket.tokens = min(most, bucket.tokens + (now - bucket.filled_at) * self._rate)
            bucket.filled_at = now
        empty = [store for store in counts if self._buckets[store].tokens < 1]
        if empty:
            slowest = min(empty, key=lambda store: self._buckets[store].tokens)
            return (1 - self._buckets[slowest].tokens) / self._rate, slowest
        for store, count in counts.items():
            self._buckets[store].tokens -= count
        return 0.0, ""
