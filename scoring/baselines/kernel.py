"""Delay kernels: how long after an upstream event its conversion arrives.

From minute counts alone: arrivals are a[t] = Σ_d w[d]·n[t−d] + noise with w = p·f. Traffic n has independent
minute-to-minute fluctuations (it is nearly Poisson), and each of them shows again in a, delayed. A linear filter H that
removes season and wobble commutes with the convolution, so with n' = Hn, a' = Ha the least-squares normal equations are
Toeplitz: Σ_e C_nn(d−e)·w[e] = C_an(d). They are solved for w ≥ 0 on delay bins that widen with the delay (non-negative
least squares, Lawson & Hanson 1974), pooled over stores with weights p²/residual variance; a store's own solution is
shrunk to the pool by James and Stein's positive-part rule. How much is slower than minutes trace, and how slow, is asked of the
traffic of whole days (``kernel_tail.py``): what leaves no trace is not therefore slow.

From attributed pairs: the reverse-time hazard estimator, right-truncation-aware (Lagakos, Barraj & De Gruttola 1988;
Lawless 1994).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import toeplitz
from scipy.optimize import nnls

from scoring.baselines.baseline import Kernel, KernelSource
from scoring.baselines.kernel_tail import Tail, TailEvidence, fit_tails
from scoring.funnel.arrays import Floats

#: edges of the delay bins in minutes
_EDGES = np.array([*range(11), 12, 14, 17, 20, 25, 30, 40, 50, 60, 80, 100, 120])
LAGS = int(_EDGES[-1])
_BINS = len(_EDGES) - 1
#: widths in minutes of the moving averages that separate fast from slow
_HIGH_PASS, _LOCAL = 61, 241
#: deviance that a bin at the end must explain to be kept: between Akaike's 2 and Schwarz's ln T
PRICE = 6.0
#: kernel of a step of which nothing is known: exponential, mean 3 minutes
_DEFAULT_MEAN = 3.0


@dataclass(frozen=True, slots=True)
class FittedKernel:
    """A kernel, and the variance of log µ that not knowing it leaves, by hour of the week (empty: none)."""

    kernel: Kernel
    doubt: tuple[float, ...] = ()


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


def fit_kernels(
    evidence: list[KernelEvidence | None],
    tails: list[TailEvidence | None] | None = None,
    known: list[Kernel | None] | None = None,
) -> list[FittedKernel]:
    """One kernel a store, each its own shrunk to the pool of all; the default where nothing shows.

    Args:
        evidence: of the same step in each store, None where there is none.
        tails: what days say of slow conversions; none are slow if left out.
        known: kernels of the pairs there are, where these are too few to speak for all conversions: the trace of minutes is
            theirs, and counts only say how much is slower.
    """
    fast = _fast_kernels(evidence)
    for index, kernel in enumerate(known or []):
        if kernel is not None:
            fast[index] = kernel
    found = fit_tails(tails or [None] * len(fast), [_whole(kernel) for kernel in fast])
    return [_with_tail(kernel, tail) for kernel, tail in zip(fast, found, strict=True)]


def _fast_kernels(evidence: list[KernelEvidence | None]) -> list[Kernel]:
    """What minutes trace, taken for all of the kernel."""
    known = [item for item in evidence if item is not None]
    if not known:
        return [default_kernel() for _ in evidence]
    gram = np.sum([item.rate**2 * item.gram for item in known], axis=0)
    moment = np.sum([item.rate * item.moment for item in known], axis=0)
    pooled, length = _solve_pool(gram, moment)
    if pooled.sum() < 0.05 or not length:
        return [default_kernel() for _ in evidence]
    kernels = []
    for item in evidence:
        if item is None or len(known) == 1:
            source = KernelSource.COUNTS if item is not None else KernelSource.POOLED
            kernels.append(_as_kernel(pooled, source))
            continue
        gram, moment = item.rate**2 * item.gram, item.rate * item.moment
        bins = min(length + 2, _BINS)
        own, _ = _solve(gram, moment, bins)
        apart = own - pooled
        distance = float(apart @ gram @ apart)
        weight = max(0.0, 1 - bins / max(distance, 1e-9))
        kernels.append(
            _as_kernel(pooled + weight * apart, KernelSource.COUNTS if weight > 0 else KernelSource.POOLED)
        )
    return kernels


def _as_kernel(masses: Floats, source: KernelSource) -> Kernel:
    shares = _BASIS @ masses / max(float(masses.sum()), 1e-9)
    cumulative = np.cumsum(shares)
    length = int(np.searchsorted(cumulative, 0.999)) + 1
    shares = shares[:length] / cumulative[min(length, LAGS) - 1]
    return Kernel(tuple(round(float(share), 6) for share in shares), source=source)


def _whole(kernel: Kernel) -> tuple[float, ...]:
    """The shares of a kernel by minute, its own slow part included as far as a tail's bins reach."""
    if not kernel.slow_share:
        return kernel.pmf
    reach = int(4 * kernel.slow_minutes)
    stays = np.exp(-1 / max(kernel.slow_minutes, 1.0))
    slow = kernel.slow_share * (1 - stays) * stays ** np.arange(reach)
    shares = np.zeros(max(reach + 1, len(kernel.pmf)))
    shares[: len(kernel.pmf)] = kernel.pmf
    shares[1 : reach + 1] += slow
    return tuple(shares.tolist())


def _with_tail(kernel: Kernel, tail: Tail) -> FittedKernel:
    """A kernel with a slow part added to what it has."""
    is_paired = kernel.source in (KernelSource.PAIRS, KernelSource.PAIRS_IN_PART)
    if tail.share:
        source = kernel.source if is_paired else KernelSource.COUNTS
        shares = tuple(round(share * (1 - tail.share), 6) for share in kernel.pmf)
        own = kernel.slow_share * (1 - tail.share)
        minutes = (own * kernel.slow_minutes + tail.share * tail.minutes) / (own + tail.share)
        kernel = Kernel(shares, round(1 - sum(shares), 6), round(minutes, 1), source)
    if tail.spread:
        kernel = msgspec.structs.replace(kernel, spread_minutes=round(tail.spread, 1))
    return FittedKernel(kernel, tail.doubt)


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
