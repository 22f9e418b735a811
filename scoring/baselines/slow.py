"""What is expected of a slow step: payments to fulfilments, in the business hours of the warehouse.

The same arrival model as for fast steps, µ[t] = rate · Σ_d f[d]·n[t−d] · exp(profile[hour of week]), with t and d in business
hours (``business.py``). The kernel f comes from attributed pairs by the reverse-time hazard, so that orders too
young to be fulfilled do not make it look quicker than it is (Lagakos, Barraj & De Gruttola 1988; Lawless 1994;
Höhle & an der Heiden 2014). Where there are no pairs, a discretised gamma distribution is chosen by Poisson deviance.

Made by ``fit.py``, published within the store's baseline, read by ``scoring/detection/slow.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.special import gammainc

from scoring.baselines.baseline import LONGEST, Kernel, KernelSource, SlowBaseline, reach_of
from scoring.baselines.business import BusinessHours, in_business_hours, infer_hours, wall_hours
from scoring.baselines.history import StoreHistory
from scoring.baselines.kernel import PRICE, kernel_from_pairs
from scoring.baselines.noise import CLIPPED_MEAN, fit_noise
from scoring.baselines.profile import fit_profile
from scoring.baselines.rates import store_rates
from scoring.baselines.wobble import window_containment
from scoring.funnel.arrays import Floats, Ints
from scoring.funnel.stages import STAGE_INDEX, Stage
from scoring.funnel.units import HOURS_A_WEEK

#: what a store needs: days of history, fulfilments, business hours
_MIN_DAYS, _MIN_ARRIVALS, _MIN_HOURS = 14.0, 100.0, 60
#: pairs that outweigh the counts
MIN_PAIRS = 100
#: a warehouse wobbles at least this much (log scale): 8 % a day was measured
_SIGMA_FLOOR = 0.08
_FIRST_HOUR_VARIANCE = 0.1**2
#: candidates of the gamma distribution: means in business hours, shapes
_MEANS = np.geomspace(1.0, 160.0, 23)
_SHAPES = (0.7, 1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True)
class AttributedPairs:
    """Attributed pairs of one store: (pairs,) UTC minutes of the upstream and of the downstream event."""

    upstream: Ints
    downstream: Ints


@dataclass(frozen=True, slots=True)
class SlowInputs:
    """What is known of slow steps beyond minute counts, by store: business hours, attributed pairs, country."""

    hours: Mapping[str, BusinessHours] = field(default_factory=dict)
    pairs: Mapping[str, AttributedPairs] = field(default_factory=dict)
    countries: Mapping[str, str] = field(default_factory=dict)

    def history(self, history: StoreHistory) -> SlowHistory | None:
        """The store's past of its slow step, None if it has none or too little of it."""
        store_id = history.store_id
        return slow_history(
            history, self.hours.get(store_id), self.pairs.get(store_id), self.countries.get(store_id, "")
        )


@dataclass(slots=True)
class SlowHistory:
    """A store's past of the slow step in business hours."""

    store_id: str
    upstream: Stage
    hours: BusinessHours
    days: float
    #: (business hours,) counts and hour of the week
    entered: Floats
    arrived: Floats
    local_hour: Ints
    carried: tuple[int, int]
    until_minute: int
    kernel: Kernel = field(default_factory=lambda: Kernel((1.0,)))
    pairs: int = 0


def slow_upstream(stages: tuple[Stage, ...]) -> Stage | None:
    """The stage from which fulfilment is expected: payment, or order where payments are not supplied; None without."""
    if Stage.FULFILMENT not in stages:
        return None
    return next((stage for stage in (Stage.PAYMENT, Stage.ORDER) if stage in stages), None)


def slow_history(
    history: StoreHistory,
    hours: BusinessHours | None = None,
    pairs: AttributedPairs | None = None,
    country: str = "",
) -> SlowHistory | None:
    """A store's past in business hours with its kernel, None if it has no slow step or too little of it.

    Args:
        history: minute counts.
        hours: when the warehouse works; inferred from its shipments if None.
        pairs: attributed pairs.
        country: whose public holidays an inferred warehouse may keep.
    """
    upstream = slow_upstream(history.stages)
    if upstream is None or history.minutes < _MIN_DAYS * 1440:
        return None
    zone = hours.zone if hours is not None else history.zone
    local, bounds = wall_hours(zone, history.start_minute, history.minutes)
    columns = [STAGE_INDEX[upstream], STAGE_INDEX[Stage.FULFILMENT]]
    counts = history.counts[:, columns].sum(0, dtype=np.int64).astype(float)
    hourly = np.add.reduceat(counts, bounds[:-1], axis=1)[:, : len(local)].T
    if len(bounds) and bounds[-1] < history.minutes:
        hourly[-1] = counts[:, bounds[-2] : bounds[-1]].sum(1)
    if hours is None:
        hours = infer_hours(zone, local, hourly[:, 1], country)
    is_open = hours.open_mask(local)
    if is_open.sum() < _MIN_HOURS or hourly[:, 1].sum() < _MIN_ARRIVALS or not hourly[:, 0].any():
        return None
    business, carried = in_business_hours(hourly, is_open)
    made = SlowHistory(
        history.store_id, upstream, hours, history.minutes / 1440, business[:, 0], business[:, 1], local[is_open],
        (int(carried[0]), int(carried[1])), int(history.start_minute + bounds[-1]),
    )  # fmt: skip
    delays = pair_delays(hours, pairs, made.until_minute) if pairs is not None else None
    if delays is not None and len(delays[0]) >= MIN_PAIRS:
        made.kernel, made.pairs = _folded(kernel_from_pairs(*delays, most=LONGEST)), len(delays[0])
    else:
        made.kernel = kernel_from_counts(made.entered, made.arrived, made.local_hour % 24)
    return made


def pair_delays(hours: BusinessHours, pairs: AttributedPairs, until_minute: int) -> tuple[Ints, Ints]:
    """Delays of pairs in business hours, and what was possible until the fit; pairs that end after it are left out.

    An event counts in the business hour in which it happens, or in the next one if it happens outside.
    """
    known = (pairs.downstream >= pairs.upstream) & (pairs.downstream < until_minute)
    up, down = pairs.upstream[known], pairs.downstream[known]
    if not len(up):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    first = int(up.min()) // 60 * 60
    local, bounds = wall_hours(hours.zone, first, until_minute - first)
    number = np.cumsum(hours.open_mask(local))
    #: business hour in which an event of wall hour i counts: itself if open, else the next
    counted = np.where(hours.open_mask(local), number - 1, number)

    def hour_of(minutes: Ints) -> Ints:
        at = np.minimum(np.searchsorted(bounds, minutes - first, side="right") - 1, len(local) - 1)
        return np.asarray(counted[at], dtype=np.int64)

    begun, ended = hour_of(up), hour_of(down)
    last = int(number[-1]) - 1
    done = ended <= last
    return (ended - begun)[done], np.maximum(last - begun, ended - begun)[done]


def _folded(kernel: Kernel) -> Kernel:
    """The kernel without its slow share, which the rate then carries."""
    total = sum(kernel.pmf)
    last = max((index for index, share in enumerate(kernel.pmf) if share > 0), default=0)
    return Kernel(tuple(round(share / total, 6) for share in kernel.pmf[: last + 1]), source=kernel.source)


def gamma_kernel(mean: float, shape: float) -> tuple[float, ...]:
    """A gamma distribution's mass by whole business hours: P(d) = G(d + ½) − G(d − ½), cut where 99.9 % are in."""
    edges = np.concatenate([[0.0], np.arange(LONGEST) + 0.5])
    shares = np.diff(gammainc(shape, edges * shape / mean))
    length = min(int(np.searchsorted(np.cumsum(shares), 0.999)) + 1, LONGEST)
    return tuple(float(share) for share in shares[:length] / shares[:length].sum())


def kernel_from_counts(entered: Floats, arrived: Floats, hour_of_day: Ints) -> Kernel:
    """The discretised gamma distribution that explains the arrivals best.

    Each candidate's expectation Σ_d f[d]·n[t−d] is scaled by hour of the day to the arrivals' sums, and the Poisson deviance
    2·Σ(a·log(a/µ) − a + µ) decides; a shape other than the exponential must explain ``PRICE`` more.

    Args:
        entered: (hours,) upstream events n.
        arrived: (hours,) downstream events a.
        hour_of_day: (hours,) 0 to 23.
    """
    best: tuple[float, ...] = (1.0,)
    least = np.inf
    for mean in _MEANS:
        for shape in _SHAPES:
            pmf = gamma_kernel(float(mean), shape)
            skip = min(reach_of(pmf), len(entered) // 2)
            # every candidate is judged on the same hours: the later half, which none lacks the past of
            since = max(skip, len(entered) // 2)
            mu = exposure(entered, pmf)[since:]
            a, hours = arrived[since:], hour_of_day[since:]
            scale = np.bincount(hours, a, 24) / np.maximum(np.bincount(hours, mu, 24), 1e-9)
            mu = np.maximum(mu * scale[hours], 1e-6)
            deviance = 2 * float((np.where(a > 0, a * np.log(np.maximum(a, 1e-9) / mu), 0.0) - a + mu).sum())
            deviance += 0.0 if shape == 1.0 else PRICE
            if deviance < least:
                best, least = pmf, deviance
    return Kernel(tuple(round(share, 6) for share in best), source=KernelSource.COUNTS)


def exposure(entered: Floats, pmf: tuple[float, ...]) -> Floats:
    """E[t] = Σ_d f[d]·n[t−d], (hours,)."""
    return np.asarray(np.convolve(entered, np.asarray(pmf))[: len(entered)])


def fit_slow(histories: list[SlowHistory]) -> dict[str, SlowBaseline]:
    """The slow baselines by store: rates shrunk to the population, profile, wobble, dispersion."""
    if not histories:
        return {}
    exposed = [exposure(history.entered, history.kernel.pmf) for history in histories]
    burn = [min(reach_of(h.kernel.pmf), len(h.entered) // 3) for h in histories]
    arrived = np.array([h.arrived[b:].sum() for h, b in zip(histories, burn, strict=True)])
    rates, rate_variance = store_rates(
        arrived, np.array([max(e[b:].sum(), 1e-9) for e, b in zip(exposed, burn, strict=True)])
    )
    first = min(int(h.local_hour[0]) for h in histories) // HOURS_A_WEEK
    weeks = max(int(h.local_hour[-1]) for h in histories) // HOURS_A_WEEK - first + 1
    size = max(len(h.entered) for h in histories)
    a, mu = np.zeros((size, len(histories))), np.zeros((size, len(histories)))
    week_a, week_mu = (np.zeros((len(histories), weeks * HOURS_A_WEEK)) for _ in range(2))
    for column, (history, e, b) in enumerate(zip(histories, exposed, burn, strict=True)):
        own = len(e) - b
        a[size - own :, column], mu[size - own :, column] = history.arrived[b:], rates[column] * e[b:]
        index = history.local_hour[b:] - first * HOURS_A_WEEK
        np.add.at(week_a[column], index, history.arrived[b:])
        np.add.at(week_mu[column], index, rates[column] * e[b:])
    profile = fit_profile(
        week_a.reshape(len(histories), weeks, HOURS_A_WEEK),
        week_mu.reshape(len(histories), weeks, HOURS_A_WEEK),
        np.full(len(histories), _FIRST_HOUR_VARIANCE),
    )
    for column, (history, b) in enumerate(zip(histories, burn, strict=True)):
        own = len(history.entered) - b
        mu[size - own :, column] *= np.exp(profile.logs[column, history.local_hour[b:] % HOURS_A_WEEK])

    def contained(hours: int) -> Floats:
        return np.array([window_containment(h.kernel.pmf, hours) for h in histories])

    noise = fit_noise(a, mu, rates, contained, 1)
    sigma = np.maximum(noise.sigma, _SIGMA_FLOOR)
    dispersion = np.maximum(
        noise.dispersion, _dispersion(a, mu, sigma, 1 - np.minimum(rates, 0.9) * contained(1))
    )
    return {
        history.store_id: SlowBaseline(
            step=f"{history.upstream.value}_to_{Stage.FULFILMENT.value}",
            upstream=history.upstream.value,
            downstream=Stage.FULFILMENT.value,
            hours=history.hours,
            kernel=history.kernel,
            rate=float(rates[column]),
            rate_variance=float(min(rate_variance[column], 1.0)),
            profile=tuple(round(float(value), 5) for value in profile.logs[column]),
            profile_variance=tuple(round(float(value), 6) for value in profile.variance[column]),
            sigma=round(float(sigma[column]), 5),
            tau=round(float(noise.tau[column]), 2),
            dispersion=round(float(dispersion[column]), 4),
            arrivals_per_hour=round(float(arrived[column] / max(len(history.entered) - burn[column], 1)), 4),
            until_minute=history.until_minute,
            recent=tuple(int(count) for count in history.entered[-LONGEST:]),
            carried=history.carried,
            pairs=history.pairs,
        )
        for column, history in enumerate(histories)
    }


def _dispersion(a: Floats, mu: Floats, sigma: Floats, binomial: Floats) -> Floats:
    """(stores,) by what fast variance exceeds the binomial's: parcels are handed over and scanned in batches.

    From (a − µ)²/µ by the hour, with the wobble's share σ²µ taken off, each capped at nine times its mean so that
    incidents in the history do not pass for batches.
    """
    out = np.ones(a.shape[1])
    for column in range(a.shape[1]):
        known = mu[:, column] > 0.5
        if known.sum() < 30:
            continue
        x, e = a[known, column], mu[known, column]
        pearson = (x - e) ** 2 / e
        usual = max(float(np.median(pearson)) / 0.455, 1e-9)
        excess = float(np.minimum(pearson, 9 * usual).mean()) / CLIPPED_MEAN
        out[column] = np.clip((excess - sigma[column] ** 2 * float(e.mean())) / binomial[column], 1.0, 50.0)
    return out
