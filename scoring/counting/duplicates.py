"""Whether an event has been counted already, decided from the log alone.

On the path of an event: asked by ``scoring/counting/partition.py`` for each event of a partition.

Two memories:

* **Event ids**, per store, for one to two horizons since they last came. Time is cut into epochs of one horizon by
  ``received_at``; the ids that came in the present epoch and in the one before are held, repeats too. The epoch
  follows the largest ``received_at`` so far and never goes back, so what is held is a function of the log up to an
  offset. Nothing of it is stored: a worker that takes a partition over reads the source again from where the epoch
  before began (``starts``) and holds the same ids. Cost: about 110 bytes an event id.
* **Order keys** (store, stage, order id) from orders on, for the monitor's whole horizon: the same order received
  again under another event id counts once. They are stored, in buckets, in the table's changelog. What a page says of an
  order is held as evidence, with the row it was counted in: a trusted report takes it back and counts in its place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

#: order keys in a bucket, at most (the last bucket of a minute takes what is left): some 150 kB
BUCKET_KEYS = 4000
BUCKETS_A_MINUTE = 1000
#: characters of a key that is held as it is. The collector's longest has 64 + 128; whoever else writes to the topic may
#: send an order id of megabytes, and a bucket of them would be a record that no broker takes
KEY_CHARS = 256


#: begins what a bucket holds of evidence; a key begins with a letter
_EVIDENCE = "?"


class Place(NamedTuple):
    """The row that an event was counted in."""

    minute: int
    store_id: str
    segment: str


class _Evidence(msgspec.Struct, array_like=True, frozen=True):
    key: str
    place: Place | None


_encode = msgspec.json.Encoder().encode
_decode_evidence = msgspec.json.Decoder(_Evidence).decode


class EventIds:
    """The event ids of this epoch and the one before.

    ``current`` and ``before`` are read directly by the counting loop; a method call an event would cost a tenth of it.
    """

    def __init__(self, horizon_ms: int) -> None:
        self.horizon_ms = horizon_ms
        self.current: dict[str, set[str]] = {}
        self.before: dict[str, set[str]] = {}
        self.epoch = -1
        #: offsets at which the epoch before and the present one began
        self.starts = (-1, -1)

    @property
    def ends_ms(self) -> int:
        """The ``received_at`` from which on the next epoch runs."""
        return (self.epoch + 1) * self.horizon_ms if self.epoch >= 0 else -(1 << 62)

    def turn(self, received_at_ms: int, offset: int) -> None:
        """Begin the epoch of ``received_at_ms`` with the event at ``offset``, if it is a later one."""
        epoch = received_at_ms // self.horizon_ms
        if epoch <= self.epoch:
            return
        follows = epoch == self.epoch + 1
        self.before = self.current if follows else {}
        self.starts = (self.starts[1] if follows else offset, offset)
        self.current = {}
        self.epoch = epoch

    def rewind(self, epoch: int, starts: tuple[int, int]) -> int:
        """Forget all ids and go back to where the epoch before ``epoch`` began; returns the offset to read again from."""
        self.current, self.before = {}, {}
        if epoch < 0:
            self.epoch, self.starts = -1, (-1, -1)
            return -1
        alone = starts[0] == starts[1]
        self.epoch = epoch if alone else epoch - 1
        self.starts = (starts[0], starts[0])
        return starts[0]

    def __len__(self) -> int:
        return sum(map(len, self.current.values())) + sum(map(len, self.before.values()))


class OrderKeys:
    """The orders and payments counted within the horizon, in buckets by the minute of the partition's clock.

    A bucket is one changelog record, rewritten while it grows; at ``BUCKET_KEYS`` a further one is begun. Its
    number is minute × ``BUCKETS_A_MINUTE`` + its place in the minute.
    """

    def __init__(self, horizon_ms: int) -> None:
        self._kept_minutes = horizon_ms // 60_000 + 1
        self._keys: set[str] = set()
        #: keys that only a page has reported
        self._evidence: dict[str, Place | None] = {}
        self._buckets: dict[int, list[str]] = {}
        self._grown: set[int] = set()
        self._open = -1
        #: the keys of the open bucket, and the minute it takes more of them in; −1: to be chosen
        self._open_keys: list[str] = []
        self._open_minute = -1

    def is_new(self, key: str, clock_ms: int) -> bool:
        """True for a key that no trusted door has reported yet; it is held from now on, a long one by its digest."""
        key = _short(key)
        if key in self._keys:
            return False
        self._keys.add(key)
        self._store(key, clock_ms)
        return True

    def is_reported(self, key: str) -> bool:
        """Whether a key is held, as reported by a trusted door or as evidence."""
        key = _short(key)
        return key in self._keys or key in self._evidence

    def hold_evidence(self, key: str, place: Place | None, clock_ms: int) -> None:
        """Hold a key that only a page has reported, with the row it was counted in (None: in none)."""
        key = _short(key)
        self._evidence[key] = place
        self._store(_EVIDENCE + _encode(_Evidence(key, place)).decode(), clock_ms)

    def take_evidence(self, key: str) -> Place | None:
        """The row in which a page's report of this key was counted; it is given out once."""
        return self._evidence.pop(_short(key), None) if self._evidence else None

    def _store(self, entry: str, clock_ms: int) -> None:
        minute = clock_ms // 60_000
        if minute != self._open_minute or len(self._open_keys) >= BUCKET_KEYS:
            self._choose_bucket(minute)
        self._open_keys.append(entry)
        self._grown.add(self._open)

    def _choose_bucket(self, minute: int) -> None:
        first = minute * BUCKETS_A_MINUTE
        bucket = max(self._open, first)
        while len(self._buckets.get(bucket, ())) >= BUCKET_KEYS and bucket < first + BUCKETS_A_MINUTE - 1:
            bucket += 1
        self._open, self._open_minute = bucket, minute
        self._open_keys = self._buckets.setdefault(bucket, [])

    def take_grown(self) -> dict[int, list[str]]:
        """The buckets that changed since the last call, whole."""
        grown = {bucket: list(self._buckets[bucket]) for bucket in self._grown if bucket in self._buckets}
        self._grown.clear()
        return grown

    def take_expired(self, clock_ms: int) -> list[int]:
        """Drop the buckets that have left the horizon and name them."""
        floor = (clock_ms // 60_000 - self._kept_minutes) * BUCKETS_A_MINUTE
        expired = [bucket for bucket in self._buckets if bucket < floor]
        for bucket in expired:
            self._forget(self._buckets.pop(bucket))
            self._grown.discard(bucket)
        self._open_minute = -1
        return expired

    def restore(self, bucket: int, keys: Iterable[str] | None) -> None:
        """Take over a stored bucket (None: it has expired)."""
        self._forget(self._buckets.pop(bucket, ()))
        self._open_minute = -1
        if keys is not None:
            self._buckets[bucket] = list(keys)
            for entry in self._buckets[bucket]:
                if entry.startswith(_EVIDENCE):
                    evidence = _decode_evidence(entry[len(_EVIDENCE) :])
                    self._evidence[evidence.key] = evidence.place
                else:
                    self._keys.add(entry)
            self._open = max(self._open, bucket)

    def _forget(self, entries: Iterable[str]) -> None:
        for entry in entries:
            if entry.startswith(_EVIDENCE):
                self._evidence.pop(_decode_evidence(entry[len(_EVIDENCE) :]).key, None)
            else:
                self._keys.discard(entry)

    def __len__(self) -> int:
        return len(self._keys) + len(self._evidence)


def _short(key: str) -> str:
    """A key as it is held."""
    if len(key) <= KEY_CHARS:
        return key
    return "# " + hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
