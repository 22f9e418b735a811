"""The book: which cell, series and step belongs to which store, and the arrays that follow from it.

A *row* is a (store, segment) pair as counted. A *cell* is a row's part in one step: it has an exposure and a rate.
A *step* sums its cells. A *series* is what the engine judges: each step as a whole, and each of its segments that has
conversions enough ever to breach.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

import numpy as np

from scoring.baselines.baseline import YOUNG_DAYS, StepBaseline, StoreBaseline
from scoring.baselines.level import Levels
from scoring.calendar.effects import DayRules
from scoring.detection.common_rise import EVERY, CommonRises
from scoring.detection.engine import SeriesEngine, SeriesParameters
from scoring.detection.exposure import Exposures
from scoring.detection.policy import WINDOWS, DetectionPolicy, look_offset, volume_offset
from scoring.detection.special_days import SpecialDays
from scoring.detection.surge import Surges
from scoring.detection.tail import LN10
from scoring.detection.tracked_alert import ClosedAlerts, TrackedAlert
from scoring.funnel.arrays import Bools, Floats, Places
from scoring.funnel.segment_names import takes_part
from scoring.funnel.stages import FAST_STEPS, STAGE_INDEX


@dataclass(slots=True)
class StepEntry:
    """One store-step: its number, its series by segment (empty name: the whole), its cells by segment, its incident."""

    store_id: str
    baseline: StepBaseline
    index: int
    #: minute of the engine from which all that is due was seen coming
    ready: int
    series: dict[str, int] = field(default_factory=dict)
    cells: dict[str, int] = field(default_factory=dict)
    incident: TrackedAlert | None = None


@dataclass(slots=True)
class StoreEntry:
    """One store: its baseline (None: it has none yet), its count rows by segment, its steps, the steps it cannot have."""

    baseline: StoreBaseline | None = None
    rows: dict[str, int] = field(default_factory=dict)
    steps: dict[str, StepEntry] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    seen: set[int] = field(default_factory=set)
    #: the last UTC minute in which events of it were counted
    seen_at: int = 0

    @property
    def calendar_step(self) -> int | None:
        """The number of a step by which a store's calendar entries are known, None if it has none."""
        return next((step.index for step in self.steps.values()), None)


@dataclass(slots=True)
class Arrays:
    """The book as arrays. Cells: ``row up down rate cell_step``; series: the others; all int unless said."""

    row: Places
    up: Places
    down: Places
    rate: Floats
    cell_step: Places
    series_step: Places
    #: series that are wholes, in step order (one a step)
    wholes: Places
    #: series that are segments, and their cell (−1: no such row was counted yet)
    parts: Places
    part_cell: Places
    offset: Floats
    series_rate: Floats
    extra_variance: Floats
    ready: Places
    #: series whose rows are given out
    shown: Places


class Book:
    """Registers stores, steps, segments; numbers change only by ``keep``, so states in arrays stay valid."""

    def __init__(
        self, policy: DetectionPolicy, rules: DayRules | None = None, closed: ClosedAlerts | None = None
    ) -> None:
        self._policy = policy
        self.closed = closed or ClosedAlerts()
        self.engine = SeriesEngine(policy)
        self.exposures = Exposures()
        self.levels = Levels()
        self.surges = Surges()
        self.days = SpecialDays(rules)
        self._common = CommonRises()
        self.stores: dict[str, StoreEntry] = {}
        self.steps: list[StepEntry] = []
        self.row_count = 0
        #: (store, step, segment) of each series
        self.names: list[tuple[str, str, str]] = []
        self._cells: list[tuple[int, int, int, float, int]] = []
        self._series: list[tuple[int, float, float, float, bool]] = []
        self._arrays: Arrays | None = None
        self._rows_of: tuple[tuple[int, int], Places, Places] | None = None

    def series_sums(self, arrived: Floats, exposure: Floats, factor: Floats) -> tuple[Floats, Floats]:
        """A and µ of every series from those of the cells."""
        arrays = self.arrays
        expected = arrays.rate * exposure * factor[arrays.cell_step]
        a, mu = np.zeros(self.engine.size), np.zeros(self.engine.size)
        steps = len(arrays.wholes)
        a[arrays.wholes] = np.bincount(arrays.cell_step, arrived, steps)
        mu[arrays.wholes] = np.bincount(arrays.cell_step, expected, steps)
        has_cell = arrays.part_cell >= 0
        parts, cells = arrays.parts[has_cell], arrays.part_cell[has_cell]
        a[parts], mu[parts] = arrived[cells], expected[cells]
        return a, mu

    def set_baseline(self, baseline: StoreBaseline) -> None:
        """Add a store, or take over another baseline of it; steps and segments it lacks are judged no more."""
        store = self.stores.setdefault(baseline.store_id, StoreEntry())
        store.baseline = baseline
        store.missing = tuple(
            step.id
            for step in FAST_STEPS
            if not {step.upstream.value, step.downstream.value} <= set(baseline.stages)
        )
        for step_id in set(store.steps) - set(baseline.steps):
            self._retire(store.steps[step_id], keep=())
        for step_id, step in baseline.steps.items():
            entry = store.steps.get(step_id)
            if entry is None:
                index = self.levels.add(baseline.zone, step, baseline.trained_until_ms // 60_000)
                self.surges.add(baseline.zone, step.usual_upstream)
                self.days.add(baseline.store_id, baseline.zone)
                entry = StepEntry(baseline.store_id, step, index, self.engine.minutes + _run_in(step))
                store.steps[step_id] = entry
                self.steps.append(entry)
            else:
                entry.baseline = step
                self.levels.set(entry.index, baseline.zone, step, baseline.trained_until_ms // 60_000)
                self.surges.set(entry.index, baseline.zone, step.usual_upstream)
            self._set_series(entry, baseline)
            for segment, row in store.rows.items():
                self._set_cell(entry, segment, row)
        self._arrays = None

    def common_rise(self, minute: int) -> Bools:
        """(steps,) whether, as the UTC ``minute`` closes, most stores of the step's zone have more visitors than usual."""
        surges, zones = self.surges, self.surges.zones
        if minute % EVERY == 0:
            share, usual = surges.shares(minute)
            steps = (store.calendar_step for store in self.stores.values())
            firsts = np.array([step for step in steps if step is not None], dtype=np.intp)
            self._common.advance(zones[firsts], share[firsts], usual[firsts])
        return self._common.is_on(zones)

    def row(self, store: StoreEntry, segment: str) -> int:
        """The count row of a store's segment, made when first seen."""
        row = store.rows.get(segment)
        if row is None:
            row = store.rows[segment] = self.row_count
            self.row_count += 1
            if store.baseline is not None:
                for step_id in store.baseline.steps:
                    self._set_cell(store.steps[step_id], segment, row)
            self._arrays = None
        return row

    def rows_of(self, numbers: Mapping[str, int]) -> tuple[Places, Places]:
        """All rows of some stores, and for each row its store's number."""
        key = (self.row_count, len(numbers))
        if self._rows_of is None or self._rows_of[0] != key:
            pairs = [
                (row, number) for name, number in numbers.items() for row in self.stores[name].rows.values()
            ]
            both = np.array(pairs, dtype=np.intp).reshape(-1, 2)
            self._rows_of = (key, both[:, 0], both[:, 1])
        return self._rows_of[1:]

    def keep(self, left_out: Container[str]) -> tuple[Places, Places]:
        """Forget stores, and renumber everything of the others, in the order it had.

        Returns:
            The rows and the steps that were kept, by their former numbers.
        """
        steps = [step.index for step in self.steps if step.store_id not in left_out]
        series = [number for number, name in enumerate(self.names) if name[0] not in left_out]
        kept_steps = set(steps)
        cells = [number for number, cell in enumerate(self._cells) if cell[4] in kept_steps]
        self.stores = {name: store for name, store in self.stores.items() if name not in left_out}
        rows = sorted(row for store in self.stores.values() for row in store.rows.values())
        step_of, series_of, cell_of, row_of = (
            {old: new for new, old in enumerate(kept)} for kept in (steps, series, cells, rows)
        )
        self.engine.keep(np.array(series, dtype=np.intp))
        self.exposures.keep(np.array(cells, dtype=np.intp))
        for part in (self.levels, self.surges):
            part.keep(np.array(steps, dtype=np.intp))
        self.days.keep(steps)
        for store in self.stores.values():
            store.rows = {segment: row_of[row] for segment, row in store.rows.items()}
        self.steps = [self.steps[index] for index in steps]
        for step in self.steps:
            step.index = step_of[step.index]
            step.series = {segment: series_of[number] for segment, number in step.series.items()}
            step.cells = {segment: cell_of[number] for segment, number in step.cells.items()}
        self.names = [self.names[number] for number in series]
        self._cells = [
            (row_of[row], up, down, rate, step_of[step])
            for row, up, down, rate, step in (self._cells[number] for number in cells)
        ]
        self._series = [
            (step_of[series_key[0]], *series_key[1:])
            for series_key in (self._series[number] for number in series)
        ]
        self.row_count = len(rows)
        self._arrays = self._rows_of = None
        return np.array(rows, dtype=np.intp), np.array(steps, dtype=np.intp)

    def due(self) -> dict[str, float]:
        """Arrivals that the events counted so far may still bring, by store."""
        found: dict[str, float] = {}
        exposure = self.exposures.coming()
        cells = zip(self._cells, exposure.tolist(), strict=True)
        for (_, _, _, rate, step), coming in cells:
            if coming:
                store_id = self.steps[step].store_id
                found[store_id] = found.get(store_id, 0.0) + rate * coming
        return found

    def _retire(self, entry: StepEntry, keep: tuple[str, ...]) -> None:
        for segment, series in entry.series.items():
            if segment not in keep:
                step, offset, rate, extra, _ = self._series[series]
                self._series[series] = (step, offset, rate, extra, False)
                self.engine.threshold[series] = np.inf
        if not keep:
            for cell in entry.cells.values():
                row, up, down, _, step = self._cells[cell]
                self._cells[cell] = (row, up, down, 0.0, step)

    def _set_cell(self, entry: StepEntry, segment: str, row: int) -> None:
        step = entry.baseline
        if not takes_part(segment, step.upstream):
            return
        rate = step.segments[segment].rate if segment in step.segments else step.rate
        cell = (row, STAGE_INDEX[step.upstream], STAGE_INDEX[step.downstream], rate, entry.index)
        if segment in entry.cells:
            self.exposures.set(entry.cells[segment], step.kernel)
            self._cells[entry.cells[segment]] = cell
        else:
            entry.cells[segment] = self.exposures.add(step.kernel)
            self._cells.append(cell)

    def _set_series(self, entry: StepEntry, baseline: StoreBaseline) -> None:
        step, looks = entry.baseline, max(len(baseline.steps), 1)
        scored = self._scored_segments(step)
        base = self._policy.notice if baseline.days >= YOUNG_DAYS else self._policy.page
        for segment in ("", *scored):
            part = step.segments[segment] if segment else None
            offset = look_offset(looks, len(scored) if segment else 0)
            offset += volume_offset((part or step).arrivals_per_hour)
            parameters = SeriesParameters(
                sigma=part.sigma if part else step.sigma,
                tau=part.tau if part else step.tau,
                rate=part.rate if part else step.rate,
                dispersion=step.dispersion,
                pmf=step.kernel.pmf,
                slow_share=step.kernel.slow_share,
                threshold=base + offset,
            )
            series_key = (
                entry.index,
                offset,
                max(parameters.rate, 1e-9),
                part.rate_variance if part else 0.0,
                True,
            )
            if segment in entry.series:
                self.engine.set(entry.series[segment], parameters)
                self._series[entry.series[segment]] = series_key
            else:
                entry.series[segment] = self.engine.add(parameters)
                self.names.append((entry.store_id, step.step, segment))
                self._series.append(series_key)
        self._retire(entry, keep=("", *scored))

    def _scored_segments(self, step: StepBaseline) -> tuple[str, ...]:
        """Segments that could breach: a full stop over the longest window would reach the threshold."""
        if not self._policy.segments or len(step.segments) < 2:
            return ()
        needed = self._policy.notice * LN10 / (WINDOWS[-1] / 60)
        return tuple(
            name for name, part in step.segments.items() if name and part.arrivals_per_hour >= needed
        )

    @property
    def arrays(self) -> Arrays:
        """The book as arrays, rebuilt only after a change."""
        if self._arrays is None:
            self._arrays = self._make_arrays()
        return self._arrays

    def _make_arrays(self) -> Arrays:
        cells = np.array(self._cells, dtype=float).reshape(-1, 5)
        series = np.array(self._series, dtype=float).reshape(-1, 5)
        parts = [
            (number, entry.cells.get(segment, -1))
            for entry in self.steps
            for segment, number in entry.series.items()
            if segment
        ]
        part_array = np.array(parts, dtype=np.intp).reshape(-1, 2)
        return Arrays(
            row=cells[:, 0].astype(np.intp),
            up=cells[:, 1].astype(np.intp),
            down=cells[:, 2].astype(np.intp),
            rate=cells[:, 3],
            cell_step=cells[:, 4].astype(np.intp),
            series_step=series[:, 0].astype(np.intp),
            wholes=np.array([entry.series[""] for entry in self.steps], dtype=np.intp),
            parts=part_array[:, 0],
            part_cell=part_array[:, 1],
            offset=series[:, 1],
            series_rate=series[:, 2],
            extra_variance=series[:, 3],
            ready=np.array([entry.ready for entry in self.steps], dtype=np.intp),
            shown=np.nonzero(series[:, 4] > 0)[0],
        )


def _run_in(step: StepBaseline) -> int:
    """Minutes until a step's exposure no longer lacks upstream events from before it was followed."""
    slow = 2 * int(step.kernel.slow_minutes) if step.kernel.slow_share else 0
    return len(step.kernel.pmf) + slow
