"""Delay kernels: how long after an upstream event its conversion arrives.

From minute counts alone: arrivals are a[t] = Σ_d w[d]·n[t−d] + noise with w = p·f. Traffic n has independent
minute-to-minute fluctuations (it is nearly Poisson), and each of them shows again in a, delayed. A linear filter H that
removes season and wobble commutes with the convolution, so with n' = Hn, a' = Ha the least-squares normal equations are
Toeplitz: Σ_e C_nn(d−e)·w[e] = C_an(d). They are solved for w ≥ 0 on delay bins that widen with the delay (non-negative
least squares, Lawson & Hanson 1974), pooled over stores with weights p²/residual variance; a store's own solution is
shrunk to the pool by James and Stein's positive-part rule. Conversions without minute-to-minute trace within two hours
are the kernel's slow share.

From attributed pairs: the reverse-time hazard estimator, right-truncation-aware (Lagakos, Barraj & De Gruttola 1988;
Lawless 1994).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import toeplitz
from scipy.optimize import nnls

from scoring.baselines.baseline import Kernel, KernelSource
from scoring.funnel.arrays import Floats

#: edges of the delay bins in minutes
_EDGES = np.array([*range(11), 12, 14, 17, 20, 25, 30, 40, 50, 60, 80, 100, 120])
LAGS = int(_EDGES[-1])
_BINS = len(_EDGES) - 1
#: widths in minutes of the moving averages that separate fast from slow
_HIGH_PASS, _LOCAL = 61, 241
#: deviance that a bin at the end must explain to be kept: between Akaike's 2 and Schwarz's ln T
PRICE = 6.0
#: a slow share below this is measurement error
_MIN_SLOW = 0.08
#: minutes within which a conversion that is not slow shows
_TRACED = 60
#: kernel of a step of which nothing is known: exponential, mean 3 minutes
_DEFAULT_MEAN = 3.0


@dataclass(frozen=True, slots=True)
class KernelEvidence:
    """What one store's minute counts say about its kernel: normal equations in bins, in units of the residual variance."""

    gram: Floats
    moment: Floats
    rate: float


def _moving_average(x: Floats, width: int) -> Floats:
    total = np.concatenate([[0.0], np.cumsum(x)])
    index = np.arange(len(x))
    low, high = np.maximum(index - width // 2, 0), np.minimum(index + width // 2 + 1, len(x))
    return np.asarray((total[high] - total[low]) / (high - low))


def _basis() -> Floats:
    """(LAGS, bins): a bin spreads its mass evenly over its minutes."""
    basis = np.zeros((LAGS, _BINS))
    for bin_, (low, high) in enumerate(itertools.pairwise(_EDGES)):
        basis[low:high, bin_] = 1 / (high - low)
    return basis


_BASIS = _basis()


def kernel_evidence(upstream: Floats, downstream: Floats) -> KernelEvidence | None:
    """The normal equations of one store-step, None if there is too little to see.

    Args:
        upstream: (minutes,) events n.
        downstream: (minutes,) events a.
    """
    if len(upstream) < 4 * LAGS or upstream.sum() < 200 or downstream.sum() < 50:
        return None
    scale = np.sqrt(_moving_average(upstream, _LOCAL) + 0.02)
    n = (upstream - _moving_average(upstream, _HIGH_PASS)) / scale
    a = (downstream - _moving_average(downstream, _HIGH_PASS)) / scale
    # a burst of a thousand bots would outweigh a month
    limit_n, limit_a = 6 * n.std(), 6 * a.std()
    n, a = np.clip(n, -limit_n, limit_n), np.clip(a, -limit_a, limit_a)
    size = 1 << int(len(n) + LAGS).bit_length()
    spectrum_n, spectrum_a = np.fft.rfft(n, size), np.fft.rfft(a, size)
    auto = np.fft.irfft(np.abs(spectrum_n) ** 2, size)[:LAGS]
    cross = np.fft.irfft(np.conj(spectrum_n) * spectrum_a, size)[:LAGS]
    residual = max(float(a.var()), 1e-12)
    gram = _BASIS.T @ toeplitz(auto) @ _BASIS / residual
    return KernelEvidence(gram, _BASIS.T @ cross / residual, float(downstream.sum() / upstream.sum()))


def _solve(gram: Floats, moment: Floats, bins: int) -> tuple[Floats, float]:
    """Non-negative masses of the first ``bins`` bins that minimise the quadratic form, and the deviance they explain."""
    part = gram[:bins, :bins]
    factor = np.linalg.cholesky(part + 1e-9 * np.trace(part) / bins * np.eye(bins))
    masses, _ = nnls(factor.T, np.linalg.solve(factor, moment[:bins]))
    explained = float(2 * moment[:bins] @ masses - masses @ part @ masses)
    return np.concatenate([masses, np.zeros(len(moment) - bins)]), explained


def _solve_pool(gram: Floats, moment: Floats) -> tuple[Floats, int]:
    """The masses with as many bins as pay for themselves: each must explain ``PRICE`` of deviance."""
    best, length, gain = np.zeros(len(moment)), 0, 0.0
    for bins in range(1, len(moment) + 1):
        masses, explained = _solve(gram, moment, bins)
        if explained - PRICE * bins > gain:
            best, length, gain = masses, bins, explained - PRICE * bins
    return best, length


def fit_kernels(evidence: list[KernelEvidence | None]) -> list[Kernel]:
    """One kernel a store, each its own shrunk to the pool of all; the default where nothing shows.

    Args:
        evidence: of the same step in each store, None where there is none.
    """
    known = [item for item in evidence if item is not None]
    pooled, length = np.zeros(_BINS), 0
    if known:
        gram = np.sum([item.rate**2 * item.gram for item in known], axis=0)
        moment = np.sum([item.rate * item.moment for item in known], axis=0)
        pooled, length = _solve_pool(gram, moment)
    if not known:
        return [default_kernel() for _ in evidence]
    slow = _slow_share(gram, moment)
    if pooled.sum() < 0.05 or not length:
        untraced = Kernel(
            (round(1 - min(slow, 0.95), 6),), round(min(slow, 0.95), 6), source=KernelSource.COUNTS
        )
        return [untraced if slow else default_kernel() for _ in evidence]
    kernels = []
    for item in evidence:
        if item is None or len(known) == 1:
            source = KernelSource.COUNTS if item is not None else KernelSource.POOLED
            kernels.append(_as_kernel(pooled, slow, source))
            continue
        gram, moment = item.rate**2 * item.gram, item.rate * item.moment
        bins = min(length + 2, _BINS)
        own, _ = _solve(gram, moment, bins)
        apart = own - pooled
        distance = float(apart @ gram @ apart)
        weight = max(0.0, 1 - bins / max(distance, 1e-9))
        kernels.append(
            _as_kernel(
                pooled + weight * apart, slow, KernelSource.COUNTS if weight > 0 else KernelSource.POOLED
            )
        )
    return kernels


def _slow_share(gram: Floats, moment: Floats) -> float:
    """The share of conversions that leaves no trace within an hour; 0 unless three standard errors say otherwise.

    From the plain least-squares sum over all bins of the hour: cutting bins off or forbidding negative ones would bias it.
    """
    bins = int(np.searchsorted(_EDGES, _TRACED))
    part = gram[:bins, :bins]
    inverse = np.linalg.inv(part + 1e-9 * np.trace(part) / bins * np.eye(bins))
    missing = 1 - float((inverse @ moment[:bins]).sum())
    return missing if missing > max(_MIN_SLOW, 3 * float(np.sqrt(max(inverse.sum(), 0.0)))) else 0.0


def _as_kernel(masses: Floats, slow: float, source: KernelSource) -> Kernel:
    slow = min(slow, 0.95)
    shares = _BASIS @ masses * ((1 - slow) / max(float(masses.sum()), 1e-9))
    cumulative = np.cumsum(shares)
    length = int(np.searchsorted(cumulative, (1 - slow) * 0.999)) + 1
    shares = shares[:length] * (1 - slow) / cumulative[min(length, LAGS) - 1]
    return Kernel(tuple(round(float(share), 6) for share in shares), round(slow, 6), source=source)


def default_kernel() -> Kernel:
    """The kernel of a step of which nothing is known: geometric with mean 3 minutes."""
    keep = _DEFAULT_MEAN / (1 + _DEFAULT_MEAN)
    shares = (1 - keep) * keep ** np.arange(24)
    return Kernel(tuple(round(float(share), 6) for share in shares / shares.sum()))


def kernel_from_pairs(delays: NDArray[np.integer], possible: NDArray[np.integer], most: int = LAGS) -> Kernel:
    """The kernel from attributed pairs, corrected for pairs that could not have been seen yet.

    A conversion is seen only if its delay is at most the time since its upstream event. With r(u) pairs of delay u and
    Y(u) pairs with delay ≤ u ≤ possible, the reverse hazard is r(u)/Y(u) and F(d) = Π_{u>d} (1 − r(u)/Y(u)).

    Args:
        delays: (pairs,) minutes (for a slow step: business hours) from upstream to downstream.
        possible: (pairs,) the same from upstream to the time of the fit; at least the delay.
        most: delays from here on are the kernel's slow share.

    Raises:
        ValueError: no pairs, or a delay longer than possible.
    """
    if not len(delays) or bool((delays > possible).any()) or bool((delays < 0).any()):
        raise ValueError("pairs need delays between 0 and what was possible")
    longest = int(delays.max())
    hits = np.bincount(delays, minlength=longest + 1).astype(float)
    # Y(u) = #(delay <= u) − #(possible < u), for pairs with delay <= u
    entered = np.cumsum(hits)
    left = np.cumsum(np.bincount(np.minimum(possible, longest) + 1, minlength=longest + 2))[: longest + 1]
    hazard = np.where(entered - left > 0, hits / np.maximum(entered - left, 1), 0.0)
    reach = np.concatenate([np.cumprod((1 - hazard)[::-1])[::-1][1:], [1.0]])
    shares = np.diff(np.concatenate([[0.0], reach]))
    slow = float(shares[most:].sum())
    minutes = np.arange(len(shares))
    slow_minutes = float((shares[most:] * minutes[most:]).sum() / slow) if slow > 0 else 240.0
    return Kernel(
        tuple(round(float(share), 6) for share in shares[:most]),
        round(slow, 6),
        slow_minutes,
        KernelSource.PAIRS,
    )
