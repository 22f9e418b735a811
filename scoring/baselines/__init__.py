"""Baselines: what a store's funnel is expected to do, fitted from its past.

Lives here: delay kernels, conversion rates, season, wobble, and the values that carry them.
Does not live here: reading the past (``streams/jobs``), judging the present (``scoring/detection``).
"""

from scoring.baselines.baseline import (
    BaselineSource,
    Kernel,
    KernelSource,
    SegmentBaseline,
    SlowBaseline,
    StepBaseline,
    StoreBaseline,
    TrafficBaseline,
    decode_baseline,
    encode_baseline,
)
from scoring.baselines.fit import fit_baselines
from scoring.baselines.history import StoreHistory

__all__ = [
    "BaselineSource",
    "Kernel",
    "KernelSource",
    "SegmentBaseline",
    "SlowBaseline",
    "StepBaseline",
    "StoreBaseline",
    "StoreHistory",
    "TrafficBaseline",
    "decode_baseline",
    "encode_baseline",
    "fit_baselines",
]
