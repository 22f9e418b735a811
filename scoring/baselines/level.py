"""Season and daily level of every store-step: the factor on its rate at a minute, and how well it is known.

The hour-of-week profile comes with the baseline. The level is learned here, each local midnight, from the good hours
of the last days: with a = Σ w·A and e = Σ w·µ (weights halve every three days; hours off by more than four standard
deviations or with an open alert are left out), level = log((a+½)/(e+½))·t²/(t²+v), v = 1/(e+½) + v_hour·3/100, and
prior standard deviation t = 0.05.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scoring.baselines.baseline import StepBaseline
from scoring.baselines.localtime import WEEK_MINUTES, hour_neighbours, local_minute
from scoring.baselines.wobble import mean_variance
from scoring.funnel.arrays import Floats
from scoring.funnel.units import HOURS_A_WEEK

#: weight that a day's sums keep per day: half after three
DAILY_DECAY = 0.5 ** (1 / 3)
#: prior standard deviation of the daily level (log scale)
LEVEL_SPREAD = 0.05
#: an hour further than this from what is expected says nothing of the usual
LARGEST_Z = 4.0


def daily_level(arrivals: Floats, expected: Floats, hour_variance: Floats) -> tuple[Floats, Floats]:
    """The shrunk level and its posterior variance from the weighted sums of good hours."""
    prior = LEVEL_SPREAD**2
    variance = 1 / (expected + 0.5) + hour_variance * 3 / 100
    raw = np.log((arrivals + 0.5) / (expected + 0.5))
    return raw * prior / (prior + variance), prior * variance / (prior + variance)


class Levels:
    """Profiles and levels of steps, in arrays that grow as steps are added."""

    def __init__(self) -> None:
        self.size = 0
        self._capacity = 32
        self._zones: list[str] = []
        self._zone_of: NDArray[np.intp] = np.zeros(self._capacity, dtype=np.intp)
        self._profile: Floats = np.zeros((HOURS_A_WEEK, self._capacity))
        self._variance: Floats = np.zeros((HOURS_A_WEEK, self._capacity))
        #: the first minute that the step's baseline has not seen
        self._since: NDArray[np.int64] = np.zeros(self._capacity, dtype=np.int64)
        for name in (
            "level",
            "level_variance",
            "sum_arrived",
            "sum_expected",
            "hour_arrived",
            "hour_expected",
            "hour_variance",
        ):
            setattr(self, name, np.zeros(self._capacity))

    level: Floats
    level_variance: Floats
    sum_arrived: Floats
    sum_expected: Floats
    hour_arrived: Floats
    hour_expected: Floats
    hour_variance: Floats

    def add(self, zone: str, step: StepBaseline, since: int) -> int:
        """The index of a new step."""
        if self.size == self._capacity:
            self._grow()
        self.size += 1
        self.set(self.size - 1, zone, step, since)
        return self.size - 1

    def _grow(self) -> None:
        old, self._capacity = self._capacity, 2 * self._capacity
        for name, value in vars(self).copy().items():
            if isinstance(value, np.ndarray):
                grown = np.zeros((*value.shape[:-1], self._capacity), dtype=value.dtype)
                grown[..., :old] = value
                setattr(self, name, grown)

    def set(self, index: int, zone: str, step: StepBaseline, since: int) -> None:
        """Take over a baseline: its profile, and the level it was fitted with.

        ``since`` is the first minute that the baseline has not seen: earlier ones do not count towards the level again.
        """
        self._since[index] = since
        if zone not in self._zones:
            self._zones.append(zone)
        self._zone_of[index] = self._zones.index(zone)
        self._profile[:, index] = step.profile
        self._variance[:, index] = np.asarray(step.profile_variance) + step.rate_variance
        self.sum_arrived[index], self.sum_expected[index] = step.level_arrivals, step.level_expected
        self.hour_arrived[index] = self.hour_expected[index] = 0.0
        self.hour_variance[index] = step.sigma**2 * mean_variance(60, step.tau)
        self._refresh(np.array([index]))

    def _refresh(self, which: NDArray[np.intp]) -> None:
        self.level[which], self.level_variance[which] = daily_level(
            self.sum_arrived[which], self.sum_expected[which], self.hour_variance[which]
        )

    def factor(self, minute: int) -> tuple[Floats, Floats]:
        """(size,) the factor on the rates at a UTC minute, level included, and the variance of its log."""
        n = self.size
        logs, variance = np.empty(n), np.empty(n)
        for number, zone in enumerate(self._zones):
            mine = np.nonzero(self._zone_of[:n] == number)[0]
            hour, other, weight = hour_neighbours(local_minute(zone, minute) % WEEK_MINUTES)
            here, there = self._profile[hour, mine], self._profile[other, mine]
            logs[mine] = here + weight * (there - here)
            variance[mine] = self._variance[hour, mine]
        return np.exp(logs + self.level[:n]), variance + self.level_variance[:n]

    def observe(
        self, minute: int, arrivals: Floats, expected: Floats, is_open: NDArray[np.bool_]
    ) -> list[int]:
        """Count a minute towards its local hour; gives the steps whose level was renewed (their midnight came).

        Args:
            minute: the UTC minute that closes.
            arrivals: (size,) what arrived.
            expected: (size,) what was expected, level included.
            is_open: (size,) whether an alert of the step is open.
        """
        n = self.size
        is_new = self._since[:n] <= minute
        self.hour_arrived[:n] += arrivals * is_new
        self.hour_expected[:n] += expected * is_new
        renewed: list[int] = []
        for number, zone in enumerate(self._zones):
            after = local_minute(zone, minute + 1)
            if after % 60:
                continue
            mine = np.nonzero(self._zone_of[:n] == number)[0]
            self._end_hour(mine, is_open)
            if after % 1440 == 0:
                mine = mine[is_new[mine]]
                self.sum_arrived[mine] *= DAILY_DECAY
                self.sum_expected[mine] *= DAILY_DECAY
                self._refresh(mine)
                renewed.extend(mine.tolist())
        return renewed

    def _end_hour(self, mine: NDArray[np.intp], is_open: NDArray[np.bool_]) -> None:
        a, e = self.hour_arrived[mine], self.hour_expected[mine]
        z = (a - e) / np.sqrt(e + e * e * (self.hour_variance[mine] + 0.01) + 1e-9)
        good = mine[(np.abs(z) < LARGEST_Z) & ~is_open[mine]]
        self.sum_arrived[good] += self.hour_arrived[good]
        self.sum_expected[good] += self.hour_expected[good] * np.exp(-self.level[good])
        self.hour_arrived[mine] = self.hour_expected[mine] = 0.0

    def keep(self, kept: NDArray[np.intp]) -> None:
        """Forget all steps but these, which are renumbered in this order."""
        self.size, self._capacity = len(kept), max(len(kept), 1)
        for name, value in vars(self).copy().items():
            if isinstance(value, np.ndarray):
                new = np.zeros((*value.shape[:-1], self._capacity), dtype=value.dtype)
                new[..., : len(kept)] = value[..., kept]
                setattr(self, name, new)

    def let_days_pass(self, index: int, since: int, minute: int) -> None:
        """What the midnights after the UTC minute ``since``, up to ``minute``, do to the level of a step without events."""
        zone = self._zones[self._zone_of[index]]
        since = max(since, int(self._since[index]) - 1)
        nights = local_minute(zone, minute + 1) // 1440 - local_minute(zone, since + 1) // 1440
        if since < minute and nights > 0:
            for _ in range(nights):
                self.sum_arrived[index] *= DAILY_DECAY
                self.sum_expected[index] *= DAILY_DECAY
            self._refresh(np.array([index]))

    def shift(self, index: int, log_factor: float) -> None:
        """Move a step's level by a log factor at once: an alert ended by age, what it shows is the new normal."""
        self.level[index] += log_factor
        self.sum_arrived[index] *= np.exp(log_factor)
