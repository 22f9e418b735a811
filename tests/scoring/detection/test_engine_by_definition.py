"""The engine against one series at a time, from lists of all that came: scan, freeze, recovery, corrections."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy.special import betainc
from scipy.stats import norm

from scoring.baselines.wobble import carry_over, mean_variance, window_containment
from scoring.detection.engine import AMENDABLE, RING, SeriesEngine, SeriesParameters, Unrest
from scoring.detection.policy import WINDOWS, DetectionPolicy
from scoring.detection.tail import binomial_scale, lower_surprise, normal_surprise, predictive_interval

POLICY = DetectionPolicy(notice=4.0, page=5.0, longest_open_minutes=150, model_variance=0.03**2)


@dataclass
class Said:
    """What a minute gave of one series."""

    surprise: float
    window: int
    observed: float
    mean: float
    predicted: float = 0.0
    variance: float = 0.0
    opened: bool = False
    closed: bool = False


@dataclass
class Slowly:
    """One series."""

    p: SeriesParameters
    shortest: int
    a: list[float] = field(default_factory=list)
    mu: list[float] = field(default_factory=list)
    age: int = 0
    is_open: bool = False

    def __post_init__(self) -> None:
        p = self.p
        self.sigma = max(p.sigma, POLICY.sigma_floor)
        self.rho = math.exp(-1 / p.tau)
        self.m, self.variance = 0.0, self.sigma**2
        self.states = [(0.0, self.sigma**2)]
        self.k = {length: float(carry_over(length, p.tau)) for length in WINDOWS}
        self.wobble = {
            n: self.sigma**2 * max(float(mean_variance(n, p.tau)) - self.k[n] ** 2, 0) for n in WINDOWS
        }
        inside = {n: window_containment(p.pmf, n, p.slow_share) for n in WINDOWS}
        self.c = {n: p.dispersion * (1 - min(p.rate, 0.75) * inside[n]) for n in WINDOWS}
        self.phi = 15 * self.sigma**2 * float(mean_variance(15, p.tau))
        self.depth = self.recovery = self.open_a = self.open_e = 0.0
        self.heal = self.open_minutes = 0

    def window(self, length: int, end: int) -> tuple[float, float, float]:
        """A, M and the baseline's M of a window that ends before minute number ``end``."""
        begin = max(end - length, 0)
        base = sum(self.mu[begin:end])
        return sum(self.a[begin:end]), base * math.exp(self.states[begin][0] * self.k[length]), base

    def scan(self, end: int, own_variance: float, unrest: tuple[bool, int, float]) -> Said:
        """The most surprising window."""
        sums = {n: self.window(n, end) for n in WINDOWS}
        z, spread = {}, {}
        for n in WINDOWS:
            v = self.states[max(end - n, 0)][1] * self.k[n] ** 2 + self.wobble[n]
            # hours that lie two hours apart are wrong each for itself: the mean of a long window is less so
            apart = 2 * (60 * n - 120**2 / 6) / n**2  # the mean of max(0, 1 − |s − t|/120) over the window
            left = (1 - self.k[n]) ** 2
            v += own_variance * (min(left, apart) if n > 120 else left) + POLICY.model_variance
            is_on, since, extra = unrest
            if is_on or since < RING:
                v += extra * (1.0 if since < n + 15 else (1 - self.k[n]) ** 2 if is_on else 0.0)
            spread[n] = v
            a, m, _ = sums[n]
            looked_at = n < self.age and n >= self.shortest
            z[n] = (a - m) / math.sqrt(m * self.c[n] + m * m * v + 1e-9) if looked_at else 0.0
        best = min(WINDOWS, key=lambda n: z[n])
        surprise = -math.log10(norm.cdf(max(z[best], -2.5)))
        far = [n for n in WINDOWS if z[n] < -2.5]
        if far:
            exact = {n: self.exact(n, sums, spread[n]) for n in far}
            surprise = max(exact.values())
            best = max(n for n in far if exact[n] == surprise)
        return Said(surprise, WINDOWS.index(best), sums[best][0], sums[best][1])

    def exact(self, n: int, sums: dict[int, tuple[float, float, float]], v: float) -> float:
        """The tail's surprise; none where the drop is over or smaller than asked for."""
        a, m, base = sums[n]
        ample = [one for one in WINDOWS[1:] if sums[one][1] >= 8]
        now = min(ample[0], n) if ample else n
        if 1 - sums[now][0] / max(sums[now][1], 1e-9) < 0.4 * (1 - a / m):
            return 0.0
        least = self.p.least_drop
        if least:
            least = max(least, 0.8) if n > 45 else least
            if a > (1 - least) * min(m, base):
                return 0.0
        c = self.p.dispersion * float(binomial_scale(1 - a / m, 1 - self.c[n] / self.p.dispersion))
        return float(lower_surprise(a, m, v, c))

    def step(self, a: float, mu: float, own: float, unrest: tuple[bool, int, float], changed: bool, held: bool) -> Said:  # fmt: skip
        """One minute."""
        self.variance += unrest[2] * changed
        self.a.append(0.0 if held else a)
        self.mu.append(0.0 if held else mu)
        self.age += 1
        said = self.scan(len(self.a), own, unrest)
        eased = self.p.silence if said.observed == 0 else 0.0
        said.opened = said.surprise + eased >= self.p.threshold and not self.is_open and not held
        if said.opened:
            self.depth = min(max(1 - said.observed / max(said.mean, 1e-9), 0.1), 0.95)
            self.recovery = self.open_a = self.open_e = 0.0
            self.heal = self.open_minutes = 0
        m, v = self.m * self.rho, self.variance * self.rho**2 + self.sigma**2 * (1 - self.rho**2)
        said.predicted, said.variance = mu * math.exp(m), v + own
        total = said.predicted**2 * v + said.predicted * self.c[20] + 1e-9
        news = a - said.predicted
        gain = 0.0 if self.is_open or said.opened or held else v * said.predicted / total
        gain *= 0.2 if news > 5 * math.sqrt(total) else 1.0
        self.m = min(max(m + gain * news, -4.0), 4 * self.sigma)
        self.variance = v * (1 - gain * said.predicted)
        if self.is_open and not held:
            said.closed = self.recovers(a, said.predicted)
        self.is_open = (self.is_open or said.opened) and not said.closed
        if said.closed:
            self.age, self.m, self.variance = 0, 0.0, self.sigma**2
        self.states.append((self.m, self.variance))
        return said

    def recovers(self, a: float, e: float) -> bool:
        """Whether an open alert is over."""
        self.recovery += (a * math.log(1 / (1 - self.depth)) - e * self.depth) / (1 + e * self.phi)
        self.recovery = min(max(self.recovery, 0.0), 3 * POLICY.recovery)
        self.heal = self.heal + 1 if self.recovery > 0 else 0
        self.open_a, self.open_e, self.open_minutes = self.open_a + a, self.open_e + e, self.open_minutes + 1
        if self.open_e > 10:
            self.depth = min(max(self.depth, 1 - self.open_a / self.open_e, 0.1), 0.95)
        healthy = self.recovery >= POLICY.recovery and self.heal >= POLICY.heal_minutes and not self.misses()
        return healthy or self.open_minutes >= POLICY.longest_open_minutes

    def misses(self) -> bool:
        """Whether too much of the last minutes is missing."""
        heal = max(self.heal, POLICY.heal_minutes)
        for minutes in (min(heal, 30), min(heal, 240)):
            came, due = sum(self.a[-minutes:]), sum(self.mu[-minutes:]) * math.exp(self.m)
            if due >= 10:
                break
        allowed = max(0.2, 1.5 * self.sigma, 0.7 * self.p.least_drop)
        most = (1 - allowed) * due
        return came < min(most + 1.5 * math.sqrt(most), (1 - allowed / 4) * due)


PMF = (0.5, 0.3, 0.2)
KINDS = [
    # parameters, arrivals a minute
    (SeriesParameters(0.08, 45.0, 0.2, 1.0, PMF, 0.0, 4.0), 9.0),
    (SeriesParameters(0.02, 200.0, 0.95, 1.4, (0.3, 0.2), 0.5, 4.5), 40.0),
    (SeriesParameters(0.15, 90.0, 0.1, 1.0, (1.0,), 0.0, 4.0, least_drop=0.4), 6.0),
    (SeriesParameters(0.1, 60.0, 0.5, 2.0, PMF, 0.0, 6.0, silence=2.5), 0.7),
    (SeriesParameters(0.3, 30.0, 0.2, 1.0, PMF, 0.0, 4.0), 25.0),
    (SeriesParameters(0.05, 45.0, 0.2, 1.0, PMF, 0.0, 4.0, least_drop=0.7), 3.0),
]
MINUTES = 760


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(minutes, series) arrivals and expectation: incidents, repairs in stages, bursts, silences."""
    rng = np.random.default_rng(seed)
    mu = np.array([pace for _, pace in KINDS]) * (1 + 0.4 * np.sin(np.arange(MINUTES) / 90))[:, None]
    factor = np.ones((MINUTES, len(KINDS)))
    for column in range(len(KINDS)):
        at = int(rng.integers(40, 150))
        while at < MINUTES:
            long = int(rng.integers(5, 120))
            depth = float(rng.choice([0.0, 0.3, 0.6]))
            factor[at : at + long, column] = depth
            factor[at + long : at + long + 40, column] = float(rng.choice([1.0, 0.75, 1.3]))
            at += long + int(rng.integers(60, 250))
    a = rng.poisson(mu * factor).astype(float)
    a[rng.integers(0, MINUTES, 6), rng.integers(0, len(KINDS), 6)] *= 8
    return a, mu


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "shortest"), [(1, 1), (2, 5)])
def test_every_minute_is_what_the_rules_say_of_each_series_alone(seed: int, shortest: int) -> None:
    rng = np.random.default_rng(seed)
    a, mu = drawn(seed)
    engine, slowly = SeriesEngine(POLICY, shortest, capacity=2), [Slowly(p, shortest) for p, _ in KINDS]
    assert [engine.add(p) for p, _ in KINDS] == list(range(len(KINDS)))
    since, is_on = np.full(len(KINDS), 10_000), np.zeros(len(KINDS), dtype=bool)
    opened = closed = 0
    for t in range(MINUTES):
        held = (rng.random(len(KINDS)) < 0.02) & (t > 30)
        changed = rng.random(len(KINDS)) < (0.004 if t > 200 else 0)
        is_on ^= changed
        since = np.where(changed, 0, since + 1)
        own = rng.uniform(0, 0.02, len(KINDS))
        unrest = Unrest(is_on.copy(), since.copy(), changed, 0.01)
        found = engine.step(a[t], mu[t], own, unrest, held)
        for n, one in enumerate(slowly):
            said = one.step(
                a[t, n],
                mu[t, n],
                own[n],
                (bool(is_on[n]), int(since[n]), 0.01),
                bool(changed[n]),
                bool(held[n]),
            )
            assert found.surprise[n] == pytest.approx(said.surprise, rel=1e-7, abs=1e-9), (t, n)
            assert (WINDOWS[found.window[n]], found.window_observed[n]) == (
                WINDOWS[said.window],
                said.observed,
            )
            assert found.window_expected[n] == pytest.approx(said.mean)
            assert found.predicted[n] == pytest.approx(said.predicted)
            assert found.predicted_variance[n] == pytest.approx(said.variance)
            assert (found.opened[n], found.closed[n], engine.open[n]) == (
                said.opened,
                said.closed,
                one.is_open,
            ), (t, n)
            assert (engine.m[n], engine.variance[n]) == (pytest.approx(one.m), pytest.approx(one.variance))
            opened, closed = opened + said.opened, closed + said.closed
            if one.is_open:
                assert engine.depth[n] == pytest.approx(one.depth)
                assert engine.recovery[n] == pytest.approx(one.recovery)
                assert (engine.heal[n], engine.open_minutes[n]) == (one.heal, one.open_minutes)
        if t in (5, 400, MINUTES - 1):
            look_back(engine, slowly)
    assert opened > 8
    assert closed > 6


def look_back(engine: SeriesEngine, slowly: list[Slowly]) -> None:
    """What the engine can be asked afterwards."""
    end = len(slowly[0].a)
    every = np.arange(len(slowly))
    for row in range(0, len(WINDOWS), 3):
        length = WINDOWS[row]
        for ago in (0, 3):
            if length + ago > end:
                continue
            a, m, v, c = engine.peek(every, np.full(len(slowly), row), ago)
            for n, one in enumerate(slowly):
                came, mean, base = one.window(length, end - ago)
                begin = one.states[end - ago - length]
                known = begin[1] * one.k[length] ** 2 + one.wobble[length] + POLICY.model_variance
                assert (a[n], m[n], v[n], c[n]) == pytest.approx((came, mean, known, one.c[length]))
                if not ago:
                    assert engine.lately(n, row) == pytest.approx((came, base))
    for n, one in enumerate(slowly):
        reach = min(max(one.age - 1, 0), 540)
        assert engine.expected_at_most()[n] == pytest.approx(sum(one.mu[end - reach : end]))
    for ago in (0, 4):
        assert engine.baseline_of(ago, every) == pytest.approx([one.mu[end - 1 - ago] for one in slowly])


def test_a_correction_of_past_minutes_is_scored_as_if_it_had_come_in_time() -> None:
    a, mu = drawn(7)
    a, mu = a[:200], mu[:200]
    engine, slowly = SeriesEngine(POLICY), [Slowly(p, 1) for p, _ in KINDS]
    for p, _ in KINDS:
        engine.add(p)
    quiet = Unrest(np.zeros(len(KINDS), bool), np.full(len(KINDS), 10_000), np.zeros(len(KINDS), bool), 0.01)
    for t in range(200):
        engine.step(a[t], mu[t], np.full(len(KINDS), 0.01), quiet)
        for n, one in enumerate(slowly):
            one.step(a[t, n], mu[t, n], 0.01, (False, 10_000, 0.01), False, False)
    ago, which = 9, np.array([1, 4])
    more_a = np.arange(20.0).reshape(10, 2)
    more_mu = np.linspace(0, 3, 20).reshape(10, 2)
    engine.amend(ago, which, more_a, more_mu)
    for column, n in enumerate(which.tolist()):
        for row in range(10):
            slowly[n].a[190 + row] += more_a[row, column]
            slowly[n].mu[190 + row] += more_mu[row, column]
    look_back(engine, slowly)
    for back in (0, 5, 9):
        surprise, window, observed, mean, variance = engine.rescore(back, np.full(len(KINDS), 0.01))
        for n, one in enumerate(slowly):
            said = one.scan(200 - back, 0.01, (False, 10_000, 0.01))
            if one.age < 200:
                continue
            assert surprise[n] == pytest.approx(said.surprise, rel=1e-7, abs=1e-9)
            assert (window[n], observed[n], mean[n]) == (said.window, said.observed, pytest.approx(said.mean))
            state = one.states[200 - back - 1][1]
            assert variance[n] == pytest.approx(state * one.rho**2 + one.sigma**2 * (1 - one.rho**2))
    assert (AMENDABLE, RING) == (60, 602)


def test_a_rise_that_is_forgotten_is_forgotten_from_this_minute_on() -> None:
    engine = SeriesEngine(POLICY)
    for p, _ in KINDS[:2]:
        engine.add(p)
    for _ in range(40):
        engine.step(np.array([14.0, 30.0]), np.array([9.0, 40.0]), np.zeros(2))
    assert engine.m[0] > 0 > engine.m[1]
    low = float(engine.m[1])
    engine.forget_rises(np.array([0, 1]))
    assert engine.m[:2].tolist() == [0.0, low]
    _, mean, _, _ = engine.peek(np.array([0]), np.array([0]))
    engine.step(np.array([9.0, 40.0]), np.array([9.0, 40.0]), np.zeros(2))
    _, mean, _, _ = engine.peek(np.array([0]), np.array([0]))
    assert mean[0] == pytest.approx(9.0)


def test_series_that_stay_keep_all_that_is_known_of_them_and_a_new_baseline_keeps_what_was_seen() -> None:
    a, mu = drawn(3)
    both, alone = SeriesEngine(POLICY), SeriesEngine(POLICY)
    for p, _ in KINDS:
        both.add(p)
    for n in (4, 1):
        alone.add(KINDS[n][0])
    for t in range(160):
        if t == 120:
            both.keep(np.array([4, 1]))
        own = slice(None) if t < 120 else [4, 1]
        first = both.step(a[t, own], mu[t, own], np.zeros(6 if t < 120 else 2))
        second = alone.step(a[t, [4, 1]], mu[t, [4, 1]], np.zeros(2))
        kept = [4, 1] if t < 120 else [0, 1]
        assert first.surprise[kept] == pytest.approx(second.surprise)
    assert both.add(KINDS[0][0]) == 2
    seen = float(alone.m[0])
    alone.set(0, KINDS[2][0])
    assert (alone.m[0], alone.least_drop[0], alone.threshold[0]) == (seen, 0.4, 4.0)


# tails


@pytest.mark.parametrize("c", [0.3, 1.0, 2.5])
def test_the_tail_in_units_of_the_fast_variance_is_the_incomplete_beta_function(c: float) -> None:
    for observed, mean, v in ((0, 20.0, 0.01), (7, 30.0, 1e-9), (200, 150.0, 0.2), (0, 1e6, 1e-7)):
        size = 1 / max(v, 1e-7)
        tail = betainc(size, observed / c + 1, size / (size + mean / c))
        assert lower_surprise(observed, mean, v, c) == pytest.approx(-math.log10(max(tail, 1e-300)))


@pytest.mark.parametrize("p", [0.02, 0.5, 0.94, 0.99])
@pytest.mark.parametrize("d", [0.0, 0.1, 0.6, 1.0])
def test_the_scale_makes_the_poissons_rate_the_binomials(d: float, p: float) -> None:
    d, p = min(max(d, 1e-3), 1 - 1e-9), min(p, 0.95)
    left = 1 - d
    binomial = left * p * math.log(left) + (1 - left * p) * math.log((1 - left * p) / (1 - p))
    c = float(binomial_scale(d, p))
    assert p / c * (left * math.log(left) + d) == pytest.approx(binomial)
    if d < 0.01:
        assert c == pytest.approx(1 - p, rel=0.02)
    if d > 0.99:
        assert c == pytest.approx(-p / math.log(1 - p), rel=1e-6)


def test_what_is_nowhere_near_a_breach_is_shown_by_the_normals_tail() -> None:
    assert normal_surprise(np.array([0.0, -2.5, 3.0])) == pytest.approx(-np.log10(norm.cdf([0.0, -2.5, 3.0])))


@pytest.mark.parametrize(
    ("mean", "v", "c"), [(3.0, 0.01, 1.0), (80.0, 0.04, 1.7), (0.2, 0.0, 0.5), (5000.0, 1e-4, 0.8)]
)
def test_the_interval_bends_with_the_skewness_and_ends_on_whole_arrivals(
    mean: float, v: float, c: float
) -> None:
    s = math.sqrt(mean * c + mean**2 * v)
    skew = (c + 2 * mean * v) / s
    ends = [mean + s * (z + skew * (z * z - 1) / 6) for z in (norm.ppf(0.005), norm.ppf(0.995))]
    low, high = predictive_interval(np.array([mean]), np.array([v]), np.array([c]))
    assert low[0] == max(math.floor(ends[0] + 0.5), 0)
    assert high[0] == max(math.ceil(ends[1] - 0.5), 0)
