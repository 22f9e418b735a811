"""What peers lend, against the normal distributions it is made of; and what a pool is made of, sum by sum."""

from __future__ import annotations

import math
from statistics import fmean, median, variance

import numpy as np
import pytest

from scoring.baselines import (
    BaselineSource,
    Kernel,
    KernelSource,
    SegmentBaseline,
    StepBaseline,
    StoreBaseline,
    StoreHistory,
)
from scoring.baselines.benchmark import parse_benchmark
from scoring.baselines.kernel import default_kernel
from scoring.baselines.level import DAILY_DECAY
from scoring.baselines.noise import fit_noise
from scoring.baselines.peers import Lenders, is_alike, lend, youngest
from scoring.baselines.pooled import PoolSums
from scoring.baselines.wobble import mean_variance, window_containment
from scoring.funnel.pools import PoolDimension, PoolRules, StoreTraits
from scoring.funnel.stages import STAGE_INDEX

STEP = "click_to_order"
ALIKE = StoreTraits("shopify", "shoes", "DE")
DAY_MS = 86_400_000


def step(seed: int, **more: object) -> StepBaseline:
    rng = np.random.default_rng(seed)
    given = {
        "step": STEP, "upstream": "click", "downstream": "order", "rate": float(rng.uniform(0.05, 0.2)), "rate_variance": 0.01,
        "kernel": Kernel(tuple([0.5, 0.3, 0.2][: seed % 3 + 1]), seed / 100, 100.0 + seed),
        "profile": tuple(rng.normal(0, 0.2, 168).tolist()), "profile_variance": tuple(rng.uniform(0.01, 0.1, 168).tolist()),
        "level_arrivals": 5.0, "level_expected": 6.0, "sigma": float(rng.uniform(0.03, 0.2)), "tau": float(rng.uniform(20, 200)),
        "dispersion": float(rng.uniform(1, 3)), "arrivals_per_hour": 9.0,
    }  # fmt: skip
    return StepBaseline(**{**given, **more})  # type: ignore[arg-type]


def store(name: str, days: float, *steps: StepBaseline, members: tuple[str, ...] = ()) -> StoreBaseline:
    return StoreBaseline(name, "UTC", 1, 0, 1, days, ("click", "order"), {one.step: one for one in steps}, members=members)  # fmt: skip


PEERS = [store(f"p{number}", 7.0 + number, step(number)) for number in range(6)]
TRAITS = dict.fromkeys([*(peer.store_id for peer in PEERS), "young"], ALIKE)
OTHERS = [
    store("french", 30.0, step(20, rate=0.9)),
    store("infant", 6.9, step(21, rate=0.9)),
    store("pool:country=DE", 30.0, step(22, rate=0.9), members=("p0",)),
]
TRAITS |= {"french": StoreTraits("shopify", "shoes", "FR"), "infant": ALIKE}


def spread(values: list[float]) -> float:
    """The variance that one more of them has."""
    return max(variance(values), 0.05**2) * (1 + 1 / len(values))


def lent(young: StoreBaseline, lenders: Lenders, *more: StoreBaseline) -> StoreBaseline:
    found = {one.store_id: one for one in lend([*PEERS, *OTHERS, young, *more], lenders, (), 5)}
    assert all(found[one.store_id] == one for one in [*PEERS, OTHERS[0], OTHERS[2]])
    return found["young"]


def test_a_young_store_is_weighed_against_its_peers_by_what_is_known_of_each() -> None:
    segments = {
        "a": SegmentBaseline(0.04, 0.02, 3.0, 0.3, 50.0),
        "b": SegmentBaseline(0.01, 0.03, 4.0, 0.01, 70.0),
    }
    own = step(9, rate=0.05, sigma=0.1, tau=60.0, segments=segments)
    days = 2.0
    found = lent(store("young", days, own), Lenders(TRAITS))
    mixed, peers = found.steps[STEP], [peer.steps[STEP] for peer in PEERS]
    assert found.borrowed_from == tuple(peer.store_id for peer in PEERS)
    logs = [math.log(peer.rate) for peer in peers]
    prior, v = fmean(logs), spread(logs)
    own_v = 0.01 + 0.1**2 * float(mean_variance(days * 1440, 60.0))
    unknown = 1 / (1 / v + 1 / own_v)
    rate = math.exp(unknown * (prior / v + math.log(0.05) / own_v))
    assert mixed.rate == pytest.approx(rate)
    for hour in (0, 100, 167):
        of_peers = [peer.profile[hour] for peer in peers]
        hour_v = 1 / (1 / spread(of_peers) + 1 / own.profile_variance[hour])
        mean = hour_v * (fmean(of_peers) / spread(of_peers) + own.profile[hour] / own.profile_variance[hour])
        assert mixed.profile[hour] == pytest.approx(mean, abs=1e-5)
        assert mixed.profile_variance[hour] == pytest.approx(hour_v, abs=1e-6)
    sigma = float(np.quantile([peer.sigma for peer in peers], 0.75))

    def wobble(wide: float, tau: float) -> tuple[float, float]:
        total = max(wide, sigma) ** 2 + unknown
        return math.sqrt(total), (max(wide, sigma) ** 2 * tau + unknown * 1440) / total

    assert (mixed.sigma, mixed.tau) == pytest.approx(wobble(0.1, 60.0), abs=0.006)
    assert mixed.sigma == pytest.approx(wobble(0.1, 60.0)[0], abs=1e-5)
    for name, part in segments.items():
        kept = mixed.segments[name]
        assert kept.rate == pytest.approx(part.rate * rate / 0.05)
        assert (kept.rate_variance, kept.arrivals_per_hour) == (part.rate_variance, part.arrivals_per_hour)
        assert (kept.sigma, kept.tau) == pytest.approx(wobble(part.sigma, part.tau), abs=1e-4)
    assert (mixed.rate_variance, mixed.level_arrivals, mixed.level_expected) == (0, 0, 0)
    assert (mixed.kernel, mixed.source) == (own.kernel, BaselineSource.PEERS)


def test_peers_that_agree_are_taken_for_a_twentieth_apart() -> None:
    peers = [store(f"p{number}", 9.0, step(1, rate=0.1)) for number in range(5)]
    traits = dict.fromkeys([*(peer.store_id for peer in peers), "new"], ALIKE)
    counts = np.zeros((1, 7, 60), dtype=np.int64)
    counts[0, [STAGE_INDEX["click"], STAGE_INDEX["order"]]] = 1
    history = StoreHistory("new", "Asia/Tokyo", 1000, ("",), counts)
    new = lend(peers, Lenders(traits), [history], 5)[-1]
    assert (new.store_id, new.zone, new.fitted_at_ms, new.days) == (
        "new",
        "Asia/Tokyo",
        5,
        round(60 / 1440, 3),
    )
    assert (new.trained_from_ms, new.trained_until_ms) == (60_000_000, 63_600_000)
    assert new.stages == ("click", "order")
    borrowed, one = new.steps[STEP], peers[0].steps[STEP]
    unknown = 0.05**2 * 1.2
    assert borrowed.rate == pytest.approx(0.1)
    assert borrowed.sigma == pytest.approx(math.sqrt(one.sigma**2 + unknown), abs=1e-5)
    assert borrowed.tau == pytest.approx((one.sigma**2 * one.tau + unknown * 1440) / (one.sigma**2 + unknown), abs=0.01)  # fmt: skip
    assert borrowed.profile == pytest.approx(one.profile, abs=1e-5)
    assert borrowed.profile_variance == pytest.approx([unknown] * 168, abs=1e-6)
    assert borrowed.kernel.pmf == pytest.approx(one.kernel.pmf)
    assert (borrowed.dispersion, borrowed.arrivals_per_hour) == (one.dispersion, 0)
    assert (borrowed.upstream, borrowed.downstream) == ("click", "order")
    assert lend(peers, Lenders(traits), [StoreHistory("p0", "UTC", 1000, ("",), counts)], 5) == peers


def test_a_whole_store_is_borrowed_for_its_fast_steps_only() -> None:
    peers = [store(f"p{n}", 9.0, step(1), step(2, step="order_to_fulfilment", downstream="fulfilment")) for n in range(5)]  # fmt: skip
    traits = dict.fromkeys([*(peer.store_id for peer in peers), "new"], ALIKE)
    counts = np.zeros((1, 7, 60), dtype=np.int64)
    counts[0, [STAGE_INDEX["click"], STAGE_INDEX["order"], STAGE_INDEX["fulfilment"]]] = 1
    (new,) = lend(peers, Lenders(traits), [StoreHistory("new", "UTC", 0, ("",), counts)], 5)[5:]
    assert list(new.steps) == [STEP]


def test_what_peers_lend_of_kernels_is_their_mean_and_of_wobbles_a_careful_one() -> None:
    counts = np.zeros((1, 7, 60), dtype=np.int64)
    counts[0, [STAGE_INDEX["click"], STAGE_INDEX["order"]]] = 1
    new = lend(PEERS, Lenders({**TRAITS, "new": ALIKE}), [StoreHistory("new", "UTC", 0, ("",), counts)], 5)[
        -1
    ]
    made, kernels = new.steps[STEP], [peer.steps[STEP].kernel for peer in PEERS]
    shares = [fmean(k.pmf[d] if d < len(k.pmf) else 0.0 for k in kernels) for d in range(3)]
    assert made.kernel.pmf == pytest.approx(shares)
    assert made.kernel.slow_share == pytest.approx(fmean(k.slow_share for k in kernels))
    late = fmean(k.slow_share * k.slow_minutes for k in kernels)
    assert made.kernel.slow_share * made.kernel.slow_minutes == pytest.approx(late)
    assert made.kernel.source is KernelSource.POOLED
    assert made.dispersion == median(peer.steps[STEP].dispersion for peer in PEERS)


LINE = parse_benchmark("step,rate,low,high\nclick_to_order,0.2,0.1,0.4\n")


def test_a_benchmark_lends_a_rate_and_leaves_the_week_open() -> None:
    own = step(9, rate=0.05)
    mixed = lent(store("young", 1.0, own), Lenders({}, LINE)).steps[STEP]
    others = [one.steps[STEP] for one in [*PEERS, OTHERS[0]]]
    v, own_v = LINE.lines[0].variance, 0.01 + own.sigma**2 * float(mean_variance(1440, own.tau))
    unknown = 1 / (1 / v + 1 / own_v)
    assert mixed.rate == pytest.approx(math.exp(unknown * (math.log(0.2) / v + math.log(0.05) / own_v)))
    hour_v = 1 / (1 / 0.3**2 + 1 / own.profile_variance[7])
    assert mixed.profile_variance[7] == pytest.approx(hour_v, abs=1e-6)
    assert mixed.profile[7] == pytest.approx(hour_v * own.profile[7] / own.profile_variance[7], abs=1e-5)
    wide = max(own.sigma, float(np.quantile([one.sigma for one in others], 0.75)))
    assert mixed.sigma == pytest.approx(math.sqrt(wide**2 + unknown), abs=1e-5)
    assert mixed.source is BaselineSource.BENCHMARK


def test_a_benchmark_without_any_store_knows_a_usual_wobble_and_three_minutes() -> None:
    counts = np.zeros((1, 7, 60), dtype=np.int64)
    counts[0, [STAGE_INDEX["click"], STAGE_INDEX["order"]]] = 1
    (new,) = lend([], Lenders({}, LINE), [StoreHistory("new", "UTC", 0, ("",), counts)], 5)
    made, v = new.steps[STEP], LINE.lines[0].variance
    assert made.kernel == default_kernel()
    assert made.sigma == pytest.approx(math.sqrt(0.09**2 + v), abs=1e-5)
    assert made.tau == pytest.approx((0.09**2 * 60 + v * 1440) / (0.09**2 + v), abs=0.01)
    assert made.dispersion == 1.0
    (new,) = lend([OTHERS[0]], Lenders({}, LINE), [StoreHistory("new", "UTC", 0, ("",), counts)], 5)[1:]
    assert new.steps[STEP].kernel.pmf == pytest.approx(OTHERS[0].steps[STEP].kernel.pmf)
    assert new.steps[STEP].dispersion == OTHERS[0].steps[STEP].dispersion


def test_alike_are_stores_that_name_all_three_and_five_of_them_may_lend() -> None:
    assert is_alike(ALIKE, ALIKE)
    assert not is_alike(StoreTraits("shopify", "shoes"), StoreTraits("shopify", "shoes"))
    assert not is_alike(ALIKE, StoreTraits("shopify", "hats", "DE"))
    five = dict.fromkeys("abcdef", ALIKE)
    assert Lenders(five).may_lend_to("a")
    assert Lenders(five).may_lend_to("g") is False
    assert Lenders(dict.fromkeys("abcde", ALIKE)).may_lend_to("a") is False
    assert Lenders(five | {"f": StoreTraits()}).may_lend_to("a") is False
    assert Lenders({}, LINE).may_lend_to("a")


def test_the_youngest_have_half_an_hour_and_less_than_two() -> None:
    histories = [StoreHistory(str(m), "UTC", 0, ("",), np.zeros((1, 7, m), dtype=np.int64)) for m in (29, 30, 119, 120)]  # fmt: skip
    assert [history.store_id for history in youngest(histories)] == ["30", "119"]


# pools

BINS, WIDTH = 400, 5
SHOPS = {f"s{n}": StoreTraits("shopify", "", "DE") for n in range(3)} | {
    "s3": StoreTraits("amazon", "", "DE")
}


def members(rules: PoolRules, bins: int = BINS) -> tuple[PoolSums, dict[str, tuple[np.ndarray, np.ndarray, float, Kernel]]]:  # fmt: skip
    rng = np.random.default_rng(3)
    sums, given = PoolSums(rules, bins, WIDTH), {}
    for number, name in enumerate(SHOPS):
        own = BINS - 60 * number
        expected = rng.uniform(0.5, 2.0 + number, own)
        arrivals = rng.poisson(expected).astype(float)
        arrivals[-30] += 60.0  # an hour of its own
        kernel = Kernel(tuple([0.6, 0.3, 0.1][: number + 1]), 0.1 * number, 100.0 + number)
        given[name] = (arrivals, expected, 0.1 * (number + 1), kernel)
        sums.add(name, "order_to_payment", "", *given[name], 10.0 + number)
    return sums, given


def test_a_pool_is_the_sum_of_its_members_weighed_by_what_each_is_expected_to_do() -> None:
    sums, given = members(PoolRules(SHOPS))
    (platform, country) = sums.baselines(7, 50 * DAY_MS)
    assert (platform.store_id, country.store_id) == ("pool:platform=shopify", "pool:country=DE")
    assert (country.members, country.days, country.zone) == (("s0", "s1", "s2", "s3"), 13.0, "UTC")
    assert (country.trained_from_ms, country.trained_until_ms, country.fitted_at_ms) == (
        37 * DAY_MS,
        50 * DAY_MS,
        7,
    )
    assert country.stages == ("order", "payment")
    made = country.steps["order_to_payment"]
    assert (made.upstream, made.downstream) == ("order", "payment")
    weight = {name: float(expected.sum()) for name, (_, expected, _, _) in given.items()}
    total = sum(weight.values())
    assert made.rate == pytest.approx(
        sum(weight[name] * rate for name, (_, _, rate, _) in given.items()) / total
    )
    for delay in range(3):
        share = (
            sum(weight[n] * k.pmf[delay] for n, (_, _, _, k) in given.items() if delay < len(k.pmf)) / total
        )
        assert made.kernel.pmf[delay] == pytest.approx(share)
    slow = sum(weight[n] * k.slow_share for n, (_, _, _, k) in given.items()) / total
    assert made.kernel.slow_share == pytest.approx(slow)
    late = sum(weight[n] * k.slow_share * k.slow_minutes for n, (_, _, _, k) in given.items()) / total
    assert slow * made.kernel.slow_minutes == pytest.approx(late)
    a, e = np.zeros(BINS), np.zeros(BINS)
    for arrivals, expected, _, _ in given.values():
        a[BINS - len(arrivals) :] += arrivals
        e[BINS - len(expected) :] += expected
    assert made.arrivals_per_hour == pytest.approx(a.sum() / (BINS * WIDTH) * 60, abs=1e-4)
    hours, level = BINS // 12, [0.0, 0.0]
    for hour in range(hours):
        of_hour = slice(BINS - 12 * (hours - hour), BINS - 12 * (hours - hour - 1))
        x, mu = a[of_hour].sum(), e[of_hour].sum()
        if abs(x - mu) < 4 * math.sqrt(mu + mu**2 * (0.07**2 * 0.75 + 0.01)):
            halved = DAILY_DECAY ** ((hours - 1 - hour) // 24)
            level = [level[0] + halved * x, level[1] + halved * mu]
    assert (made.level_arrivals, made.level_expected) == pytest.approx(level, abs=1e-3)
    of_both = [
        fit_noise_of(platform_sums(given, ("s0", "s1", "s2"))),
        fit_noise_of(platform_sums(given, tuple(SHOPS))),
    ]
    assert len(of_both) == 2


def platform_sums(given: dict[str, tuple[np.ndarray, np.ndarray, float, Kernel]], names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    a, e = np.zeros(BINS), np.zeros(BINS)
    for name in names:
        arrivals, expected, _, _ = given[name]
        a[BINS - len(arrivals) :] += arrivals
        e[BINS - len(expected) :] += expected
    return a, e


def fit_noise_of(sums: tuple[np.ndarray, np.ndarray]) -> float:
    return float(sums[0].sum() - sums[1].sum())


def test_a_pools_wobble_is_that_of_its_sums() -> None:
    sums, given = members(PoolRules(SHOPS))
    pools = {one.store_id: one.steps["order_to_payment"] for one in sums.baselines(7, 0)}
    both = [platform_sums(given, ("s0", "s1", "s2")), platform_sums(given, tuple(SHOPS))]
    steps = [pools["pool:platform=shopify"], pools["pool:country=DE"]]
    noise = fit_noise(
        np.stack([a for a, _ in both], axis=1), np.stack([e for _, e in both], axis=1), np.array([one.rate for one in steps]),
        lambda width: np.array([window_containment(one.kernel.pmf, width, one.kernel.slow_share) for one in steps]), WIDTH,
    )  # fmt: skip
    assert [one.sigma for one in steps] == pytest.approx(noise.sigma.tolist(), abs=1e-5)
    assert [one.tau for one in steps] == pytest.approx(noise.tau.tolist(), abs=0.01)
    assert [one.dispersion for one in steps] == pytest.approx(noise.dispersion.tolist(), abs=1e-4)


def test_only_the_last_bins_of_a_long_history_count() -> None:
    sums, given = members(PoolRules(SHOPS), bins=100)
    (platform, _) = sums.baselines(7, 0)
    kept = sum(float(given[name][0][-100:].sum()) for name in ("s0", "s1", "s2"))
    assert platform.steps["order_to_payment"].arrivals_per_hour == pytest.approx(kept / 500 * 60, abs=1e-4)


def test_pools_with_the_very_same_members_are_one_and_parts_of_stores_are_their_own() -> None:
    same = dict.fromkeys(("a", "b", "c"), StoreTraits("shopify", "", "DE"))
    rules = PoolRules(same, segment_dimensions=("payment_method",))
    sums = PoolSums(rules, 24, WIDTH)
    ones = np.ones(24)
    for name in same:
        for segment in ("", "paypal", "card"):
            for step_id in ("order_to_payment", "click_to_order"):
                sums.add(name, step_id, segment, ones, ones, 0.5, Kernel((1.0,)), 7.0)
    found = sums.baselines(1, 0)
    assert [one.store_id for one in found] == ["pool:platform=shopify", "pool:payment_method=card", "pool:payment_method=paypal"]  # fmt: skip
    assert list(found[0].steps) == ["click_to_order", "order_to_payment"]
    assert found[0].steps["click_to_order"].upstream == "click"
    two = PoolSums(PoolRules(same, least_stores=2), 24, WIDTH)
    for name, days in (("a", 7.0), ("b", 7.0), ("c", 6.99)):
        two.add(name, "add_to_cart_to_payment", "", ones, ones, 0.5, Kernel((1.0,)), days)
    (pool,) = two.baselines(1, 0)
    assert pool.members == ("a", "b")
    assert (pool.steps["add_to_cart_to_payment"].upstream, pool.stages) == (
        "add_to_cart",
        ("add_to_cart", "payment"),
    )
    assert PoolSums(PoolRules(same), 24, WIDTH).baselines(1, 0) == []
    assert PoolRules(same).dimensions == tuple(PoolDimension)


def test_members_of_whom_nothing_is_expected_make_no_pool() -> None:
    sums = PoolSums(PoolRules(SHOPS), 24, WIDTH)
    for name in SHOPS:
        sums.add(name, "order_to_payment", "", np.zeros(24), np.zeros(24), 0.5, Kernel((1.0,)), 9.0)
    assert sums.baselines(1, 0) == []
