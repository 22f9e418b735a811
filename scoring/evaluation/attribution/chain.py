"""Markov removal: how much fewer orders the ways of a store would lead to if a channel led nowhere.

Ways are a Markov chain of first order over channels, from a start to an order or to nothing. The removal effect of a channel is the part
of the chance of an order that is lost when every step to the channel leads to nothing instead; the orders are shared out by these effects
(Anderl, Becker, von Wangenheim and Schumann, 2016).

The variance of a credit is that of the infinitesimal jackknife (Efron, 1982): each way comes as often as a Poisson variable, and counts by
the derivative of the credit after its steps. There is no draw in it, so the same ways give the same interval.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from scoring.evaluation.attribution.credits import Z_90, Ranged
from scoring.evaluation.attribution.journeys import LostPath, OrderPath
from scoring.funnel.segment_names import OTHER

Floats = npt.NDArray[np.float64]
#: channels that keep their names; the ways of the others are one
MOST_CHANNELS = 12
#: part of a count by which it is moved for a derivative
_STEP = 1e-4


def channel_ways(
    paths: Iterable[OrderPath], lost: Iterable[LostPath]
) -> dict[tuple[str, ...], tuple[int, int]]:
    """Ways by their channels: how many led to an order, and how many to nothing. Rare channels are ``other``."""
    found: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
    for path in paths:
        found[tuple(place.channel for place in path.places)][0] += path.orders
    for one in lost:
        found[one.channels][1] += one.people
    met: Counter[str] = Counter()
    for way, (orders, people) in found.items():
        for channel in way:
            met[channel] += orders + people
    known = sorted(met, key=lambda channel: (-met[channel], channel))
    kept = set(known if len(known) <= MOST_CHANNELS else known[: MOST_CHANNELS - 1])
    made: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
    for way, counts in found.items():
        name = tuple(channel if channel in kept else OTHER for channel in way)
        made[name] = [one + more for one, more in zip(made[name], counts, strict=True)]
    return {way: (counts[0], counts[1]) for way, counts in sorted(made.items()) if way}


def removal_credits(ways: Mapping[tuple[str, ...], tuple[float, float]]) -> dict[str, Ranged]:
    """The orders that each channel is credited with, with their 90 % interval; empty without orders.

    Args:
        ways: of ``channel_ways``; counts may be expectations.
    """
    channels = sorted({channel for way in ways for channel in way})
    size = len(channels)
    place = {channel: at + 1 for at, channel in enumerate(channels)}
    steps: Floats = np.zeros((size + 1, size + 2))
    walked: list[tuple[float, list[tuple[int, int]]]] = []
    for way, counts in sorted(ways.items()):
        stops = [0, *(place[channel] for channel in way)]
        for count, end in zip(counts, (0, size + 1), strict=True):
            if count:
                # columns: the order, the channels, nothing
                taken = list(zip(stops, [*stops[1:], end], strict=True))
                walked.append((count, taken))
                for one in taken:
                    steps[one] += count
    if steps[:, 0].sum() <= 0:
        return {}
    credit = _credits(steps[None])[0]
    slopes = _slopes(steps)
    variance: Floats = np.zeros(size)
    for count, taken in walked:
        pull = np.sum([slopes[one] for one in taken], axis=0)
        variance += count * pull * pull
    return {
        channel: _ranged(float(credit[at]), float(variance[at]))
        for channel, at in zip(channels, range(size), strict=True)
    }


def _ranged(value: float, variance: float) -> Ranged:
    """On the scale of logs, on which a credit is never below nothing."""
    if value <= 0:
        return Ranged(0.0, 0.0, 0.0)
    spread = math.exp(Z_90 * math.sqrt(variance) / value)
    return Ranged(value, value / spread, value * spread)


def _credits(steps: Floats) -> Floats:
    """Credits by channel of several tables of steps: (tables, from, to) → (tables, channels). Columns: the order, the channels, nothing."""
    size = steps.shape[1] - 1
    chances = steps / steps.sum(axis=2, keepdims=True)
    onward: Floats = np.concatenate([np.zeros((*steps.shape[:2], 1)), chances[:, :, 1 : size + 1]], axis=2)
    # one chain as it is, then one without each channel
    chains = np.repeat(onward[:, None], size + 1, axis=1)
    for channel in range(1, size + 1):
        chains[:, channel, :, channel] = 0.0
    ends = np.repeat(chances[:, None, :, :1], size + 1, axis=1)
    reached = np.linalg.solve(np.eye(size + 1) - chains, ends)[:, :, 0, 0]
    effects = 1 - reached[:, 1:] / reached[:, :1]
    orders = steps[:, :, 0].sum(axis=1)
    return np.asarray(orders[:, None] * effects / effects.sum(axis=1, keepdims=True))


def _slopes(steps: Floats) -> dict[tuple[int, int], Floats]:
    """How each credit changes with the number of each step that was taken."""
    taken: Sequence[tuple[int, int]] = [(int(at[0]), int(at[1])) for at in np.argwhere(steps > 0)]
    moved = np.repeat(steps[None], 2 * len(taken), axis=0)
    for number, one in enumerate(taken):
        moved[(2 * number, *one)] *= 1 + _STEP
        moved[(2 * number + 1, *one)] *= 1 - _STEP
    found = _credits(moved)
    return {
        one: (found[2 * number] - found[2 * number + 1]) / (2 * _STEP * steps[one])
        for number, one in enumerate(taken)
    }
