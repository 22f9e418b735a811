"""The vectorised arithmetic against slow references written from the formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, nbinom

from scoring.baselines.baseline import Kernel
from scoring.baselines.fit_step import expose
from scoring.baselines.kernel import fit_kernels, kernel_evidence, kernel_from_pairs
from scoring.baselines.localtime import WEEK_MINUTES, hour_neighbours, local_minute
from scoring.baselines.noise import fit_noise
from scoring.baselines.wobble import carry_over, mean_variance, window_containment
from scoring.detection.engine import SeriesEngine, SeriesParameters
from scoring.detection.exposure import Exposures
from scoring.detection.localise import only_one_segment, segment_shares
from scoring.detection.policy import WINDOWS, DetectionPolicy, look_offset, volume_offset
from scoring.detection.tail import binomial_scale, lower_surprise, predictive_interval


@given(st.integers(0, 400), st.floats(0.5, 500), st.floats(1e-4, 0.5))
def test_the_tail_is_the_negative_binomials(observed: int, mean: float, variance: float) -> None:
    size = 1 / variance
    truth = -nbinom.logcdf(observed, size, size / (size + mean)) / math.log(10)
    assert lower_surprise(observed, mean, variance, 1.0) == pytest.approx(min(truth, 300), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.88])
def test_the_scale_gives_the_binomials_tail_and_not_a_thinner_one(p: float) -> None:
    n = 60
    observed = np.arange(0, int(0.7 * n * p))
    truth = -binom.logcdf(observed, n, p) / math.log(10)
    scale = binomial_scale(1 - observed / (n * p), p)
    found = lower_surprise(observed, n * p, 1e-7, scale)
    assert found[0] == pytest.approx(truth[0], rel=0.03)
    assert found == pytest.approx(truth, rel=0.2)
    naive = lower_surprise(0, n * p, 1e-7, 1 - p)
    assert naive > found[0]


@pytest.mark.parametrize("mean", [3.0, 20.0, 400.0])
@pytest.mark.parametrize("variance", [0.0025, 0.04])
def test_the_interval_holds_99_percent(mean: float, variance: float) -> None:
    size = 1 / variance
    law = nbinom(size, size / (size + mean))
    low, high = predictive_interval(np.array([mean]), np.array([variance]), np.array([1.0]))
    inside = law.cdf(high[0]) - law.cdf(low[0] - 1)
    assert 0.985 <= inside <= 0.999


@pytest.mark.parametrize(("length", "tau"), [(1, 30.0), (7, 30.0), (60, 15.0), (120, 480.0)])
def test_window_moments_of_the_wobble_are_those_of_the_double_sum(length: int, tau: float) -> None:
    rho = math.exp(-1 / tau)
    total = sum(rho ** abs(i - j) for i in range(length) for j in range(length)) / length**2
    assert mean_variance(length, tau) == pytest.approx(total)
    assert carry_over(length, tau) == pytest.approx(sum(rho**j for j in range(1, length + 1)) / length)


def test_long_windows_contain_their_conversions() -> None:
    pmf = [0.5, 0.3, 0.2]
    values = [window_containment(pmf, length) for length in (1, 5, 60, 540)]
    assert values == sorted(values)
    assert values[0] == pytest.approx(0.25 + 0.09 + 0.04)
    assert values[-1] > 0.99


def scalar_engine(
    arrivals: np.ndarray, expected: np.ndarray, p: SeriesParameters, policy: DetectionPolicy
) -> tuple:
    """One series, one minute at a time, from the formulas of the module's docstring; no freezing."""
    rho = math.exp(-1 / p.tau)
    q = p.sigma**2 * (1 - rho**2)
    m, variance = 0.0, p.sigma**2
    states, scores = [(0.0, p.sigma**2)], []
    for t in range(len(arrivals)):
        found = {}
        for length in WINDOWS:
            if length >= t + 1:
                continue
            m0, p0 = states[t + 1 - length]
            k = sum(rho**j for j in range(1, length + 1)) / length
            g = (
                sum(rho ** abs(i - j) for i in range(length) for j in range(length)) / length**2
                if length <= 60
                else float(mean_variance(length, p.tau))
            )
            mean = expected[t + 1 - length : t + 1].sum() * math.exp(m0 * k)
            v = p0 * k * k + p.sigma**2 * max(g - k * k, 0) + policy.model_variance
            c = 1 - p.rate * window_containment(p.pmf, length)
            observed = arrivals[t + 1 - length : t + 1].sum()
            found[length] = (observed, mean, (observed - mean) / math.sqrt(mean * c + mean * mean * v), v, c)
        best = 0.0
        for length, (observed, mean, z, v, c) in found.items():
            shortest = min((n for n in found if n >= 2 and found[n][1] >= 8), default=length)
            now = found[min(shortest, length)]
            if z < -2.5 and 1 - now[0] / now[1] >= 0.4 * (1 - observed / mean):
                scale = float(binomial_scale(1 - observed / mean, 1 - c))
                best = max(best, float(lower_surprise(observed, mean, v, scale)))
        scores.append(best)
        m, variance = m * rho, variance * rho**2 + q
        e = expected[t] * math.exp(m)
        noise = 1 - p.rate * window_containment(p.pmf, 20)
        gain = variance * e / (e * e * variance + e * noise)
        m, variance = m + gain * (arrivals[t] - e), variance * (1 - gain * e)
        states.append((m, variance))
    return states, scores


def test_the_engine_agrees_with_a_scalar_one() -> None:
    rng = np.random.default_rng(1)
    policy = DetectionPolicy(notice=90.0, page=90.0)
    parameters = SeriesParameters(0.08, 45.0, 0.2, 1.0, (0.5, 0.3, 0.2), 0.0, 90.0)
    expected = 8 + 3 * np.sin(np.arange(150) / 30)
    arrivals = rng.poisson(expected).astype(float)
    arrivals[100:] = rng.poisson(expected[100:] * 0.6)
    states, scores = scalar_engine(arrivals, expected, parameters, policy)
    engine = SeriesEngine(policy)
    engine.add(parameters)
    found = []
    for a, mu in zip(arrivals, expected, strict=True):
        found.append(engine.step(np.array([a]), np.array([mu]), np.zeros(1)).surprise[0])
    assert engine.m[0] == pytest.approx(states[-1][0], rel=1e-6)
    assert engine.variance[0] == pytest.approx(states[-1][1], rel=1e-6)
    exact = [(got, want) for got, want in zip(found, scores, strict=True) if want > 3 and got > 0]
    assert len(exact) > 5
    assert [got for got, _ in exact] == pytest.approx([want for _, want in exact], rel=1e-6)


@given(st.lists(st.integers(0, 50), min_size=30, max_size=60))
def test_exposure_minute_by_minute_is_the_convolution(clicks: list[int]) -> None:
    kernel = Kernel((0.2, 0.3, 0.1), slow_share=0.4, slow_minutes=30.0)
    exposures = Exposures()
    exposures.add(kernel)
    live = [exposures.advance(np.array([float(n)]))[0] for n in clicks]
    assert live == pytest.approx(list(expose(np.array([clicks], dtype=float), kernel)[0]), abs=1e-6)


def test_a_kernel_is_found_from_counts_alone() -> None:
    rng = np.random.default_rng(2)
    truth = np.array([0.05, 0.2, 0.3, 0.2, 0.1, 0.08, 0.04, 0.03])
    evidence = []
    for rate in (3.0, 30.0, 300.0):
        n = rng.poisson(rate * (1 + 0.5 * np.sin(np.arange(20 * 1440) / 229)))
        a = np.zeros_like(n)
        for delay, share in enumerate(truth):
            a[delay:] += rng.binomial(n, 0.1 * share)[: len(n) - delay]
        evidence.append(kernel_evidence(n.astype(float), a.astype(float)))
    for kernel in (fitted.kernel for fitted in fit_kernels(evidence)):
        found = np.zeros(40)
        found[: min(len(kernel.pmf), 40)] = kernel.pmf[:40]
        assert np.abs(found[:8] - truth).max() < 0.05
        assert kernel.mean_minutes == pytest.approx((truth * np.arange(8)).sum(), abs=0.6)


def test_pairs_that_could_not_be_seen_yet_do_not_shorten_the_kernel() -> None:
    rng = np.random.default_rng(3)
    delay, age = rng.geometric(0.1, 60_000) - 1, rng.integers(0, 60, 60_000)
    seen = delay <= age
    naive = delay[seen].mean()
    kernel = kernel_from_pairs(delay[seen], age[seen])
    assert naive < 7.5
    assert kernel.mean_minutes == pytest.approx(9.0, abs=0.5)


def test_the_hour_of_week_follows_the_clock_through_daylight_saving() -> None:
    sunday_noon_before = int(np.datetime64("2026-03-22T11:00").astype("datetime64[m]").astype(int))
    sunday_noon_after = int(np.datetime64("2026-03-29T10:00").astype("datetime64[m]").astype(int))
    hours = [
        local_minute("Europe/Berlin", minute) % WEEK_MINUTES / 60
        for minute in (sunday_noon_before, sunday_noon_after)
    ]
    assert hours == [6 * 24 + 12, 6 * 24 + 12]


def test_the_season_is_not_interpolated_across_weekend_borders() -> None:
    friday_2359, saturday_0000, sunday_2359 = 5 * 1440 - 1, 5 * 1440, 7 * 1440 - 1
    assert [hour_neighbours(minute)[1] for minute in (friday_2359, saturday_0000, sunday_2359)] == [
        119,
        120,
        167,
    ]
    assert hour_neighbours(90)[:2] == (1, 2)


def test_a_drop_in_one_segment_is_distinguished_from_one_in_all() -> None:
    expected = np.array([100.0, 60.0, 40.0])
    one, ratio_one = only_one_segment(np.array([100.0, 10.0, 40.0]), expected, np.full(3, 0.002))
    _, ratio_all = only_one_segment(expected * 0.4, expected, np.full(3, 0.002))
    assert (one, ratio_one > 4.6, ratio_all < -4.6) == (1, True, True)
    assert segment_shares(np.array([100.0, 10.0, 40.0]), expected).tolist() == [0, 1, 0]


def test_the_wobble_of_a_large_store_is_found_between_the_points_of_the_grid() -> None:
    rng = np.random.default_rng(12)
    bins, sigma, tau = 6_000, 0.08, 85.0
    rho = math.exp(-5 / tau)
    shocks = rng.normal(0, sigma * math.sqrt(1 - rho**2), (bins, 4))
    logs = np.zeros((bins, 4))
    for row in range(1, bins):
        logs[row] = rho * logs[row - 1] + shocks[row]
    expected = np.full((bins, 4), 2_000.0)
    found = fit_noise(
        rng.poisson(expected * np.exp(logs)).astype(float),
        expected,
        np.zeros(4),
        lambda minutes: np.zeros(4),
        5,
    )
    assert found.sigma == pytest.approx(sigma, rel=0.13)
    assert found.tau == pytest.approx(tau, rel=0.3)


def wobbling(rng: np.random.Generator, sigma: float, tau: float, series: int, days: int = 21) -> np.ndarray:
    """(bins, series) arrivals of 100 expected in five minutes."""
    rho, bins = math.exp(-5 / tau), days * 288
    logs = sigma * rng.normal(size=(bins, series))
    for row in range(1, bins):
        logs[row] = rho * logs[row - 1] + math.sqrt(1 - rho**2) * logs[row]
    return rng.poisson(100 * np.exp(logs)).astype(float)


def test_incidents_in_the_history_do_not_pass_for_wobble() -> None:
    rng = np.random.default_rng(8)
    arrivals = wobbling(rng, 0.05, 45.0, 8)
    expected, none = np.full(arrivals.shape, 100.0), np.zeros(8)
    clean = fit_noise(arrivals, expected, none, lambda minutes: none, 5)
    arrivals[1000:1036] *= 0.1
    arrivals[2500:2530] *= 0.3
    arrivals[4000:4020] *= 0.5
    broken = fit_noise(arrivals, expected, none, lambda minutes: none, 5)
    assert broken.sigma == pytest.approx(clean.sigma, rel=0.15)
    assert broken.tau == pytest.approx(clean.tau, rel=0.25)


def test_a_store_that_wobbles_far_more_than_others_is_not_taken_for_a_calm_one_with_incidents() -> None:
    rng = np.random.default_rng(9)
    arrivals = np.concatenate([wobbling(rng, 0.06, 60.0, 12), wobbling(rng, 0.3, 60.0, 3)], axis=1)
    none = np.zeros(15)
    found = fit_noise(arrivals, np.full(arrivals.shape, 100.0), none, lambda minutes: none, 5)
    assert found.sigma[12:].min() > 0.27
    assert found.sigma[:12] == pytest.approx(0.06, rel=0.1)


def test_more_looks_cost_the_root_of_the_steps_and_all_of_the_segments() -> None:
    assert look_offset(1) == 0
    assert look_offset(4) == pytest.approx(math.log10(2))
    assert look_offset(4, 9) == pytest.approx(math.log10(20))


def test_a_larger_store_has_more_looks_and_needs_more_surprise() -> None:
    offsets = [volume_offset(per_hour) for per_hour in (0, 3, 30, 200, 900, 1e6)]
    assert offsets == sorted(offsets)
    assert (offsets[0], offsets[-1]) == (-1.5, 0.1)
    looks = sum(1 / length for length in WINDOWS if length >= 5)
    assert volume_offset(200) == pytest.approx(0.55 * math.log10(looks / 0.95))
