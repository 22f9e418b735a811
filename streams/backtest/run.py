"""Drives the fit and the detector over a table of minute counts, minute by minute, as the monitor would have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from scoring.alerts.alert import AlertKind, AlertTransition
from scoring.baselines import StoreBaseline, fit_baselines
from scoring.baselines.minute_table import MinuteTable
from scoring.baselines.peers import Lenders, lend, youngest
from scoring.calendar.effects import DAY
from scoring.counting.lateness import Lateness
from scoring.detection import DetectionPolicy, Detector
from scoring.detection.comparison import LatestAlerts
from scoring.detection.pools import PoolDetector
from scoring.funnel.pools import PoolRules
from scoring.funnel.units import MINUTE_MS

#: reports the phase, how much of it is done and how much there is
Progress = Callable[[str, int, int], None]
#: what the nightly job fits on, and how long filters run in before the first minute that counts
TRAIN_DAYS, _WARM_DAYS = 28, 2
#: what a file that is fitted on once is fitted on at most: older days say less and less of the store as it is
_FILE_DAYS = 56


def training_end(table: MinuteTable) -> int:
    """Where training ends by default: after four weeks, or two thirds of a shorter history."""
    return table.first + min(TRAIN_DAYS * DAY, (table.last - table.first) * 2 // 3)


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """A finished backtest: alerts in the tested stretch, those the calendar held back, those of traffic, its first baselines.

    ``pooled`` are the alerts of pools; ``pools`` how many pools were judged; ``rises`` alerts of surges and of stages whose
    events vanished while the next went on; ``paged_at_ms`` when an alert first was one that pages, by its id.
    """

    alerts: list[AlertTransition]
    held_back: list[AlertTransition]
    traffic: list[AlertTransition]
    baselines: list[StoreBaseline]
    from_minute: int
    until_minute: int
    unfitted: tuple[str, ...]
    pooled: tuple[AlertTransition, ...] = ()
    pools: int = 0
    rises: tuple[AlertTransition, ...] = ()
    paged_at_ms: Mapping[str, int] = field(default_factory=dict)

    def store_weeks(self, stores: int) -> float:
        """The tested stretch times how many stores."""
        return stores * (self.until_minute - self.from_minute) / (7 * DAY)


class PooledReplay:
    """Gives pools what the stores' detector expected of each minute, as ``streams/pools`` does with its score rows."""

    def __init__(self, detector: Detector, pools: PoolDetector) -> None:
        self._detector = detector
        self.pools = pools
        self._parts = np.zeros(0, dtype=np.intp)

    def advance(self, minute: int) -> list[AlertTransition]:
        """Close a minute that the stores' detector has just closed."""
        seen = self._detector.expectations()
        known = len(self._parts)
        if known < len(seen.names):
            new = [self.pools.part(*name) for name in seen.names[known:]]
            self._parts = np.append(self._parts, np.array(new, dtype=np.intp))
        counts = np.zeros(len(self._parts), dtype=bool)
        counts[seen.shown] = True
        counts &= (self._parts >= 0) & seen.believed & (seen.expected > 0)
        return self.pools.advance(
            minute, self._parts[counts], seen.arrived[counts], seen.expected[counts], seen.variance[counts]
        )


@dataclass(frozen=True, slots=True)
class _Fitting:
    """How baselines are fitted: on which counts, and what pools, peers and a benchmark add."""

    table: MinuteTable
    train_days: int
    pools: PoolRules | None
    lenders: Lenders | None
    progress: Progress

    def until(self, minute: int) -> list[StoreBaseline]:
        """The baselines fitted on the days before ``minute``."""
        table, total = self.table, len(self.table.stores)
        histories = table.histories(max(table.first, minute - self.train_days * DAY), minute)
        fitted = fit_baselines(
            histories,
            minute * MINUTE_MS,
            progress=lambda phase, done: self.progress("fit", done, total) if phase == "exposure" else None,
            pools=self.pools,
            slow=table.slow,
        )
        if self.lenders is None:
            return fitted
        return lend(fitted, self.lenders, youngest(histories), minute * MINUTE_MS)


class _Replay:
    """Takes the minutes of a table through the detector in order, and keeps the latest transition of each alert."""

    def __init__(
        self, table: MinuteTable, detector: Detector, pooling: PooledReplay, judges_pools: bool
    ) -> None:
        self._table, self._detector, self._pooling = table, detector, pooling
        self._judges_pools = judges_pools
        rows = list(table.rows())
        self._places = np.array([detector.row_of(store, segment) for store, segment in rows])
        #: the first row of each store
        self._firsts = [
            number for number, row in enumerate(rows) if number == 0 or row[0] != rows[number - 1][0]
        ]
        self._names = [rows[number][0] for number in self._firsts]
        self._lateness = Lateness()
        self.book = LatestAlerts()

    def learn(self, fitted: list[StoreBaseline]) -> None:
        """Judge by these baselines from now on."""
        for baseline in fitted:
            (self._pooling.pools if baseline.members else self._detector).set_baseline(baseline)

    def advance(self, first: int, last: int) -> None:
        """Judge the minutes from ``first`` to before ``last``."""
        block = self._table.block(first, last)
        ordered = np.zeros_like(block)
        ordered[:, self._places] = block
        events = np.add.reduceat(block.sum(2), self._firsts, axis=1).tolist()
        for minute in range(first, last):
            counted = zip(self._names, events[minute - first], strict=True)
            delays = self._lateness.close(minute, {name: (count,) for name, count in counted if count})
            found = self._detector.advance_matrix(minute, ordered[minute - first], delays)
            if self._judges_pools:
                found = found + self._pooling.advance(minute)
            if found:
                self.book.follow(found)


def run_backtest(
    table: MinuteTable,
    train_until: int,
    policy: DetectionPolicy,
    refit_days: int = 0,
    progress: Progress | None = None,
    pools: PoolRules | None = None,
    lenders: Lenders | None = None,
) -> BacktestResult:
    """Fit on what came before ``train_until`` and judge every minute after it.

    Args:
        table: the counts.
        train_until: minutes since 1970 UTC; what came before it (four weeks of it, eight if it is fitted once) is training.
        policy: thresholds.
        refit_days: fit again every this many days on the four weeks before, as the nightly job does; 0: never.
        progress: called with the phase, how much of it is done and how much there is.
        pools: who is pooled with whom; left out, no pool is judged.
        lenders: what peers and a benchmark lend to stores with a short history.
    """
    report = progress or (lambda phase, done, total: None)
    fitting = _Fitting(table, TRAIN_DAYS if refit_days else _FILE_DAYS, pools, lenders, report)
    baselines = fitting.until(train_until)
    detector = Detector(policy, table.rules)
    pooling = PooledReplay(detector, PoolDetector(policy, pools or PoolRules(), table.rules))
    replay = _Replay(table, detector, pooling, pools is not None)
    replay.learn(baselines)
    begin = max(table.first, train_until - _WARM_DAYS * DAY)
    begin -= (begin - train_until) % DAY if begin > table.first else 0
    for day in range(begin, table.last, DAY):
        last = min(day + DAY, table.last)
        if refit_days and day > train_until and (day - train_until) % (refit_days * DAY) == 0:
            replay.learn(fitting.until(day))
        replay.advance(day, last)
        report("score", last - begin, table.last - begin)
    return _result(table, train_until, baselines, replay.book, len(pooling.pools.pools))


def _result(
    table: MinuteTable, train_until: int, baselines: list[StoreBaseline], book: LatestAlerts, pools: int
) -> BacktestResult:
    """What was found after the training, sorted by kind."""
    fitted = {baseline.store_id for baseline in baselines if not baseline.members}
    opened = book.fired(train_until * MINUTE_MS)
    fired = [alert for alert in opened if alert.fired_at_ms is not None]
    return BacktestResult(
        [alert for alert in fired if alert.kind is AlertKind.CONVERSION],
        [alert for alert in opened if alert.fired_at_ms is None],
        [alert for alert in fired if alert.kind is AlertKind.TRAFFIC],
        baselines,
        train_until,
        table.last,
        tuple(store for store in table.stores if store not in fitted),
        tuple(alert for alert in fired if alert.kind is AlertKind.POOLED),
        pools,
        tuple(alert for alert in fired if alert.kind in (AlertKind.SURGE, AlertKind.TRACKING)),
        book.paged_at_ms,
    )
