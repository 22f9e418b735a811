"""Corrections of closed minutes: events that came late, in the counts, in every window, and in rows with a new version.

Used by ``detector.py``, which notes each closed minute here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from scoring.detection.book import Book, StoreEntry
from scoring.detection.engine import AMENDABLE, SeriesMinute
from scoring.detection.score_rows import make_rows
from scoring.detection.slow import SlowSteps
from scoring.funnel.arrays import Floats, Places
from scoring.funnel.scores import ScoreRow
from scoring.funnel.segment_names import takes_part
from scoring.funnel.stages import STAGE_INDEX, STAGES

#: versions of (store, minute) that are remembered before old ones are dropped
_MAX_VERSIONS = 100_000


class Corrections:
    """The last minutes of one detector, as far as they may be corrected."""

    def __init__(self, book: Book, slow: SlowSteps) -> None:
        self._book, self._slow = book, slow
        #: counts and factors of the last minutes
        self._recent: deque[tuple[Floats, Floats]] = deque(maxlen=AMENDABLE)
        self._versions: dict[tuple[str, int], int] = {}
        self._minute = 0

    def note(self, matrix: Floats, factor: Floats) -> None:
        """Keep the counts and factors of the minute that was closed just now."""
        self._recent.append((matrix, factor))

    def keep(self, rows: Places, steps: Places) -> None:
        """Keep these rows and steps, in this order; all others have left the book."""
        for place, (matrix, factor) in enumerate(self._recent):
            self._recent[place] = matrix[rows[rows < len(matrix)]], factor[steps[steps < len(factor)]]

    @property
    def last_counts(self) -> Floats:
        """(rows, 7) counts of the last closed minute."""
        return self._recent[-1][0]

    def reaches(self, ago: int) -> bool:
        """Whether the minute closed this many minutes ago can be corrected."""
        return 0 <= ago < len(self._recent)

    def amend(
        self, minute: int, ago: int, counts: Mapping[str, Mapping[str, Sequence[int]]]
    ) -> list[ScoreRow]:
        """Correct ``minute``, closed ``ago`` minutes ago, by its new total counts; gives its corrected rows."""
        self._minute = minute
        added: dict[int, tuple[Floats, Floats]] = {}
        for store_id, segments in counts.items():
            store = self._book.stores.get(store_id)
            if store is not None and store.baseline is not None:
                for segment, numbers in segments.items():
                    self._amend_row(store, segment, numbers, ago, added)
        if not added:
            return []
        series = np.array(list(added), dtype=np.intp)
        arrivals = np.stack([pair[0] for pair in added.values()], axis=1)
        expected = np.stack([pair[1] for pair in added.values()], axis=1)
        self._book.engine.amend(ago, series, arrivals, expected)
        return self._rows(minute, ago, set(counts))

    def _amend_row(
        self,
        store: StoreEntry,
        segment: str,
        numbers: Sequence[int],
        ago: int,
        added: dict[int, tuple[Floats, Floats]],
    ) -> None:
        row = self._book.row(store, segment)
        matrix = self._recent[-1 - ago][0]
        before = matrix[row] if row < len(matrix) else np.zeros(len(STAGES))
        change = np.asarray(numbers, dtype=float) - before
        if store.baseline is not None:
            self._slow.amend(self._minute, store.baseline.store_id, change)
        if row >= len(matrix):  # first heard of after that minute
            matrix = np.vstack([matrix, np.zeros((row + 1 - len(matrix), len(STAGES)))])
            self._recent[-1 - ago] = matrix, self._recent[-1 - ago][1]
        matrix[row] = numbers
        for step_id in store.baseline.steps if store.baseline else ():
            entry = store.steps[step_id]
            up, down = STAGE_INDEX[entry.baseline.upstream], STAGE_INDEX[entry.baseline.downstream]
            if not (change[up] or change[down]) or not takes_part(segment, entry.baseline.upstream):
                continue
            arrivals, expected = np.zeros(ago + 1), np.zeros(ago + 1)
            arrivals[0] = change[down]
            if change[up]:
                part = entry.baseline.segments.get(segment)
                rate = part.rate if part else entry.baseline.rate
                factors = [self._factor(back, entry.index) for back in range(ago, -1, -1)]
                expected = self._book.exposures.amend(entry.cells[segment], ago, change[up]) * rate * factors
            own = entry.series.get(segment) if segment else None
            for series in (entry.series[""], own):
                if series is not None:
                    a, m = added.get(series, (0.0, 0.0))
                    added[series] = (a + arrivals, m + expected)

    def _factor(self, back: int, step: int) -> float:
        """The level that ``step`` had this many minutes ago; 1 for a minute before its first baseline came."""
        factor = self._recent[-1 - back][1]
        return float(factor[step]) if step < len(factor) else 1.0

    def _rows(self, minute: int, ago: int, stores: set[str]) -> list[ScoreRow]:
        book, engine = self._book, self._book.engine
        arrays = book.arrays
        _, variance = book.levels.factor(minute)
        variance = variance[arrays.series_step] + arrays.extra_variance
        surprise, window, window_a, window_m, prior_variance = engine.rescore(ago, variance)
        shown = np.array([n for n in arrays.shown.tolist() if book.names[n][0] in stores], dtype=np.intp)
        ones = np.zeros(len(shown), dtype=np.intp)
        observed, mean, _, _ = engine.peek(shown, ones, ago)
        predicted = np.zeros(engine.size)
        predicted[shown] = mean
        never = np.zeros(engine.size, dtype=bool)
        step = SeriesMinute(
            surprise, window, window_a, window_m, predicted, prior_variance + variance, never, never
        )
        for store in stores:
            self._versions[store, minute] = self._versions.get((store, minute), 0) + 1
        if len(self._versions) > _MAX_VERSIONS:
            self._versions = {
                key: number for key, number in self._versions.items() if key[1] > minute - AMENDABLE
            }
        held = np.zeros(len(shown), dtype=bool)
        baseline = engine.baseline_of(ago, shown), variance[shown]
        rows = make_rows(book, minute, shown, observed, step, held, baseline)
        return [msgspec.structs.replace(row, version=self._versions[row.store_id, minute]) for row in rows]
