"""Fits the baselines of many stores from their minute counts.

Read after ``history.py``; what it makes goes to ``funnel.baselines.v1`` and from there to ``scoring/detection``.
The stages of a store's youth:

- no history: no baseline; its score rows say ``no_baseline``;
- half an hour to two hours: what peers or the benchmark lend (``peers.py``), or no baseline;
- two hours to seven days: with peers or a benchmark line, their prior weighed against the own history; without, the hour-of-week profile is the population's (a store's own cells are shrunk away by their
  variance) and taken for uncertain by a twentieth, the wobble is at least the population's median, and only the
  page threshold opens alerts;
- seven days to four weeks: own profile as far as its variance allows (an hour of the week seen twice); the wobble still at
  least the median;
- two weeks: its traffic is judged too (``traffic.py``);
- four weeks and more: all its own, shrunk by empirical Bayes.

A store that supplies one stage only has no step; from two weeks on it has a baseline of its traffic alone.
Stages that a store does not supply are skipped: a step then leads from the last supplied stage to the next one
(``click_to_order``), beside the steps that are missing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter, oaconvolve

from scoring.baselines.baseline import (
    HOURS_A_WEEK,
    YOUNG_DAYS,
    BaselineSource,
    Kernel,
    SegmentBaseline,
    StepBaseline,
    StoreBaseline,
)
from scoring.baselines.history import StoreHistory
from scoring.baselines.kernel import KernelEvidence, default_kernel, fit_kernels, kernel_evidence
from scoring.baselines.level import DAILY_DECAY, daily_level
from scoring.baselines.localtime import WEEK_MINUTES, interpolation_table, local_minutes
from scoring.baselines.noise import fit_noise
from scoring.baselines.pooled import PoolSums
from scoring.baselines.profile import fit_profile
from scoring.baselines.rates import segment_rates, store_rates
from scoring.baselines.slow import SlowHistory, SlowInputs, fit_slow
from scoring.baselines.traffic import TRAFFIC_DAYS, TrafficHistory, entry_stage, fit_traffic
from scoring.baselines.wobble import mean_variance, window_containment
from scoring.funnel.pools import PoolRules
from scoring.funnel.stages import STAGE_INDEX, Stage
from scoring.funnel.units import MINUTE_MS, Floats

BIN = 5
#: variance of an hour's mean wobble before sigma is known (log scale)
_FIRST_HOUR_VARIANCE = 0.07**2 * 0.75
_FULL_DAYS = 28.0
#: in the first week the profile is taken for uncertain by so much beyond what its fit says (log variance)
_YOUNG_VARIANCE = 0.05**2
#: the noise is fitted on so many last days
_NOISE_DAYS = 21
#: weight, in days, below which a stretch of history is too short for anything
_LEAST_MINUTES = 120
#: most segments of a store whose wobble is fitted on its own
_LEAST_SEGMENT_ARRIVALS_PER_HOUR = 1.5
_LAST_FAST = STAGE_INDEX[Stage.PAYMENT]
#: a segment with less than this share of the exposure that its arrivals would need has none of its own
_LEAST_CARRIED = 0.1
#: more than this share of arrivals in such segments: the split does not carry over the step
_MOST_ORPHANED = 0.1
_HOUR, _OTHER, _WEIGHT = interpolation_table()


@dataclass(slots=True)
class _StepData:
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
    found: StepBaseline | None = None
    split: bool = True


@dataclass(slots=True)
class _Plan:
    """What the first look at a store found."""

    steps: dict[str, tuple[str, str]] = field(default_factory=dict)
    evidence: dict[str, KernelEvidence | None] = field(default_factory=dict)
    stages: tuple[str, ...] = ()


def fit_baselines(
    histories: Iterable[StoreHistory],
    fitted_at_ms: int,
    kernels: dict[tuple[str, str], Kernel] | None = None,
    progress: Callable[[str, int], None] | None = None,
    pools: PoolRules | None = None,
    slow: SlowInputs | None = None,
) -> list[StoreBaseline]:
    """The baselines of all stores; a store with less than two hours of history has none.

    Args:
        histories: read twice, so a list or an object that can be iterated again; one store in memory at a time.
        fitted_at_ms: the time to note in the baselines.
        kernels: known kernels by (store_id, step), from attributed pairs; others are found from the counts.
        progress: told the phase and how many stores are done.
        pools: who is pooled with whom; the pools' baselines follow those of the stores.
        slow: what is known of slow steps beyond the counts.
    """
    told = progress or (lambda phase, done: None)
    plans: dict[str, _Plan] = {}
    for done, history in enumerate(histories):
        plans[history.store_id] = _plan(history)
        told("kernels", done + 1)
    kernel_of = _all_kernels(plans) | (kernels or {})
    data: dict[str, list[_StepData]] = {}
    facts: dict[str, StoreHistory] = {}
    known, slow_past = slow or SlowInputs(), list[SlowHistory]()
    for done, history in enumerate(histories):
        if history.minutes < _LEAST_MINUTES:
            continue
        facts[history.store_id] = StoreHistory(
            history.store_id,
            history.zone,
            history.start_minute,
            (),
            np.zeros((0, 7, history.minutes), np.int8),
        )
        for step, (up, down) in plans[history.store_id].steps.items():
            data.setdefault(step, []).append(_bin(history, up, down, kernel_of[history.store_id, step]))
        past = known.history(history)
        if past is not None:
            slow_past.append(past)
        told("exposure", done + 1)
    sums = PoolSums(pools, _NOISE_DAYS * 1440 // BIN, BIN) if pools is not None else None
    for number, (step, members) in enumerate(data.items()):
        _fit_step(step, members, sums)
        told("steps", number + 1)
    found: dict[str, dict[str, StepBaseline]] = {store_id: {} for store_id in facts}
    for step, members in data.items():
        for member in members:
            if member.found is not None:
                found[member.store_id][step] = member.found
    traffic = fit_traffic(_entries(plans, data) + _lone_entries(histories, plans))
    slow_steps = fit_slow(slow_past)
    found_stores = [
        StoreBaseline(
            store_id=store_id,
            zone=facts[store_id].zone,
            fitted_at_ms=fitted_at_ms,
            trained_from_ms=facts[store_id].start_minute * MINUTE_MS,
            trained_until_ms=(facts[store_id].start_minute + facts[store_id].minutes) * MINUTE_MS,
            days=round(facts[store_id].minutes / 1440, 3),
            stages=plans[store_id].stages,
            steps=steps,
            traffic=traffic.get(store_id),
            slow=slow_steps.get(store_id),
        )
        for store_id, steps in found.items()
        if steps or store_id in traffic or store_id in slow_steps
    ]
    if sums is None or not found_stores:
        return found_stores
    until_ms = max(baseline.trained_until_ms for baseline in found_stores)
    return found_stores + sums.baselines(fitted_at_ms, until_ms)


def _entries(plans: dict[str, _Plan], data: dict[str, list[_StepData]]) -> list[TrafficHistory]:
    """The traffic of the stores that have enough of it behind them."""
    found = []
    for step, members in data.items():
        for member in members:
            plan = plans[member.store_id]
            entry = entry_stage(plan.stages)
            if plan.steps[step][0] == entry and member.days >= TRAFFIC_DAYS and member.usual:
                found.append(
                    TrafficHistory(member.store_id, entry, member.usual, member.upstream, member.how)
                )
    return found


def _lone_entries(histories: Iterable[StoreHistory], plans: dict[str, _Plan]) -> list[TrafficHistory]:
    """The traffic of the stores without a step: whether their only stage still comes can be judged all the same."""
    lone = {store_id for store_id, plan in plans.items() if not plan.steps and plan.stages}
    found = []
    for history in histories if lone else ():
        if history.store_id in lone and history.minutes >= TRAFFIC_DAYS * 1440:
            entry = plans[history.store_id].stages[0]
            data = _bin(history, entry, entry, default_kernel())
            found.append(TrafficHistory(history.store_id, entry, data.usual, data.upstream, data.how))
    return found


def _plan(history: StoreHistory) -> _Plan:
    fast = [stage for stage in history.stages if STAGE_INDEX[stage] <= _LAST_FAST]
    plan = _Plan(stages=tuple(stage.value for stage in history.stages))
    totals = history.counts.sum(axis=0, dtype=np.int64).astype(float)
    for up, down in itertools.pairwise(fast):
        step = f"{up.value}_to_{down.value}"
        plan.steps[step] = (up.value, down.value)
        plan.evidence[step] = kernel_evidence(totals[STAGE_INDEX[up]], totals[STAGE_INDEX[down]])
    return plan


def _all_kernels(plans: dict[str, _Plan]) -> dict[tuple[str, str], Kernel]:
    by_step: dict[str, list[str]] = {}
    for store_id, plan in plans.items():
        for step in plan.steps:
            by_step.setdefault(step, []).append(store_id)
    return {
        (store_id, step): kernel
        for step, stores in by_step.items()
        for store_id, kernel in zip(
            stores, fit_kernels([plans[store_id].evidence[step] for store_id in stores]), strict=True
        )
    }


def expose(upstream: Floats, kernel: Kernel) -> Floats:
    """Exposure E[t] = Σ_d f[d]·n[t−d] along the last axis, as ``scoring/detection/exposure.py`` makes it minute by minute."""
    pmf = np.asarray(kernel.pmf)
    exposure = oaconvolve(upstream, pmf.reshape((1,) * (upstream.ndim - 1) + (-1,)), axes=-1)[
        ..., : upstream.shape[-1]
    ]
    if kernel.slow_share:
        leak = 1 - np.exp(-1 / max(kernel.slow_minutes, 1.0))
        exposure = exposure + lfilter([0.0, kernel.slow_share * leak], [1.0, leak - 1.0], upstream, axis=-1)
    return np.asarray(np.maximum(exposure, 0.0))


def _bin(history: StoreHistory, up: str, down: str, kernel: Kernel) -> _StepData:
    upstream = history.counts[:, STAGE_INDEX[up]].astype(float)
    arrivals = history.counts[:, STAGE_INDEX[down]].astype(float)
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

    return _StepData(
        history.store_id,
        history.segments,
        binned(arrivals),
        binned(exposure),
        local % WEEK_MINUTES,
        local // 60,
        history.minutes / 1440,
        kernel,
        usual,
        binned(upstream).sum(0),
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


def _fit_step(step: str, members: list[_StepData], pools: PoolSums | None) -> None:
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
    bins = max(member.arrivals.shape[1] for member in members)
    a, mu = np.zeros((len(members), bins)), np.zeros((len(members), bins))
    for row, (member, (segment_rate, _)) in enumerate(zip(members, parts, strict=True)):
        own = member.arrivals.shape[1]
        a[row, bins - own :] = member.arrivals.sum(0)
        mu[row, bins - own :] = segment_rate @ member.exposure
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
        own = member.arrivals.shape[1]
        days = member.hour // 24 - first_week * 7
        mu[row, bins - own :] *= np.exp(level[row, days])
    recent = slice(max(bins - _NOISE_DAYS * 1440 // BIN, 0), bins)
    containment = np.array([_contained(member, BIN) for member in members])
    noise = fit_noise(
        np.ascontiguousarray(a[:, recent].T), np.ascontiguousarray(mu[:, recent].T), rates, containment, BIN
    )
    history_days: Floats = np.array([member.days for member in members], dtype=float)
    careful = np.maximum(noise.sigma, noise.population_sigma)
    sigma = np.where(history_days >= _FULL_DAYS - 1, noise.sigma, careful)
    doubt = _profile_doubt(sigma, noise.tau, history_days)
    segments = _segment_wobble(members, parts, a, mu, rates, noise.dispersion, sigma, noise.tau, step, pools)
    if pools is not None:
        for row, member in enumerate(members):
            pools.add(
                member.store_id, step, "", a[row], mu[row], float(rates[row]), member.kernel, member.days
            )
    for row, member in enumerate(members):
        up, down = step.split("_to_", 1) if step.count("_to_") == 1 else _split(step)
        hours = max(member.days * 24, 1e-9)
        member.found = StepBaseline(
            step=step,
            upstream=up,
            downstream=down,
            rate=float(rates[row]),
            rate_variance=float(min(rate_variance[row], 1.0)),
            kernel=member.kernel,
            profile=tuple(round(float(value), 5) for value in profile.logs[row]),
            profile_variance=tuple(round(float(value), 6) for value in profile.variance[row] + doubt[row]),
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


def _profile_doubt(sigma: Floats, tau: Floats, days: Floats) -> Floats:
    """(stores,) variance that the profile of a short history has beyond what its fit assumed.

    The fit takes a usual wobble; a store that wobbles more has hours that say less, and the fewer weeks the less. In the
    first week no hour of the week was seen twice: what differs from day to day then stands in no variance at all.
    """
    wobble = sigma**2 * mean_variance(60, tau)
    beyond = np.maximum(wobble - _FIRST_HOUR_VARIANCE, 0.0) / np.maximum(days / 7, 0.5)
    return np.where(days < _FULL_DAYS - 1, beyond, 0.0) + np.where(days < YOUNG_DAYS, _YOUNG_VARIANCE, 0.0)


def _is_split(member: _StepData, rate: Floats, variance: Floats) -> bool:
    """False where segments do not carry over the step: a dimension that is known only downstream (a payment method).

    Arrivals then fall into segments without exposure, and only the store as a whole can be judged at this step.
    """
    del variance
    arrived, exposed = member.arrivals.sum(1, dtype=float), member.exposure.sum(1, dtype=float)
    overall = arrived.sum() / max(exposed.sum(), 1e-9)
    orphaned = arrived[exposed * overall < _LEAST_CARRIED * arrived].sum()
    return bool(orphaned <= _MOST_ORPHANED * arrived.sum())


def _unsplit(member: _StepData, rate: float) -> tuple[Floats, Floats]:
    member.split = False
    return np.full(len(member.names), rate), np.zeros(len(member.names))


def _split(step: str) -> tuple[str, str]:
    """The stages of a step's id; ``add_to_cart`` has the separator in its own name."""
    for stage in Stage:
        if step.startswith(f"{stage.value}_to_"):
            return stage.value, step.removeprefix(f"{stage.value}_to_")
    raise ValueError(f"no step: {step}")


def _by_hour(values: Floats, members: list[_StepData], first_week: int, weeks: int) -> Floats:
    """(stores, weeks, 168) sums by local hour of (stores, bins) values."""
    out = np.zeros((len(members), weeks * HOURS_A_WEEK))
    for row, member in enumerate(members):
        own = len(member.hour)
        index = member.hour - first_week * HOURS_A_WEEK
        out[row] = np.bincount(index, values[row, -own:], weeks * HOURS_A_WEEK)
    return out.reshape(len(members), weeks, HOURS_A_WEEK)


def _apply_season(mu: Floats, logs: Floats, members: list[_StepData]) -> None:
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
    members: list[_StepData],
    parts: list[tuple[Floats, Floats]],
    a: Floats,
    mu: Floats,
    rates: Floats,
    dispersion: Floats,
    sigma: Floats,
    tau: Floats,
    step: str,
    pools: PoolSums | None,
) -> list[dict[str, SegmentBaseline]]:
    """Each store's segments with their own wobble, fitted where there is enough to see, else the store's."""
    bins = a.shape[1]
    recent = _NOISE_DAYS * 1440 // BIN
    picked: list[tuple[int, int]] = []
    columns_a: list[Floats] = []
    columns_mu: list[Floats] = []
    for row, (member, (segment_rate, _)) in enumerate(zip(members, parts, strict=True)):
        if len(member.names) < 2 or not member.split:
            continue
        own = member.arrivals.shape[1]
        base = segment_rate @ member.exposure
        factor = np.divide(mu[row, bins - own :], base, out=np.ones(own), where=base > 0)
        for part, name in enumerate(member.names):
            per_hour = member.arrivals[part].sum(dtype=float) / max(member.days * 24, 1e-9)
            if name and per_hour >= _LEAST_SEGMENT_ARRIVALS_PER_HOUR:
                picked.append((row, part))
                columns_a.append(_tail(member.arrivals[part], min(recent, bins)))
                columns_mu.append(
                    _tail(member.exposure[part] * segment_rate[part] * factor, min(recent, bins))
                )
                if pools is not None:
                    seen, rate = (columns_a[-1], columns_mu[-1]), float(segment_rate[part])
                    pools.add(member.store_id, step, name, *seen, rate, member.kernel, member.days)
    wobble: dict[tuple[int, int], tuple[float, float]] = {}
    if picked:
        pairs = len(columns_a[0]) // 2 * 2
        halves = [
            np.stack(columns)[:, -pairs:].reshape(len(picked), -1, 2).sum(-1).T
            for columns in (columns_a, columns_mu)
        ]
        own_rates = np.array([parts[row][0][part] for row, part in picked])
        noise = fit_noise(
            np.ascontiguousarray(halves[0]),
            np.ascontiguousarray(halves[1]),
            own_rates,
            np.array([_contained(members[row], 2 * BIN) for row, _ in picked]),
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


def _contained(member: _StepData, minutes: int) -> float:
    return window_containment(member.kernel.pmf, minutes, member.kernel.slow_share)


def _tail(values: NDArray[np.float32], length: int) -> Floats:
    out = np.zeros(length)
    kept = values[-length:]
    out[length - len(kept) :] = kept
    return out
