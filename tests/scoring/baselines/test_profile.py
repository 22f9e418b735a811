"""The hour-of-week profile, against its three levels fitted cell by cell."""

from __future__ import annotations

import math
import random
from statistics import fmean

import numpy as np
import pytest

from scoring.baselines.profile import fit_profile

HOURS = range(168)


def cell_of(hour: int) -> int:
    """Weekday or weekend, and the hour of the day."""
    return (24 if hour // 24 in (5, 6) else 0) + hour % 24


def shrunk(pairs: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Deviations with their variances, drawn to zero as far as chance explains them."""
    weights = [1 / (v + 0.02) ** 2 for _, v in pairs]
    t2 = max(sum(w * (y * y - v) for w, (y, v) in zip(weights, pairs, strict=True)) / sum(weights), 1e-5)
    return [(y * t2 / (t2 + v), t2 * v / (t2 + v)) for y, v in pairs]


class Slowly:
    """The fit of some stores; arrivals and expectation by store, week and hour."""

    def __init__(self, a: np.ndarray, m: np.ndarray, wobble: list[float]) -> None:
        self.a, self.m, self.wobble = a, m, wobble
        self.stores, self.weeks = range(a.shape[0]), range(a.shape[1])
        self.kept = m > 0
        for _ in range(3):
            self.fit()
            self.leave_out()
        lived = {cell_of(h) for s in self.stores for w in self.weeks for h in HOURS if m[s, w, h] > 0}
        for s in self.stores:
            for h in HOURS:
                self.variance[s][h] += 0 if cell_of(h) in lived else 0.15**2

    def sums(self, s: int, hours: list[int]) -> tuple[float, float, int]:
        """Arrivals, expectation by the logs so far, and how many hours were kept."""
        kept = [(w, h) for h in hours for w in self.weeks if self.kept[s, w, h]]
        a = sum(self.a[s, w, h] for w, h in kept)
        m = sum(self.m[s, w, h] * math.exp(self.logs[s][h]) for w, h in kept)
        return a, m, len(kept)

    def deviation(self, s: int, hours: list[int]) -> tuple[float, float]:
        """Of the arrivals of these hours from what the logs so far say, and its variance."""
        a, m, seen = self.sums(s, hours)
        return math.log((a + 0.5) / (m + 0.5)), 1 / (m + 0.5) + self.wobble[s] / max(seen, 0.25)

    def fit(self) -> None:
        """One pass."""
        cells = [[h for h in HOURS if cell_of(h) == cell] for cell in range(48)]
        self.logs = [[0.0] * 168 for _ in self.stores]
        for s in self.stores:
            a, m, _ = self.sums(s, list(HOURS))
            self.logs[s] = [math.log((a + 0.5) / (m + 0.5))] * 168
        by_cell = [[self.deviation(s, hours) for s in self.stores] for hours in cells]
        pooled = []
        for of_stores in by_cell:
            w = [1 / (v + 0.04) for _, v in of_stores]
            mean = sum(one * y for one, (y, _) in zip(w, of_stores, strict=True)) / sum(w)
            left = sum(one**2 * v for one, (_, v) in zip(w, of_stores, strict=True)) / sum(w) ** 2
            pooled.append((mean, left))
        t2 = max(fmean(mean**2 - left for mean, left in pooled), 1e-5)
        season = [(mean * t2 / (t2 + left), t2 * left / (t2 + left)) for mean, left in pooled]
        for s in self.stores:
            self.logs[s] = [log + season[cell_of(h)][0] for h, log in zip(HOURS, self.logs[s], strict=True)]
        flat = shrunk([self.deviation(s, hours) for s in self.stores for hours in cells])
        self.variance = [[0.0] * 168 for _ in self.stores]
        for s in self.stores:
            for h in HOURS:
                move, left = flat[s * 48 + cell_of(h)]
                self.logs[s][h] += move
                self.variance[s][h] = left + season[cell_of(h)][1]
        seen = [[sum(bool(self.kept[s, w, h]) for w in self.weeks) for h in HOURS] for s in self.stores]
        own = [
            (y, 1e6 if seen[s][h] < 2 else v)
            for s in self.stores
            for h in HOURS
            for y, v in [self.deviation(s, [h])]
        ]
        for place, (move, left) in enumerate(shrunk(own)):
            s, h = divmod(place, 168)
            self.logs[s][h] += move
            self.variance[s][h] += max(left, 0.05**2) if seen[s][h] < 2 else left

    def leave_out(self) -> None:
        """Hours further than four standard deviations from the fit."""
        for s in self.stores:
            for w in self.weeks:
                for h in HOURS:
                    fitted = self.m[s, w, h] * math.exp(self.logs[s][h])
                    spread = math.sqrt(fitted + fitted**2 * (self.wobble[s] + self.variance[s][h]) + 1e-9)
                    self.kept[s, w, h] = self.m[s, w, h] > 0 and abs(self.a[s, w, h] - fitted) / spread < 4


@pytest.mark.parametrize(("stores", "weeks", "days"), [(3, 3, 21), (1, 2, 9), (2, 1, 4)])
def test_the_profile_is_the_season_of_all_then_of_the_store_then_of_the_hour(
    stores: int, weeks: int, days: int
) -> None:
    draw = random.Random(weeks)
    rng = np.random.default_rng(weeks)
    wave = np.array([1 + 0.5 * math.sin(h % 24 / 4) + (0.4 if h >= 120 else 0) for h in HOURS])
    own = np.array([[draw.uniform(0.8, 1.2) for _ in HOURS] for _ in range(stores)])
    m = np.full((stores, weeks, 168), 30.0) * np.array([1.0, 4.0, 0.2])[:stores, None, None]
    m.reshape(stores, -1)[:, days * 24 :] = 0.0
    a = rng.poisson(m * wave * own[:, None] * 1.3).astype(float)
    a[0, 0, 40:44] *= 6  # an incident
    wobble = [0.01, 0.003, 0.05][:stores]
    found, slowly = fit_profile(a, m, np.array(wobble)), Slowly(a, m, wobble)
    assert found.logs == pytest.approx(np.array(slowly.logs))
    assert found.variance == pytest.approx(np.array(slowly.variance))
    assert found.kept.tolist() == slowly.kept.tolist()
    assert not found.kept[0, 0, 41]
