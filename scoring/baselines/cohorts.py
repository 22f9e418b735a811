"""Cohorts of slow steps for people: of those who paid on a day, how many were fulfilled (or bought again) so far.

A young cohort looks bad only because it is young. So each is shown with F(age), the share of its conversions that should have
come by now, and the rate corrected by it, advanced / (entered · F); below F = 5 % the rate is hidden, because dividing by next
to nothing says nothing. F is the reverse-time hazard estimate from the pairs themselves (``baselines/kernel.py``), so it is
not biased by the young. Alerts do not come from cohorts but from arrivals (``detection/slow.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.baselines.kernel import kernel_from_pairs

#: below this completeness no rate is shown
MIN_COMPLETE = 0.05
#: pairs below which F is not known
MIN_PAIRS = 20


@dataclass(frozen=True, slots=True)
class Cohort:
    """One cohort: number of its first day, mean age, who entered, who advanced by now, how complete that should be, the corrected rate.

    ``completeness`` is None while it is not known; ``rate`` is None then, and while it is below ``MIN_COMPLETE``.
    """

    day: int
    age_days: float
    entered: int
    advanced: int
    completeness: float | None
    rate: float | None


def completeness_by_day(delays: NDArray[np.int64], possible: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """F(d) for d = 0, 1, … days up to the longest delay, where it is 1; from pairs; None with too few of them.

    Args:
        delays: (pairs,) whole days from the first to the second event.
        possible: (pairs,) whole days from the first event to now.
    """
    if len(delays) < MIN_PAIRS:
        return None
    kernel = kernel_from_pairs(delays, np.maximum(possible, delays), most=int(delays.max()) + 1)
    reached = np.cumsum(kernel.pmf)  # of rounded shares, which may add up to a millionth less than 1
    return np.asarray(reached / reached[-1])


def make_cohorts(
    today: int, rows: Sequence[tuple[int, int, int]], reached: NDArray[np.float64] | None, span: int = 1
) -> tuple[Cohort, ...]:
    """Cohorts of ``span`` days, the latest first; one of several days is as complete as its members are on average.

    Args:
        today: the day number of now.
        rows: (day, entered, advanced by now), one a day.
        reached: F by age in days; from its end on it is 1.
        span: days a cohort.
    """
    together: dict[int, list[tuple[int, int, int]]] = {}
    for row in rows:
        together.setdefault(row[0] // span, []).append(row)
    made = []
    for number in sorted(together, reverse=True):
        members = together[number]
        entered, advanced = sum(row[1] for row in members), sum(row[2] for row in members)
        ages = [max(today - day, 0) for day, _, _ in members]
        age = sum(old * row[1] for old, row in zip(ages, members, strict=True)) / max(entered, 1)
        complete = None
        if reached is not None and entered > 0:
            due = [float(reached[min(old, len(reached) - 1)]) for old in ages]
            complete = sum(share * row[1] for share, row in zip(due, members, strict=True)) / entered
        is_mature = complete is not None and complete >= MIN_COMPLETE
        rate = advanced / (entered * complete) if is_mature and complete is not None else None
        made.append(Cohort(number * span, age, entered, advanced, complete, rate))
    return tuple(made)
