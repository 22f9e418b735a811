"""Chances of several readings of one store together: what each of them shows alone may come from the same cause.

Readings of one period of one store are not independent: price, mix and season move its steps together, and demand moves the volumes of
all its stages. So they are put together by Fisher's method for correlated chances (Brown 1975): with n chances and correlations rᵢⱼ

    X = −2·Σ ln pᵢ,   c = (4n + 2·Σᵢ<ⱼ (3.25·rᵢⱼ + 0.75·rᵢⱼ²))/4n,   X/c ~ χ²(2n/c)

which is Fisher's own (1932, section 21.1) where nothing is correlated.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from scipy.special import chdtrc

#: correlation of what one condition looks at, of volumes of several stages, and of conditions that ask for different things
SAME_QUESTION, SAME_DEMAND, SAME_STORE = 0.5, 0.8, 0.2
_LEAST = 1e-300


def any_of(chances: Sequence[float]) -> float:
    """The chance that one of several readings, or all of them together, come out as low by chance.

    The harmonic mean (Wilson 2019) of two tests: Bonferroni's, for where one of them changed, and Brown's for where all did. The same
    figure under two names counts once.
    """
    apart = sorted({round(one, 12) for one in chances})
    first = min(1.0, len(apart) * apart[0])
    if len(apart) == 1:
        return first
    every = together(apart, lambda _, __: SAME_QUESTION)
    return 2 / (1 / max(first, _LEAST) + 1 / max(every, _LEAST))


def together(chances: Sequence[float], correlation: Callable[[int, int], float]) -> float:
    """The chance that several pieces of evidence are as strong together by chance; 1 without any.

    Args:
        chances: of each alone.
        correlation: of two of them, by their places.
    """
    if not chances:
        return 1.0
    count = len(chances)
    pairs = (correlation(one, other) for one, other in itertools.combinations(range(count), 2))
    scale = (4 * count + 2 * math.fsum(3.25 * r + 0.75 * r * r for r in pairs)) / (4 * count)
    found = -2 * math.fsum(math.log(max(one, _LEAST)) for one in chances)
    return float(chdtrc(2 * count / scale, found / scale))
