"""Minute counts of many stores, gathered from rows in any order and read as arrays.

One number per (store, segment, stage, minute); a minute without a row is zero; rows of the same key are added up. They are
held by UTC day, so that rows may come in any order and a row with an impossible time costs no more than a day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scoring.baselines.history import StoreHistory, begin_of
from scoring.baselines.localtime import local_minutes
from scoring.baselines.slow import SlowInputs
from scoring.calendar.effects import DAY, DayRules
from scoring.funnel.segment_names import PAGELESS, is_set_apart
from scoring.funnel.stages import STAGE_INDEX, STAGES, Stage, supplied_stages

_NO_STAGE, _SET_APART = -1, -2
#: days so far from all others, and hold at most this share of the events, have impossible times
_FAR_DAYS, _STRAY_SHARE = 60, 0.01
#: the largest count of a minute, and the largest table (bytes), that is taken
_LARGEST_COUNT, _LARGEST_TABLE = 1_000_000_000, 12_000_000_000


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
    #: the calendar: days of histories that it names are left out of fits
    rules: DayRules | None = None
    #: what is known of slow steps beyond the counts
    slow: SlowInputs = field(default_factory=SlowInputs)
    #: rows of stages outside the funnel
    ignored: int = 0
    #: rows that repeated the key of another one, and were added to it
    repeated: int = 0
    #: events that were left out because nothing is learned from them: those of bots, and what is set apart
    set_apart: int = 0
    #: events that were left out because their time cannot be, and the UTC days they claim
    stray_events: int = 0
    stray_days: tuple[int, ...] = ()
    #: stores whose rows without a segment were the sums of their segments, and were left out
    summed_stores: tuple[str, ...] = ()
    first: int = 0
    last: int = 0
    stores: dict[str, dict[str, int]] = field(default_factory=dict)
    _series: dict[tuple[str, str, str], int] = field(default_factory=dict)
    #: by day since 1970 UTC: (series, 1440) counts, as many series as were known when it last grew
    _days: dict[int, NDArray[np.uint32]] = field(default_factory=dict)
    #: by day the first and last minute within it that has a row
    _extents: dict[int, tuple[int, int]] = field(default_factory=dict)
    _filled: int = 0

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
            ValueError: a count is negative or larger than a minute can hold, or the table would not fit into memory.
        """
        if len(counts) and counts.min() < 0:
            raise ValueError("a count is negative")
        if len(counts) and counts.max() > _LARGEST_COUNT:
            raise ValueError(f"a count is larger than {_LARGEST_COUNT:,}")
        numbers = np.empty(len(keys), dtype=np.int64)
        for index, (store, segment, stage) in enumerate(keys):
            if stage not in STAGE_INDEX:
                numbers[index] = _NO_STAGE
                continue
            if is_set_apart(segment):
                numbers[index] = _SET_APART
                continue
            numbers[index] = self._series.setdefault((store, segment, stage), len(self._series))
        series = numbers[key_of]
        self.ignored += int((series == _NO_STAGE).sum())
        self.set_apart += int(counts[series == _SET_APART].sum())
        with_stage = np.nonzero(series >= 0)[0]
        day, within = np.divmod(np.asarray(minutes, dtype=np.int64)[with_stage], DAY)
        order = np.argsort(day, kind="stable")
        with_stage, day, within = with_stage[order], day[order], within[order]
        edges = np.append(np.unique(day, return_index=True)[1], len(day))
        for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            flat = self._block(int(day[low])).reshape(-1)
            place = series[with_stage[low:high]] * DAY + within[low:high]
            np.add.at(flat, place, counts[with_stage[low:high]].astype(np.uint32))
            begin, end = self._extents.get(int(day[low]), (DAY, -1))
            span = within[low:high]
            self._extents[int(day[low])] = (min(begin, int(span.min())), max(end, int(span.max())))
        self._filled += int(np.count_nonzero(counts[with_stage]))

    def is_by_the_hour(self) -> bool:
        """Whether all events are in the first minute of an hour: the rows were hours, not minutes."""
        return bool(self._days) and not any(
            day.reshape(-1, 24, 60)[:, :, 1:].any() for day in self._days.values()
        )

    def _block(self, day: int) -> NDArray[np.uint32]:
        """The counts of a day, with room for every series known."""
        block = self._days.get(day)
        if block is not None and len(block) >= len(self._series):
            return block
        room = max(len(self._series), 0 if block is None else min(2 * len(block), len(self._series) + 512))
        if (len(self._days) + (block is None)) * room * DAY * 4 > _LARGEST_TABLE:
            raise ValueError(
                f"{len(self._days) + 1} days of {len(self._series)} series (store, segment and stage) do not fit into memory: "
                "give fewer days, stores or segments"
            )
        grown = np.zeros((room, DAY), dtype=np.uint32)
        if block is not None:
            grown[: len(block)] = block
        self._days[day] = grown
        return grown

    def finish(self) -> MinuteTable:
        """Make the table readable; gives itself.

        Raises:
            ValueError: there was no row of any stage.
        """
        if not self._days:
            raise ValueError("there is no row of any stage")
        self.repeated = self._filled - sum(int(np.count_nonzero(block)) for block in self._days.values())
        self._leave_out_stray_days()
        days = sorted(self._days)
        self.first = days[0] * DAY + self._extents[days[0]][0]
        self.last = days[-1] * DAY + self._extents[days[-1]][1] + 1
        self._leave_out_sums()
        for store, segment, _ in sorted(self._series):
            self.stores.setdefault(store, {}).setdefault(segment, 0)
        row = 0
        for segments in self.stores.values():
            for segment in segments:
                segments[segment] = row
                row += 1
        return self

    def _leave_out_stray_days(self) -> None:
        """Leave out days far from all others that hold next to nothing: a time cut short becomes 1970."""
        days = np.array(sorted(self._days))
        held = np.array([int(self._days[day].sum(dtype=np.int64)) for day in days.tolist()])
        part = np.cumsum(np.diff(days, prepend=days[0]) > _FAR_DAYS)
        by_part = np.bincount(part, held)
        stray = by_part[part] <= _STRAY_SHARE * held.sum()
        self.stray_days = tuple(days[stray].tolist())
        self.stray_events = int(held[stray].sum())
        for day in self.stray_days:
            del self._days[day]

    def _leave_out_sums(self) -> None:
        """Where a store's rows without a segment are the sums of its segments, minute by minute, they count nothing new."""
        named: dict[tuple[str, str], list[int]] = {}
        for (store, segment, stage), series in self._series.items():
            if segment:
                named.setdefault((store, stage), []).append(series)
        doubled = [
            (store, stage)
            for (store, segment, stage), series in self._series.items()
            if not segment and (store, stage) in named and self._are_sums(series, named[store, stage])
        ]
        for store, stage in doubled:
            del self._series[store, "", stage]
        self.summed_stores = tuple(sorted({store for store, _ in doubled}))

    def _are_sums(self, series: int, parts: list[int]) -> bool:
        known = [block for block in self._days.values() if len(block) > series]
        return any(block[series].any() for block in known) and all(
            bool((block[series] == block[[part for part in parts if part < len(block)]].sum(axis=0)).all())
            for block in known
        )

    def zone(self, store_id: str) -> str:
        """The store's zone."""
        return self.zones.get(store_id, self.default_zone)

    def _read(self, series: int, first: int, last: int, out: NDArray[np.uint32]) -> None:
        """Write a series' counts from ``first`` to ``last`` into (minutes,) ``out``, which is zero."""
        for day in range(first // DAY, (last - 1) // DAY + 1):
            block = self._days.get(day)
            if block is not None and series < len(block):
                low, high = max(first, day * DAY), min(last, (day + 1) * DAY)
                out[low - first : high - first] = block[series, low - day * DAY : high - day * DAY]

    def history(self, store_id: str, first: int, last: int) -> StoreHistory | None:
        """A store's counts from ``first`` (included) to ``last`` (excluded), from where its history begins; None if it has none."""
        segments = self.stores[store_id]
        first, last = max(first, self.first), min(last, self.last)
        if last <= first:
            return None
        counts = np.zeros((len(segments), len(STAGES), last - first), dtype=np.uint32)
        for row, segment in enumerate(segments):
            for column, stage in enumerate(STAGES):
                series = self._series.get((store_id, segment, stage.value))
                if series is not None:
                    self._read(series, first, last, counts[row, column])
        seen = np.nonzero(counts.any(axis=(0, 1)))[0]
        if not len(seen):
            return None
        begin = int(seen[begin_of(seen, seen, np.ones(len(seen), np.int64))])
        zone, start, minutes = self.zone(store_id), first + begin, counts.shape[2] - begin
        excluded = None
        if self.rules is not None:
            local = local_minutes(zone, np.arange(start, start + minutes, dtype=np.int64))
            excluded = self.rules.excluded(store_id, local)
        return StoreHistory(store_id, zone, start, tuple(segments), counts[:, :, begin:], excluded)

    def histories(self, first: int, last: int) -> _Histories:
        """All stores' histories of a stretch, to be iterated as often as needed."""
        return _Histories(self, first, last)

    def supplied(self) -> dict[str, tuple[Stage, ...]]:
        """The stages that each store supplies, by all that was counted of it."""
        totals = np.zeros(len(self._series))
        for block in self._days.values():
            totals[: len(block)] += block.sum(axis=1, dtype=np.int64)[: len(totals)]
        counts: dict[str, Counter[str]] = {store: Counter() for store in self.stores}
        pageless: dict[str, Counter[str]] = {store: Counter() for store in self.stores}
        for (store, segment, stage), series in self._series.items():
            counts[store][stage] += int(totals[series])
            if segment in PAGELESS:
                pageless[store][stage] += int(totals[series])
        return {store: supplied_stages(own, pageless[store]) for store, own in counts.items()}

    def rows(self) -> list[tuple[str, str]]:
        """(store, segment) of each row of ``block``."""
        return [(store, segment) for store, segments in self.stores.items() for segment in segments]

    def block(self, first: int, last: int) -> NDArray[np.uint32]:
        """(minutes, rows, 7) counts of a stretch within the table."""
        out = np.zeros((len(self.rows()), len(STAGES), last - first), dtype=np.uint32)
        low, high = max(first, self.first), min(last, self.last)
        for (store, segment, stage), series in self._series.items() if high > low else ():
            row = self.stores[store][segment]
            self._read(series, low, high, out[row, STAGE_INDEX[stage], low - first : high - first])
        return np.ascontiguousarray(np.moveaxis(out, 2, 0))
