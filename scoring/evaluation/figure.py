"""A figure: the value of one indicator of one store in one period, on the scale on which it is scored, with its sampling error.

    kind                                g(x)                              variance of g
    rate, k of n                        ln((k + ½)/(n − k + ½))           1/(k + ½) + 1/(n − k + ½)
    count, k per exposure e             ln((k + ½)/e)                     1/(k + ½)
    duration or index, n values         mean of ln x                      s²/n of the logs
    rating on [a, b], n ratings         ln((m − a)/(b − m)) of mean m     s²/n · ((b − a)/((m − a)(b − m)))²

The logit with ½ is Haldane's (1956) and Anscombe's (1956), the last line the delta method. A duration is the mean of logs, not a
median: sums of logs of parts of a period add up to those of the whole, so that splitting a period changes nothing.

A figure that does not say from which rows it comes cannot be made.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scoring.evaluation.errors import EvaluationError

#: added to hits and to misses: Haldane's and Anscombe's half
_ADDED = 0.5


class IndicatorKind(StrEnum):
    """What sort of number an indicator is: it decides the scale and the sampling error."""

    RATE = "rate"
    COUNT = "count"
    DURATION = "duration"
    INDEX = "index"
    RATING = "rating"


@dataclass(frozen=True, slots=True)
class SourceRows:
    """The rows behind a number: whoever runs the condition on the relation gets them.

    Attributes:
        relation: a view of the store, such as ``orders``, or the name of the file that was read.
        condition: which of its rows, as the query that counted them said it.
        count: how many there were; may be 0.
        counted_by: what counts them and which measures: numbers of different ones are never compared. Empty: as for every store.
    """

    relation: str
    condition: str
    count: int
    counted_by: str = ""

    def __post_init__(self) -> None:
        if not self.relation or not self.condition or self.count < 0:
            raise EvaluationError(
                "rows need a relation, a condition and their number: a number must lead back to them"
            )


@dataclass(frozen=True, slots=True)
class Figure:
    """The value of one indicator of one store in one period.

    Attributes:
        kind: of the number.
        value: as people read it: a share in [0, 1], events per unit of exposure, minutes, an index, a rating.
        g: on the scale of its kind.
        variance: sampling variance of ``g``.
        n: orders, visits, values, ratings (for a count: the events themselves) that it rests on.
        inputs: what ``value``, ``g`` and ``variance`` were worked out from, by name, for whoever recomputes them.
        rows: where it comes from; never empty.
    """

    kind: IndicatorKind
    value: float
    g: float
    variance: float
    n: float
    inputs: Mapping[str, float]
    rows: tuple[SourceRows, ...]

    def __post_init__(self) -> None:
        if not self.rows:
            raise EvaluationError("a figure must say from which rows it comes")
        if not (math.isfinite(self.g) and math.isfinite(self.variance) and self.variance > 0):
            raise EvaluationError(f"a figure of {dict(self.inputs)} has no finite value with an error")


def rate_figure(k: int, n: int, rows: tuple[SourceRows, ...]) -> Figure:
    """``k`` of ``n``.

    Raises:
        EvaluationError: more hits than cases, less than none, or no case at all.
    """
    if not 0 <= k <= n or n == 0:
        raise EvaluationError(f"{k} of {n} is not a rate: expected 0 ≤ k ≤ n and n ≥ 1")
    hit, missed = k + _ADDED, n - k + _ADDED
    return Figure(
        IndicatorKind.RATE, k / n, math.log(hit / missed), 1 / hit + 1 / missed, n, {"k": k, "n": n}, rows
    )


def count_figure(k: int, exposure: float, rows: tuple[SourceRows, ...]) -> Figure:
    """``k`` events over ``exposure`` (orders, visits, days, money spent): what may happen more than once to each.

    Raises:
        EvaluationError: fewer events than none, or no exposure.
    """
    if k < 0 or not exposure > 0:
        raise EvaluationError(f"{k} events over {exposure} is not a count per exposure")
    hit = k + _ADDED
    inputs = {"k": k, "exposure": exposure}
    return Figure(IndicatorKind.COUNT, k / exposure, math.log(hit / exposure), 1 / hit, k, inputs, rows)


def logs_figure(
    n: int,
    log_sum: float,
    log_square_sum: float,
    rows: tuple[SourceRows, ...],
    kind: IndicatorKind = IndicatorKind.DURATION,
) -> Figure:
    """``n`` durations or indices by the sums of their logs and of the squares of their logs; the value is their geometric mean.

    Raises:
        EvaluationError: fewer than two values, or sums that no values have.
    """
    if n < 2:
        raise EvaluationError(f"{n} values have no spread: expected at least 2")
    mean = log_sum / n
    spread = (log_square_sum - n * mean * mean) / (n - 1)
    if spread < -1e-9 * max(1.0, log_square_sum):
        raise EvaluationError("the squares of the logs add up to less than their mean allows")
    inputs = {"n": n, "log_sum": log_sum, "log_square_sum": log_square_sum}
    return Figure(kind, math.exp(mean), mean, max(spread, _LEAST_SPREAD) / n, n, inputs, rows)


#: values written in whole minutes or cents can be all alike: their logs are never taken to lie closer than one percent
_LEAST_SPREAD = 0.01**2


@dataclass(frozen=True, slots=True)
class RatingScale:
    """From the worst to the best rating that can be given."""

    worst: float
    best: float


def rating_figure(counts: Mapping[float, int], scale: RatingScale, rows: tuple[SourceRows, ...]) -> Figure:
    """Ratings by how often each was given. Half a rating is added at each end, so that all-best ratings have a value too.

    Raises:
        EvaluationError: no rating, or one outside the scale.
    """
    n = sum(counts.values())
    if n < 1 or any(not scale.worst <= rating <= scale.best or k < 0 for rating, k in counts.items()):
        raise EvaluationError(f"expected at least one rating, all between {scale.worst:g} and {scale.best:g}")
    total = sum(rating * k for rating, k in counts.items())
    squares = sum(rating * rating * k for rating, k in counts.items())
    return rating_of_sums(n, total, squares, scale, rows)


def rating_of_sums(
    n: int, total: float, squares: float, scale: RatingScale, rows: tuple[SourceRows, ...]
) -> Figure:
    """``n`` ratings by their sum and that of their squares; see ``rating_figure``."""
    both = scale.worst + scale.best
    mean = (total + _ADDED * both) / (n + 1)
    spread = (squares + _ADDED * (scale.worst**2 + scale.best**2)) / (n + 1) - mean * mean
    slope = (scale.best - scale.worst) / ((mean - scale.worst) * (scale.best - mean))
    inputs = {"n": n, "sum": total, "square_sum": squares, "worst": scale.worst, "best": scale.best}
    g = math.log((mean - scale.worst) / (scale.best - mean))
    return Figure(IndicatorKind.RATING, total / n, g, spread / (n + 1) * slope**2, n, inputs, rows)


def exposed(figure: Figure) -> float:
    """How many cases there were in which something could have been found: n, of a count its exposure."""
    return figure.inputs.get("exposure", figure.n)


def to_value(g: float, kind: IndicatorKind, scale: RatingScale | None = None) -> float:
    """The value, as people read it, that belongs to ``g``; of a rating on its ``scale``."""
    if kind is IndicatorKind.RATE:
        return 1 / (1 + math.exp(-g))
    if kind is IndicatorKind.RATING:
        ends = scale or RatingScale(0.0, 1.0)
        return ends.worst + (ends.best - ends.worst) / (1 + math.exp(-g))
    return math.exp(g)


def joined(figures: Sequence[Figure]) -> Figure:
    """One figure of the parts of a period (or of a group of stores): what was counted adds up, and so do the rows.

    Raises:
        EvaluationError: no part, parts of different kinds, or ratings of different scales.
    """
    if not figures or len({figure.kind for figure in figures}) != 1:
        raise EvaluationError("only figures of one kind can be put together, and at least one")
    kind = figures[0].kind
    rows = tuple(row for figure in figures for row in figure.rows)

    def total(name: str) -> float:
        return math.fsum(figure.inputs[name] for figure in figures)

    if kind is IndicatorKind.RATE:
        return rate_figure(int(total("k")), int(total("n")), rows)
    if kind is IndicatorKind.COUNT:
        return count_figure(int(total("k")), total("exposure"), rows)
    if kind is IndicatorKind.RATING:
        return _joined_ratings(figures, rows)
    return logs_figure(int(total("n")), total("log_sum"), total("log_square_sum"), rows, kind)


def _joined_ratings(figures: Sequence[Figure], rows: tuple[SourceRows, ...]) -> Figure:
    scales = {(figure.inputs["worst"], figure.inputs["best"]) for figure in figures}
    if len(scales) != 1:
        raise EvaluationError("ratings of different scales cannot be put together")
    n, total, squares = (
        math.fsum(figure.inputs[name] for figure in figures) for name in ("n", "sum", "square_sum")
    )
    return rating_of_sums(int(n), total, squares, RatingScale(*scales.pop()), rows)
