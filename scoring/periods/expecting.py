"""What is expected of a period: the store's own rate, its days of the week (or hours), its level of late, and how sure that is.

Of the same making as ``scoring/baselines`` for minutes (rate, profile shrunk by its own variance, level of fourteen days with a half-life of
three, wobble from what is left over), for the few dozen numbers that a report gives. With few numbers the wobble itself is not well
known: it is mixed with a prior worth ten periods and taken for larger the fewer they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scoring.funnel.arrays import Bools, Floats, Ints

#: periods of history that are learned from, and from how many on anything is judged; by days (an hour's are 24 times as many)
TRAIN_DAYS, LEAST_DAYS = 56, 14
_LEVEL_DAYS, _HALF_LIFE_DAYS, _LEVEL_PRIOR = 14, 3.0, 0.05**2
#: wobble of a day's rate before anything is known of a store, and how many periods that belief is worth
_PRIOR_WOBBLE, _PRIOR_WORTH = 0.10**2, 10.0
#: how much larger the wobble is taken for than it was found: 1 + this / periods. A judgement: tests/bench/periods shows what it costs and
#: that other values were not compared
_FEWNESS = 12.0
#: a period further off than this is not learned from
_OUTLIER = 4.0
#: correlation of a period's wobble with the next one's
RHO = 0.5


@dataclass(frozen=True, slots=True)
class Expectation:
    """Log rate by cell of the season, and what is not known of it.

    Attributes:
        log_rate: (cells,) of downstream events per upstream event.
        unknown: variance of the log that all periods ahead share (rate, level, season).
        wobble: variance of the log from period to period.
    """

    log_rate: Floats
    unknown: float
    wobble: float

    def mean(self, upstream: Floats, cell: Ints) -> Floats:
        """Expected downstream events of periods."""
        return np.asarray(upstream * np.exp(self.log_rate[cell]))

    def variance(self, periods: int) -> float:
        """Variance of the log of the mean over a window of ``periods``."""
        rho, n = RHO, periods
        mean = (1 + 2 * (rho / (1 - rho) - rho * (1 - rho**n) / (n * (1 - rho) ** 2))) / n
        return self.wobble * mean + self.unknown


def expect(
    upstream: Floats, downstream: Floats, cell: Ints, age: Floats, cells: int, wobble_floor: float
) -> Expectation | None:
    """Fit the expectation of the periods that follow; None where nothing converts.

    Args:
        upstream, downstream: (periods,) figures that may be learned from.
        cell: (periods,) the day or the hour of the week.
        age: (periods,) days between each and the period to be judged.
        cells: of the season.
        wobble_floor: variance that the wobble is never believed to be below.
    """
    kept: Bools = upstream > 0
    log_rate, wobble = np.zeros(cells), _PRIOR_WOBBLE
    for _ in range(3):
        n, a, c, old = upstream[kept], downstream[kept], cell[kept], age[kept]
        if not len(n) or a.sum() <= 0:
            return None
        rate = float(np.log(a.sum() / n.sum()))
        season, season_unknown = _season(a, n * np.exp(rate), c, cells, wobble)
        mean = n * np.exp(rate + season[c])
        level, level_unknown = _level(a, mean, old, wobble)
        log_rate = rate + season + level
        mean = n * np.exp(rate + season[c])
        wobble = _wobble(a, mean, wobble_floor)
        spread = np.sqrt(upstream * np.exp(log_rate[cell] - level))
        usual = upstream * np.exp(log_rate[cell] - level)
        kept = (upstream > 0) & (
            np.abs(downstream - usual) <= _OUTLIER * np.sqrt(spread**2 + usual**2 * wobble) + 1.0
        )
    unknown = 1 / (a.sum() + 0.5) + wobble / len(n) + season_unknown + level_unknown
    return Expectation(log_rate, float(unknown), float(wobble * (1 + _FEWNESS / len(n))))


def _season(a: Floats, mean: Floats, cell: Ints, cells: int, wobble: float) -> tuple[Floats, float]:
    """(cells,) logs, each shrunk as far as the differences between cells are not more than chance; and what is not known of one."""
    arrived = np.bincount(cell, a, cells)
    expected = np.bincount(cell, mean, cells)
    many = np.maximum(np.bincount(cell, minlength=cells), 1)
    y = np.log((arrived + 0.5) / (expected + 0.5))
    variance = 1 / (expected + 0.5) + wobble / many
    weight = 1 / (variance + 0.02) ** 2
    between = max(0.0, float(np.sum(weight * (y**2 - variance)) / np.sum(weight)))
    shrunk = y * between / (between + variance) if between else np.zeros(cells)
    return shrunk, float(np.mean(between * variance / (between + variance)))


def _level(a: Floats, mean: Floats, age: Floats, wobble: float) -> tuple[float, float]:
    late = age <= _LEVEL_DAYS
    weight = np.exp2(-age[late] / _HALF_LIFE_DAYS)
    expected = float(np.sum(weight * mean[late]))
    if expected <= 0:
        return 0.0, _LEVEL_PRIOR
    y = float(np.log((np.sum(weight * a[late]) + 0.5) / (expected + 0.5)))
    # wobble that lasts over neighbours counts as if there were fewer of them
    share = float(np.sum((weight * mean[late]) ** 2)) / expected**2
    variance = float(np.sum(weight**2 * mean[late])) / expected**2 + wobble * share * (1 + RHO) / (1 - RHO)
    known = _LEVEL_PRIOR / (_LEVEL_PRIOR + variance)
    return y * known, _LEVEL_PRIOR * (1 - known)


def _wobble(a: Floats, mean: Floats, floor: float) -> float:
    found = float(np.sum((a - mean) ** 2 - mean) / np.sum(mean**2))
    mixed = (_PRIOR_WORTH * _PRIOR_WOBBLE + len(a) * max(found, 0.0)) / (_PRIOR_WORTH + len(a))
    return max(mixed, floor)
