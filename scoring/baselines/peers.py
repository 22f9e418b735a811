"""Lends to stores with a short history what their peers, or a benchmark file, know.

Peers are the other stores of the same platform, category and country (all three named) with a week or more of history;
five of them at least. Where there are fewer, the benchmark's line that fits serves. With y_j the logs of the k peers'
rates, m their mean and s² their sample variance, a store that is one of them has the prior

    log rate ~ N(m, s²·(1 + 1/k))

(the predictive distribution of one more; Gelman et al., Bayesian Data Analysis, 3rd ed., 5.4), and hour by hour of the
week the same for the profile. Its own history, with its own variance, is weighed against that by precision. What stays
unknown of the rate is not hidden: it becomes slow wobble (σ² + v, a time constant of a day for the part v), so that the
filter learns the store's own rate within hours, and until then only a drop that no rate explains is one.

A step is lent only if the store has shown both of its stages: a stage that is missing is not zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from scoring.baselines.baseline import (
    MIN_PEERS,
    YOUNG_DAYS,
    BaselineSource,
    Kernel,
    KernelSource,
    SegmentBaseline,
    StepBaseline,
    StoreBaseline,
)
from scoring.baselines.benchmark import Benchmark, BenchmarkLine
from scoring.baselines.history import StoreHistory
from scoring.baselines.kernel import default_kernel
from scoring.baselines.wobble import mean_variance
from scoring.funnel.arrays import Floats
from scoring.funnel.pools import StoreTraits
from scoring.funnel.scores import OWN_HISTORY_MINUTES
from scoring.funnel.units import HOURS_A_WEEK

#: minutes of history from which a store may borrow whole
_MIN_MINUTES = 30
#: peers are never taken for more alike than this (log scale)
_MIN_SPREAD = 0.05**2
#: variance of an hour of the week that nobody knows (log scale)
_UNKNOWN_HOUR = 0.3**2
#: a borrower is taken for one that wobbles more than three of four
_SIGMA_QUANTILE = 0.75
#: wobble where no store is known: the upper quartile of the lab's (log-normal about 0.07 with log sd 0.4), and its tau
_SIGMA, _TAU = 0.09, 60.0
#: time constant, in minutes, of what is unknown of a borrowed rate
_SLOW_TAU = 1440.0


@dataclass(frozen=True, slots=True)
class Lenders:
    """Who may lend to whom: the stores' traits and the uploaded benchmark."""

    traits: Mapping[str, StoreTraits] = field(default_factory=dict)
    benchmark: Benchmark = field(default_factory=Benchmark)

    def may_lend_to(self, store_id: str) -> bool:
        """Whether a store has peers enough, by name, or the benchmark has lines."""
        own = self.traits.get(store_id, StoreTraits())
        alike = sum(is_alike(own, other) for name, other in self.traits.items() if name != store_id)
        return bool(self.benchmark.lines) or alike >= MIN_PEERS


def is_alike(one: StoreTraits, other: StoreTraits) -> bool:
    """Whether two stores are of the same platform, category and country, all three of them named."""
    kind = (one.platform, one.category, one.country)
    return all(kind) and kind == (other.platform, other.category, other.country)


@dataclass(frozen=True, slots=True)
class _Prior:
    """What is known of a store's step before the store itself is looked at."""

    log_rate: float
    variance: float
    profile: Floats
    profile_variance: Floats
    kernel: Kernel
    sigma: float
    tau: float
    dispersion: float
    source: BaselineSource
    lent_by: tuple[str, ...]


def lend(
    baselines: Sequence[StoreBaseline],
    lenders: Lenders,
    youngest: Iterable[StoreHistory] = (),
    fitted_at_ms: int = 0,
) -> list[StoreBaseline]:
    """The baselines, those of young stores completed by what peers or the benchmark know.

    Args:
        baselines: as fitted.
        lenders: traits and benchmark.
        youngest: histories too short to be fitted at all.
        fitted_at_ms: the time to note in baselines that are borrowed whole.
    """
    stores = [baseline for baseline in baselines if not baseline.members]
    experienced = [baseline for baseline in stores if baseline.days >= YOUNG_DAYS]
    found = [
        baseline
        if baseline.members or baseline.days >= YOUNG_DAYS
        else _completed(baseline, lenders, experienced)
        for baseline in baselines
    ]
    known = {baseline.store_id for baseline in stores}
    for history in youngest:
        if history.store_id not in known:
            made = _borrowed(history, lenders, experienced, fitted_at_ms)
            found += [made] if made.steps else []
    return found


def youngest(histories: Iterable[StoreHistory]) -> Iterator[StoreHistory]:
    """Those of the histories that are too short to be fitted and long enough to show which stages the store supplies."""
    return (history for history in histories if _MIN_MINUTES <= history.minutes < OWN_HISTORY_MINUTES)


def peers_of(
    store_id: str, traits: Mapping[str, StoreTraits], experienced: Sequence[StoreBaseline]
) -> list[StoreBaseline]:
    """The other stores of the same platform, category and country; none for a store that does not name all three."""
    own = traits.get(store_id, StoreTraits())
    return [
        other
        for other in experienced
        if other.store_id != store_id and is_alike(own, traits.get(other.store_id, StoreTraits()))
    ]


def _prior(store_id: str, step: str, lenders: Lenders, experienced: Sequence[StoreBaseline]) -> _Prior | None:
    peers = [other for other in peers_of(store_id, lenders.traits, experienced) if step in other.steps]
    if len(peers) >= MIN_PEERS:
        return _prior_of_peers([other.steps[step] for other in peers], tuple(p.store_id for p in peers))
    line = lenders.benchmark.line(step, lenders.traits.get(store_id, StoreTraits()))
    if line is None:
        return None
    return _prior_of_line(line, [other.steps[step] for other in experienced if step in other.steps])


def _prior_of_peers(steps: list[StepBaseline], names: tuple[str, ...]) -> _Prior:
    more = 1 + 1 / len(steps)
    rates = np.log([max(step.rate, 1e-9) for step in steps])
    profiles = np.array([step.profile for step in steps])
    return _Prior(
        log_rate=float(rates.mean()),
        variance=max(float(rates.var(ddof=1)), _MIN_SPREAD) * more,
        profile=profiles.mean(0),
        profile_variance=np.maximum(profiles.var(0, ddof=1), _MIN_SPREAD) * more,
        kernel=_mean_kernel([step.kernel for step in steps]),
        sigma=float(np.quantile([step.sigma for step in steps], _SIGMA_QUANTILE)),
        tau=float(np.median([step.tau for step in steps])),
        dispersion=float(np.median([step.dispersion for step in steps])),
        source=BaselineSource.PEERS,
        lent_by=names,
    )


def _prior_of_line(line: BenchmarkLine, others: list[StepBaseline]) -> _Prior:
    """The line's rate; how delays and wobble are, any store of the instance is better evidence than none."""
    return _Prior(
        log_rate=float(np.log(line.rate)),
        variance=line.variance,
        profile=np.zeros(HOURS_A_WEEK),
        profile_variance=np.full(HOURS_A_WEEK, _UNKNOWN_HOUR),
        kernel=_mean_kernel([step.kernel for step in others]) if others else default_kernel(),
        sigma=float(np.quantile([step.sigma for step in others], _SIGMA_QUANTILE)) if others else _SIGMA,
        tau=float(np.median([step.tau for step in others])) if others else _TAU,
        dispersion=float(np.median([step.dispersion for step in others])) if others else 1.0,
        source=BaselineSource.BENCHMARK,
        lent_by=(line.name,),
    )


def _mean_kernel(kernels: list[Kernel]) -> Kernel:
    length = max(len(kernel.pmf) for kernel in kernels)
    pmf = np.mean([np.pad(kernel.pmf, (0, length - len(kernel.pmf))) for kernel in kernels], axis=0)
    slow = float(np.mean([kernel.slow_share for kernel in kernels]))
    late = float(np.mean([kernel.slow_share * kernel.slow_minutes for kernel in kernels]))
    minutes = late / slow if slow else 240.0
    return Kernel(tuple(pmf.tolist()), slow, minutes, KernelSource.POOLED)


def _weighed(own: Floats, own_variance: Floats, prior: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of two normal statements about the same thing, weighed by their precision."""
    weight = variance / (variance + own_variance)
    return prior + weight * (own - prior), variance * own_variance / (variance + own_variance)


def _slow_wobble(sigma: float, tau: float, unknown: float) -> tuple[float, float]:
    """σ and τ of a wobble to which the variance of an unknown rate is added."""
    total = sigma**2 + unknown
    return total**0.5, (sigma**2 * tau + unknown * _SLOW_TAU) / total


def _completed(
    baseline: StoreBaseline, lenders: Lenders, experienced: Sequence[StoreBaseline]
) -> StoreBaseline:
    """A young store's baseline, weighed against what is known of stores like it."""
    steps: dict[str, StepBaseline] = {}
    lent_by: dict[str, None] = {}
    for name, step in baseline.steps.items():
        prior = _prior(baseline.store_id, name, lenders, experienced)
        steps[name] = step if prior is None else _mixed(step, prior, baseline.days)
        lent_by |= dict.fromkeys(prior.lent_by if prior is not None else ())
    return msgspec.structs.replace(baseline, steps=steps, borrowed_from=tuple(lent_by))


def _mixed(step: StepBaseline, prior: _Prior, days: float) -> StepBaseline:
    minutes = max(days * 1440, 1.0)
    own_variance = step.rate_variance + step.sigma**2 * float(mean_variance(minutes, step.tau))
    rate, unknown = _weighed(
        np.array(np.log(max(step.rate, 1e-9))),
        np.array(own_variance),
        np.array(prior.log_rate),
        np.array(prior.variance),
    )
    profile, profile_variance = _weighed(
        np.asarray(step.profile), np.asarray(step.profile_variance), prior.profile, prior.profile_variance
    )
    sigma, tau = _slow_wobble(max(step.sigma, prior.sigma), step.tau, float(unknown))
    moved = float(np.exp(rate)) / max(step.rate, 1e-9)
    segments = {
        name: SegmentBaseline(
            part.rate * moved,
            part.rate_variance,
            part.arrivals_per_hour,
            *(
                round(value, 5)
                for value in _slow_wobble(max(part.sigma, prior.sigma), part.tau, float(unknown))
            ),
        )
        for name, part in step.segments.items()
    }
    return msgspec.structs.replace(
        step,
        rate=float(np.exp(rate)),
        rate_variance=0.0,
        profile=_rounded(profile, 5),
        profile_variance=_rounded(profile_variance, 6),
        level_arrivals=0.0,
        level_expected=0.0,
        sigma=round(sigma, 5),
        tau=round(tau, 2),
        segments=segments,
        source=prior.source,
    )


def _borrowed(
    history: StoreHistory, lenders: Lenders, experienced: Sequence[StoreBaseline], fitted_at_ms: int
) -> StoreBaseline:
    """A baseline that is borrowed whole, for a store whose history is too short to be fitted."""
    stages = history.stages
    steps: dict[str, StepBaseline] = {}
    lent_by: dict[str, None] = {}
    for known in history.steps:
        if not known.is_fast:
            continue
        name = known.id
        prior = _prior(history.store_id, name, lenders, experienced)
        if prior is None:
            continue
        sigma, tau = _slow_wobble(prior.sigma, prior.tau, prior.variance)
        steps[name] = StepBaseline(
            step=name,
            upstream=known.upstream.value,
            downstream=known.downstream.value,
            rate=float(np.exp(prior.log_rate)),
            rate_variance=0.0,
            kernel=prior.kernel,
            profile=_rounded(prior.profile, 5),
            profile_variance=_rounded(prior.profile_variance, 6),
            level_arrivals=0.0,
            level_expected=0.0,
            sigma=round(sigma, 5),
            tau=round(tau, 2),
            dispersion=prior.dispersion,
            arrivals_per_hour=0.0,
            source=prior.source,
        )
        lent_by |= dict.fromkeys(prior.lent_by)
    end = (history.start_minute + history.minutes) * 60_000
    return StoreBaseline(
        store_id=history.store_id,
        zone=history.zone,
        fitted_at_ms=fitted_at_ms,
        trained_from_ms=history.start_minute * 60_000,
        trained_until_ms=end,
        days=round(history.minutes / 1440, 3),
        stages=tuple(stage.value for stage in stages),
        steps=steps,
        borrowed_from=tuple(lent_by),
    )


def _rounded(values: Floats, digits: int) -> tuple[float, ...]:
    return tuple(round(float(value), digits) for value in values)
