"""Runs what shops usually set up next to a backtest of the product, at no more alerts in the same stretch than the product opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.alerts.alert import Level
from scoring.baselines import StoreHistory
from scoring.baselines.baseline import StoreBaseline
from scoring.baselines.localtime import WEEK_MINUTES, local_minutes
from scoring.baselines.minute_table import MinuteTable
from scoring.calendar.effects import DAY
from scoring.detection.comparison import KnownIncident, compare
from scoring.detection.usual import USUAL, StepStream, UsualMethod, openings, thresholds_for
from scoring.funnel.segment_names import takes_part
from scoring.funnel.stages import STAGE_INDEX
from scoring.funnel.units import MINUTE_MS
from streams.backtest.run import TRAIN_DAYS, BacktestResult

#: store, step and a method's score of each judged minute
_Scored = tuple[str, str, NDArray[np.float32]]
#: thresholds that are tried for a method, at most
_TRIED = 100


@dataclass(frozen=True, slots=True)
class UsualAlert:
    """An alert that another method would have opened, on a step of a whole store."""

    method: UsualMethod
    store_id: str
    step: str
    opened_at_ms: int
    level: Level = Level.NOTICE


@dataclass(frozen=True, slots=True)
class UsualResult:
    """What a method would have opened, and at which threshold of its score."""

    method: UsualMethod
    threshold: float
    alerts: tuple[UsualAlert, ...]


def run_usual(
    table: MinuteTable,
    outcome: BacktestResult,
    incidents: Sequence[KnownIncident] = (),
    progress: Callable[[int, int], None] | None = None,
) -> list[UsualResult]:
    """Every method over every step that the product judges each minute.

    Thresholds are chosen with hindsight, on the tested stretch itself, among those at which a method opens no more alerts of conversion
    than the product did: the one that serves best against ``incidents``; the lowest where none are known.

    Args:
        table: the counts.
        outcome: the product's backtest of them.
        incidents: what is known to have gone wrong.
        progress: called with the methods that are done and how many there are.
    """
    span = outcome.from_minute * MINUTE_MS, outcome.until_minute * MINUTE_MS

    def at(threshold: float, method: UsualMethod, scored: list[_Scored]) -> UsualResult:
        alerts = [
            UsualAlert(method, store, step, span[0] + (int(minute) + 1) * MINUTE_MS)
            for store, step, score in scored
            for minute in openings(score, threshold)
        ]
        alerts.sort(key=lambda alert: (alert.opened_at_ms, alert.store_id, alert.step))
        return UsualResult(method, threshold, tuple(alerts))

    def worth(result: UsualResult) -> tuple[float, ...]:
        met = compare(result.alerts, incidents, list(table.stores), *span)
        delay = met.median_delay_minutes
        return met.found, -met.false_alerts, 0.0 if delay is None else -delay

    found = []
    for number, (method, score) in enumerate(USUAL.items()):
        # one method at a time: of many stores, the scores of all would not fit into memory
        scored = [
            (store, step, score(stream).astype(np.float32))
            for store, step, stream in _streams(table, outcome)
        ]
        fit = thresholds_for([own for _, _, own in scored], len(outcome.alerts)).tolist()
        tried = fit[:: len(fit) // _TRIED + 1] if incidents else fit[:1]
        found.append(max((at(threshold, method, scored) for threshold in tried), key=worth))
        if progress is not None:
            progress(number + 1, len(USUAL))
    return found


def _streams(table: MinuteTable, outcome: BacktestResult) -> Iterator[tuple[str, str, StepStream]]:
    """Store, step and counts of each step up to payment, four weeks of history at most and a day at least."""
    first = max(table.first, outcome.from_minute - TRAIN_DAYS * DAY)
    for baseline in outcome.baselines:
        if baseline.members:
            continue
        history = table.history(baseline.store_id, first, outcome.until_minute)
        if history is None or outcome.from_minute - history.start_minute < DAY:
            continue
        yield from _of_store(baseline, history, outcome.from_minute - history.start_minute)


def _of_store(
    baseline: StoreBaseline, history: StoreHistory, trained: int
) -> Iterator[tuple[str, str, StepStream]]:
    minutes = np.arange(history.counts.shape[2], dtype=np.int64)
    hours = local_minutes(history.zone, history.start_minute + minutes) % WEEK_MINUTES // 60
    for name, step in baseline.steps.items():
        rows = [row for row, segment in enumerate(history.segments) if takes_part(segment, step.upstream)]
        up, down = (
            history.counts[rows, STAGE_INDEX[stage]].sum(0, dtype=np.int64).astype(float)
            for stage in (step.upstream, step.downstream)
        )
        yield baseline.store_id, name, StepStream(up, down, hours, trained)
