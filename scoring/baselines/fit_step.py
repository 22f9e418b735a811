"""Fits one step in all stores that have it: rates, segments, season, level and wobble.

Read after ``fit.py``, which bins every store's history with ``bin_history`` and gives all stores of a step to ``fit_step``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.baselines.baseline import (
    YOUNG_DAYS,
    BaselineSource,
    Kernel,
    SegmentBaseline,
    StepBaseline,
)
from scoring.baselines.history import StoreHistory
from scoring.baselines.kernel import FittedKernel
from scoring.baselines.level import DAILY_DECAY, daily_level
from scoring.baselines.localtime import WEEK_MINUTES, interpolation_table, local_minutes
from scoring.baselines.noise import fit_noise
from scoring.baselines.pooled import PoolSums
from scoring.baselines.profile import fit_profile
from scoring.baselines.rates import segment_rates, store_rates
from scoring.baselines.wobble import mean_variance, window_containment
from scoring.funnel.algebra import MAX_ORPHANED
from scoring.funnel.arrays import Floats
from scoring.funnel.stages import STAGE_INDEX, STEP_BY_ID
from scoring.funnel.units import HOURS_A_WEEK

#: minutes of a bin of the fit
BIN = 5
#: variance of an hour's mean wobble before sigma is known (log scale)
_FIRST_HOUR_VARIANCE = 0.07**2 * 0.75
_FULL_DAYS = 28.0
#: in the first week the profile is taken for uncertain by this much beyond what its fit says (log variance)
_YOUNG_VARIANCE = 0.05**2
#: the noise is fitted on this many last days
NOISE_DAYS = 21
#: a segment with fewer arrivals than this keeps the store's wobble
_MIN_SEGMENT_ARRIVALS_PER_HOUR = 1.5
#: a segment with less than this share of the exposure that its arrivals would need has none of its own
_MIN_CARRIED = 0.1
_HOUR, _OTHER, _WEIGHT = interpolation_table()


@dataclass(slots=True)
class StepData:
    """A store's part in one step: binned arrivals and exposure by segment, on the bins of the fit."""

    store_id: str
    names: tuple[str, ...]
    arrivals: NDArray[np.float32]
    exposure: NDArray[np.float32]
    how: NDArray[np.int64]
    hour: NDArray[np.int64]
    days: float
    kernel: Kernel
    usual: tuple[float, ...]
    upstream: NDArray[np.float32]
    #: (168,) variance of log µ by hour of the week that not knowing the kernel leaves; empty: none
    kernel_doubt: tuple[float, ...] = ()
    found: StepBaseline | None = None
    split: bool = True


def expose(upstream: Floats, kernel: Kernel) -> Floats:
    """Exposure E[t] = Σ_d f[d]·n[t−d] along the last axis, as ``scoring/detection/exposure.py`` makes it minute by minute."""
    from scipy.signal import lfilter, oaconvolve  # takes as long to load as everything else here

    pmf = np.asarray(kernel.pmf)
    exposure = oaconvolve(upstream, pmf.reshape((1,) * (upstream.ndim - 1) + (-1,)), axes=-1)[
        ..., : upstream.shape[-1]
    ]
    if kernel.slow_share:
        leak = 1 - np.exp(-1 / max(kernel.slow_minutes, 1.0))
        exposure = exposure + lfilter([0.0, kernel.slow_share * leak], [1.0, leak - 1.0], upstream, axis=-1)
    return np.asarray(np.maximum(exposure, 0.0))


def bin_history(history: StoreHistory, up: str, down: str, fitted: FittedKernel) -> StepData:
    kernel = fitted.kernel
    segments, counts = history.of_step(up)
    upstream = counts[:, STAGE_INDEX[up]].astype(float)
    arrivals = counts[:, STAGE_INDEX[down]].astype(float)
    exposure = expose(upstream, kernel)
    burn_in = min(
        len(kernel.pmf) + (3 * int(kernel.slow_minutes) if kernel.slow_share else 0), history.minutes // 4
    )
    for values in (arrivals, exposure):
        values[:, :burn_in] = 0.0
        if history.excluded is not None:
            values[:, history.excluded] = 0.0
    usual = _usual(history, upstream)
    skip = -history.start_minute % BIN
    bins = (history.minutes - skip) // BIN
    first = history.start_minute + skip
    local = local_minutes(history.zone, first + BIN * np.arange(bins, dtype=np.int64))

    def binned(values: Floats) -> NDArray[np.float32]:
        cut = values[:, skip : skip + bins * BIN]
        return np.asarray(cut.reshape(len(values), bins, BIN).sum(-1), dtype=np.float32)

    return StepData(
        history.store_id,
        segments,
        binned(arrivals),
        binned(exposure),
        local % WEEK_MINUTES,
        local // 60,
        history.minutes / 1440,
        kernel,
        usual,
        binned(upstream).sum(0),
        fitted.doubt,
    )


def _usual(history: StoreHistory, upstream: Floats) -> tuple[float, ...]:
    """Median events a minute by local hour of week; empty unless there is a week of it."""
    if history.minutes < WEEK_MINUTES:
        return ()
    minutes = np.arange(history.start_minute, history.start_minute + history.minutes, dtype=np.int64)
    hours = local_minutes(history.zone, minutes) // 60
    index = hours - hours[0] // HOURS_A_WEEK * HOURS_A_WEEK
    weeks = int(index[-1]) // HOURS_A_WEEK + 1
    length = np.bincount(index, minlength=weeks * HOURS_A_WEEK).reshape(weeks, HOURS_A_WEEK)
    total = np.bincount(index, upstream.sum(0), weeks * HOURS_A_WEEK).reshape(weeks, HOURS_A_WEEK)
    rate = np.where(length >= 30, total / np.maximum(length, 1), np.nan)
    known = ~np.isnan(rate).all(0)
    usual = np.zeros(HOURS_A_WEEK)
    usual[known] = np.nanmedian(rate[:, known], axis=0)
    return tuple(round(float(value), 4) for value in usual)


def fit_step(step: str, members: list[StepData], pools: PoolSums | None) -> None:
    """Rates, segments, season, level and wobble of one step in all stores that have it."""
    arrived = np.array([member.arrivals.sum(dtype=float) for member in members])
    exposed = np.array([member.exposure.sum(dtype=float) for member in members])
    rates, rate_variance = store_rates(arrived, exposed)
    parts = segment_rates(
        [member.arrivals.sum(1, dtype=float) for member in members],
        [member.exposure.sum(1, dtype=float) for member in members],
        [member.names for member in members],
        rates,
    )
    parts = [
        part if _is_split(member, *part) else _unsplit(member, float(rate))
        for member, part, rate in zip(members, parts, rates, strict=True)
    ]
    a, mu = _whole(members, parts)
    bins = a.shape[1]
    logs, variance, sums = _fit_season(a, mu, members)
    recent = slice(max(bins - NOISE_DAYS * 1440 // BIN, 0), bins)
    noise = fit_noise(
        np.ascontiguousarray(a[:, recent].T),
        np.ascontiguousarray(mu[:, recent].T),
        rates,
        lambda minutes: np.array([_contained(member, minutes) for member in members]),
        BIN,
    )
    history_days: Floats = np.array([member.days for member in members], dtype=float)
    careful = np.maximum(noise.sigma, noise.population_sigma)
    sigma = np.where(history_days >= _FULL_DAYS - 1, noise.sigma, careful)
    doubt = _profile_doubt(sigma, noise.tau, history_days)
    segments = _segment_wobble(members, parts, mu, (sigma, noise.tau), step, pools)
    if pools is not None:
        for row, member in enumerate(members):
            pools.add(
                member.store_id, step, "", a[row], mu[row], float(rates[row]), member.kernel, member.days
            )
    for row, member in enumerate(members):
        known = STEP_BY_ID[step]
        if member.kernel_doubt:
            variance[row] += np.asarray(member.kernel_doubt)
        hours = max(member.days * 24, 1e-9)
        member.found = StepBaseline(
            step=step,
            upstream=known.upstream.value,
            downstream=known.downstream.value,
            rate=float(rates[row]),
            rate_variance=float(min(rate_variance[row], 1.0)),
            kernel=member.kernel,
            profile=tuple(round(float(value), 5) for value in logs[row]),
            profile_variance=tuple(round(float(value), 6) for value in variance[row] + doubt[row]),
            level_arrivals=round(float(sums[0][row]), 3),
            level_expected=round(float(sums[1][row]), 3),
            sigma=round(float(sigma[row]), 5),
            tau=round(float(noise.tau[row]), 2),
            dispersion=round(float(noise.dispersion[row]), 4),
            arrivals_per_hour=round(float(arrived[row] / hours), 4),
            segments=segments[row],
            usual_upstream=member.usual,
            source=BaselineSource.OWN if member.days >= 7 else BaselineSource.POOLED,
        )


def _whole(members: list[StepData], parts: list[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """(stores, bins) arrivals A and expectation µ of whole stores before season and level; they end with the same bin."""
    bins = max(member.arrivals.shape[1] for member in members)
    a, mu = np.zeros((len(members), bins)), np.zeros((len(members), bins))
    for row, (member, (segment_rate, _)) in enumerate(zip(members, parts, strict=True)):
        own = member.arrivals.shape[1]
        a[row, bins - own :] = member.arrivals.sum(0)
        mu[row, bins - own :] = segment_rate @ member.exposure
    return a, mu


def _fit_season(
    a: Floats, mu: Floats, members: list[StepData]
) -> tuple[Floats, Floats, tuple[Floats, Floats]]:
    """The profile, its variance and the sums that give the next level; ``mu`` is multiplied by season and level."""
    first_week = min(int(member.hour[0]) for member in members) // HOURS_A_WEEK
    weeks = max(int(member.hour[-1]) for member in members) // HOURS_A_WEEK - first_week + 1
    hours_a, hours_mu = (_by_hour(values, members, first_week, weeks) for values in (a, mu))
    hour_variance = np.full(len(members), _FIRST_HOUR_VARIANCE)
    profile = fit_profile(hours_a, hours_mu, hour_variance)
    _apply_season(mu, profile.logs, members)
    level, sums = _fit_level(
        _by_hour(a, members, first_week, weeks), _by_hour(mu, members, first_week, weeks), hour_variance
    )
    for row, member in enumerate(members):
        days = member.hour // 24 - first_week * 7
        mu[row, mu.shape[1] - member.arrivals.shape[1] :] *= np.exp(level[row, days])
    return profile.logs, profile.variance, sums


def _profile_doubt(sigma: Floats, tau: Floats, days: Floats) -> Floats:
    """(stores,) variance that the profile of a short history has beyond what its fit assumed.

    The fit takes a usual wobble; a store that wobbles more has hours that say less, and the fewer weeks the less. In the
    first week no hour of the week was seen twice: what differs from day to day is then in no variance at all.
    """
    wobble = sigma**2 * mean_variance(60, tau)
    beyond = np.maximum(wobble - _FIRST_HOUR_VARIANCE, 0.0) / np.maximum(days / 7, 0.5)
    return np.where(days < _FULL_DAYS - 1, beyond, 0.0) + np.where(days < YOUNG_DAYS, _YOUNG_VARIANCE, 0.0)


def _is_split(member: StepData, rate: Floats, variance: Floats) -> bool:
    """False where segments do not carry over the step: a dimension that is known only downstream (a payment method).

    Arrivals then fall into segments without exposure, and only the store as a whole can be judged at this step.
    """
    del variance
    arrived, exposed = member.arrivals.sum(1, dtype=float), member.exposure.sum(1, dtype=float)
    overall = arrived.sum() / max(exposed.sum(), 1e-9)
    orphaned = arrived[exposed * overall < _MIN_CARRIED * arrived].sum()
    return bool(orphaned <= MAX_ORPHANED * arrived.sum())


def _unsplit(member: StepData, rate: float) -> tuple[Floats, Floats]:
    member.split = False
    return np.full(len(member.names), rate), np.zeros(len(member.names))


def _by_hour(values: Floats, members: list[StepData], first_week: int, weeks: int) -> Floats:
    """(stores, weeks, 168) sums by local hour of (stores, bins) values."""
    out = np.zeros((len(members), weeks * HOURS_A_WEEK))
    for row, member in enumerate(members):
        own = len(member.hour)
        index = member.hour - first_week * HOURS_A_WEEK
        out[row] = np.bincount(index, values[row, -own:], weeks * HOURS_A_WEEK)
    return out.reshape(len(members), weeks, HOURS_A_WEEK)


def _apply_season(mu: Floats, logs: Floats, members: list[StepData]) -> None:
    for row, member in enumerate(members):
        table = logs[row, _HOUR] + _WEIGHT * (logs[row, _OTHER] - logs[row, _HOUR])
        mu[row, -len(member.how) :] *= np.exp(table[member.how + BIN // 2])


def _fit_level(
    hours_a: Floats, hours_mu: Floats, hour_variance: Floats
) -> tuple[Floats, tuple[Floats, Floats]]:
    """(stores, days) the level in force on each day, and the sums that give the next one.

    The same recursion as ``scoring/baselines/level.py`` runs live.
    """
    stores = len(hours_a)
    by_day_a, by_day_mu = hours_a.reshape(stores, -1, 24), hours_mu.reshape(stores, -1, 24)
    days = by_day_a.shape[1]
    level = np.zeros((stores, days))
    sum_a, sum_mu, current = np.zeros(stores), np.zeros(stores), np.zeros(stores)
    for day in range(days):
        level[:, day] = current
        e = by_day_mu[:, day] * np.exp(current)[:, None]
        z = (by_day_a[:, day] - e) / np.sqrt(e + e * e * (hour_variance[:, None] + 0.01) + 1e-9)
        good = np.abs(z) < 4
        sum_a += (by_day_a[:, day] * good).sum(1)
        sum_mu += (by_day_mu[:, day] * good).sum(1)
        if day < days - 1:
            sum_a *= DAILY_DECAY
            sum_mu *= DAILY_DECAY
        current = daily_level(sum_a, sum_mu, hour_variance)[0]
    return level, (sum_a, sum_mu)


def _segment_wobble(
    members: list[StepData],
    parts: list[tuple[Floats, Floats]],
    mu: Floats,
    whole: tuple[Floats, Floats],
    step: str,
    pools: PoolSums | None,
) -> list[dict[str, SegmentBaseline]]:
    """Each store's segments with their own wobble, fitted where there is enough to see, else the store's.

    Args:
        mu: (stores, bins) the expectation of whole stores, season and level included.
        whole: (stores,) the wobble σ and τ of whole stores.
    """
    sigma, tau = whole
    picked, columns = _segments_to_fit(members, parts, mu, step, pools)
    wobble: dict[tuple[int, int], tuple[float, float]] = {}
    if picked:
        pairs = len(columns[0][0]) // 2 * 2
        halves = [
            np.stack(values)[:, -pairs:].reshape(len(picked), -1, 2).sum(-1).T
            for values in zip(*columns, strict=True)
        ]
        noise = fit_noise(
            np.ascontiguousarray(halves[0]),
            np.ascontiguousarray(halves[1]),
            np.array([parts[row][0][part] for row, part in picked]),
            lambda minutes: np.array([_contained(members[row], minutes) for row, _ in picked]),
            2 * BIN,
        )
        wobble = {
            key: (float(max(s, 0.7 * sigma[key[0]])), float(t))
            for key, s, t in zip(picked, noise.sigma, noise.tau, strict=True)
        }
    found = []
    for row, (member, (segment_rate, variance)) in enumerate(zip(members, parts, strict=True)):
        hours = max(member.days * 24, 1e-9)
        found.append(
            {
                name: SegmentBaseline(
                    rate=float(segment_rate[part]),
                    rate_variance=round(float(variance[part]), 6),
                    arrivals_per_hour=round(float(member.arrivals[part].sum(dtype=float) / hours), 4),
                    sigma=round(float(wobble.get((row, part), (sigma[row], 0.0))[0]), 5),
                    tau=round(float(wobble.get((row, part), (0.0, tau[row]))[1]), 2),
                )
                for part, name in enumerate(member.names)
                if member.split
            }
        )
    return found


def _segments_to_fit(
    members: list[StepData],
    parts: list[tuple[Floats, Floats]],
    mu: Floats,
    step: str,
    pools: PoolSums | None,
) -> tuple[list[tuple[int, int]], list[tuple[Floats, Floats]]]:
    """(store, segment) of those with enough arrivals, and the last A and µ of each; they are added to ``pools``."""
    bins = mu.shape[1]
    length = min(NOISE_DAYS * 1440 // BIN, bins)
    picked: list[tuple[int, int]] = []
    columns: list[tuple[Floats, Floats]] = []
    for row, (member, (segment_rate, _)) in enumerate(zip(members, parts, strict=True)):
        if len(member.names) < 2 or not member.split:
            continue
        own = member.arrivals.shape[1]
        base = segment_rate @ member.exposure
        factor = np.divide(mu[row, bins - own :], base, out=np.ones(own), where=base > 0)
        for part, name in enumerate(member.names):
            per_hour = member.arrivals[part].sum(dtype=float) / max(member.days * 24, 1e-9)
            if not name or per_hour < _MIN_SEGMENT_ARRIVALS_PER_HOUR:
                continue
            picked.append((row, part))
            expected = _tail(member.exposure[part] * segment_rate[part] * factor, length)
            columns.append((_tail(member.arrivals[part], length), expected))
            if pools is not None:
                rate = float(segment_rate[part])
                pools.add(member.store_id, step, name, *columns[-1], rate, member.kernel, member.days)
    return picked, columns


def _contained(member: StepData, minutes: int) -> float:
    return window_containment(member.kernel.pmf, minutes, member.kernel.slow_share)


def _tail(values: NDArray[np.float32], length: int) -> Floats:
    out = np.zeros(length)
    kept = values[-length:]
    out[length - len(kept) :] = kept
    return out
