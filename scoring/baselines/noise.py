"""The natural wobble of a store's rate: sigma and tau of its AR(1) deviation, and fast over-dispersion.

The likelihood of binned residuals under a Kalman filter is computed on a grid of (sigma, tau) for all stores at once.
So that incidents in the history do not pass for wobble (two in a month made sigma up to twice too large), single bins count within
limits and windows of half an hour to two thirds of a day that are off by more than four standard deviations are left out: in a store of few
arrivals half a day without any is off in no two hours, and half a day fits a slow wobble best. The
prior over the grid is the population's, found by EM (Laird 1978) from a weak start. In a large store the likelihood is far
narrower than the grid, and sigma off by a fifth is a false alert a month: it is interpolated to a finer grid (it is smooth
in log sigma and log tau). The observation variance is binomial as far as a bin contains its conversions, µ(1−p·κ):
Poisson's hides sigma, the full 1−p passes for wobble.

A small store is looked at in wider bins, and few arrivals by their own distribution: where less than one is due in a bin, single arrivals
are further off than what is clipped, a filter that believes less to be due is rewarded for it, and the largest sigma of the grid fits any
store best.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from scoring.baselines.wobble import mean_variance
from scoring.funnel.arrays import Floats

_SIGMAS = np.array([0.02, 0.03, 0.045, 0.065, 0.1, 0.15, 0.22, 0.35])
_TAUS = np.array([15.0, 30, 60, 120, 240, 480])
#: intermediate points between two of the grid
_FINER = 4
#: what one bin may say against a wobble, in nats less than for the one that it fits best
_CLIP = 6.0
#: bins are widened by the first of these factors by which two arrivals are due in one, up to two hours: the mean over
#: arrivals, so that a shop that is closed at night is looked at as it is by day
_WIDER, _WIDEST, _DUE = (1, 3, 6, 12, 24), 120, 5.0
#: arrivals due in a bin from which on they are as good as normal
_MANY = 10.0
#: windows, in minutes, that are left out of the fit where they are off by this many standard deviations
_SPANS = (30, 120, 480, 960)
#: the same of visitors, who stay away for half a day without anything being wrong
_SHORT_SPANS = (30, 120)
_FAR_Z = 4.0
#: a window whose median deviation shows the wobble before anything is left out
_TYPICAL_SPAN = 120
#: wobble of a usual store, from which the first look for such windows starts
USUAL_SIGMA, _USUAL_TAU = 0.07, 120.0
#: expected arrivals of a window, and how many such windows, that show a store's own
_MIN_EXPECTED, _MIN_WINDOWS = 10.0, 12
#: rounds in which the prior of all stores is found
EM_ROUNDS = 30
#: weight, in stores, of the start prior: sigma log-normal about 0.07 with log sd 0.5, any tau
_PRIOR_STORES = 6.0
#: mean of min(z², 9) for a standard normal z
CLIPPED_MEAN = 0.9853


@dataclass(frozen=True, slots=True)
class Noise:
    """Per series: sigma (log scale), tau (minutes), dispersion (at least 1), each (series,); the population's median sigma."""

    sigma: Floats
    tau: Floats
    dispersion: Floats
    population_sigma: float


@dataclass(slots=True)
class _Binned:
    """Series of like volume in bins of one width: which they are, (bins, series) A and µ, (series,) fast variance."""

    which: NDArray[np.intp]
    arrivals: Floats
    expected: Floats
    fast: Floats
    minutes: int
    is_counted: bool
    spans: tuple[int, ...]
    odd: NDArray[np.bool_] = field(init=False)

    def look(self, sigma: Floats, tau: Floats) -> NDArray[np.intp]:
        """Mark what is odd for such a wobble; gives the columns in which that is something else than before."""
        before = getattr(self, "odd", None)
        self.odd = _odd(self.arrivals, self.expected, self.fast, sigma, tau, self.minutes, self.spans)
        changed = np.ones(len(self.which), dtype=bool) if before is None else (before != self.odd).any(0)
        return np.nonzero(changed)[0]

    def likelihood(self, columns: NDArray[np.intp], dispersion: Floats | None = None) -> Floats:
        """(columns, grid) log-likelihood of what is not odd."""
        kept = ~self.odd[:, columns]
        fast = self.fast[columns] if dispersion is None else self.fast[columns] * dispersion
        return _grid_likelihood(
            self.arrivals[:, columns] * kept,
            self.expected[:, columns] * kept,
            fast,
            self.minutes,
            self.is_counted,
        )


def fit_noise(
    arrivals: Floats,
    expected: Floats,
    rate: Floats,
    containment: Callable[[int], Floats],
    bin_minutes: int,
    widest: int = _WIDEST,
) -> Noise:
    """The wobble of every series.

    Args:
        arrivals: (bins, series) A.
        expected: (bins, series) µ, season and level included; 0 where there is no history.
        rate: (series,) conversion rate p.
        containment: (series,) κ of a bin of so many minutes: conversions on its edges make it less than binomial, 1 − p·κ
            and not 1 − p.
        bin_minutes: width of a bin.
        widest: the widest bin, in minutes, that a small series is looked at in.
    """
    capped = np.minimum(rate, 0.9)
    dispersion = np.ones(len(rate))
    groups = _groups(
        arrivals, expected, bin_minutes, widest, lambda minutes: 1 - capped * containment(minutes)
    )
    likelihood = np.zeros((len(rate), len(_SIGMAS) * len(_TAUS)))
    for group in groups:
        typical = _typical_sigma(group.arrivals, group.expected, group.fast, group.minutes)
        changed = group.look(typical, np.full(len(group.which), _USUAL_TAU))
        likelihood[group.which] = group.likelihood(changed)
    sigma, tau = _posterior(likelihood)
    is_news = False
    for group in groups:
        changed = group.look(sigma[group.which], tau[group.which])
        if len(changed):
            likelihood[group.which[changed]] = group.likelihood(changed)
            is_news = True
    if is_news:
        sigma, tau = _posterior(likelihood)
    for _ in range(2):
        is_news = False
        for group in groups:
            mine = group.which
            fast = group.fast * dispersion[mine]
            kept = ~group.odd
            excess = _excess(
                group.arrivals * kept, group.expected * kept, fast, sigma[mine], tau[mine], group.minutes
            )
            wild = np.nonzero(excess > 1.08)[0]
            if len(wild):
                dispersion[mine[wild]] = np.minimum(dispersion[mine[wild]] * excess[wild], 50.0)
                likelihood[mine[wild]] = group.likelihood(wild, dispersion[mine[wild]])
                is_news = True
        if not is_news:
            break
        sigma, tau = _posterior(likelihood)
    return Noise(sigma, tau, dispersion, float(np.median(sigma)))


def _groups(
    arrivals: Floats, expected: Floats, bin_minutes: int, widest: int, fast: Callable[[int], Floats]
) -> list[_Binned]:
    """The series by the width of bins in which enough is due of them."""
    due = (expected * expected).sum(0) / np.maximum(expected.sum(0), 1e-9)
    factors = [factor for factor in _WIDER if factor == 1 or factor * bin_minutes <= widest]
    enough = np.array([due * factor >= _DUE for factor in factors])
    chosen = np.where(enough.any(0), enough.argmax(0), len(factors) - 1)
    # in bins of a width that is given, events that come in clumps are known by their gaps
    is_counted = (due * np.array(factors)[chosen] < _MANY) & (widest > bin_minutes)
    found = []
    for place, few in sorted(set(zip(chosen.tolist(), is_counted.tolist(), strict=True))):
        which, factor = np.nonzero((chosen == place) & (is_counted == few))[0], factors[place]
        minutes = factor * bin_minutes
        bins = len(arrivals) // factor
        a, e = (
            values[len(values) - bins * factor :, which].reshape(bins, factor, len(which)).sum(1)
            for values in (arrivals, expected)
        )
        found.append(
            _Binned(
                which,
                a,
                e,
                fast(minutes)[which],
                minutes,
                few,
                _SPANS if widest > bin_minutes else _SHORT_SPANS,
            )
        )
    return found


def _windows(values: Floats, width: int) -> Floats:
    """(bins − width + 1, series) sums of ``width`` bins, one starting at each bin."""
    total = np.concatenate([np.zeros((1, values.shape[1])), values.cumsum(0)])
    return np.asarray(total[width:] - total[:-width])


def _typical_sigma(arrivals: Floats, expected: Floats, fast: Floats, bin_minutes: int) -> Floats:
    """(series,) sigma by the median deviation of two hours, which incidents hardly move; at least the usual one."""
    width = max(_TYPICAL_SPAN // bin_minutes, 1)
    found = np.full(arrivals.shape[1], USUAL_SIGMA)
    if width > len(arrivals):
        return found
    a, e = (_windows(values, width)[::width] for values in (arrivals, expected))
    clear = e > _MIN_EXPECTED
    off_by = np.where(clear, np.abs(a - e) / np.maximum(e, 1.0), np.nan)
    chance = np.where(clear, fast / np.maximum(e, 1.0), np.nan)
    enough = clear.sum(0) >= _MIN_WINDOWS
    spread = (1.4826 * np.nanmedian(off_by[:, enough], axis=0)) ** 2 - np.nanmedian(chance[:, enough], axis=0)
    wobble = np.maximum(spread, 0.0) / mean_variance(_TYPICAL_SPAN, _USUAL_TAU)
    found[enough] = np.maximum(np.sqrt(wobble), USUAL_SIGMA)
    return found


def _odd(
    arrivals: Floats,
    expected: Floats,
    fast: Floats,
    sigma: Floats,
    tau: Floats,
    bin_minutes: int,
    spans: tuple[int, ...],
) -> NDArray[np.bool_]:
    """(bins, series) True in windows of half an hour to two thirds of a day that are off by more than four standard deviations."""
    odd = np.zeros(arrivals.shape, dtype=bool)
    for width in {max(minutes // bin_minutes, 1) for minutes in spans}:
        if width > len(arrivals):
            continue
        minutes = width * bin_minutes
        a, e = _windows(arrivals, width), _windows(expected, width)
        spread = e * fast + e * e * sigma**2 * mean_variance(minutes, tau) + 1.0
        far = (a - e) ** 2 > _FAR_Z**2 * spread
        for shift in range(width):
            odd[shift : shift + len(far)] |= far
    return odd


def _grid_likelihood(
    arrivals: Floats, expected: Floats, fast: Floats, bin_minutes: int, is_counted: bool
) -> Floats:
    """(series, grid) log-likelihood; ``is_counted`` where so few arrive that they are not near normal."""
    sigmas, taus = (grid.ravel() for grid in np.meshgrid(_SIGMAS, _TAUS, indexing="ij"))
    rho = np.exp(-bin_minutes / taus)
    q = sigmas**2 * (1 - rho**2)
    shape = (arrivals.shape[1], len(sigmas))
    m, variance, total = np.zeros(shape), np.tile(sigmas**2, (shape[0], 1)), np.zeros(shape)
    rho2 = rho**2
    for a, mu in zip(arrivals, expected, strict=True):
        m *= rho
        variance *= rho2
        variance += q
        e = mu[:, None] * np.exp(m)
        ep = e * variance
        spread = e * ep + e * fast[:, None] + 1e-9
        innovation = a[:, None] - e
        z2 = innovation * innovation / spread
        if is_counted:
            seen = _log_likelihood(a[:, None] / fast[:, None], e / fast[:, None], variance)
            total += np.maximum(seen, seen.max(1, keepdims=True) - _CLIP)
        else:
            total -= 0.5 * np.log(spread) + np.minimum(0.5 * z2, _CLIP)
        gain = np.where(z2 < 25, 1.0, 0.2) * ep / spread
        m += gain * innovation
        variance *= 1 - gain * e
    return total


def _log_likelihood(arrived: Floats, expected: Floats, variance: Floats) -> Floats:
    """log P(X = arrived), but for a constant, of a negative binomial with mean M and variance M + M²·V.

    By Stirling's formula, which is exact where nothing arrived: −½·log(A·(1 + A·V)) − ½·D, with the deviance
    D/2 = A·log(A/M) − (A + 1/V)·log((1 + A·V)/(1 + M·V)) (McCullagh & Nelder 1989, 9.6).

    Args:
        arrived: (series, 1) A in units of the fast variance.
        expected: (series, grid) M in the same units.
        variance: (series, grid) V of the log of M.
    """
    mean = np.maximum(expected, 1e-6)
    some = np.maximum(arrived, 1e-9)
    beyond = np.log1p(arrived * variance)
    half_deviance = arrived * np.log(some / mean) - (arrived + 1 / variance) * (
        beyond - np.log1p(mean * variance)
    )
    return np.asarray(-half_deviance - np.where(arrived > 0, 0.5 * (np.log(some) + beyond), 0.0))


def _finer(nodes: Floats) -> tuple[Floats, Floats]:
    """Points between the nodes, equally spaced in the log, and the matrix that interpolates values at the nodes to them."""
    places = np.arange((len(nodes) - 1) * (_FINER + 1) + 1) / (_FINER + 1)
    logs = np.interp(places, np.arange(len(nodes)), np.log(nodes))
    weights = CubicSpline(np.log(nodes), np.eye(len(nodes)), bc_type="natural")(logs)
    return np.exp(logs), np.asarray(weights)


_FINE_SIGMAS, _TO_SIGMAS = _finer(_SIGMAS)
_FINE_TAUS, _TO_TAUS = _finer(_TAUS)


def _posterior(likelihood: Floats) -> tuple[Floats, Floats]:
    sigmas, taus = (grid.ravel() for grid in np.meshgrid(_FINE_SIGMAS, _FINE_TAUS, indexing="ij"))
    nodes = likelihood.reshape(-1, len(_SIGMAS), len(_TAUS))
    fine = (_TO_SIGMAS @ nodes @ _TO_TAUS.T).reshape(len(nodes), -1)
    start = np.exp(-0.5 * ((np.log(sigmas) - np.log(0.07)) / 0.5) ** 2)
    start /= start.sum()
    prior = start.copy()
    weights = np.zeros_like(fine)
    for _ in range(EM_ROUNDS):
        logs = fine + np.log(prior + 1e-12)
        logs -= logs.max(1, keepdims=True)
        weights = np.exp(logs)
        weights /= weights.sum(1, keepdims=True)
        prior = (weights.sum(0) + _PRIOR_STORES * start) / (len(fine) + _PRIOR_STORES)
    return np.sqrt((weights * sigmas**2).sum(1)), np.exp((weights * np.log(taus)).sum(1))


def _excess(
    arrivals: Floats, expected: Floats, fast: Floats, sigma: Floats, tau: Floats, bin_minutes: int
) -> Floats:
    """By how much the fast variance would have to grow for clipped innovations to have the variance they should."""
    rho = np.exp(-bin_minutes / tau)
    q = sigma**2 * (1 - rho**2)
    m, variance = np.zeros_like(sigma), sigma**2
    sums, weights = np.zeros_like(sigma), np.zeros_like(sigma)
    for a, mu in zip(arrivals, expected, strict=True):
        m = m * rho
        variance = variance * rho**2 + q
        e = mu * np.exp(m)
        spread = e * e * variance + e * fast + 1e-9
        innovation = a - e
        z2 = innovation * innovation / spread
        # only bins in which the fast variance is most of it, and with arrivals enough to be near normal
        clear = np.where((e * fast > 0.5 * spread) & (e > 3), 1.0, 0.0)
        sums += clear * np.minimum(z2, 9.0)
        weights += clear
        gain = np.where(z2 < 25, 1.0, 0.2) * variance * e / spread
        m = m + gain * innovation
        variance = variance * (1 - gain * e)
    return np.where(weights > 200, sums / np.maximum(weights, 1) / CLIPPED_MEAN, 1.0)
