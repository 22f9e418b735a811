"""The wobble of a rate, against its likelihood filtered minute by minute, and against rates whose wobble is known."""

from __future__ import annotations

import math
from statistics import median

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from scoring.baselines.noise import Noise, fit_noise

SIGMAS = [0.02, 0.03, 0.045, 0.065, 0.1, 0.15, 0.22, 0.35]
TAUS = [15.0, 30, 60, 120, 240, 480]


def window_variance(minutes: int, tau: float) -> float:
    rho = math.exp(-1 / tau)
    return sum((minutes - abs(lag)) * rho ** abs(lag) for lag in range(1 - minutes, minutes)) / minutes**2


class Slowly:
    """The fit of a few series, each (bins,) arrivals and expectation, one number at a time."""

    def __init__(
        self, a: np.ndarray, mu: np.ndarray, rate: list[float], kappa: list[float], width: int
    ) -> None:
        self.count = a.shape[1]
        factors = [self.factor(series) for series in mu.T.tolist()]
        self.is_few = [
            factor * self.due(series) < 10 for factor, series in zip(factors, mu.T.tolist(), strict=True)
        ]
        self.width = [width * factor for factor in factors]
        self.a, self.mu = (
            [self.widened(one, of // width) for one, of in zip(all_.T.tolist(), self.width, strict=True)]
            for all_ in (a, mu)
        )
        self.fast = [
            1 - min(p, 0.9) * k ** (5 / of) for p, k, of in zip(rate, kappa, self.width, strict=True)
        ]
        self.dispersion = [1.0] * self.count

    @staticmethod
    def due(mu: list[float]) -> float:
        """What is due in a bin, the mean over arrivals."""
        return sum(e * e for e in mu) / sum(mu)

    @classmethod
    def factor(cls, mu: list[float]) -> int:
        """How many bins are one, for five arrivals to be due in it."""
        due = cls.due(mu)
        return next((factor for factor in (1, 3, 6, 12) if factor * due >= 5), 24)

    @staticmethod
    def widened(series: list[float], factor: int) -> list[float]:
        first = len(series) % factor
        return [sum(series[at : at + factor]) for at in range(first, len(series), factor)]

    def fit(self) -> tuple[list[float], list[float], list[float]]:
        """Sigma, tau and dispersion of each."""
        series = range(self.count)
        odd = [self.odd(s, self.typical(s), 120.0) for s in series]
        likelihood = [self.likelihood(s, odd[s]) for s in series]
        found = self.posterior(likelihood)
        again = [self.odd(s, *found[s]) for s in series]
        if again != odd:
            likelihood = [
                self.likelihood(s, again[s]) if again[s] != odd[s] else likelihood[s] for s in series
            ]
            found = self.posterior(likelihood)
        for s in series:
            self.a[s] = [0.0 if out else x for x, out in zip(self.a[s], again[s], strict=True)]
            self.mu[s] = [0.0 if out else x for x, out in zip(self.mu[s], again[s], strict=True)]
        for _ in range(2):
            excess = [self.excess(s, *found[s]) for s in series]
            wild = [s for s in series if excess[s] > 1.08]
            if not wild:
                break
            for s in wild:
                self.dispersion[s] = min(self.dispersion[s] * excess[s], 50.0)
                likelihood[s] = self.likelihood(s, [False] * len(self.a[s]))
            found = self.posterior(likelihood)
        return [s for s, _ in found], [t for _, t in found], self.dispersion

    def typical(self, s: int) -> float:
        """Sigma by the median deviation of two hours."""
        size = 120 // self.width[s]
        if size > len(self.a[s]):
            return 0.07
        whole = [
            (sum(self.a[s][at : at + size]), sum(self.mu[s][at : at + size]))
            for at in range(0, len(self.a[s]) - size + 1, size)
        ]
        ample = [(a, e) for a, e in whole if e > 10]
        if len(ample) < 12:
            return 0.07
        spread = (1.4826 * median(abs(a - e) / e for a, e in ample)) ** 2
        spread -= median(self.fast[s] / e for _, e in ample)
        return max(math.sqrt(max(spread, 0.0) / window_variance(120, 120.0)), 0.07)

    def odd(self, s: int, sigma: float, tau: float) -> list[bool]:
        """The bins within windows of half an hour to two thirds of a day that are off by more than four standard deviations."""
        out = [False] * len(self.a[s])
        for size in {max(minutes // self.width[s], 1) for minutes in (30, 120, 480, 960)}:
            minutes = size * self.width[s]
            for at in range(len(out) - size + 1):
                a, e = sum(self.a[s][at : at + size]), sum(self.mu[s][at : at + size])
                spread = e * self.fast[s] + (e * sigma) ** 2 * window_variance(minutes, tau) + 1
                if (a - e) ** 2 > 16 * spread:
                    out[at : at + size] = [True] * size
        return out

    def likelihood(self, s: int, odd: list[bool]) -> list[list[float]]:
        """By sigma and tau the log-likelihood of what is not odd."""
        kept = [(0.0, 0.0) if out else (a, mu) for a, mu, out in zip(self.a[s], self.mu[s], odd, strict=True)]
        models = [self.filtered(s, kept, sigma, tau)[0] for sigma in SIGMAS for tau in TAUS]
        if self.is_few[s]:
            best = [max(of_all) for of_all in zip(*models, strict=True)]
            models = [[max(x, top - 6) for x, top in zip(seen, best, strict=True)] for seen in models]
        total = [sum(seen) for seen in models]
        return [total[at : at + len(TAUS)] for at in range(0, len(total), len(TAUS))]

    def filtered(
        self, s: int, series: list[tuple[float, float]], sigma: float, tau: float
    ) -> tuple[list[float], float]:
        """The log-likelihood of each bin, and by how much the fast variance would have to grow."""
        rho, fast = math.exp(-self.width[s] / tau), self.fast[s] * self.dispersion[s]
        m, v, squares, count = 0.0, sigma**2, 0.0, 0
        seen = []
        for a, mu in series:
            m, v = m * rho, v * rho**2 + sigma**2 * (1 - rho**2)
            e = mu * math.exp(m)
            spread = e * e * v + e * fast + 1e-9
            z2 = (a - e) ** 2 / spread
            if self.is_few[s]:
                seen.append(self.counted(a / fast, max(e / fast, 1e-6), 1 / v))
            else:
                seen.append(-0.5 * math.log(spread) - min(0.5 * z2, 6.0))
            if e * fast > 0.5 * spread and e > 3:
                squares, count = squares + min(z2, 9.0), count + 1
            gain = (1.0 if z2 < 25 else 0.2) * v * e / spread
            m, v = m + gain * (a - e), v * (1 - gain * e)
        return seen, squares / count / 0.9853 if count > 200 else 1.0

    @staticmethod
    def counted(came: float, due: float, size: float) -> float:
        """A negative binomial's log-likelihood by Stirling's formula, but for a constant."""
        if not came:
            return size * math.log(size / (size + due))
        nats = came * math.log(due / came) + (came + size) * math.log((came + size) / (due + size))
        return nats - 0.5 * math.log(came + came**2 / size)

    def excess(self, s: int, sigma: float, tau: float) -> float:
        """See ``filtered``."""
        return self.filtered(s, list(zip(self.a[s], self.mu[s], strict=True)), sigma, tau)[1]

    def posterior(self, likelihood: list[list[list[float]]]) -> list[tuple[float, float]]:
        """Sigma and tau by the likelihood on a grid four times finer and the population's prior."""
        sigmas, taus = (
            [nodes[i] * (nodes[i + 1] / nodes[i]) ** (j / 5) for i in range(len(nodes) - 1) for j in range(5)] + [nodes[-1]]
            for nodes in (SIGMAS, TAUS)
        )  # fmt: skip
        fine = []
        for grid in likelihood:
            by_tau = CubicSpline(np.log(TAUS), np.array(grid), axis=1, bc_type="natural")(np.log(taus))
            fine.append(CubicSpline(np.log(SIGMAS), by_tau, axis=0, bc_type="natural")(np.log(sigmas)))
        start = np.array([[math.exp(-2 * math.log(sigma / 0.07) ** 2)] * len(taus) for sigma in sigmas])
        start /= start.sum()
        prior = start
        for _ in range(30):
            weights = [np.exp(logs - logs.max()) * (prior + 1e-12) for logs in fine]
            weights = [one / one.sum() for one in weights]
            prior = (sum(weights) + 6 * start) / (len(fine) + 6)
        return [
            (
                math.sqrt(sum(w.sum(1)[i] * sigma**2 for i, sigma in enumerate(sigmas))),
                math.exp(sum(w.sum(0)[j] * math.log(tau) for j, tau in enumerate(taus))),
            )
            for w in weights
        ]


def wobbling(rng: np.random.Generator, bins: int, mu: float, sigma: float, tau: float, clumps: int = 1) -> np.ndarray:  # fmt: skip
    rho = math.exp(-5 / tau)
    logs = sigma * rng.normal(size=bins)
    for at in range(1, bins):
        logs[at] = rho * logs[at - 1] + math.sqrt(1 - rho**2) * logs[at]
    return rng.poisson(mu * np.exp(logs) / clumps) * float(clumps)


@pytest.mark.parametrize(("bins", "seed"), [(280, 1), (130, 2), (20, 3)])
def test_the_wobble_is_that_of_the_filter_run_bin_by_bin(bins: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    kinds = [(40.0, 0.1, 60.0, 1), (8.0, 0.3, 200.0, 1), (60.0, 0.03, 30.0, 3), (0.8, 0.1, 60.0, 1)]
    a = np.stack([wobbling(rng, bins, *kind) for kind in kinds], axis=1)
    mu = np.tile([kind[0] for kind in kinds], (bins, 1))
    mu[: bins // 5, 1] = a[: bins // 5, 1] = 0  # a shorter history
    a[bins // 2 : bins // 2 + 9, 0] *= 0.2  # an incident
    a[bins // 3, 2] *= 3  # a burst
    rate, kappa = [0.1, 0.95, 0.3, 0.2], [0.5, 0.9, 0.0, 1.0]
    found = fit_noise(a, mu, np.array(rate), lambda minutes: np.array(kappa) ** (5 / minutes), 5)
    sigma, tau, dispersion = Slowly(a, mu, rate, kappa, 5).fit()
    assert found.sigma == pytest.approx(sigma, rel=1e-6)
    assert found.tau == pytest.approx(tau, rel=1e-6)
    assert found.dispersion == pytest.approx(dispersion, rel=1e-6)
    assert found.population_sigma == pytest.approx(median(sigma))


def fitted(mu: float, sigma: float, tau: float, clumps: int = 1, incident: float = 1.0) -> Noise:
    rng = np.random.default_rng(5)
    bins = 5 * 288
    a = np.stack([wobbling(rng, bins, mu, sigma, tau, clumps) for _ in range(3)], axis=1)
    a[700:740] *= incident
    return fit_noise(a, np.full((bins, 3), mu), np.full(3, 0.0), lambda minutes: np.zeros(3), 5)


@pytest.mark.parametrize(
    ("sigma", "tau", "incident"), [(0.04, 60.0, 1.0), (0.1, 60.0, 0.3), (0.2, 120.0, 1.0)]
)
def test_a_known_wobble_is_given_back_with_an_incident_or_without(
    sigma: float, tau: float, incident: float
) -> None:
    noise = fitted(150.0, sigma, tau, incident=incident)
    assert noise.sigma == pytest.approx([sigma] * 3, rel=0.3)
    assert noise.tau == pytest.approx([tau] * 3, rel=0.6)
    assert noise.dispersion.max() < 1.15


def test_events_that_come_in_threes_are_dispersed_by_three() -> None:
    assert fitted(10.0, 0.05, 60.0, clumps=3).dispersion == pytest.approx([3.0] * 3, rel=0.25)


@pytest.mark.parametrize("due", [0.05, 0.2])
def test_a_small_store_is_not_taken_for_one_that_wobbles_more_than_any(due: float) -> None:
    rng = np.random.default_rng(4)
    a = np.stack([wobbling(rng, 21 * 288, due, 0.05, 60.0) for _ in range(4)], axis=1)
    noise = fit_noise(a, np.full(a.shape, due), np.zeros(4), lambda minutes: np.zeros(4), 5)
    assert noise.sigma.max() < 0.15
    assert noise.tau.max() < 240


def test_half_a_day_without_conversions_in_a_small_store_is_not_taken_for_its_wobble() -> None:
    rng = np.random.default_rng(7)
    day = np.exp(1.5 * np.cos(np.arange(288) / 288 * 2 * np.pi))
    mu = np.tile(day / day.mean(), 21)[:, None] * np.full(3, 0.6)
    a = np.stack([rng.poisson(one) for one in mu.T], axis=1).astype(float)
    a[-200:-40] = rng.poisson(0.25 * mu[-200:-40])
    noise = fit_noise(a, mu, np.zeros(3), lambda minutes: np.zeros(3), 5)
    assert noise.sigma.max() < 0.1
    assert noise.tau.max() < 240


def test_a_small_store_that_really_wobbles_is_seen_to_do_so() -> None:
    rng = np.random.default_rng(8)
    day = np.tile(np.exp(1.5 * np.cos(np.arange(288) / 288 * 2 * np.pi)), 21)
    logs = np.repeat(rng.normal(size=len(day) // 24), 24) * 0.25
    a = np.stack([rng.poisson(0.7 * day / day.mean() * np.exp(logs)) for _ in range(3)], axis=1).astype(float)
    mu = np.repeat((0.7 * day / day.mean())[:, None], 3, axis=1)
    noise = fit_noise(a, mu, np.zeros(3), lambda minutes: np.zeros(3), 5)
    assert noise.sigma.min() > 0.15
