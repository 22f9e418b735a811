"""What is usual of a pool of stores: how far and how long the sum of its members strays from what they are expected to do.

Gathered while ``fit.py`` fits the members, because what each was expected to do in each bin of the past, season and level
included, is known there. A pool's wobble is its own: what members do each on their own averages out, what they do
together stays. Its delay kernel and conversion rate are its members', weighted by their expected arrivals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scoring.baselines.baseline import (
    YOUNG_DAYS,
    BaselineSource,
    Kernel,
    KernelSource,
    StepBaseline,
    StoreBaseline,
)
from scoring.baselines.level import DAILY_DECAY, LARGEST_Z
from scoring.baselines.noise import fit_noise
from scoring.baselines.wobble import window_containment
from scoring.funnel.arrays import Floats
from scoring.funnel.pools import PoolDimension, PoolRules, parse_pool
from scoring.funnel.stages import STEP_BY_ID, Stage
from scoring.funnel.units import HOURS_A_WEEK

#: variance of an hour's mean wobble, before the pool's is known (log scale)
_HOUR_VARIANCE = 0.07**2 * 0.75


@dataclass(slots=True)
class _Sum:
    """One step of one pool: summed bins, and the sums behind weighted means."""

    arrivals: Floats
    expected: Floats
    weight: float = 0.0
    rate: float = 0.0
    pmf: Floats = field(default_factory=lambda: np.zeros(0))
    slow_share: float = 0.0
    slow_minutes: float = 0.0
    members: set[str] = field(default_factory=set)
    #: longest history of a member, in days
    days: float = 0.0


class PoolSums:
    """Takes each fitted series that counts towards a pool, and makes the pools' baselines of them.

    Args:
        rules: who is pooled with whom.
        bins: how many of the last bins are kept; bin_minutes: their width.
    """

    def __init__(self, rules: PoolRules, bins: int, bin_minutes: int) -> None:
        self._rules, self._bins, self._bin_minutes = rules, bins, bin_minutes
        self._sums: dict[tuple[str, str], _Sum] = {}

    def add(
        self,
        store_id: str,
        step: str,
        segment: str,
        arrivals: NDArray[np.floating],
        expected: NDArray[np.floating],
        rate: float,
        kernel: Kernel,
        days: float,
    ) -> None:
        """Take a store's series (empty segment: the whole).

        Args:
            store_id: the store.
            step: its step.
            segment: its segment.
            arrivals: (bins,) A; the last bin is the last of the history.
            expected: (bins,) µ, season and level included.
            rate: conversions per upstream event.
            kernel: the delay kernel.
            days: length of the store's history; one younger than a week is in no pool, its expectation is too uncertain.
        """
        if days < YOUNG_DAYS:
            return
        for pool in self._rules.pools_of(store_id, segment):
            found = self._sums.setdefault((pool, step), _Sum(np.zeros(self._bins), np.zeros(self._bins)))
            kept = min(len(arrivals), self._bins)
            found.arrivals[self._bins - kept :] += arrivals[-kept:]
            found.expected[self._bins - kept :] += expected[-kept:]
            weight = float(expected[-kept:].sum())
            found.weight += weight
            found.rate += weight * rate
            length = max(len(found.pmf), len(kernel.pmf))
            found.pmf = np.pad(found.pmf, (0, length - len(found.pmf)))
            found.pmf[: len(kernel.pmf)] += weight * np.asarray(kernel.pmf)
            found.slow_share += weight * kernel.slow_share
            found.slow_minutes += weight * kernel.slow_share * kernel.slow_minutes
            found.members.add(store_id)
            found.days = max(found.days, days)

    def baselines(self, fitted_at_ms: int, until_ms: int) -> list[StoreBaseline]:
        """The pools' baselines; of pools with the very same members only the first kind is kept.

        Args:
            fitted_at_ms: the time to note in them.
            until_ms: where the history ended.
        """
        kept = self._without_twins()
        if not kept:
            return []
        sums = [self._sums[key] for key in kept]
        kernels = [_kernel(found) for found in sums]
        rates = np.array([found.rate / found.weight for found in sums])
        noise = fit_noise(
            np.stack([found.arrivals for found in sums], axis=1),
            np.stack([found.expected for found in sums], axis=1),
            rates,
            lambda minutes: np.array([window_containment(k.pmf, minutes, k.slow_share) for k in kernels]),
            self._bin_minutes,
        )
        steps: dict[str, dict[str, StepBaseline]] = {}
        for column, ((pool, step), found) in enumerate(zip(kept, sums, strict=True)):
            upstream, downstream = _stages(step)
            level = self._level(found)
            steps.setdefault(pool, {})[step] = StepBaseline(
                step=step,
                upstream=upstream,
                downstream=downstream,
                rate=float(rates[column]),
                rate_variance=0.0,
                kernel=kernels[column],
                profile=(0.0,) * HOURS_A_WEEK,
                profile_variance=(0.0,) * HOURS_A_WEEK,
                level_arrivals=round(level[0], 3),
                level_expected=round(level[1], 3),
                sigma=round(float(noise.sigma[column]), 5),
                tau=round(float(noise.tau[column]), 2),
                dispersion=round(float(noise.dispersion[column]), 4),
                arrivals_per_hour=round(
                    float(found.arrivals.sum())
                    * 60
                    / max(int((found.expected > 0).sum()) * self._bin_minutes, 1),
                    4,
                ),
                source=BaselineSource.OWN,
            )
        return [self._baseline(pool, own, fitted_at_ms, until_ms) for pool, own in steps.items()]

    def _without_twins(self) -> list[tuple[str, str]]:
        """The (pool, step) that are kept, by pool."""
        order = list(PoolDimension)
        known: set[tuple[str, frozenset[str]]] = set()
        kept: list[tuple[str, str]] = []
        for pool, step in sorted(self._sums, key=lambda key: (order.index(_dimension(key[0])), key)):
            found = self._sums[pool, step]
            # a method's pool counts only a part of its members: it is nobody's twin
            twin = (step, frozenset(found.members))
            is_part = _dimension(pool) is PoolDimension.PAYMENT_METHOD
            if (
                len(found.members) >= self._rules.least_stores
                and found.weight > 0
                and (is_part or twin not in known)
            ):
                kept.append((pool, step))
                known |= set() if is_part else {twin}
        return kept

    def _level(self, found: _Sum) -> tuple[float, float]:
        """ΣA and Σµ of the good hours, weights halving every three days, as ``scoring/baselines/level.py`` learns them."""
        per_hour = 60 // self._bin_minutes
        hours = len(found.arrivals) // per_hour
        a = found.arrivals[-hours * per_hour :].reshape(hours, per_hour).sum(1)
        e = found.expected[-hours * per_hour :].reshape(hours, per_hour).sum(1)
        z = (a - e) / np.sqrt(e + e * e * (_HOUR_VARIANCE + 0.01) + 1e-9)
        weight = np.where(
            (np.abs(z) < LARGEST_Z) & (e > 0), DAILY_DECAY ** ((hours - 1 - np.arange(hours)) // 24), 0.0
        )
        return float((weight * a).sum()), float((weight * e).sum())

    def _baseline(
        self, pool: str, steps: dict[str, StepBaseline], fitted_at_ms: int, until_ms: int
    ) -> StoreBaseline:
        sums: Sequence[_Sum] = [self._sums[pool, step] for step in steps]
        days = max(found.days for found in sums)
        stages = {stage for step in steps.values() for stage in (step.upstream, step.downstream)}
        return StoreBaseline(
            store_id=pool,
            zone="UTC",
            fitted_at_ms=fitted_at_ms,
            trained_from_ms=until_ms - round(days * 86_400_000),
            trained_until_ms=until_ms,
            days=round(days, 3),
            stages=tuple(stage.value for stage in Stage if stage.value in stages),
            steps=steps,
            members=tuple(sorted(set().union(*(found.members for found in sums)))),
        )


def _dimension(pool: str) -> PoolDimension:
    parsed = parse_pool(pool)
    assert parsed is not None, "only pools are summed"
    return parsed[0]


def _kernel(found: _Sum) -> Kernel:
    return Kernel(
        tuple((found.pmf / found.weight).tolist()) if found.weight > 0 else (1.0,),
        found.slow_share / max(found.weight, 1e-9),
        found.slow_minutes / found.slow_share if found.slow_share else 240.0,
        KernelSource.POOLED,
    )


def _stages(step: str) -> tuple[str, str]:
    known = STEP_BY_ID.get(step)
    if known is None:
        raise ValueError(f"unknown step {step!r}")
    return known.upstream.value, known.downstream.value
