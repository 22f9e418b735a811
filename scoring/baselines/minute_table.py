"""Minute counts of many stores, gathered from rows in any order and read as arrays.

One number per (store, segment, stage, minute); a minute without a row is zero; rows of the same key are added up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scoring.baselines.history import StoreHistory
from scoring.baselines.localtime import local_minutes
from scoring.baselines.slow import SlowInputs
from scoring.days import DayRules
from scoring.stages import STAGE_INDEX, STAGES

_NO_STAGE = -1


@dataclass(slots=True)
class _Histories:
    """A stretch of the table as histories, made one by one each time it is iterated."""

    table: MinuteTable
    first: int
    last: int

    def __iter__(self) -> Iterator[StoreHistory]:
        for store_id in self.table.stores:
            history = self.table.history(store_id, self.first, self.last)
            if history is not None:
                yield history

    def __len__(self) -> int:
        return len(self.table.stores)


@dataclass(slots=True)
class MinuteTable:
    """Counts, filled by ``add`` and closed by ``finish``."""

    zones: dict[str, str] = field(default_factory=dict)
    default_zone: str = "UTC"
    #: days that the fit leaves out
    rules: DayRules | None = None
    #: what is known of slow steps beyond the counts
    slow: SlowInputs = field(default_factory=SlowInputs)
    #: rows whose stage is no stage of the funnel
    ignored: int = 0
    first: int = 0
    last: int = 0
    stores: dict[str, dict[str, int]] = field(default_factory=dict)
    _series: dict[tuple[str, str, str], int] = field(default_factory=dict)
    _chunks: list[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]] = field(
        default_factory=list
    )
    _dense: NDArray[np.uint32] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.uint32))

    def add(
        self,
        keys: Sequence[tuple[str, str, str]],
        key_of: NDArray[np.integer],
        minutes: NDArray[np.integer],
        counts: NDArray[np.integer],
    ) -> None:
        """Add rows.

        Args:
            keys: the (store, segment, stage) that occur in these rows.
            key_of: (rows,) index into ``keys``.
            minutes: (rows,) minutes since 1970 UTC.
            counts: (rows,) whole numbers, 0 or more.

        Raises:
            ValueError: a count is negative.
        """
        if len(counts) and counts.min() < 0:
            raise ValueError("a count is negative")
        numbers = np.empty(len(keys), dtype=np.int32)
        for index, (store, segment, stage) in enumerate(keys):
            if stage not in STAGE_INDEX:
                numbers[index] = _NO_STAGE
                continue
            numbers[index] = self._series.setdefault((store, segment, stage), len(self._series))
        series = numbers[key_of]
        known = series != _NO_STAGE
        self.ignored += int((~known).sum())
        self._chunks.append((series[known], minutes[known].astype(np.int32), counts[known].astype(np.int64)))

    def finish(self) -> MinuteTable:
        """Make the table readable; gives itself.

        Raises:
            ValueError: there was no row of any stage.
        """
        chunks = [chunk for chunk in self._chunks if len(chunk[0])]
        if not chunks:
            raise ValueError("there is no row of any stage")
        self.first = min(int(chunk[1].min()) for chunk in chunks)
        self.last = max(int(chunk[1].max()) for chunk in chunks) + 1
        self._dense = np.zeros((len(self._series), self.last - self.first), dtype=np.uint32)
        flat, width = self._dense.reshape(-1), self.last - self.first
        while self._chunks:
            series, minutes, counts = self._chunks.pop()
            np.add.at(
                flat, series.astype(np.int64) * width + (minutes - self.first), counts.astype(np.uint32)
            )
        for store, segment, _ in sorted(self._series):
            self.stores.setdefault(store, {}).setdefault(segment, 0)
        row = 0
        for segments in self.stores.values():
            for segment in segments:
                segments[segment] = row
                row += 1
        return self

    def zone(self, store_id: str) -> str:
        """The store's zone."""
        return self.zones.get(store_id, self.default_zone)

    def history(self, store_id: str, first: int, last: int) -> StoreHistory | None:
        """A store's counts from ``first`` (included) to ``last`` (excluded), from its first event on; None if it has none."""
        segments = self.stores[store_id]
        low, high = max(first, self.first) - self.first, min(last, self.last) - self.first
        if high <= low:
            return None
        counts = np.zeros((len(segments), len(STAGES), high - low), dtype=np.uint32)
        for row, segment in enumerate(segments):
            for column, stage in enumerate(STAGES):
                series = self._series.get((store_id, segment, stage.value))
                if series is not None:
                    counts[row, column] = self._dense[series, low:high]
        seen = np.nonzero(counts.any(axis=(0, 1)))[0]
        if not len(seen):
            return None
        begin = int(seen[0])
        zone, start, minutes = self.zone(store_id), self.first + low + begin, counts.shape[2] - begin
        excluded = None
        if self.rules is not None:
            local = local_minutes(zone, np.arange(start, start + minutes, dtype=np.int64))
            excluded = self.rules.excluded(store_id, local)
        return StoreHistory(store_id, zone, start, tuple(segments), counts[:, :, begin:], excluded)

    def histories(self, first: int, last: int) -> _Histories:
        """All stores' histories of a stretch, to be iterated as often as needed."""
        return _Histories(self, first, last)

    def rows(self) -> list[tuple[str, str]]:
        """(store, segment) of each row of ``block``."""
        return [(store, segment) for store, segments in self.stores.items() for segment in segments]

    def block(self, first: int, last: int) -> NDArray[np.uint32]:
        """(minutes, rows, 7) counts of a stretch within the table."""
        rows = self.rows()
        out = np.zeros((last - first, len(rows), len(STAGES)), dtype=np.uint32)
        for (store, segment, stage), series in self._series.items():
            row = self.stores[store][segment]
            low, high = max(first, self.first), min(last, self.last)
            if high > low:
                out[low - first : high - first, row, STAGE_INDEX[stage]] = self._dense[
                    series, low - self.first : high - self.first
                ]
        return out
