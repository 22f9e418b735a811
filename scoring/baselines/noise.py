"""The natural wobble of a store's rate: sigma and tau of its AR(1) deviation, and fast over-dispersion.

The likelihood of binned residuals under a Kalman filter is computed on a grid of (sigma, tau) for all stores at once.
So that incidents in the history do not pass for wobble (two in a month made sigma up to twice too large), innovations are
clipped and windows of half an hour and two hours that are off by more than four standard deviations are left out. The
prior over the grid is the population's, found by EM (Laird 1978) from a weak start. In a large store the likelihood is far
narrower than the grid, and sigma off by a fifth is a false alert a month: it is interpolated to a finer grid (it is smooth
in log sigma and log tau). The observation variance is binomial as far as a bin contains its conversions, µ(1−p·κ):
Poisson's hides sigma, the full 1−p passes for wobble.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from scoring.baselines.wobble import mean_variance
from scoring.funnel.arrays import Floats

_SIGMAS = np.array([0.02, 0.03, 0.045, 0.065, 0.1, 0.15, 0.22, 0.35])
_TAUS = np.array([15.0, 30, 60, 120, 240, 480])
#: intermediate points between two of the grid
_FINER = 4
_CLIP = 12.0
#: windows, in minutes, that are left out of the fit where they are off by this many standard deviations
_SPANS = (30, 120)
_FAR_Z = 4.0
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


def fit_noise(
    arrivals: Floats, expected: Floats, rate: Floats, containment: Floats, bin_minutes: int
) -> Noise:
    """The wobble of every series.

    Args:
        arrivals: (bins, series) A.
        expected: (bins, series) µ, season and level included; 0 where there is no history.
        rate: (series,) conversion rate p.
        containment: (series,) κ of a bin: conversions on its edges make it less than binomial, 1 − p·κ and not 1 − p.
        bin_minutes: width of a bin.
    """
    capped = np.minimum(rate, 0.9)
    binomial = 1 - capped * containment
    dispersion = np.ones(len(rate))
    typical = _typical_sigma(arrivals, expected, binomial, bin_minutes)
    odd = _odd(arrivals, expected, binomial, typical, np.full(len(rate), _USUAL_TAU), bin_minutes)
    likelihood = _grid_likelihood(arrivals * ~odd, expected * ~odd, binomial, bin_minutes)
    sigma, tau = _posterior(likelihood)
    again = _odd(arrivals, expected, binomial, sigma, tau, bin_minutes)
    changed = np.nonzero((again != odd).any(0))[0]
    if len(changed):
        kept = ~again[:, changed]
        likelihood[changed] = _grid_likelihood(
            arrivals[:, changed] * kept, expected[:, changed] * kept, binomial[changed], bin_minutes
        )
        sigma, tau = _posterior(likelihood)
    arrivals, expected = arrivals * ~again, expected * ~again
    for _ in range(2):
        excess = _excess(arrivals, expected, binomial * dispersion, sigma, tau, bin_minutes)
        wild = np.nonzero(excess > 1.08)[0]
        if not len(wild):
            break
        dispersion[wild] = np.minimum(dispersion[wild] * excess[wild], 50.0)
        likelihood[wild] = _grid_likelihood(
            arrivals[:, wild], expected[:, wild], binomial[wild] * dispersion[wild], bin_minutes
        )
        sigma, tau = _posterior(likelihood)
    return Noise(sigma, tau, dispersion, float(np.median(sigma)))


def _windows(values: Floats, width: int) -> Floats:
    """(bins − width + 1, series) sums of ``width`` bins, one starting at each bin."""
    total = np.concatenate([np.zeros((1, values.shape[1])), values.cumsum(0)])
    return np.asarray(total[width:] - total[:-width])


def _typical_sigma(arrivals: Floats, expected: Floats, fast: Floats, bin_minutes: int) -> Floats:
    """(series,) sigma by the median deviation of two hours, which incidents hardly move; at least the usual one."""
    width = max(_SPANS[-1] // bin_minutes, 1)
    found = np.full(arrivals.shape[1], USUAL_SIGMA)
    if width > len(arrivals):
        return found
    a, e = (_windows(values, width)[::width] for values in (arrivals, expected))
    clear = e > _MIN_EXPECTED
    off_by = np.where(clear, np.abs(a - e) / np.maximum(e, 1.0), np.nan)
    chance = np.where(clear, fast / np.maximum(e, 1.0), np.nan)
    enough = clear.sum(0) >= _MIN_WINDOWS
    spread = (1.4826 * np.nanmedian(off_by[:, enough], axis=0)) ** 2 - np.nanmedian(chance[:, enough], axis=0)
    wobble = np.maximum(spread, 0.0) / mean_variance(_SPANS[-1], _USUAL_TAU)
    found[enough] = np.maximum(np.sqrt(wobble), USUAL_SIGMA)
    return found


def _odd(
    arrivals: Floats, expected: Floats, fast: Floats, sigma: Floats, tau: Floats, bin_minutes: int
) -> NDArray[np.bool_]:
    """(bins, series) True in windows of half an hour or two hours that are off by more than four standard deviations."""
    odd = np.zeros(arrivals.shape, dtype=bool)
    for minutes in _SPANS:
        width = max(minutes // bin_minutes, 1)
        if width > len(arrivals):
            continue
        a, e = _windows(arrivals, width), _windows(expected, width)
        spread = e * fast + e * e * sigma**2 * mean_variance(minutes, tau) + 1.0
        far = (a - e) ** 2 > _FAR_Z**2 * spread
        for shift in range(width):
            odd[shift : shift + len(far)] |= far
    return odd


def _grid_likelihood(arrivals: Floats, expected: Floats, fast: Floats, bin_minutes: int) -> Floats:
    """(series, grid) log-likelihood."""
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
        total -= 0.5 * (np.log(spread) + np.minimum(z2, _CLIP))
        gain = np.where(z2 < 25, 1.0, 0.2) * ep / spread
        m += gain * innovation
        variance *= 1 - gain * e
    return total


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
