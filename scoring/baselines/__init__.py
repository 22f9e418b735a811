"""Baselines: what a store's funnel is expected to do, fitted from its past.

Lives here: delay kernels, conversion rates, season, wobble, and the values that carry them.
Does not live here: reading the past (``streams/jobs``), judging the present (``scoring/detection``).

``fit_baselines`` is imported when it is first asked for: it needs parts of scipy that take longer to load than everything
else a monitor needs, and a monitor, which must be back soon after a crash, fits nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
from scoring.baselines.history import StoreHistory

if TYPE_CHECKING:
    from scoring.baselines.fit import fit_baselines

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


def __getattr__(name: str) -> Any:
    if name == "fit_baselines":
        from scoring.baselines.fit import fit_baselines

        return fit_baselines
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
