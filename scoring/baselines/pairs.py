"""Kernels from attributed pairs, where the pairs of a store are many enough to speak for its conversions.

Read before ``fit.py``, which takes the kernels found here instead of those it would find from counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.baselines.baseline import Kernel
from scoring.baselines.kernel import kernel_from_pairs

#: pairs, and share of the sampled conversions that are in one, below which counts say more
_MIN_PAIRS, _MIN_SHARE = 300, 0.5


@dataclass(frozen=True, slots=True)
class DelayPairs:
    """A store-step's attributed pairs, grouped: (groups,) minutes of delay, minutes that were possible, how many.

    ``conversions`` is how many downstream events were looked at, in a pair or not.
    """

    delays: NDArray[np.int64]
    possible: NDArray[np.int64]
    counts: NDArray[np.int64]
    conversions: int


def kernel_of(pairs: DelayPairs) -> Kernel | None:
    """The kernel, None where too few conversions are in a pair to speak for the others."""
    total = int(pairs.counts.sum())
    if total < max(_MIN_PAIRS, _MIN_SHARE * pairs.conversions):
        return None
    return kernel_from_pairs(np.repeat(pairs.delays, pairs.counts), np.repeat(pairs.possible, pairs.counts))
