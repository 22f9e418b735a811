"""How often a store that is as it always was has a period as low as this one: what its own past leads one to expect.

Months of a shop are not drawn afresh: one lies near the one before it. In the public shops (UCI Online Retail: orders; Olist: orders,
days to ship, days to deliver, shipped within three days) the correlation of neighbours is 0.5 to 0.8, and what a month adds to the one
before is half of what months scatter. To take them for independent finds something in every tenth month in which nothing happened.

So the past is an autoregression of order one around the usual, of which mean, scale and persistence are unknown and integrated out
(Zellner 1971, chapter 7): with R(φ)ᵢⱼ = φ^|i−j|, ρ the reliability of the members and K = ρ·R(φ) + (1 − ρ)·I of the m periods, k of them
with the one that is judged,

    μ̂ = 1ᵀK⁻¹x/1ᵀK⁻¹1,   s² = (x − μ̂)ᵀK⁻¹(x − μ̂)/(m − 1)
    x* ~ t(m − 1; μ̂ + kᵀK⁻¹(x − μ̂), s²·(ρ + (1 − ρ)·v*/v̄ − kᵀK⁻¹k + (1 − 1ᵀK⁻¹k)²/1ᵀK⁻¹1))

and the chance is the mean over φ, each weighed by |K|^-½ · (1ᵀK⁻¹1)^-½ · s^-(m−1). Peers have no order: of them φ is 0. Of a published
table only the mean and the spread are known: there it is the normal curve.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from scipy.special import stdtr

from scoring.evaluation.comparator import Comparator, ComparatorKind
from scoring.evaluation.figure import Figure
from scoring.evaluation.indicator import Direction
from scoring.evaluation.score import POINTS, USUAL, Score
from scoring.funnel.arrays import Floats

#: persistence of neighbours, each as likely as the other before the store's own past is looked at
_PERSISTENCE = np.array((0.0, 0.2, 0.4, 0.6, 0.8, 0.9))
#: members that are all alike have no scale
_LEAST_SQUARE = 1e-12
_NORMAL = NormalDist()


def low_chance(figure: Figure, comparator: Comparator, direction: Direction) -> float:
    """The chance of a period at least as low (in the good direction) as ``figure``, where nothing changed; in (0, 1).

    Args:
        figure: of the period that is judged.
        comparator: what it is compared with.
        direction: which way is better.
    """
    if not comparator.past:
        return _of_normal(figure, comparator, direction)
    values = np.array([g for g, _ in comparator.past])
    noise = math.fsum(variance for _, variance in comparator.past) / len(values)
    phis = _PERSISTENCE if comparator.kind is ComparatorKind.OWN else _PERSISTENCE[:1]
    weights, expected, variances = _expected(values, phis, comparator.reliability, figure.variance / noise)
    least = comparator.inputs["floor"] * (1 - phis * phis) + figure.variance
    off = direction * (figure.g - expected) / np.sqrt(np.maximum(variances, least))
    shares = np.exp(weights - weights.max())
    return float(shares @ stdtr(len(values) - 1, off) / shares.sum())


def _expected(
    values: Floats, phis: Floats, reliability: float, noise: float
) -> tuple[Floats, Floats, Floats]:
    """By persistence: the logarithm of its weight, what it leads one to expect, and the variance of a period around that.

    Args:
        values: (m,) of the members in their order, on the scale g.
        phis: (k,) persistences.
        reliability: what part of the members' scatter is true.
        noise: sampling variance of the judged period, in that of the members.
    """
    count = len(values)
    at = np.arange(count)
    cover = reliability * phis[:, None, None] ** np.abs(at[:, None] - at) + (1 - reliability) * np.eye(count)
    ahead = reliability * phis[:, None] ** (count - at)
    right = np.stack((np.ones_like(ahead), np.broadcast_to(values, ahead.shape), ahead), axis=2)
    solved = np.linalg.solve(cover, right)
    whole, sums, reach = (solved[:, :, column].sum(axis=1) for column in range(3))
    mean = sums / whole
    weighed = solved[:, :, 1] - mean[:, None] * solved[:, :, 0]
    square = np.maximum(((values - mean[:, None]) * weighed).sum(axis=1), _LEAST_SQUARE)
    expected = mean + (ahead * weighed).sum(axis=1)
    own = reliability + (1 - reliability) * noise
    left = own - (ahead * solved[:, :, 2]).sum(axis=1) + (1 - reach) ** 2 / whole
    logs = np.linalg.slogdet(cover)[1] + np.log(whole) + (count - 1) * np.log(square)
    return -0.5 * logs, expected, square / (count - 1) * left


def _of_normal(figure: Figure, comparator: Comparator, direction: Direction) -> float:
    variance = comparator.sigma**2 + comparator.mu_variance + figure.variance
    return _NORMAL.cdf(direction * (figure.g - comparator.mu) / math.sqrt(variance))


def low_chance_of(score: Score) -> float:
    """The same where only the score is known: one standard deviation of what it is compared with is 15 points."""
    return _NORMAL.cdf((score.uncut - USUAL) / math.hypot(POINTS, score.spread))
