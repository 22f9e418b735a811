"""Kernels from attributed pairs.

Read before ``fit.py``. Where half of a store's conversions are in a pair, their kernel is taken for all. Where fewer are, they may
be the quick ones (the same session, the same device): their kernel is what is known to be traced, and counts say how much of
the rest is slower.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from scoring.baselines.baseline import Kernel, KernelSource
from scoring.baselines.kernel import kernel_from_pairs

#: pairs that speak for all conversions, if this share of those that were looked at are in one
_MIN_PAIRS, _MIN_SHARE = 300, 0.5
#: pairs that show how fast those in a pair are
_MIN_IN_PART = 100


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
    """The kernel of the pairs there are, None where there are too few; its source says whether it speaks for all conversions."""
    total = int(pairs.counts.sum())
    if total < _MIN_IN_PART:
        return None
    kernel = kernel_from_pairs(np.repeat(pairs.delays, pairs.counts), np.repeat(pairs.possible, pairs.counts))
    if total >= max(_MIN_PAIRS, _MIN_SHARE * pairs.conversions):
        return kernel
    return msgspec.structs.replace(kernel, source=KernelSource.PAIRS_IN_PART)
