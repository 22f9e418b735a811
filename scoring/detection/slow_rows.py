"""What is published of a slow step: its score row of a business hour and the evidence of its alert.

Called by ``slow.py`` at the end of each business hour.
"""

from __future__ import annotations

import msgspec
import numpy as np

from scoring.alerts.alert import Evidence, WindowFigures
from scoring.detection.engine import SeriesMinute
from scoring.detection.policy import WINDOWS
from scoring.detection.score_rows import WINDOW_MINUTES, unjudged_row
from scoring.detection.slow_clock import SlowStore
from scoring.detection.tail import LN10, predictive_interval
from scoring.funnel.scores import ScoreRow, ScoreState
from scoring.funnel.units import MINUTE_MS


def slow_row(
    store: SlowStore, minute: int, step: SeriesMinute, arrived: float, is_late: bool, exposed: float
) -> ScoreRow:
    """The score row of a store's slow step for the business hour that ended with ``minute``."""
    engine, number, baseline = store.clock.engine, store.series, store.baseline
    mean = np.array([step.predicted[number]])
    low, high = predictive_interval(
        mean, np.array([step.predicted_variance[number]]), engine.window_fast[0, [number]]
    )
    if (
        store.known < baseline.reach
    ):  # what arrives now left before anything was seen: it is expected of nothing
        return unjudged_row(
            store.store_id, minute * MINUTE_MS, baseline.step, float(arrived), ScoreState.NOT_ENOUGH_DATA
        )
    if engine.open[number] or step.surprise[number] >= engine.threshold[number]:
        state = ScoreState.BREACH
    elif is_late:
        state = ScoreState.DATA_LATE
    elif engine.expected_at_most()[number] < engine.threshold[number] * LN10:
        state = ScoreState.NOT_ENOUGH_DATA
    else:
        state = ScoreState.NORMAL
    return ScoreRow(
        store.store_id,
        minute * MINUTE_MS,
        baseline.step,
        "",
        float(arrived),
        float(mean[0]),
        float(low[0]),
        float(high[0]),
        float(step.surprise[number]),
        float(exposed),
        state,
        int(WINDOW_MINUTES[step.window[number]]) * 60,
        float(step.window_observed[number]),
        float(step.window_expected[number]),
    )


def slow_evidence(store: SlowStore, step: SeriesMinute) -> Evidence:
    """What an alert on the slow step rests on: the window that surprised most."""
    shown = slow_figures(store, int(step.window[store.series]))
    return Evidence(surprise=float(step.surprise[store.series]), **msgspec.structs.asdict(shown))


def slow_figures(store: SlowStore, window: int) -> WindowFigures:
    """What a window of business hours, an index into WINDOWS, shows of a slow step."""
    engine, number = store.clock.engine, store.series
    a, m, v, c = engine.peek(np.array([number]), np.array([window]))
    low, high = predictive_interval(m, v, c)
    return WindowFigures(
        float(a[0]),
        float(m[0]),
        float(low[0]),
        float(high[0]),
        WINDOWS[window] * 60,
        float(m[0]) / max(store.baseline.rate, 1e-9),
    )
