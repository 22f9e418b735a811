"""Score rows: what the detector publishes of every store-step and segment of a minute.

Called by ``detector.py`` after ``engine.py`` has judged every series.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from scoring.detection.book import Book, StoreEntry
from scoring.detection.engine import SeriesMinute
from scoring.detection.policy import WINDOWS
from scoring.detection.tail import LN10, predictive_interval
from scoring.funnel.arrays import Bools, Floats, Places
from scoring.funnel.scores import ScoreRow, ScoreState
from scoring.funnel.segment_names import takes_part
from scoring.funnel.stages import STAGE_INDEX, STAGES, steps_of
from scoring.funnel.units import MINUTE_MS

WINDOW_MINUTES = np.array(WINDOWS)
_STATES = (ScoreState.NORMAL, ScoreState.BREACH, ScoreState.NOT_ENOUGH_DATA, ScoreState.DATA_LATE)


def make_rows(
    book: Book,
    minute: int,
    shown: Places,
    observed: Floats,
    step: SeriesMinute,
    held: Bools,
    baseline: tuple[Floats, Floats],
) -> list[ScoreRow]:
    """The score rows of one minute.

    Args:
        minute: minutes since 1970 UTC.
        shown: (rows,) the series that have a row.
        observed: (rows,) arrivals A.
        step: what the engine gave for the minute.
        held: (rows,) series whose minute is not to be believed.
        baseline: (rows,) what the baseline expected, and the variance of its log.
    """
    arrays, engine = book.arrays, book.engine
    mean = step.predicted[shown]
    low, high = predictive_interval(mean, step.predicted_variance[shown], engine.window_fast[0, shown])
    surprise = np.maximum(step.surprise[shown] - arrays.offset[shown], 0.0)
    breach = engine.open[shown] | (step.surprise[shown] >= engine.threshold[shown])
    late = held & ~engine.open[shown]
    cannot = engine.expected_at_most()[shown] < engine.threshold[shown] * LN10
    state = np.where(late, 3, np.where(breach, 1, np.where(cannot, 2, 0)))
    columns = (
        observed.tolist(),
        mean.tolist(),
        low.tolist(),
        high.tolist(),
        surprise.tolist(),
        (step.window_expected[shown] / arrays.series_rate[shown]).tolist(),
        state.tolist(),
        WINDOW_MINUTES[step.window[shown]].tolist(),
        step.window_observed[shown].tolist(),
        step.window_expected[shown].tolist(),
        baseline[0].tolist(),
        baseline[1].tolist(),
    )
    names = book.names
    at = minute * MINUTE_MS
    rows = []
    for number, a, m, lo, hi, s, n, kind, width, wa, wm, mu, v in zip(shown.tolist(), *columns, strict=True):
        store, step_id, segment = names[number]
        rows.append(
            ScoreRow(store, at, step_id, segment, a, m, lo, hi, s, n, _STATES[kind], width, wa, wm, 0, mu, v)
        )
    return rows


def unjudged_row(store_id: str, at_ms: int, step: str, observed: float, state: ScoreState) -> ScoreRow:
    """The row of a step that cannot be judged; ``state`` says why."""
    return ScoreRow(store_id, at_ms, step, "", observed, 0.0, 0.0, 0.0, 0.0, 0.0, state)


def note_seen(store: StoreEntry, segments: Mapping[str, Sequence[int]]) -> None:
    """Note which stages a store has sent events of."""
    seen = store.seen
    if len(seen) < len(STAGES):  # asked for every store and minute: look no more once all were seen
        for index, column in enumerate(zip(*segments.values(), strict=True)):
            if index not in seen and any(column):
                seen.add(index)


def unjudged_rows(
    judged: Mapping[str, StoreEntry],
    stores: Mapping[str, StoreEntry],
    minute: int,
    counts: Mapping[str, Mapping[str, Sequence[int]]],
) -> list[ScoreRow]:
    """Rows that say what cannot be judged: stages a store does not supply, stores without a baseline."""
    rows: list[ScoreRow] = []
    at = minute * MINUTE_MS
    for store_id, store in judged.items():
        rows.extend(unjudged_row(store_id, at, step, 0.0, ScoreState.MISSING_STAGE) for step in store.missing)
    for store_id, segments in counts.items():  # a quiet store without a baseline costs nothing
        store = stores[store_id]
        if store.baseline is not None:
            continue
        note_seen(store, segments)
        for step in steps_of(STAGES[index] for index in store.seen):
            if step.is_fast:
                down = STAGE_INDEX[step.downstream]
                arrived = float(
                    sum(n[down] for name, n in segments.items() if takes_part(name, step.upstream))
                )
                rows.append(unjudged_row(store_id, at, step.id, arrived, ScoreState.NO_BASELINE))
    return rows
