"""Rolling stage counts per store: the last 5 minutes, hour and day, kept up minute by minute.

On the path of an event: after ``scoring/counting/partition.py``; the rows go out with the flush of ``streams/monitor``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import add

from scoring.funnel.scores import WindowRow
from scoring.funnel.stages import STAGES
from scoring.funnel.units import MINUTE_MS

WINDOW_MINUTES: tuple[int, ...] = (5, 60, 1440)
_ZERO = (0,) * len(STAGES)


class RollingWindows:
    """Sums of one-minute buckets over the windows that end with the last closed minute.

    A row is given out only when it differs from the store's row before, so a quiet store costs nothing.
    """

    def __init__(self, lengths: Sequence[int] = WINDOW_MINUTES) -> None:
        self.lengths = tuple(lengths)
        self.minute: int | None = None
        self._totals: dict[int, dict[str, tuple[int, ...]]] = {}
        self._sums: dict[int, dict[str, list[int]]] = {length: {} for length in self.lengths}

    def advance(self, minute: int, totals: Mapping[str, Sequence[int]]) -> list[WindowRow]:
        """Close ``minute`` (minutes since 1970), the one after the last; returns the rows that changed.

        Args:
            minute: the minute that closes.
            totals: per store its seven stage counts in that minute, all segments together.
        """
        self.minute = minute
        self._totals[minute] = {store: tuple(counts) for store, counts in totals.items()}
        changed: set[tuple[int, str]] = set()
        for length in self.lengths:
            for store, counts in self._totals.get(minute - length, {}).items():
                self._add(length, store, [-count for count in counts])
                changed.add((length, store))
            for store, counts in self._totals[minute].items():
                self._add(length, store, counts)
                changed.add((length, store))
        self._totals.pop(minute - max(self.lengths), None)
        return self._rows(changed)

    def restore(self, minute: int, totals: Mapping[int, Mapping[str, Sequence[int]]]) -> None:
        """Set the state as if every minute of ``totals`` up to ``minute`` had been closed, the last one being ``minute``."""
        self.minute = minute
        longest = max(self.lengths)
        self._totals = {
            closed: {store: tuple(counts) for store, counts in of_minute.items()}
            for closed, of_minute in totals.items()
            if minute - longest < closed <= minute
        }
        for length in self.lengths:
            sums: dict[str, list[int]] = {}
            for closed, of_minute in self._totals.items():
                if closed > minute - length:
                    for store, counts in of_minute.items():
                        held = sums.get(store)
                        sums[store] = list(counts) if held is None else list(map(add, held, counts))
            self._sums[length] = sums

    def amend(self, minute: int, totals: Mapping[str, Sequence[int]]) -> list[WindowRow]:
        """Replace the counts of stores in a minute already closed; returns the rows that changed."""
        if self.minute is None or minute > self.minute or minute <= self.minute - max(self.lengths):
            return []
        held = self._totals.setdefault(minute, {})
        changed: set[tuple[int, str]] = set()
        for store, counts in totals.items():
            before = held.get(store, _ZERO)
            growth = [new - old for new, old in zip(counts, before, strict=True)]
            held[store] = tuple(counts)
            for length in self.lengths:
                if minute > self.minute - length and any(growth):
                    self._add(length, store, growth)
                    changed.add((length, store))
        return self._rows(changed)

    def _add(self, length: int, store: str, counts: Iterable[int]) -> None:
        sums = self._sums[length]
        new = list(map(add, sums.get(store, _ZERO), counts))
        if any(new):
            sums[store] = new
        else:
            sums.pop(store, None)

    def _rows(self, changed: Iterable[tuple[int, str]]) -> list[WindowRow]:
        end_ms = (self.minute or 0) * MINUTE_MS
        return [
            WindowRow(store, end_ms, length, tuple(self._sums[length].get(store, _ZERO)))  # type: ignore[arg-type]
            for length, store in sorted(changed)
        ]
