"""Rates, daily levels and the wobble, each against its formula taken literally."""

from __future__ import annotations

import math
import random
from datetime import datetime
from statistics import fmean, median, pvariance
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from scoring.baselines import Kernel, StepBaseline
from scoring.baselines.level import DAILY_DECAY, Levels, daily_level
from scoring.baselines.localtime import hour_neighbours, local_minute
from scoring.baselines.rates import segment_rates, store_rates
from scoring.baselines.wobble import autocorrelation, carry_over, mean_variance, window_containment


def shrunk(arrivals: list[float], exposure: list[float]) -> list[tuple[float, float]]:
    """Each store's rate and the variance of its log, by the method of moments."""
    raw = [(a / e, e) for a, e in zip(arrivals, exposure, strict=True) if e > 1]
    if len(raw) < 4:
        return [((a + 0.5) / (e + 0.5 / max(a / e if e > 1 else 0.0, 1e-3)), 1 / (a + 0.5)) for a, e in zip(arrivals, exposure, strict=True)]  # fmt: skip
    mean = fmean(rate for rate, _ in raw)
    beyond = pvariance([rate for rate, _ in raw]) - fmean(rate / e for rate, e in raw)
    k = mean / max(beyond, (mean / 20) ** 2)
    return [
        ((a + k * mean) / (e + k), 1 / (a + k * mean + 0.5)) for a, e in zip(arrivals, exposure, strict=True)
    ]


@pytest.mark.parametrize(
    ("arrivals", "exposure"),
    [
        ([50, 90, 10, 30, 200], [500, 1000, 40, 100, 1500]),
        ([50, 52, 49, 51], [500, 500, 500, 500]),
        ([50, 52, 49, 51, 0], [500, 500, 500, 500, 1.0]),
        ([50, 90, 30], [500, 1000, 100]),
        ([50, 90, 30, 1, 0], [500, 1000, 100, 1.0, 0.2]),
        ([0, 0, 0, 0], [500, 500, 500, 500]),
        ([2, 0, 1, 1], [1.5, 1.2, 1.1, 4.0]),
    ],
)
def test_rates_are_drawn_to_those_of_other_stores_as_far_as_chance_explains_them(
    arrivals: list[float], exposure: list[float]
) -> None:
    rates, variance = store_rates(np.array(arrivals, float), np.array(exposure, float))
    if not any(arrivals):
        assert rates.max() < 1e-3
        return
    wanted = shrunk(arrivals, exposure)
    assert rates == pytest.approx([rate for rate, _ in wanted])
    assert variance == pytest.approx([v for _, v in wanted])


def segments_slowly(
    arrivals: list[list[float]], exposure: list[list[float]], names: list[tuple[str, ...]], rates: list[float]
) -> list[list[tuple[float, float]]]:
    """Each segment's rate and variance."""
    seen: dict[str, list[float]] = {}
    rows = []
    for store, (own, rate) in enumerate(zip(names, rates, strict=True)):
        for place, name in enumerate(own):
            size = exposure[store][place] * rate
            y = math.log((arrivals[store][place] + 0.5) / (size + 0.5))
            rows.append((store, name, y, size))
            if size > 50:
                seen.setdefault(name, []).append(y)
    centre = {name: median(values) if len(values) >= 4 else 0.0 for name, values in seen.items()}
    beyond = [(y - centre.get(name, 0.0)) ** 2 - 1 / size for _, name, y, size in rows if size > 50]
    t2 = max(fmean(beyond), 1e-4) if beyond else 0.25
    found: list[list[tuple[float, float]]] = [[] for _ in names]
    for store, name, y, size in rows:
        g = centre.get(name, 0.0)
        v = 1 / (size * math.exp(g) + 0.5)
        found[store].append((rates[store] * math.exp(g + (y - g) * t2 / (t2 + v)), t2 * v / (t2 + v)))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_segments_are_drawn_to_the_same_segment_of_other_stores(seed: int) -> None:
    draw = random.Random(seed)
    names = [tuple(draw.sample("abc", draw.randrange(1, 4))) for _ in range(7 if seed else 3)]
    exposure = [[draw.choice([10.0, 490.0, 510.0, 4000.0]) for _ in own] for own in names]
    rates = [draw.uniform(0.05, 0.2) if seed else 0.01 for _ in names]
    bias = {"a": 1.5, "b": 0.7, "c": 1.0}
    arrivals = [
        [round(e * rate * bias[name] * draw.uniform(0.8, 1.2)) for e, name in zip(row, own, strict=True)]
        for row, own, rate in zip(exposure, names, rates, strict=True)
    ]
    found = segment_rates(
        [np.array(row, float) for row in arrivals],
        [np.array(row) for row in exposure],
        names,
        np.array(rates),
    )
    wanted = segments_slowly(arrivals, exposure, names, rates)  # type: ignore[arg-type]
    for (rate, variance), row in zip(found, wanted, strict=True):
        assert rate == pytest.approx([one for one, _ in row])
        assert variance == pytest.approx([two for _, two in row])


def test_fifty_expected_and_four_stores_are_needed_to_know_a_segments_usual_factor() -> None:
    def pulled(size: float, stores: int) -> float:
        exposure = [np.array([size * 10, 100_000.0])] * stores
        arrivals = [np.array([size * 2, 10_000.0])] * stores
        return float(segment_rates(arrivals, exposure, [("a", "b")] * stores, np.full(stores, 0.1))[0][0][0])

    assert pulled(51.0, 4) == pytest.approx(0.1 * math.exp(math.log(102.5 / 51.5)))
    assert pulled(50.0, 4) < 0.195
    assert pulled(51.0, 3) < pulled(51.0, 4)


# the wobble


def test_the_mean_of_an_ar1_over_a_window_has_the_variance_of_all_its_pairs() -> None:
    for length, tau in ((1, 5.0), (2, 5.0), (7, 30.0), (60, 120.0)):
        rho = math.exp(-1 / tau)
        pairs = [rho ** abs(i - j) for i in range(length) for j in range(length)]
        assert mean_variance(length, tau) == pytest.approx(sum(pairs) / length**2)
        assert carry_over(length, tau) == pytest.approx(fmean(rho**j for j in range(1, length + 1)))
        assert autocorrelation(tau) == pytest.approx(rho)


@pytest.mark.parametrize("length", [1, 2, 5, 30])
@pytest.mark.parametrize("slow", [0.0, 0.3])
def test_containment_is_that_of_every_click_by_the_chance_of_its_conversion(length: int, slow: float) -> None:
    pmf = (0.5 * (1 - slow), 0.3 * (1 - slow), 0.2 * (1 - slow))
    chances = [
        sum(share for delay, share in enumerate(pmf) if 0 <= click + delay < length)
        for click in range(-3, length)
    ]
    wanted = sum(chance**2 for chance in chances) / (sum(chances) + slow * length)
    assert window_containment(pmf, length, slow) == pytest.approx(wanted)
    assert window_containment((0.0,), length) == 0.0


# the daily level


def baseline(draw: random.Random, rate_variance: float = 0.02) -> StepBaseline:
    return StepBaseline(
        "click_to_order", "click", "order", 0.1, rate_variance, Kernel((1.0,)),
        tuple(draw.uniform(-0.3, 0.3) for _ in range(168)), tuple(draw.uniform(0, 0.1) for _ in range(168)),
        draw.choice([0.0, 300.0]), draw.choice([0.0, 280.0]), draw.uniform(0.02, 0.3), draw.choice([30.0, 240.0]), 1.0, 5.0,
    )  # fmt: skip


class Slowly:
    """The level of one step, hour by hour of its zone's clock."""

    def __init__(self, zone: str, step: StepBaseline, since: int) -> None:
        self.zone, self.step, self.since = zone, step, since
        self.sums = [step.level_arrivals, step.level_expected]
        rho = math.exp(-1 / step.tau)
        self.hourly = step.sigma**2 * sum(rho ** abs(i - j) for i in range(60) for j in range(60)) / 3600
        self.hour = [0.0, 0.0]
        self.renew()

    def renew(self) -> None:
        """The level by the sums of today."""
        a, e = self.sums
        v = 1 / (e + 0.5) + self.hourly * 3 / 100
        self.level = math.log((a + 0.5) / (e + 0.5)) * 0.0025 / (0.0025 + v)
        self.variance = 0.0025 * v / (0.0025 + v)

    def factor(self, minute: int) -> tuple[float, float]:
        """The factor on the rate and the variance of its log."""
        hour, other, weight = hour_neighbours(local_minute(self.zone, minute) % 10_080)
        here, there = self.step.profile[hour], self.step.profile[other]
        known = self.step.profile_variance[hour] + self.step.rate_variance
        return math.exp(here * (1 - weight) + there * weight + self.level), known + self.variance

    def observe(self, minute: int, arrived: float, expected: float, is_open: bool) -> bool:
        """One minute; whether a midnight came with its end."""
        if minute >= self.since:
            self.hour = [self.hour[0] + arrived, self.hour[1] + expected]
        after = datetime.fromtimestamp((minute + 1) * 60, ZoneInfo(self.zone))
        if after.minute:
            return False
        a, e = self.hour
        self.hour = [0.0, 0.0]
        if abs(a - e) < 4 * math.sqrt(e + e * e * (self.hourly + 0.01) + 1e-9) and not is_open:
            self.sums = [self.sums[0] + a, self.sums[1] + e * math.exp(-self.level)]
        if after.hour or minute < self.since:
            return False
        self.sums = [one * 0.5 ** (1 / 3) for one in self.sums]
        self.renew()
        return True


START = 29_588_910  # 2026-04-04 16:30 UTC: the clocks of Lord Howe were put back at 15:00
ZONES = ["UTC", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "UTC"]


def test_levels_are_learned_from_good_hours_at_each_stores_own_midnight() -> None:
    draw = random.Random(5)
    levels, slowly = Levels(), []
    for number in range(40):  # more than the arrays hold at first
        zone, step = ZONES[number % 5], baseline(draw)
        since = START + draw.choice([0, 0, 700])
        assert levels.add(zone, step, since) == number
        slowly.append(Slowly(zone, step, since))
    for minute in range(START, START + 2 * 1440):
        factor, variance = levels.factor(minute)
        if minute % 97 == 0:
            assert factor == pytest.approx([one.factor(minute)[0] for one in slowly])
            assert variance == pytest.approx([one.factor(minute)[1] for one in slowly])
        arrived = [draw.choice([0.0, 1.0, 2.0]) * (9 if number % 7 == 3 else 1) for number in range(40)]
        expected = [draw.choice([0.8, 1.0, 1.2]) for _ in range(40)]
        is_open = [(minute // 60 + number) % 5 == 0 for number in range(40)]
        midnights = [
            one.observe(minute, *given)
            for one, *given in zip(slowly, arrived, expected, is_open, strict=True)
        ]
        renewed = levels.observe(minute, np.array(arrived), np.array(expected), np.array(is_open))
        assert sorted(renewed) == [number for number, came in enumerate(midnights) if came]
    assert levels.level[:40] == pytest.approx([one.level for one in slowly])
    assert levels.sum_arrived[:40] == pytest.approx([one.sums[0] for one in slowly])
    assert len({round(one.level, 9) for one in slowly}) == 40


def test_a_level_is_shrunk_by_its_count_and_by_three_hundredths_of_an_hours_wobble() -> None:
    level, variance = daily_level(np.array([120.0]), np.array([100.0]), np.array([0.01]))
    v = 1 / 100.5 + 0.01 * 3 / 100
    assert level[0] == pytest.approx(math.log(120.5 / 100.5) * 0.0025 / (0.0025 + v))
    assert variance[0] == pytest.approx(0.0025 * v / (0.0025 + v))
    assert pytest.approx(0.5) == DAILY_DECAY**3


def levels_of(count: int) -> tuple[Levels, list[StepBaseline]]:
    draw = random.Random(count)
    levels, steps = Levels(), [baseline(draw) for _ in range(count)]
    for number, step in enumerate(steps):
        levels.add(ZONES[number % 5], step, START)
    return levels, steps


def test_a_new_baseline_takes_the_place_of_the_old_one_and_of_the_hour_that_was_begun() -> None:
    levels, steps = levels_of(2)
    levels.observe(START, np.ones(2), np.ones(2), np.zeros(2, bool))
    assert levels.hour_arrived[:2].tolist() == [1, 1]
    levels.set(0, "Asia/Kathmandu", steps[1], START + 2)
    assert (levels.hour_arrived[0], levels.hour_expected[0], levels.hour_arrived[1]) == (0, 0, 1)
    levels.observe(START + 1, np.ones(2), np.ones(2), np.zeros(2, bool))
    assert levels.hour_arrived[:2].tolist() == [0, 2]
    factor, _ = levels.factor(START)
    assert factor[0] == pytest.approx(Slowly("Asia/Kathmandu", steps[1], START).factor(START)[0])


def test_steps_that_stay_keep_all_that_is_known_of_them() -> None:
    levels, steps = levels_of(35)
    levels.observe(START, np.arange(35.0), np.ones(35), np.zeros(35, bool))
    before = levels.factor(START + 5)
    levels.keep(np.array([30, 2]))
    after = levels.factor(START + 5)
    assert levels.size == 2
    assert after[0] == pytest.approx(before[0][[30, 2]])
    assert after[1] == pytest.approx(before[1][[30, 2]])
    assert levels.hour_arrived[:2].tolist() == [30, 2]
    assert levels.add("UTC", steps[0], START) == 2
    levels.keep(np.array([], dtype=int))
    assert (levels.size, levels.add("UTC", steps[0], START)) == (0, 0)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "Australia/Lord_Howe"])
def test_days_that_pass_without_events_are_days_of_nothing(zone: str) -> None:
    for begin, end in (
        (START, START + 4000),
        (START, START + 1),
        (START + 10, START + 10),
        (START, START + 1440),
    ):
        slept, awake = Levels(), Levels()
        step = baseline(random.Random(1))
        for levels in (slept, awake):
            levels.add(zone, step, START)
        for minute in range(begin + 1, end + 1):
            awake.observe(minute, np.zeros(1), np.zeros(1), np.zeros(1, bool))
        slept.let_days_pass(0, begin, end)
        assert slept.level[0] == pytest.approx(awake.level[0])
        assert slept.sum_expected[0] == pytest.approx(awake.sum_expected[0])
    young = Levels()
    young.add(zone, baseline(random.Random(1)), START + 4000)
    before = float(young.sum_expected[0])
    young.let_days_pass(0, START, START + 3999)
    assert young.sum_expected[0] == before


def test_a_shift_moves_the_level_now_and_from_its_sums() -> None:
    levels, _ = levels_of(2)
    before = levels.level[:2].copy(), levels.sum_arrived[:2].copy()
    levels.shift(1, math.log(0.5))
    assert levels.level[:2].tolist() == pytest.approx([before[0][0], before[0][1] + math.log(0.5)])
    assert levels.sum_arrived[:2].tolist() == pytest.approx([before[1][0], before[1][1] / 2])
