"""What is usual of a store's traffic: the baseline that ``scoring/detection/traffic.py`` judges by.

The median of an hour of the week over the weeks is what is usual; how far and how long traffic strays from it is fitted
as the wobble of a conversion rate is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.baselines.baseline import TrafficBaseline
from scoring.baselines.localtime import interpolation_table
from scoring.baselines.noise import fit_noise
from scoring.funnel.stages import Stage

#: days of history that are needed
TRAFFIC_DAYS = 14
_BIN = 5
#: the wobble is fitted on this many last bins (three weeks)
_RECENT = 21 * 1440 // _BIN
#: traffic strays at least so far (log scale)
_SIGMA_FLOOR = 0.15
_HOUR, _OTHER, _WEIGHT = interpolation_table()


@dataclass(frozen=True, slots=True)
class TrafficHistory:
    """A store's traffic: usual events a minute by hour of week; (bins,) events and minute of the week of each bin."""

    store_id: str
    stage: str
    usual: tuple[float, ...]
    events: NDArray[np.float32]
    how: NDArray[np.int64]


def entry_stage(stages: tuple[str, ...]) -> str:
    """The stage whose events are a store's traffic: clicks if it supplies them, else its first; empty without stages."""
    if Stage.CLICK.value in stages:
        return Stage.CLICK.value
    return stages[0] if stages else ""


def fit_traffic(histories: list[TrafficHistory]) -> dict[str, TrafficBaseline]:
    """The baselines by store."""
    if not histories:
        return {}
    bins = min(max(len(history.events) for history in histories), _RECENT)
    events, expected = np.zeros((bins, len(histories))), np.zeros((bins, len(histories)))
    for column, history in enumerate(histories):
        usual = np.asarray(history.usual)
        how = history.how[-bins:] + _BIN // 2
        here, there = usual[_HOUR[how]], usual[_OTHER[how]]
        events[bins - len(how) :, column] = history.events[-bins:]
        expected[bins - len(how) :, column] = (here + _WEIGHT[how] * (there - here)) * _BIN
    none = np.zeros(len(histories))
    noise = fit_noise(events, expected, none, none, _BIN)
    return {
        history.store_id: TrafficBaseline(
            history.stage,
            history.usual,
            round(float(max(noise.sigma[column], _SIGMA_FLOOR)), 5),
            round(float(noise.tau[column]), 2),
            round(float(noise.dispersion[column]), 4),
        )
        for column, history in enumerate(histories)
    }
