"""Conversion rates by empirical Bayes: of stores among stores, of segments within their store."""

from __future__ import annotations

import numpy as np

from scoring.funnel.arrays import Floats

#: with fewer stores than this a population says nothing
_MIN_STORES = 4


def store_rates(arrivals: Floats, exposure: Floats) -> tuple[Floats, Floats]:
    """Each store's rate shrunk to the population, and the variance of its log.

    Gamma–Poisson by the method of moments: with m the mean of the stores' raw rates and v their variance beyond
    Poisson's, k = m/v and rate = (A + k·m)/(E + k) (Robbins 1956; Morris 1983).

    Args:
        arrivals: (stores,) A.
        exposure: (stores,) E, above 0.
    """
    informative = exposure > 1
    raw = np.where(informative, arrivals / np.maximum(exposure, 1.0), 0.0)
    if informative.sum() < _MIN_STORES:
        return (arrivals + 0.5) / (exposure + 0.5 / np.maximum(raw, 1e-3)), 1 / (arrivals + 0.5)
    known = raw[informative]
    mean = max(float(known.mean()), 1e-9)
    excess = float(known.var() - np.mean(known / exposure[informative]))
    variance = max(excess, (0.05 * mean) ** 2, 1e-12)
    weight = mean / variance
    return (arrivals + weight * mean) / (exposure + weight), 1 / (arrivals + weight * mean + 0.5)


def segment_rates(
    arrivals: list[Floats], exposure: list[Floats], names: list[tuple[str, ...]], rates: Floats
) -> list[tuple[Floats, Floats]]:
    """For each store its segments' rates and the variances of their logs.

    y = log((A_s+½)/(M_s+½)) − g_s with M_s = E_s·rate and g_s the median of y over stores that have segment s;
    factor = exp(g_s + y·t²/(t² + 1/M_s)), t² the variance of y beyond Poisson's.

    Args:
        arrivals: per store (segments,) A_s.
        exposure: per store (segments,) E_s.
        names: per store the segments' names.
        rates: (stores,) the stores' rates.
    """
    logs: list[Floats] = []
    expected: list[Floats] = []
    by_name: dict[str, list[float]] = {}
    for a, e, rate, own in zip(arrivals, exposure, rates, names, strict=True):
        m = e * rate
        y = np.log((a + 0.5) / (m + 0.5))
        logs.append(y)
        expected.append(m)
        for name, value, size in zip(own, y, m, strict=True):
            if size > 50:
                by_name.setdefault(name, []).append(float(value))
    centre = {
        name: float(np.median(values)) for name, values in by_name.items() if len(values) >= _MIN_STORES
    }
    excess: list[float] = []
    for y, m, own in zip(logs, expected, names, strict=True):
        for name, value, size in zip(own, y, m, strict=True):
            if size > 50:
                excess.append((value - centre.get(name, 0.0)) ** 2 - 1 / size)
    spread = max(float(np.mean(excess)) if excess else 0.25, 1e-4)
    found = []
    for y, m, own, rate in zip(logs, expected, names, rates, strict=True):
        g = np.array([centre.get(name, 0.0) for name in own])
        variance = 1 / (m * np.exp(g) + 0.5)
        weight = spread / (spread + variance)
        found.append((rate * np.exp(g + (y - g) * weight), spread * variance / (spread + variance)))
    return found
