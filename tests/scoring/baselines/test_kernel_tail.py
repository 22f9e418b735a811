"""What is slower than minutes trace: from counts of days whose traffic differs, with bots, in stores that differ from the others."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.baselines import Kernel, KernelSource
from scoring.baselines.kernel import FittedKernel, fit_kernels, kernel_evidence, kernel_from_pairs
from scoring.baselines.kernel_tail import CANDIDATES, fit_tails, tail_evidence
from scoring.baselines.pairs import DelayPairs, kernel_of

DAY = 1440
DAYS = 21
MINUTES = np.arange(DAYS * DAY)
Counts = tuple[np.ndarray, np.ndarray]


def shop(seed: int, slow_share: float = 0.0, slow_minutes: float = 60.0, clicks: float = 20.0) -> Counts:
    """Clicks that rise and fall by the hour and stray from day to day, and carts that follow within minutes or slowly."""
    rng = np.random.default_rng(seed)
    season = np.exp(0.7 * np.sin(2 * np.pi * MINUTES / DAY))
    stray = np.repeat(np.exp(rng.normal(0, 0.25, len(MINUTES) // 120)), 120)
    up = rng.poisson(clicks * season * stray)
    left = rng.binomial(up, 0.2)
    delays = np.where(
        rng.random(left.sum()) < slow_share,
        rng.exponential(slow_minutes, left.sum()),
        rng.exponential(2.0, left.sum()),
    ).astype(np.int64)
    at = np.repeat(MINUTES, left) + delays
    return up.astype(float), np.bincount(at[at < len(MINUTES)], minlength=len(MINUTES)).astype(float)


def with_bots(counts: Counts, seed: int) -> Counts:
    """Ten waves of visitors who buy nothing."""
    up, down = counts[0].copy(), counts[1]
    rng = np.random.default_rng(seed)
    for first in rng.integers(0, len(up) - 200, 10):
        length = int(rng.integers(30, 120))
        up[first : first + length] += rng.poisson(2 * up.mean(), length)
    return up, down


def fitted(shops: list[Counts], paired_kernel: list[Kernel | None] | None = None) -> list[FittedKernel]:
    return fit_kernels(
        [kernel_evidence(*counts) for counts in shops],
        [tail_evidence(*counts, MINUTES) for counts in shops],
        paired_kernel,
    )


def test_bots_that_buy_nothing_were_taken_for_slow_conversions_of_four_hours() -> None:
    found = fitted([with_bots(shop(seed), seed) for seed in range(3)])
    assert all(kernel.kernel.slow_share < 0.1 for kernel in found)
    assert all(kernel.kernel.mean_minutes < 4 for kernel in found)


@pytest.mark.parametrize(("share", "minutes"), [(0.4, 60.0), (0.4, 240.0), (0.8, 120.0)])
def test_every_slow_share_was_given_a_tail_of_four_hours(share: float, minutes: float) -> None:
    found = fitted([shop(seed, share, minutes) for seed in range(3)])
    for kernel in found:
        assert kernel.kernel.slow_share == pytest.approx(share, abs=0.13)
        late = kernel.kernel.slow_share * kernel.kernel.slow_minutes
        assert late == pytest.approx(share * minutes, rel=0.3)
        assert sum(kernel.kernel.pmf) + kernel.kernel.slow_share == pytest.approx(1, abs=1e-3)


def test_a_store_whose_payments_come_late_paid_for_the_pool_of_those_that_are_quick() -> None:
    *quick, late = fitted([*(shop(seed) for seed in range(4)), shop(9, 0.9, 180.0)])
    assert all(kernel.kernel.slow_share == 0 for kernel in quick)
    assert late.kernel.slow_share > 0.7
    assert late.kernel.mean_minutes > 90


def test_few_pairs_say_how_quick_the_quick_ones_are_and_counts_how_many_are_slow() -> None:
    rng = np.random.default_rng(4)
    paired = rng.integers(0, 5, 150)
    pairs = DelayPairs(paired, paired + 5000, np.ones(150, dtype=np.int64), 5000)
    paired_kernel = kernel_of(pairs)
    assert paired_kernel is not None
    assert paired_kernel.source is KernelSource.PAIRS_IN_PART
    (found,) = fitted([shop(3, 0.5, 90.0)], [paired_kernel])
    assert found.kernel.source is KernelSource.PAIRS_IN_PART
    assert len(found.kernel.pmf) == 5
    assert found.kernel.slow_share == pytest.approx(0.5, abs=0.15)
    half = DelayPairs(paired, paired + 5000, np.full(150, 20), 5000)
    whole = kernel_of(half)
    assert whole is not None
    assert whole.source is KernelSource.PAIRS
    assert kernel_of(DelayPairs(paired[:99], paired[:99] + 9, np.ones(99, dtype=np.int64), 100)) is None


def test_a_kernel_of_pairs_with_a_slow_part_of_its_own_keeps_it() -> None:
    delays = np.array([1] * 80 + [200] * 20)
    paired_kernel = kernel_from_pairs(delays, delays + 1000)
    (found,) = fit_kernels([None], None, [paired_kernel])
    assert found.kernel.slow_share == pytest.approx(0.2)
    assert found.kernel.slow_minutes == pytest.approx(200)
    assert found.doubt == ()


def test_a_delay_that_counts_leave_open_is_marked_and_makes_what_is_expected_less_certain() -> None:
    (even,) = fit_tails([tail_evidence(*shop(1, 0.4, 60.0, clicks=0.1), MINUTES)], [(1.0,)])
    assert even.spread > 10
    (clear,) = fit_tails([tail_evidence(*shop(2), MINUTES)], [(0.4, 0.3, 0.2, 0.1)])
    assert clear.spread < 2
    assert len(even.doubt) == 168
    assert max(even.doubt) > 1e-4
    assert max(clear.doubt, default=0.0) < 1e-4
    unsure = Kernel((1.0,), source=KernelSource.COUNTS, spread_minutes=even.spread)
    assert unsure.is_uncertain
    assert not Kernel((1.0,), source=KernelSource.COUNTS, spread_minutes=clear.spread).is_uncertain


def test_too_little_has_no_evidence_of_its_own_and_takes_what_the_others_have() -> None:
    up, down = shop(1, 0.5, 120.0)
    assert tail_evidence(up[: 3 * DAY - 10], down[: 3 * DAY - 10], MINUTES[: 3 * DAY - 10]) is None
    few = np.zeros(len(up))
    few[:299] = 1
    assert tail_evidence(up, few, MINUTES) is None
    late = [tail_evidence(*shop(seed, 0.5, 120.0), MINUTES) for seed in range(3)]
    *_, nothing = fit_tails([*late, None], [(1.0,)] * 4)
    assert nothing.share > 0.2
    (alone,) = fit_tails([None], [(1.0,)])
    assert CANDIDATES[0] == (0.0, 0.0)
    assert alone.share < 0.2
