"""Which segment of its store's traffic an event belongs to, and the cap on how many segments a store may have.

On the path of an event: used by ``scoring/counting/partition.py`` while counting, and by the landing role's recount, which
builds the same name in SQL: the configured dimensions' values in the configured order, ``-`` where one is empty,
joined by ``/``. Events of bots, and those that are marked as set apart, have a segment of their own each, which is counted and
shown, but neither judged nor learned from, and takes none of the names; so have, as part of the funnel from the order on, the
events of orders that no page led to, those of agents apart from the others.

The cap. A store has at most ``most`` named segments at a time; traffic of any further one is counted under ``other``.
A name is taken while there is room, and held as long as the counts table holds a row under it. When all are taken, what is
counted as ``other`` waits, and lasting traffic wins: a name that was there on time in ``LASTING_MINUTES`` different minutes, and
in twice as many as the weakest name holds, takes that one's place; from then on that one is counted as ``other`` and may wait in
its turn. So names made up in one beacon give way within minutes. Which names a store has is a function of the log: of the rows
of the table, and of what ``take_changed`` gives out and ``restore`` takes back. A recount from raw events knows no cap: it may
name what the stream called ``other``, and the sum over segments agrees.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from scoring.events.event import DeviceClass
from scoring.funnel.segment_names import BOTS, OTHER, PAGELESS, SET_APART, segment_name

DEVICE = "device_class"
BOT = DeviceClass.BOT.value

#: segments of every store that take none of its names
NAMELESS = frozenset((OTHER, *SET_APART, *PAGELESS))
#: a waiting name is lasting after this many minutes
LASTING_MINUTES = 5
#: and takes the place of a name with at most this share of its minutes
_WEAKER = 0.5
#: names of a store that may wait, as a multiple of those that it may have
_WAITING = 4


class SegmentContest(msgspec.Struct, array_like=True, frozen=True):
    """What is known of a store's segments besides the rows of the table.

    Attributes:
        faded: names that still hold rows and gave way to others.
        waiting: by name how many minutes it was there, and the last of them.
    """

    faded: tuple[str, ...] = ()
    waiting: dict[str, tuple[int, int]] = {}


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
        #: rows by (store, segment), those of them that were made on time, and each store's names in the order of their taking
        self._held: dict[tuple[str, str], int] = {}
        self._on_time: dict[tuple[str, str], int] = {}
        self._names: dict[str, dict[str, None]] = {}
        self._faded: dict[str, set[str]] = {}
        self._waiting: dict[str, dict[str, tuple[int, int]]] = {}
        self._changed: set[str] = set()

    def choose(self, store_id: str, values: Sequence[str]) -> str:
        """The segment in which an event of this store with these values is counted."""
        if self._device is not None and values[self._device] == BOT:
            return BOTS
        name = segment_name(values)
        known, faded = self._names.get(store_id, {}), self._faded.get(store_id, ())
        if name in known and name not in faded:
            return name
        return name if len(known) - len(faded) < self.most else OTHER

    def wait(self, store_id: str, values: Sequence[str], minute: int, is_on_time: bool) -> bool:
        """Note that traffic of a segment without a name was there in ``minute``; True if that changed what is held at hand."""
        name = segment_name(values)
        if name == OTHER or not is_on_time:
            return False
        waiting = self._waiting.setdefault(store_id, {})
        minutes, last = waiting.get(name, (0, -1))
        if minute <= last:
            return False
        self._changed.add(store_id)
        has_forgotten = name not in waiting and len(waiting) >= _WAITING * self.most
        if has_forgotten:
            del waiting[min(waiting, key=lambda one: (*waiting[one], one))]
        waiting[name] = (minutes + 1, minute)
        return self._takes_place(store_id, name, minutes + 1) or has_forgotten

    def _takes_place(self, store_id: str, name: str, minutes: int) -> bool:
        """Whether a waiting name takes the place of the weakest."""
        faded = self._faded.get(store_id, set())
        active = [one for one in self._names.get(store_id, ()) if one not in faded]
        if minutes < LASTING_MINUTES or not active:
            return False
        weakest = min(active, key=lambda one: (self._on_time.get((store_id, one), 0), one))
        if self._on_time.get((store_id, weakest), 0) > minutes * _WEAKER:
            return False
        del self._waiting[store_id][name]
        self._faded[store_id] = (faded | {weakest}) - {name}
        return True

    def hold(self, owner: tuple[str, str], is_on_time: bool = True) -> None:
        """Note that the table has one row more under this (store, segment), made while its minute was young or later."""
        rows = self._held.get(owner, 0)
        self._held[owner] = rows + 1
        if is_on_time:
            self._on_time[owner] = self._on_time.get(owner, 0) + 1
        if not rows and owner[1] not in NAMELESS:
            self._names.setdefault(owner[0], {})[owner[1]] = None

    def release(self, owner: tuple[str, str], is_on_time: bool = True) -> bool:
        """Note that the table has one row less under this (store, segment); True if a name became free."""
        rows = self._held.get(owner, 0)
        if is_on_time and owner in self._on_time:
            self._on_time[owner] -= 1
        if rows > 1:
            self._held[owner] = rows - 1
            return False
        self._held.pop(owner, None)
        self._on_time.pop(owner, None)
        store_id, segment = owner
        names = self._names.get(store_id, {})
        if segment not in names:  # ``other``, or nothing was held
            return False
        del names[segment]
        if segment in self._faded.get(store_id, ()):
            self._faded[store_id].discard(segment)
            self._changed.add(store_id)
        if not names:
            del self._names[store_id]
            if self._waiting.pop(store_id, None):
                self._changed.add(store_id)
        return True

    def take_changed(self) -> dict[str, SegmentContest]:
        """What changed since the last call, store by store."""
        changed = {
            store: SegmentContest(
                tuple(sorted(self._faded.get(store, ()))), dict(self._waiting.get(store, {}))
            )
            for store in self._changed
        }
        self._changed.clear()
        return changed

    def restore(self, store_id: str, contest: SegmentContest) -> None:
        """Take over what ``take_changed`` gave out."""
        self._faded[store_id], self._waiting[store_id] = set(contest.faded), dict(contest.waiting)

    def names(self, store_id: str) -> list[str]:
        """Every name under which the store may have rows, ``other`` among them; not the segments that every store may have."""
        return [*self._names.get(store_id, ()), OTHER]
