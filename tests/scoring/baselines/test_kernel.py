"""Delay kernels from counts and from pairs, against their normal equations and hazards added up term by term."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from scoring.baselines import Kernel, KernelSource
from scoring.baselines.kernel import (
    LAGS,
    KernelEvidence,
    default_kernel,
    kernel_evidence,
    kernel_from_pairs,
)
from scoring.baselines.kernel import fit_kernels as fit_kernels_and_tails

EDGES = [*range(11), 12, 14, 17, 20, 25, 30, 40, 50, 60, 80, 100, 120]
DAY = 1440


def fit_kernels(evidence: list[KernelEvidence | None]) -> list[Kernel]:
    return [fitted.kernel for fitted in fit_kernels_and_tails(evidence)]


def drawn(pmf: list[float], rate: float, seed: int, minutes: int = 7 * DAY, clicks: float = 20.0) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Upstream and downstream counts of a store whose conversions take these delays."""
    rng = np.random.default_rng(seed)
    up = rng.poisson(clicks, minutes)
    left, down, share = rng.binomial(up, rate), np.zeros(minutes + len(pmf), dtype=np.int64), 1.0
    for delay, part in enumerate(pmf):
        now = rng.binomial(left, min(part / share, 1.0)) if share > 1e-12 else left * 0
        down[delay : delay + minutes] += now
        left, share = left - now, share - part
    return up.astype(float), down[:minutes].astype(float)


def evidence_slowly(n: np.ndarray, a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The normal equations by delay bins: sums over all minutes of all products."""

    def average(x: np.ndarray, width: int) -> np.ndarray:
        half = width // 2
        return np.array([x[max(t - half, 0) : t + half + 1].mean() for t in range(len(x))])

    scale = np.sqrt(average(n, 241) + 0.02)
    clean = []
    for x in (n, a):
        flat = (x - average(x, 61)) / scale
        clean.append(np.clip(flat, -6 * flat.std(), 6 * flat.std()))
    n, a = clean
    auto = [float(n[: len(n) - lag] @ n[lag:]) for lag in range(120)]
    cross = [float(n[: len(n) - lag] @ a[lag:]) for lag in range(120)]
    bins = list(pairwise(EDGES))
    gram = [
        [np.mean([[auto[abs(d - e)] for d in range(*one)] for e in range(*other)]) for one in bins]
        for other in bins
    ]
    moment = [np.mean([cross[d] for d in range(*one)]) for one in bins]
    return np.array(gram) / a.var(), np.array(moment) / a.var()


def test_the_evidence_of_a_store_is_its_products_of_all_lags_without_season_and_bursts() -> None:
    up, down = drawn([0.2, 0.5, 0.3], 0.3, 1, minutes=600)
    up[300] += 400
    down[301] += 300
    found = kernel_evidence(up, down)
    assert found is not None
    gram, moment = evidence_slowly(up, down)
    assert found.gram == pytest.approx(gram, rel=1e-6, abs=1e-9)
    assert found.moment == pytest.approx(moment, rel=1e-6, abs=1e-9)
    assert found.rate == down.sum() / up.sum()


def test_too_little_to_see_is_not_evidence() -> None:
    def is_seen(minutes: int, ups: int, downs: int) -> bool:
        up, down = np.zeros(minutes), np.zeros(minutes)
        up[:ups], down[:downs] = 1, 1
        return kernel_evidence(up, down) is not None

    assert LAGS == 120
    assert is_seen(480, 200, 50)
    assert not is_seen(479, 200, 50)
    assert not is_seen(480, 199, 50)
    assert not is_seen(480, 200, 49)


@pytest.mark.parametrize(
    "pmf", [[1.0], [0.2, 0.5, 0.3], [0.0, 0.0, 0.6, 0.4], [0.1] * 10, [0.3] + [0.0] * 14 + [0.7]]
)
def test_a_kernel_is_found_from_counts_alone(pmf: list[float]) -> None:
    found = fit_kernels([kernel_evidence(*drawn(pmf, 0.3, seed)) for seed in range(3)])
    mean = sum(delay * share for delay, share in enumerate(pmf))
    for kernel in found:
        assert sum(kernel.pmf) + kernel.slow_share == pytest.approx(1, abs=1e-4)
        assert kernel.slow_share == 0
        assert kernel.mean_minutes == pytest.approx(mean, abs=0.15 + 0.06 * mean)
        assert min(kernel.pmf) >= 0
        early = sum(kernel.pmf[: len(pmf) // 2 + 1])
        assert early == pytest.approx(sum(pmf[: len(pmf) // 2 + 1]), abs=0.12)


def test_a_store_of_its_own_keeps_its_kernel_and_one_like_the_others_takes_theirs() -> None:
    alike = [kernel_evidence(*drawn([0.5, 0.5], 0.3, seed, 3 * DAY)) for seed in range(6)]
    apart = kernel_evidence(*drawn([0.0] * 8 + [1.0], 0.3, 9))
    *found, own = fit_kernels([*alike, apart])
    assert own.source is KernelSource.COUNTS
    assert own.mean_minutes > 6.5
    assert all(kernel.mean_minutes < 2.5 for kernel in found)
    missing, pooled = fit_kernels([None, alike[0]])
    assert (missing.source, pooled.source) == (KernelSource.POOLED, KernelSource.COUNTS)
    assert missing.pmf == pooled.pmf


def test_nothing_known_is_three_minutes() -> None:
    rng = np.random.default_rng(3)
    up, down = rng.poisson(20.0, 28 * DAY).astype(float), rng.poisson(18.0, 28 * DAY).astype(float)
    assert fit_kernels([kernel_evidence(up, down)]) == [default_kernel()]
    assert fit_kernels([None, None]) == [default_kernel()] * 2
    assert fit_kernels([]) == []


def test_the_default_kernel_is_geometric_with_a_mean_of_about_three_minutes() -> None:
    pmf = default_kernel().pmf
    ratios = [later / earlier for earlier, later in pairwise(pmf)]
    assert ratios == pytest.approx([0.75] * 23, rel=2e-3)
    assert sum(pmf) == pytest.approx(1, abs=1e-4)
    assert len(pmf) == 24
    assert default_kernel().source is KernelSource.DEFAULT


def solved(gram: list[float], moment: list[float]) -> list[Kernel]:
    """The kernel of one store with independent bins."""
    size = len(EDGES) - 1
    diagonal, right = np.eye(size) * gram[0], np.zeros(size)
    right[: len(moment)] = moment
    return fit_kernels([KernelEvidence(diagonal, right, 1.0)])


def test_a_bin_at_the_end_must_explain_six_of_deviance_to_be_kept() -> None:
    # mass m in a bin with information g explains g·m²
    def length(second: float) -> int:
        (kernel,) = solved([100.0], [100.0, 100.0 * second])
        return len(kernel.pmf)

    assert length(0.25) == 2  # 6.25
    assert length(0.24) == 1  # 5.76
    (kernel,) = solved([100.0], [100.0, 25.0])
    assert kernel.pmf == pytest.approx((0.8, 0.2), abs=1e-5)
    assert kernel.source is KernelSource.COUNTS


def test_own_kernels_are_drawn_to_the_pool_by_the_positive_part_rule() -> None:
    size = len(EDGES) - 1
    eye = np.eye(size)

    def evidence(second: float, information: float) -> KernelEvidence:
        right = np.zeros(size)
        right[:2] = information * (1 - second), information * second
        return KernelEvidence(eye * information, right, 1.0)

    stores = [evidence(0.1, 4000.0), evidence(0.5, 1000.0)]
    pooled = (0.9 * 4 + 0.5) / 5, (0.1 * 4 + 0.5) / 5
    first, second = fit_kernels(stores)
    distance = 1000.0 * ((0.5 - pooled[0]) ** 2 + (0.5 - pooled[1]) ** 2)
    weight = 1 - 4 / distance  # two bins and two more
    wanted = pooled[1] + weight * (0.5 - pooled[1])
    assert second.pmf == pytest.approx((1 - wanted, wanted), abs=1e-4)
    assert (first.source, second.source) == (KernelSource.COUNTS, KernelSource.COUNTS)
    near = fit_kernels([evidence(0.3, 400.0), evidence(0.33, 400.0)])
    assert [kernel.source for kernel in near] == [KernelSource.POOLED] * 2
    assert near[0].pmf == near[1].pmf == pytest.approx((0.685, 0.315), abs=1e-4)


def test_stores_with_more_conversions_weigh_more_in_the_pool() -> None:
    size = len(EDGES) - 1

    def evidence(second: float, rate: float) -> KernelEvidence:
        right = np.zeros(size)
        right[:2] = 1e4 * rate * (1 - second), 1e4 * rate * second
        return KernelEvidence(np.eye(size) * 1e4, right, rate)

    missing, *_ = fit_kernels([None, evidence(0.2, 0.3), evidence(0.8, 0.1)])
    weights = 0.3**2, 0.1**2
    wanted = (0.2 * weights[0] + 0.8 * weights[1]) / sum(weights)
    assert missing.pmf == pytest.approx((1 - wanted, wanted), abs=1e-4)


def hazard_slowly(delays: list[int], possible: list[int]) -> list[float]:
    """F by the reverse hazard: of the pairs that could have taken so long, how many took less."""
    longest = max(delays)
    reached = [1.0] * (longest + 1)
    for day in range(longest - 1, -1, -1):
        later = day + 1
        at_risk = sum(d <= later <= p for d, p in zip(delays, possible, strict=True))
        took = sum(d == later for d in delays)
        reached[day] = reached[day + 1] * (1 - took / at_risk if at_risk else 1.0)
    return reached


@pytest.mark.parametrize("seed", range(8))
def test_pairs_too_young_to_be_slow_do_not_make_a_kernel_quick(seed: int) -> None:
    rng = np.random.default_rng(seed)
    delays = rng.choice([0, 1, 3, 4, 9], 40)
    possible = delays + rng.choice([0, 0, 1, 5, 20], 40)
    reached = hazard_slowly(delays.tolist(), possible.tolist())
    kernel = kernel_from_pairs(delays, possible)
    assert np.cumsum(kernel.pmf) == pytest.approx(reached, abs=1e-5)
    cut = kernel_from_pairs(delays, possible, most=4)
    shares = np.diff([0.0, *reached])
    assert cut.pmf == pytest.approx(shares[:4], abs=1e-5)
    assert cut.slow_share == pytest.approx(sum(shares[4:]), abs=1e-5)
    late = sum(minute * share for minute, share in enumerate(shares) if minute >= 4)
    assert cut.slow_minutes == pytest.approx(late / sum(shares[4:]))
    assert (kernel.slow_minutes, kernel.source) == (240.0, KernelSource.PAIRS)


@pytest.mark.parametrize(("delays", "possible"), [([], []), ([2], [1]), ([-1], [5])])
def test_pairs_that_cannot_be_are_rejected(delays: list[int], possible: list[int]) -> None:
    with pytest.raises(ValueError, match="between 0 and what was possible"):
        kernel_from_pairs(np.array(delays, dtype=np.int64), np.array(possible, dtype=np.int64))
