"""Which segment of its store's traffic an event belongs to, and the cap on how many segments a store may have.

On the path of an event: used by ``scoring/counting.py`` while counting, and by the landing role's recount, which
builds the same name in SQL: the configured dimensions' values in the configured order, ``-`` where one is empty,
joined by ``/``.

The cap. A store has at most ``most`` named segments at a time; traffic of any further one is counted under ``other``.
Named are the first ones seen, and a name is held as long as the counts table holds a row under it, so which names a
store has is a function of the table alone: a restart, a takeover by another worker and a replay decide alike. A
recount from raw events knows no cap: it may name what the stream called ``other``, and the sum over segments agrees.
"""

from __future__ import annotations

from collections.abc import Sequence

OTHER = "other"
MISSING = "-"
#: joins the dimensions' values in a segment's name
JOINT = "/"


def segment_name(values: Sequence[str]) -> str:
    """The uncapped name of the segment with these dimension values; empty without dimensions (the whole store)."""
    return JOINT.join(value or MISSING for value in values)


class Segmenter:
    """Names segments store by store and remembers, by count of table rows, which names a store has.

    Args:
        dimensions: the event fields that split a store's traffic, in the order of the name.
        most: how many named segments a store may have at a time.
    """

    def __init__(self, dimensions: Sequence[str], most: int) -> None:
        self.dimensions = tuple(dimensions)
        self.most = most
        self._rows: dict[str, dict[str, int]] = {}

    def choose(self, store_id: str, values: Sequence[str]) -> str:
        """The segment in which an event of this store with these values is counted."""
        name = segment_name(values)
        known = self._rows.get(store_id, {})
        return name if name in known or len(known) < self.most else OTHER

    def hold(self, store_id: str, segment: str) -> None:
        """Note that the table has one row more under this name."""
        if segment != OTHER:
            known = self._rows.setdefault(store_id, {})
            known[segment] = known.get(segment, 0) + 1

    def release(self, store_id: str, segment: str) -> bool:
        """Note that the table has one row less under this name; True if the name became free."""
        known = self._rows.get(store_id)
        if known is None or segment not in known:
            return False
        known[segment] -= 1
        if known[segment]:
            return False
        del known[segment]
        if not known:
            del self._rows[store_id]
        return True

    def names(self, store_id: str) -> list[str]:
        """Every name under which the store may have rows, ``other`` among them."""
        return [*self._rows.get(store_id, ()), OTHER]

    def stores(self) -> list[str]:
        """The stores that have rows under a name."""
        return list(self._rows)
