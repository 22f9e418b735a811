"""Comparators: what a figure is compared with. Up to four, never mixed, each named next to its score.

``own``: the store's earlier periods of the same length. ``peers``: other stores of its platform, category and country.
``benchmark``: a published table. ``target``: what somebody set; it gives no points.

Own and peers are a handful of members that scatter for two reasons: they truly differ (σ²), and each is itself counted from few rows
(its variance v). Only the first is a yardstick. With m members, s² their sample variance and v̄ their mean sampling variance

    σ̂² = max(σ_min², s² − v̄)             (method of moments)
    ρ  = σ̂²/(σ̂² + v̄)                     (reliability: what part of the scatter is true)
    ν  = (m − 1)·ρ²                       (degrees of freedom that σ̂² has left: Satterthwaite 1946)
    σ  = σ̂/J(ν),  J(ν) = Γ(ν/2)/Γ((ν−1)/2)·√(2/ν)     (Hedges 1981),   Var(ln σ) = 1/(2(ν − 1))

J is there because a score divides by σ: with few members the mean of 1/σ̂ is too large, and every score too far from 50, by two of 15
points with eight members. Where the scatter is mostly counting noise (ρ below 0.6) σ̂ is a matter of luck and there is no score: to
score such a store anyway one would have to assume how much it varies. ``tests/scoring/evaluation/test_calibration.py`` shows both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scoring.baselines.baseline import MIN_PEERS
from scoring.evaluation.figure import Figure, IndicatorKind, SourceRows, exposed


class ComparatorKind(StrEnum):
    """What a figure is compared with."""

    OWN = "own"
    PEERS = "peers"
    BENCHMARK = "benchmark"
    TARGET = "target"


#: complete periods of the same length that a store is compared with, and the fewest that say what is usual
OWN_PERIODS, LEAST_OWN_PERIODS = 13, 4
#: in this order the first comparator that there is makes the headline; a setting may say otherwise
HEADLINE_ORDER = (ComparatorKind.PEERS, ComparatorKind.BENCHMARK, ComparatorKind.OWN)

#: less of the scatter than this is true: no yardstick. Chosen by simulation: above it intervals hold what they state
LEAST_RELIABILITY = 0.6
#: degrees of freedom are never taken for fewer: J and the variance need more than one
_LEAST_FREEDOM = 2.0
#: no yardstick is shorter than this on the scale g, in which 0.03 is about three percent of a rate
_LEAST_SIGMA: Mapping[IndicatorKind, float] = {
    IndicatorKind.RATE: 0.03,
    IndicatorKind.COUNT: 0.03,
    IndicatorKind.DURATION: 0.03,
    IndicatorKind.INDEX: 0.01,
    IndicatorKind.RATING: 0.03,
}


@dataclass(frozen=True, slots=True)
class Comparator:
    """What is usual: mean and spread on the scale g, and how well both are known.

    Attributes:
        kind: own, peers or benchmark.
        mu, sigma: of the members, without their sampling noise.
        reliability: what part of the members' scatter is true and not counting noise, in [0, 1].
        mu_variance: how well ``mu`` is known.
        sigma_variance: relative: the variance of ln σ.
        case_variance: sampling variance that one case has; of n cases the n-th part. 0 where the members do not say.
        members: periods or stores, by name, in the order of their names.
        inputs: what it was worked out from, for whoever recomputes it.
        rows: those of all members.
        past: value on the scale g and sampling variance of each member; empty where single members are not known.
    """

    kind: ComparatorKind
    mu: float
    sigma: float
    reliability: float
    mu_variance: float
    sigma_variance: float
    case_variance: float
    members: tuple[str, ...]
    inputs: Mapping[str, float]
    rows: tuple[SourceRows, ...]
    past: tuple[tuple[float, float], ...] = ()


def least_members(kind: ComparatorKind) -> int:
    """The fewest members that make a comparator."""
    return LEAST_OWN_PERIODS if kind is ComparatorKind.OWN else MIN_PEERS


def comparator_of(kind: ComparatorKind, members: Mapping[str, Figure]) -> Comparator | None:
    """What is usual of ``members``, by the names of their periods or stores; None if they are too few.

    Args:
        kind: own or peers.
        members: without the store and period that is judged, and without what was excused or suppressed.
    """
    if len(members) < least_members(kind):
        return None
    names = sorted(members)
    figures = [members[name] for name in names]
    mu = math.fsum(figure.g for figure in figures) / len(figures)
    noise = math.fsum(figure.variance for figure in figures) / len(figures)
    sample = math.fsum((figure.g - mu) ** 2 for figure in figures) / (len(figures) - 1)
    floor = _LEAST_SIGMA[figures[0].kind] ** 2
    spread = max(floor, sample - noise)
    reliability = spread / (spread + noise)
    freedom = max((len(figures) - 1) * reliability**2, _LEAST_FREEDOM)
    # at the floor σ is set and not estimated: nothing of it is unknown
    is_set = spread == floor
    correction = 1.0 if is_set else hedges(freedom)
    return Comparator(
        kind,
        mu,
        math.sqrt(spread) / correction,
        reliability,
        (spread + noise) / len(figures),
        0.0 if is_set else 1 / (2 * (freedom - 1)),
        math.fsum(figure.variance * exposed(figure) for figure in figures) / len(figures),
        tuple(names),
        {
            "members": len(figures),
            "mean": mu,
            "noise": noise,
            "sample_variance": sample,
            "floor": floor,
            "freedom": freedom,
            "correction": correction,
        },
        tuple(row for figure in figures for row in figure.rows),
        tuple((figure.g, figure.variance) for figure in figures),
    )


def hedges(freedom: float) -> float:
    """J(ν) = Γ(ν/2)/Γ((ν−1)/2)·√(2/ν), below 1: the mean of 1/s is 1/(σ·J) (Hedges 1981, eq. 6e).

    Args:
        freedom: ν, above 1.
    """
    return math.exp(math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)) * math.sqrt(2 / freedom)


@dataclass(frozen=True, slots=True)
class BenchmarkFigure:
    """One published figure. Without its denominator it means nothing and is not taken.

    Attributes:
        value: as people read it.
        percentile: share of the sample that lies below it, in (0, 1).
        denominator: what it is a share or a count of, as ``Indicator.definition`` says it.
        sample: how many stores it is from.
        publisher, licence, market, device, period: as published.
    """

    value: float
    percentile: float
    denominator: str
    sample: int
    publisher: str
    licence: str
    market: str = ""
    device: str = ""
    period: str = ""


def named_source(figure: BenchmarkFigure) -> str:
    """Who published a figure, of how many stores, when and where, and on what terms."""
    said = (figure.publisher, figure.market, figure.period, f"n = {figure.sample}", figure.licence)
    return ", ".join(part for part in said if part)


def benchmark_comparator(
    points: Sequence[tuple[BenchmarkFigure, float, float]], rows: tuple[SourceRows, ...]
) -> Comparator | None:
    """What is usual by a published table: the normal curve through its percentiles; None with fewer than two of them.

    Args:
        points: (figure, its value on the scale g, the standard normal quantile of its percentile), of one publisher and sample.
        rows: lines of the uploaded table.
    """
    levels = {quantile for _, _, quantile in points}
    if len(levels) < 2:
        return None
    count = len(points)
    mean_g = math.fsum(g for _, g, _ in points) / count
    mean_q = math.fsum(q for _, _, q in points) / count
    square = math.fsum((q - mean_q) ** 2 for _, _, q in points)
    slope = math.fsum((q - mean_q) * (g - mean_g) for _, g, q in points) / square
    if slope <= 0:
        return None
    sample = min(figure.sample for figure, _, _ in points)
    return Comparator(
        ComparatorKind.BENCHMARK,
        mean_g - slope * mean_q,
        slope,
        1.0,
        slope**2 / max(sample, 1),
        1 / (2 * max(sample - 1, 1)),
        0.0,
        (named_source(points[0][0]),),
        {"points": count, "mean": mean_g - slope * mean_q, "sigma": slope, "sample": sample},
        rows,
    )
