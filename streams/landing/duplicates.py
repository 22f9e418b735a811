"""Which event ids have probably been landed already: a memory that may say yes wrongly, but never no.

On the path of an event: asked by ``streams/landing/events.py``, which checks every yes against the table. The table itself
merges an event repeated with its own time; this is for an id repeated with another time, which has another key there, and
for noticing repeats that came too late for the stream's own memory.

A Bloom filter (Bloom, Communications of the ACM 13:7, 1970) of 2^27 bits and 4 probes: 16 MB for 8 M ids at 0.2 % false
alarms. Two of them, the older forgotten when the newer is full or a horizon old.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from clickhouse_cityhash.cityhash import CityHash64

from scoring.events.identity import PIXEL_IDS, PUBLIC_SOURCE

_BITS = 27
_PROBES = 4
#: ids after which a filter is full
CAPACITY = 8_000_000

Hashes = npt.NDArray[np.uint64]


def hash_ids(keys: Iterable[str]) -> Hashes:
    """One 64-bit number a key, ClickHouse's own ``cityHash64`` (``HASH_SQL`` is the same in SQL).

    Whoever makes two keys of one number makes a false alarm, which is checked.
    """
    return np.fromiter(map(CityHash64, map(str.encode, keys)), dtype=np.uint64)


#: an event's id, as ``known_id`` gives it
KNOWN_ID_SQL = (
    f"if(source = '{PUBLIC_SOURCE}' AND NOT startsWith(event_id, '{PIXEL_IDS}'), "
    f"concat('{PIXEL_IDS}', event_id), event_id)"
)
#: the same number in ClickHouse, of (store_id, event_id)
HASH_SQL = f"cityHash64(concat(toString(store_id), char(0), {KNOWN_ID_SQL}))"


#: the same of an order or payment
ORDER_HASH_SQL = "cityHash64(concat(toString(store_id), char(0), toString(type), char(0), order_id))"


def id_key(store_id: str, event_id: str) -> str:
    """The text that is hashed for an event."""
    return f"{store_id}\0{event_id}"


def order_key(store_id: str, kind: str, order_id: str) -> str:
    """The text that is hashed for an order or a payment."""
    return f"{store_id}\0{kind}\0{order_id}"


class _Filter:
    def __init__(self) -> None:
        self.bits = np.zeros(1 << (_BITS - 3), dtype=np.uint8)
        self.held = 0
        self.began_ms = 0

    def add(self, probes: list[Hashes], began_ms: int) -> None:
        if not self.held:
            self.began_ms = began_ms
        self.held += len(probes[0])
        for places in probes:
            np.bitwise_or.at(self.bits, places >> np.uint64(3), _mask(places))

    def has(self, probes: list[Hashes]) -> npt.NDArray[np.bool_]:
        found = np.ones(len(probes[0]), dtype=np.bool_)
        if not self.held:
            return ~found
        for places in probes:
            found &= (self.bits[places >> np.uint64(3)] & _mask(places)) != 0
        return found


def _mask(places: Hashes) -> npt.NDArray[np.uint8]:
    return np.left_shift(np.uint8(1), (places & np.uint64(7)).astype(np.uint8))


def _probes(hashes: Hashes) -> list[Hashes]:
    first = hashes >> np.uint64(32)
    stride = (hashes & np.uint64(0xFFFFFFFF)) | np.uint64(1)
    room = np.uint64((1 << _BITS) - 1)
    return [(first + np.uint64(number) * stride) & room for number in range(_PROBES)]


class IdMemory:
    """Ids landed within the last horizon (at most two), as far as 16 M ids reach.

    Args:
        horizon_ms: how long an id is to be remembered, of ``received_at``.
    """

    def __init__(self, horizon_ms: int) -> None:
        self._horizon_ms = horizon_ms
        self._present = _Filter()
        self._before = _Filter()

    def add(self, hashes: Hashes, clock_ms: int) -> None:
        """Remember ids; ``clock_ms`` is the latest ``received_at`` among them."""
        present = self._present
        if present.held >= CAPACITY or (present.held and clock_ms - present.began_ms > self._horizon_ms):
            self._before, self._present = present, _Filter()
        for start in range(0, len(hashes), CAPACITY):
            self._present.add(_probes(hashes[start : start + CAPACITY]), clock_ms)

    def has(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """Which of the ids have probably been landed."""
        probes = _probes(hashes)
        return self._present.has(probes) | self._before.has(probes)

    def __len__(self) -> int:
        return self._present.held + self._before.held
