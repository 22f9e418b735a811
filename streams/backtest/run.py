"""Drives the fit and the scorer over a table of minute counts, minute by minute, as the monitor would have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scoring.alerts import AlertKind, AlertTransition
from scoring.backtest import AlertBook
from scoring.baselines import StoreBaseline, fit_baselines
from scoring.baselines.minute_table import MinuteTable
from scoring.detection import DetectionPolicy, Scorer

DAY = 1440
#: what is fitted on, and how long filters run in before the first minute that counts
_TRAIN_DAYS, _WARM_DAYS = 28, 2


def training_end(table: MinuteTable) -> int:
    """Where training ends by default: after four weeks, or two thirds of a shorter history."""
    return table.first + min(_TRAIN_DAYS * DAY, (table.last - table.first) * 2 // 3)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished backtest: alerts in the tested stretch, those the calendar held back, those of traffic, its first baselines."""

    alerts: list[AlertTransition]
    held_back: list[AlertTransition]
    traffic: list[AlertTransition]
    baselines: list[StoreBaseline]
    from_minute: int
    until_minute: int
    unfitted: tuple[str, ...]

    def store_weeks(self, stores: int) -> float:
        """The tested stretch times how many stores."""
        return stores * (self.until_minute - self.from_minute) / (7 * DAY)


def run_backtest(
    table: MinuteTable,
    train_until: int,
    policy: DetectionPolicy,
    refit_days: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> Outcome:
    """Fit on what came before ``train_until`` and judge every minute after it.

    Args:
        table: the counts.
        train_until: minutes since 1970 UTC; everything before it (at most four weeks are used) is training.
        policy: thresholds.
        refit_days: fit again every so many days on the four weeks before, as the nightly job does; 0: never.
        progress: told the phase, how much of it is done and how much there is.
    """
    told = progress or (lambda phase, done, total: None)
    total = len(table.stores)

    def fit(until: int) -> list[StoreBaseline]:
        since = max(table.first, until - _TRAIN_DAYS * DAY) if refit_days else table.first
        return fit_baselines(
            table.histories(since, until),
            until * 60_000,
            progress=lambda phase, done: told("fit", done, total) if phase == "exposure" else None,
            slow=table.slow,
        )

    baselines = fit(train_until)
    scorer = Scorer(policy, table.rules)
    for baseline in baselines:
        scorer.set_baseline(baseline)
    places = np.array([scorer.row_of(store, segment) for store, segment in table.rows()])
    book = AlertBook()
    begin = max(table.first, train_until - _WARM_DAYS * DAY)
    begin -= (begin - train_until) % DAY if begin > table.first else 0
    for day in range(begin, table.last, DAY):
        last = min(day + DAY, table.last)
        if refit_days and day > train_until and (day - train_until) % (refit_days * DAY) == 0:
            for baseline in fit(day):
                scorer.set_baseline(baseline)
        block = table.block(day, last)
        ordered = np.zeros_like(block)
        ordered[:, places] = block
        for minute in range(day, last):
            found = scorer.advance_counts(minute, ordered[minute - day])
            if found:
                book.follow(found)
        told("score", last - begin, table.last - begin)
    fitted = {baseline.store_id for baseline in baselines}
    opened = book.fired(train_until * 60_000)
    fired = [alert for alert in opened if alert.fired_at_ms is not None]
    return Outcome(
        [alert for alert in fired if alert.kind is not AlertKind.TRAFFIC],
        [alert for alert in opened if alert.fired_at_ms is None],
        [alert for alert in fired if alert.kind is AlertKind.TRAFFIC],
        baselines,
        train_until,
        table.last,
        tuple(store for store in table.stores if store not in fitted),
    )
