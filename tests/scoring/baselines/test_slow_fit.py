"""The fit of slow steps, against its parts put together hour by hour, and what a store needs to have one."""

from __future__ import annotations

import math
from statistics import median

import numpy as np
import pytest
from scipy.stats import gamma

from scoring.baselines import Kernel, KernelSource, StoreHistory
from scoring.baselines.baseline import reach_of
from scoring.baselines.business import BusinessHours
from scoring.baselines.fit import fit_baselines
from scoring.baselines.localtime import local_minute
from scoring.baselines.noise import fit_noise
from scoring.baselines.profile import fit_profile
from scoring.baselines.rates import store_rates
from scoring.baselines.slow import (
    AttributedPairs,
    SlowHistory,
    SlowInputs,
    fit_slow,
    gamma_kernel,
    kernel_from_counts,
    slow_history,
    slow_upstream,
)
from scoring.baselines.wobble import window_containment
from scoring.funnel.stages import STAGE_INDEX, Stage

START = 29_459_520 - 90  # Sunday 2026-01-04 22:30 UTC
PAYMENT, FULFILMENT = STAGE_INDEX["payment"], STAGE_INDEX["fulfilment"]
ZONE = "Asia/Kathmandu"
HOURS = BusinessHours(ZONE, tuple(day * 24 + hour for day in range(6) for hour in range(9, 18)))


def test_a_gamma_kernel_is_its_mass_by_whole_hours_up_to_nine_hundred_ninety_nine_in_a_thousand() -> None:
    for mean, shape in ((6.0, 2.0), (1.0, 0.7), (40.0, 4.0), (400.0, 1.0)):
        pmf = gamma_kernel(mean, shape)
        raw = [
            float(
                gamma.cdf(d + 0.5, shape, scale=mean / shape)
                - gamma.cdf(max(d - 0.5, 0), shape, scale=mean / shape)
            )
            for d in range(480)
        ]
        length = next((n for n in range(1, 481) if sum(raw[:n]) >= 0.999), 480)
        assert len(pmf) == length
        assert pmf == pytest.approx([share / sum(raw[:length]) for share in raw[:length]])


def kernel_slowly(entered: list[float], arrived: list[float], hour_of_day: list[int]) -> tuple[float, ...]:
    """Of all candidates the one that explains the later half of the arrivals best."""
    best, least = (1.0,), math.inf
    for mean in np.geomspace(1.0, 160.0, 23):
        for shape in (0.7, 1.0, 2.0, 4.0):
            pmf = gamma_kernel(float(mean), shape)
            since = len(entered) // 2
            mu = [
                sum(share * entered[t - d] for d, share in enumerate(pmf) if t >= d)
                for t in range(since, len(entered))
            ]
            a, hours = arrived[since:], hour_of_day[since:]
            scaled = []
            for x, hour in zip(mu, hours, strict=True):
                due = sum(m for m, h in zip(mu, hours, strict=True) if h == hour)
                came = sum(one for one, h in zip(a, hours, strict=True) if h == hour)
                scaled.append(max(x * came / max(due, 1e-9), 1e-6))
            deviance = 2 * sum(
                (x * math.log(x / m) if x else 0.0) - x + m for x, m in zip(a, scaled, strict=True)
            )
            deviance += 0 if shape == 1.0 else 6.0
            if deviance < least:
                best, least = pmf, deviance
    return best


@pytest.mark.parametrize(("mean", "shape"), [(8.0, 2.0), (3.0, 1.0), (14.0, 4.0)])
def test_without_pairs_the_kernel_with_the_least_deviance_is_taken(mean: float, shape: float) -> None:
    rng = np.random.default_rng(int(mean))
    entered = rng.poisson(30, 90).astype(float)
    entered[::7] += 90
    due = np.convolve(entered, gamma_kernel(mean, shape))[:90]
    hour = np.arange(90) % 9 + 9
    arrived = rng.poisson(due * np.where(hour < 12, 1.4, 0.7)).astype(float)
    arrived[hour == 17] = 0
    found = kernel_from_counts(entered, arrived, hour)
    wanted = kernel_slowly(entered.tolist(), arrived.tolist(), hour.tolist())
    assert found.pmf == pytest.approx(wanted, abs=1e-6)
    assert found.source is KernelSource.COUNTS


def past(days: float, payments: float = 0.3, parcels: float = 0.25, hours: BusinessHours | None = HOURS) -> SlowHistory | None:  # fmt: skip
    minutes = int(days * 1440)
    rng = np.random.default_rng(1)
    counts = np.zeros((2, 7, minutes), dtype=np.int64)
    counts[:, PAYMENT] = rng.poisson(payments / 2, (2, minutes))
    local = np.array([local_minute(ZONE, START + m) for m in range(minutes)])
    works = np.array([HOURS.is_open(int(h)) for h in local // 60])
    counts[:, FULFILMENT] = rng.poisson(parcels / 2, (2, minutes)) * works
    return slow_history(StoreHistory("s", ZONE, START, ("a", "b"), counts), hours)


def test_a_slow_step_needs_two_weeks_sixty_business_hours_a_hundred_parcels_and_payments() -> None:
    assert past(14.0) is not None
    assert past(13.999) is None
    assert past(14.0, parcels=0.0) is None
    assert past(14.0, payments=0.0) is None
    assert past(14.0, parcels=0.012) is None  # some eighty
    rare = BusinessHours(ZONE, tuple(range(9, 18)) + tuple(range(33, 54)))
    assert past(14.0, hours=rare) is not None  # thirty a week
    assert past(14.0, hours=BusinessHours(ZONE, rare.open_hours[:-1])) is None


def test_counts_come_in_the_business_hour_in_which_they_happen_or_in_the_next() -> None:
    days = 15
    rng = np.random.default_rng(4)
    counts = np.zeros((1, 7, days * 1440), dtype=np.int64)
    counts[0, PAYMENT] = rng.poisson(0.4, days * 1440)
    counts[0, FULFILMENT] = rng.poisson(0.3, days * 1440)
    found = slow_history(StoreHistory("s", ZONE, START, ("",), counts), HOURS)
    assert found is not None
    entered, arrived, hours, waiting = [], [], [], np.zeros(2)
    until = 0
    for minute in range(days * 1440):
        waiting += counts[0, [PAYMENT, FULFILMENT], minute]
        if local_minute(ZONE, START + minute + 1) % 60 == 0:
            until = minute + 1
            carried = waiting.copy()
            hour = local_minute(ZONE, START + minute) // 60
            if HOURS.is_open(hour):
                entered.append(waiting[0])
                arrived.append(waiting[1])
                hours.append(hour)
                waiting[:] = 0
                carried = waiting.copy()
    assert found.entered.tolist() == entered
    assert found.arrived.tolist() == arrived
    assert found.local_hour.tolist() == hours
    assert found.carried == tuple(carried.astype(int))
    assert (found.until_minute, found.days, found.upstream) == (START + until, 15.0, Stage.PAYMENT)
    assert found.pairs == 0


def test_a_hundred_pairs_outweigh_the_counts() -> None:
    def kernel(pairs: int, delay_days: int = 1) -> tuple[Kernel, int]:
        minutes = 15 * 1440
        counts = np.zeros((1, 7, minutes), dtype=np.int64)
        counts[0, [PAYMENT, FULFILMENT], ::40] = 1
        noon = START + 90 + 6 * 60 + np.arange(pairs) % 4 * 1440
        found = slow_history(
            StoreHistory("s", ZONE, START, ("",), counts),
            HOURS,
            AttributedPairs(noon, noon + delay_days * 1440),
        )
        assert found is not None
        return found.kernel, found.pairs

    few, none = kernel(99)
    assert (few.source, none) == (KernelSource.COUNTS, 0)
    many, all_of = kernel(100)
    assert (many.source, all_of) == (KernelSource.PAIRS, 100)
    assert many.pmf == (0.0,) * 9 + (1.0,)
    assert many.slow_share == 0


def test_delays_beyond_the_longest_are_left_to_the_rate() -> None:
    always = BusinessHours(ZONE, tuple(range(168)))
    minutes = 40 * 1440
    counts = np.zeros((1, 7, minutes), dtype=np.int64)
    counts[0, [PAYMENT, FULFILMENT], ::40] = 1
    up = START + 90 + np.arange(120) * 7
    delays = np.where(np.arange(120) % 3 == 0, 481 * 60, 5 * 60)
    found = slow_history(
        StoreHistory("s", ZONE, START, ("",), counts), always, AttributedPairs(up, up + delays)
    )
    assert found is not None
    assert len(found.kernel.pmf) == 6
    assert sum(found.kernel.pmf) == pytest.approx(1.0)


def test_fulfilment_is_expected_from_payments_or_else_from_orders() -> None:
    assert slow_upstream((Stage.ORDER, Stage.PAYMENT, Stage.FULFILMENT)) is Stage.PAYMENT
    assert slow_upstream((Stage.ORDER, Stage.FULFILMENT)) is Stage.ORDER
    assert slow_upstream((Stage.CLICK, Stage.FULFILMENT)) is None
    assert slow_upstream((Stage.ORDER, Stage.PAYMENT)) is None


def made(name: str, hours: int, seed: int, batch: int = 1) -> SlowHistory:
    """A warehouse with these business hours behind it."""
    rng = np.random.default_rng(seed)
    kernel = Kernel(gamma_kernel(4.0 + seed, 2.0))
    entered = rng.poisson(40.0 / seed, hours).astype(float)
    local = np.array([hour for hour in range(800 * 168, 812 * 168) if HOURS.is_open(hour)])[-hours:]
    due = np.convolve(entered, kernel.pmf)[:hours] * (1 + 0.3 * (local % 24 < 12))
    arrived = rng.poisson(due * 0.9 / batch) * float(batch)
    return SlowHistory(name, Stage.PAYMENT, HOURS, 30.0, entered, arrived, local, (3, 4), 77, kernel, seed)


def test_slow_steps_are_fitted_rate_then_season_then_wobble() -> None:
    histories = [made("a", 620, 1), made("b", 400, 2, batch=4), made("c", 90, 5), made("d", 300, 3)]
    found = fit_slow(histories)
    exposed = [np.convolve(h.entered, h.kernel.pmf)[: len(h.entered)] for h in histories]
    burn = [min(reach_of(h.kernel.pmf), len(h.entered) // 3) for h in histories]
    arrived = [float(h.arrived[b:].sum()) for h, b in zip(histories, burn, strict=True)]
    rates, rate_variance = store_rates(
        np.array(arrived), np.array([float(e[b:].sum()) for e, b in zip(exposed, burn, strict=True)])
    )
    first = min(int(h.local_hour[0]) for h in histories) // 168 * 168
    weeks = (max(int(h.local_hour[-1]) for h in histories) - first) // 168 + 1
    week_a, week_mu = np.zeros((4, weeks * 168)), np.zeros((4, weeks * 168))
    for row, (h, e, b) in enumerate(zip(histories, exposed, burn, strict=True)):
        for at in range(b, len(h.entered)):
            week_a[row, h.local_hour[at] - first] += h.arrived[at]
            week_mu[row, h.local_hour[at] - first] += rates[row] * e[at]
    shape = (4, weeks, 168)
    profile = fit_profile(week_a.reshape(shape), week_mu.reshape(shape), np.full(4, 0.01))
    size = max(len(h.entered) for h in histories)
    a, mu = np.zeros((size, 4)), np.zeros((size, 4))
    for row, (h, e, b) in enumerate(zip(histories, exposed, burn, strict=True)):
        for at in range(b, len(h.entered)):
            place = size - len(h.entered) + at
            a[place, row] = h.arrived[at]
            mu[place, row] = rates[row] * e[at] * math.exp(profile.logs[row, h.local_hour[at] % 168])

    def kappa(hours: int) -> np.ndarray:
        return np.array([window_containment(h.kernel.pmf, hours) for h in histories])

    noise = fit_noise(a, mu, rates, kappa, 1)
    for row, h in enumerate(histories):
        slow, sigma = found[h.store_id], max(float(noise.sigma[row]), 0.08)
        known = mu[:, row] > 0.5
        pearson = (a[known, row] - mu[known, row]) ** 2 / mu[known, row]
        excess = float(np.minimum(pearson, 9 * max(median(pearson) / 0.455, 1e-9)).mean()) / 0.9853
        batches = (excess - sigma**2 * float(mu[known, row].mean())) / (
            1 - min(rates[row], 0.9) * kappa(1)[row]
        )
        batches = min(max(batches, 1.0), 50.0) if known.sum() >= 30 else 1.0
        assert slow.dispersion == pytest.approx(max(float(noise.dispersion[row]), batches), abs=2e-3)
        assert (slow.sigma, slow.tau) == pytest.approx((sigma, noise.tau[row]), rel=1e-3)
        assert slow.rate == pytest.approx(rates[row])
        assert slow.rate_variance == pytest.approx(rate_variance[row])
        assert slow.profile == pytest.approx(profile.logs[row].tolist(), abs=1e-5)
        assert slow.profile_variance == pytest.approx(profile.variance[row].tolist(), abs=1e-6)
        assert slow.arrivals_per_hour == pytest.approx(arrived[row] / (len(h.entered) - burn[row]), abs=1e-4)
        assert (slow.step, slow.upstream, slow.downstream) == (
            "payment_to_fulfilment",
            "payment",
            "fulfilment",
        )
        assert slow.recent == tuple(int(count) for count in h.entered[-480:])
        assert (slow.carried, slow.until_minute, slow.pairs, slow.kernel) == ((3, 4), 77, h.pairs, h.kernel)
    assert found["b"].dispersion > 2.5
    assert fit_slow([]) == {}


def test_a_store_has_the_fast_and_the_slow_steps_that_its_stages_make() -> None:
    rng = np.random.default_rng(3)
    minutes = 15 * 1440
    counts = np.zeros((1, 7, minutes), dtype=np.int64)
    for stage, pace in (("click", 4.0), ("order", 1.0), ("payment", 0.8), ("fulfilment", 0.7)):
        counts[0, STAGE_INDEX[stage]] = rng.poisson(pace, minutes)
    lone = np.zeros((1, 7, minutes), dtype=np.int64)
    lone[0, STAGE_INDEX["order"]] = rng.poisson(1.0, minutes)
    seen: list[tuple[str, int]] = []
    histories = [
        StoreHistory("all", ZONE, START, ("",), counts), StoreHistory("lone", "UTC", START, ("",), lone),
        StoreHistory("short", "UTC", START, ("",), counts[:, :, :119]), StoreHistory("young", "UTC", START, ("",), counts[:, :, :120]),
        StoreHistory("lone-young", "UTC", START, ("",), lone[:, :, : 7 * 1440 - 1]),
    ]  # fmt: skip
    given = {("all", "click_to_order"): Kernel((0.25, 0.75))}
    hours = SlowInputs({"all": HOURS})
    found = {
        b.store_id: b
        for b in fit_baselines(
            histories, 9, given, lambda phase, done: seen.append((phase, done)), slow=hours
        )
    }
    assert set(found) == {"all", "lone", "young"}
    whole, young = found["all"], found["young"]
    assert list(whole.steps) == ["click_to_order", "order_to_payment"]
    assert whole.steps["click_to_order"].kernel.pmf == (0.25, 0.75)
    assert whole.stages == ("click", "order", "payment", "fulfilment")
    assert (whole.trained_from_ms, whole.trained_until_ms) == (START * 60_000, (START + minutes) * 60_000)
    assert (whole.days, whole.zone, whole.fitted_at_ms) == (15.0, ZONE, 9)
    assert whole.slow is not None
    assert whole.slow.hours == HOURS
    assert whole.traffic is not None
    assert whole.traffic.stage == "click"
    assert (young.traffic, young.slow, young.days) == (None, None, round(120 / 1440, 3))
    lonely = found["lone"]
    assert (lonely.steps, lonely.slow, lonely.stages) == ({}, None, ("order",))
    assert lonely.traffic is not None
    assert lonely.traffic.usual == pytest.approx([1.0] * 168, abs=0.6)
    assert [phase for phase, done in seen if done == 1] == ["kernels", "exposure", "steps"]
    assert seen[-1] == ("steps", 2)
