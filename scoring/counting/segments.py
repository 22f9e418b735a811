"""Which segment of its store's traffic an event belongs to, and the cap on how many segments a store may have.

On the path of an event: used by ``scoring/counting/partition.py`` while counting, and by the landing role's recount, which
builds the same name in SQL: the configured dimensions' values in the configured order, ``-`` where one is empty,
joined by ``/``. Events of bots, and those that are marked as set apart, have a segment of their own each, which is counted and
shown, but neither judged nor learned from, and takes none of the names.

The cap. A store has at most ``most`` named segments at a time; traffic of any further one is counted under ``other``.
Named are the first ones seen, and a name is held as long as the counts table holds a row under it, so which names a
store has is a function of the table alone: a restart, a takeover by another worker and a replay decide alike. A
recount from raw events knows no cap: it may name what the stream called ``other``, and the sum over segments agrees.
"""

from __future__ import annotations

from collections.abc import Sequence

from scoring.events.event import DeviceClass
from scoring.funnel.segment_names import BOTS, OTHER, SET_APART, segment_name

DEVICE = "device_class"
BOT = DeviceClass.BOT.value


class Segmenter:
    """Names segments store by store and remembers, by count of table rows, which names a store has.

    Args:
        dimensions: the event fields that split a store's traffic, in the order of the name.
        most: how many named segments a store may have at a time.
    """

    def __init__(self, dimensions: Sequence[str], most: int) -> None:
        self.dimensions = tuple(dimensions)
        self._device = self.dimensions.index(DEVICE) if DEVICE in self.dimensions else None
        self.most = most
        #: rows by (store, segment), and the names of each store in the order in which they were taken
        self._held: dict[tuple[str, str], int] = {}
        self._names: dict[str, dict[str, None]] = {}

    def choose(self, store_id: str, values: Sequence[str]) -> str:
        """The segment in which an event of this store with these values is counted."""
        if self._device is not None and values[self._device] == BOT:
            return BOTS
        name = segment_name(values)
        known = self._names.get(store_id, {})
        return name if name in known or len(known) < self.most else OTHER

    def hold(self, owner: tuple[str, str]) -> None:
        """Note that the table has one row more under this (store, segment)."""
        rows = self._held.get(owner, 0)
        self._held[owner] = rows + 1
        if not rows and owner[1] != OTHER and owner[1] not in SET_APART:
            self._names.setdefault(owner[0], {})[owner[1]] = None

    def release(self, owner: tuple[str, str]) -> bool:
        """Note that the table has one row less under this (store, segment); True if a name became free."""
        rows = self._held.get(owner, 0)
        if rows > 1:
            self._held[owner] = rows - 1
            return False
        self._held.pop(owner, None)
        store_id, segment = owner
        names = self._names.get(store_id, {})
        if segment not in names:  # ``other``, or nothing was held
            return False
        del names[segment]
        if not names:
            del self._names[store_id]
        return True

    def names(self, store_id: str) -> list[str]:
        """Every name under which the store may have rows, ``other`` among them."""
        return [*self._names.get(store_id, ()), OTHER]
