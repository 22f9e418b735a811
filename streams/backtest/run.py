"""Drives the fit and the detector over a table of minute counts, minute by minute, as the monitor would have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scoring.alerts.alert import AlertKind, AlertTransition
from scoring.baselines import StoreBaseline, fit_baselines
from scoring.baselines.minute_table import MinuteTable
from scoring.baselines.peers import Lenders, lend, youngest
from scoring.counting.lateness import Lateness
from scoring.detection import DetectionPolicy, Detector
from scoring.detection.comparison import LatestAlerts
from scoring.detection.pools import PoolDetector
from scoring.funnel.pools import PoolRules

DAY = 1440
#: what the nightly job fits on, and how long filters run in before the first minute that counts
_TRAIN_DAYS, _WARM_DAYS = 28, 2
#: what a file that is fitted on once is fitted on at most: older days say less and less of the store as it is
_FILE_DAYS = 56


def training_end(table: MinuteTable) -> int:
    """Where training ends by default: after four weeks, or two thirds of a shorter history."""
    return table.first + min(_TRAIN_DAYS * DAY, (table.last - table.first) * 2 // 3)


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """A finished backtest: alerts in the tested stretch, those the calendar held back, those of traffic, its first baselines.

    ``pooled`` are the alerts of pools; ``pools`` how many pools were judged; ``rises`` alerts of surges and of stages whose
    events vanished while the next went on.
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


def run_backtest(
    table: MinuteTable,
    train_until: int,
    policy: DetectionPolicy,
    refit_days: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
    pools: PoolRules | None = None,
    lenders: Lenders | None = None,
) -> BacktestResult:
    """Fit on what came before ``train_until`` and judge every minute after it.

    Args:
        table: the counts.
        train_until: minutes since 1970 UTC; what came before it (four weeks of it, eight if it is fitted once) is training.
        policy: thresholds.
        refit_days: fit again every so many days on the four weeks before, as the nightly job does; 0: never.
        progress: told the phase, how much of it is done and how much there is.
        pools: who is pooled with whom; left out, no pool is judged.
        lenders: what peers and a benchmark lend to stores with a short history.
    """
    told = progress or (lambda phase, done, total: None)
    total = len(table.stores)

    def fit(until: int) -> list[StoreBaseline]:
        since = max(table.first, until - (_TRAIN_DAYS if refit_days else _FILE_DAYS) * DAY)
        histories = table.histories(since, until)
        fitted = fit_baselines(
            histories,
            until * 60_000,
            progress=lambda phase, done: told("fit", done, total) if phase == "exposure" else None,
            pools=pools,
            slow=table.slow,
        )
        return lend(fitted, lenders, youngest(histories), until * 60_000) if lenders is not None else fitted

    baselines = fit(train_until)
    detector = Detector(policy, table.rules)
    pooling = PooledReplay(detector, PoolDetector(policy, pools or PoolRules(), table.rules))

    def learn(fitted: list[StoreBaseline]) -> None:
        for baseline in fitted:
            (pooling.pools if baseline.members else detector).set_baseline(baseline)

    learn(baselines)
    rows = list(table.rows())
    places = np.array([detector.row_of(store, segment) for store, segment in rows])
    firsts = [number for number, row in enumerate(rows) if number == 0 or row[0] != rows[number - 1][0]]
    names, lateness = [rows[number][0] for number in firsts], Lateness()
    book = LatestAlerts()
    begin = max(table.first, train_until - _WARM_DAYS * DAY)
    begin -= (begin - train_until) % DAY if begin > table.first else 0
    for day in range(begin, table.last, DAY):
        last = min(day + DAY, table.last)
        if refit_days and day > train_until and (day - train_until) % (refit_days * DAY) == 0:
            learn(fit(day))
        block = table.block(day, last)
        ordered = np.zeros_like(block)
        ordered[:, places] = block
        events = np.add.reduceat(block.sum(2), firsts, axis=1).tolist()
        for minute in range(day, last):
            totals = {
                name: (count,) for name, count in zip(names, events[minute - day], strict=True) if count
            }
            delays = lateness.close(minute, totals)
            found = detector.advance_matrix(minute, ordered[minute - day], delays)
            if pools is not None:
                found = found + pooling.advance(minute)
            if found:
                book.follow(found)
        told("score", last - begin, table.last - begin)
    fitted = {baseline.store_id for baseline in baselines if not baseline.members}
    opened = book.fired(train_until * 60_000)
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
        len(pooling.pools.pools),
        tuple(alert for alert in fired if alert.kind in (AlertKind.SURGE, AlertKind.TRACKING)),
    )
