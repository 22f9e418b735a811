"""Where in a store a drop sits: in one segment, or in all of them alike."""

from __future__ import annotations

import numpy as np

from scoring.funnel.arrays import Floats


def segment_shares(observed: Floats, expected: Floats) -> Floats:
    """Each segment's share of the shortfall, in [0, 1]; they sum to 1 unless nothing is short."""
    short = np.maximum(expected - observed, 0.0)
    total = short.sum()
    return short / total if total > 0 else short


def only_one_segment(observed: Floats, expected: Floats, wobble: Floats) -> tuple[int, float]:
    """Which segment the drop would sit in, and the log-likelihood ratio of "only there" against "all by one factor".

    Poisson likelihoods with A_s observed and M_s expected; under "only s" segment s keeps the factor A_s/M_s and the
    others 1; under "all" every segment has ΣA/ΣM. Each likelihood is tempered by 1/(1 + M_s·V), because a segment's
    own wobble makes its counts vary more than Poisson's.

    Args:
        observed: (k,) arrivals by segment, the rest of the store being one of them.
        expected: (k,) expected arrivals by segment.
        wobble: (k,) variance V of the log of the expectation.
    """
    weight = 1 / (1 + expected * wobble)
    a, e = observed * weight, np.maximum(expected * weight, 1e-9)
    factor = max(a.sum() / e.sum(), 1e-9)
    together = float(a.sum() * np.log(factor) - e.sum() * factor)
    own = np.minimum(np.maximum(a / e, 1e-9), 1.0)
    alone = a * np.log(own) - e * own + e - e.sum()
    best = int(alone.argmax())
    return best, float(alone[best]) - together
