"""Slow changes: whether a step converts less over weeks than in the four weeks before, which no window of hours shows.

A shop that loses three percent a day is never surprising within nine hours, and the daily level follows it down. Here whole
days are compared: the last seven (or 28) against the 28 before them, weekday against weekday. What a rate strays by from day to
day and from week to week is estimated from the 28 days themselves, mixed with what is usual, so that a calm shop shows less
and a lively one more before it is called a drift.

With D downstream and U upstream events, s the weekday's share and r the rate of the reference:
  E = Σ U·r·s,  z = log((D + ½)/(E + ½)) / sqrt(1/(E + ½) + 1/(D_ref + ½) + ω·(g(n) + g(28)) + W·(1/w + 1/4))
where ω is the variance of a day's log rate, g(n) that of a mean of n days with correlation ``_RHO`` in units of it, W the variance
of a week's and w the weeks in the window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr

from scoring.baselines.baseline import StepDrift
from scoring.funnel.arrays import Bools, Floats, Ints
from scoring.funnel.stages import STAGE_INDEX, Step

#: days of the comparison, and what is compared with them
REFERENCE_DAYS = 28
WINDOWS = (7, 28)
#: days that both need: of the reference, and this share of the window
_LEAST_REFERENCE, _LEAST_SHARE = 21, 0.7
#: downstream events that the window needs to be due
_LEAST_EXPECTED = 30.0
#: variance of a day's and of a week's log rate before anything is known of a store, and how many days that belief is worth
_DAY_VARIANCE, _WEEK_VARIANCE, _WORTH = 0.06**2, 0.04**2, 10.0
_RHO = 0.3
#: a day further than this many standard deviations off is not compared with: an incident has an alert of its own
_FURTHEST = 4.0
_Z99 = 2.576
_LN10 = float(np.log(10))


@dataclass(frozen=True, slots=True)
class DailyCounts:
    """Whole days of one store on its own clock, without gaps between the first and the last.

    Attributes:
        first_day: days since 1970-01-01 of the first.
        counts: (days, 7) events by stage; bots and what is set apart are not in them.
        excluded: (days,) days that the calendar names.
        pageless: (days, 7) those of ``counts`` that are of orders without a page; None: there are none.
    """

    first_day: int
    counts: Ints
    excluded: Bools
    pageless: Ints | None = None


def drifts_of(days: DailyCounts, steps: Mapping[str, Step]) -> tuple[StepDrift, ...]:
    """The drift of each step's rate downwards, the more surprising of both windows; steps that can be compared only."""
    found = []
    for name, step in steps.items():
        up = days.counts[:, STAGE_INDEX[step.upstream]].astype(float)
        down = days.counts[:, STAGE_INDEX[step.downstream]].astype(float)
        if step.is_from_page and days.pageless is not None:
            down -= days.pageless[:, STAGE_INDEX[step.downstream]]
        looks = [_compare(name, days, up, down, length) for length in WINDOWS]
        known = [look for look in looks if look is not None]
        if known:
            found.append(max(known, key=lambda look: look.surprise))
    return tuple(found)


def _compare(name: str, days: DailyCounts, up: Floats, down: Floats, length: int) -> StepDrift | None:
    size = len(up)
    if size < length + _LEAST_REFERENCE:
        return None
    weekday = (days.first_day + 3 + np.arange(size)) % 7
    usable = (up > 0) & ~days.excluded
    window = np.arange(size) >= size - length
    reference = usable & ~window & (np.arange(size) >= size - length - REFERENCE_DAYS)
    window = window & usable
    if reference.sum() < _LEAST_REFERENCE or window.sum() < _LEAST_SHARE * length:
        return None
    fitted = _fit(up[reference], down[reference], weekday[reference])
    if fitted is None:
        return None
    logs, day_variance, week_variance, arrived = fitted
    expected = float((up[window] * np.exp(logs[weekday[window]])).sum())
    if expected < _LEAST_EXPECTED:
        return None
    observed, n = float(down[window].sum()), int(window.sum())
    variance = (
        1 / (expected + 0.5)
        + 1 / (arrived + 0.5)
        + day_variance * (_mean_variance(n) + _mean_variance(int(reference.sum())))
        + week_variance * (7 / length + 7 / REFERENCE_DAYS)
    )
    spread = float(np.sqrt(variance))
    z = float(np.log((observed + 0.5) / (expected + 0.5))) / spread
    last = days.first_day + size - 1
    return StepDrift(
        step=name,
        first_day=last - length + 1,
        last_day=last,
        surprise=round(max(float(-log_ndtr(z)) / _LN10, 0.0), 3) if z < 0 else 0.0,
        observed=observed,
        expected=round(expected, 2),
        low=round(expected * float(np.exp(-_Z99 * spread)), 2),
        high=round(expected * float(np.exp(_Z99 * spread)), 2),
        sample=float(up[window].sum()),
        log_variance=round(variance, 6),
    )


def _fit(up: Floats, down: Floats, weekday: Ints) -> tuple[Floats, float, float, float] | None:
    """(7,) log rates by weekday, the variances of a day's and a week's log rate, and the arrivals they rest on."""
    kept: Bools = np.ones(len(up), dtype=bool)
    day_variance = _DAY_VARIANCE
    logs = np.zeros(7)
    for _ in range(3):
        if down[kept].sum() <= 0:
            return None
        rate = float(np.log(down[kept].sum() / up[kept].sum()))
        logs = rate + _weekdays(down[kept], up[kept] * np.exp(rate), weekday[kept], day_variance)
        mean = up * np.exp(logs[weekday])
        day_variance = _excess(down[kept], mean[kept], _DAY_VARIANCE)
        kept = np.abs(down - mean) <= _FURTHEST * np.sqrt(mean + mean**2 * day_variance) + 1.0
    mean = up * np.exp(logs[weekday])
    weeks = np.arange(len(up)) * 4 // len(up)
    by_week = (
        np.bincount(weeks, down * kept, 4).astype(float),
        np.bincount(weeks, mean * kept, 4).astype(float),
    )
    # what days alone make a week stray by is in the days' variance already
    within = day_variance * _mean_variance(7)
    week_variance = max(_excess(*by_week, _WEEK_VARIANCE + within) - within, _WEEK_VARIANCE / 4)
    return logs, day_variance, week_variance, float(down[kept].sum())


def _weekdays(down: Floats, mean: Floats, weekday: Ints, day_variance: float) -> Floats:
    """(7,) logs of the weekdays, shrunk as far as they do not differ by more than chance."""
    arrived, expected = np.bincount(weekday, down, 7), np.bincount(weekday, mean, 7)
    many = np.maximum(np.bincount(weekday, minlength=7), 1)
    y = np.log((arrived + 0.5) / (expected + 0.5))
    variance = 1 / (expected + 0.5) + day_variance / many
    between = max(0.0, float(np.mean(y**2 - variance)))
    return np.asarray(y * between / (between + variance))


def _excess(down: Floats, mean: Floats, prior: float) -> float:
    """The variance of the log beyond Poisson's, mixed with what is usual."""
    found = float(np.sum((down - mean) ** 2 - mean) / max(float(np.sum(mean**2)), 1e-9))
    worth = _WORTH if len(down) > 4 else _WORTH / 2
    return (worth * prior + len(down) * max(found, 0.0)) / (worth + len(down))


def _mean_variance(n: int) -> float:
    """Variance of the mean of n neighbours with correlation ``_RHO``, in units of one's."""
    rho = _RHO
    return (1 + 2 * (rho / (1 - rho) - rho * (1 - rho**n) / (n * (1 - rho) ** 2))) / n
