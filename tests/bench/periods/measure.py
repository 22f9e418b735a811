"""Measures how often report series without any fall give an alert, and which falls are found: ``python -m tests.bench.periods.measure``."""

from __future__ import annotations

import sys

import numpy as np

from scoring.detection.policy import DetectionPolicy
from scoring.periods.expecting import LEAST_DAYS
from scoring.periods.judging import PeriodIncident, SeriesJudge
from scoring.periods.series import PeriodPoint
from scoring.records.report_row import Period
from tests.bench.periods.simulator import DAYS_A_WEEK, Store, days_of, draw_store

CLEAN_DAYS, FALL_FROM, FALL_DAYS = 140, 60, 7


def incidents_of(points: list[PeriodPoint]) -> list[PeriodIncident]:
    """What the product finds, with its defaults."""
    return SeriesJudge(points, Period.DAY, "UTC", "store", DetectionPolicy()).incidents()


def false_alarms(seed: int, stores: int, clump: float = 0.0) -> tuple[int, float]:
    """Alerts on stores without any fall, and the store-weeks in which there could have been one."""
    rng = np.random.default_rng(seed)
    found = sum(len(incidents_of(days_of(rng, draw_store(rng, clump), CLEAN_DAYS))) for _ in range(stores))
    return found, stores * (CLEAN_DAYS - LEAST_DAYS) / DAYS_A_WEEK


def delays(seed: int, stores: int, per_day: float, lost: float) -> list[int]:
    """Days after which a fall of ``FALL_DAYS`` days is found, of the stores in which it is."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(stores):
        points = days_of(
            rng, Store(per_day, 0.08, 0.08), FALL_FROM + 2 * FALL_DAYS, (FALL_FROM, FALL_DAYS, lost)
        )
        opened = [one.opened for one in incidents_of(points) if one.opened >= FALL_FROM]
        found += [min(opened) - FALL_FROM + 1] if opened else []
    return found


def main() -> None:
    """Print the tables of README.md."""
    stores = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    for name, clump in (("Poisson", 0.0), ("negative binomial 0.01", 0.01), ("negative binomial 0.03", 0.03)):
        for seed in (11, 12):
            alerts, weeks = false_alarms(seed, stores, clump)
            print(
                f"clean, {name}, seed {seed}: {alerts} alerts in {weeks:.0f} store-weeks = {alerts / weeks:.4f}"
            )
    each = max(stores // 8, 5)
    for lost in (0.3, 0.5, 0.9):
        for per_day in (200, 1000, 5000, 30_000):
            found = delays(13, each, per_day, lost)
            median = f"{np.median(found):g} d" if found else "-"
            print(f"-{lost:.0%} at {per_day} visits a day: found {len(found) / each:.0%}, median {median}")


if __name__ == "__main__":
    main()
