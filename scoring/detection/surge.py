"""Unannounced promotions: traffic far above its usual, during which conversion may lawfully differ.

A step is in a surge while, within the last half hour, the upstream events of 20 minutes exceeded 1.45 times their
hour-of-week median and were more than four standard deviations above 1.3 times it. When a surge begins or ends the
filter's level is opened again (its variance grows by that of past promotions), and windows that reach across the switch
carry the same variance, so that a promotion's other conversion rate is learned and not taken for a fault.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scoring.baselines.localtime import WEEK_MINUTES, hour_neighbours, local_minute
from scoring.detection.special_days import LONG_AGO
from scoring.funnel.arrays import Bools, Floats, Ints

_SPAN, _HOLD = 20, 30
_RATIO, _NULL_RATIO, _CLEAR_Z = 1.45, 1.3, 4.0
#: upstream events below this share of their usual have vanished, if chance does so once in a thousand (in nats)
_VANISHED, _MISSED = 0.6, 6.9
#: every this many minutes of a longer stretch are looked up
_SAMPLED = 5


class Surges:
    """Which steps are in a surge, and how long since that last changed."""

    def __init__(self) -> None:
        self.size = 0
        self._capacity = 32
        self._minute = 0
        self._zones: list[str] = []
        self._zone_of: Ints = np.zeros(self._capacity, dtype=np.int64)
        self._usual: Floats = np.zeros((168, self._capacity))
        self._counts: Floats = np.zeros((_SPAN, self._capacity))
        self._expected: Floats = np.zeros((_SPAN, self._capacity))
        self._quiet_for: Ints = np.full(self._capacity, LONG_AGO, dtype=np.int64)
        self._since: Ints = np.full(self._capacity, LONG_AGO, dtype=np.int64)

    def add(self, zone: str, usual: tuple[float, ...]) -> int:
        """The index of a new step; ``usual`` is its median upstream events a minute by hour of week (empty: unknown)."""
        if self.size == self._capacity:
            old, self._capacity = self._capacity, 2 * self._capacity
            for name, value in vars(self).copy().items():
                if isinstance(value, np.ndarray):
                    fill = LONG_AGO if value.dtype == np.int64 and name != "_zone_of" else 0
                    grown = np.full((*value.shape[:-1], self._capacity), fill, dtype=value.dtype)
                    grown[..., :old] = value
                    setattr(self, name, grown)
        self.size += 1
        self.set(self.size - 1, zone, usual)
        return self.size - 1

    def keep(self, kept: NDArray[np.intp]) -> None:
        """Forget all steps but these, which are renumbered in this order."""
        self.size, self._capacity = len(kept), max(len(kept), 1)
        for name, value in vars(self).copy().items():
            if isinstance(value, np.ndarray):
                fill = LONG_AGO if name in ("_quiet_for", "_since") else 0
                new = np.full((*value.shape[:-1], self._capacity), fill, dtype=value.dtype)
                new[..., : len(kept)] = value[..., kept]
                setattr(self, name, new)

    def let_minutes_pass(self, index: int, minute: int, followed: int) -> None:
        """What the last minutes up to the UTC ``minute``, of which ``followed`` count, do to a step without events."""
        zone = self._zones[self._zone_of[index]]
        for back in range(min(_SPAN, self._minute, followed)):
            hour = local_minute(zone, minute - back) % WEEK_MINUTES // 60
            self._expected[(self._minute - 1 - back) % _SPAN, index] = self._usual[hour, index]

    def set(self, index: int, zone: str, usual: tuple[float, ...]) -> None:
        """Take over what is usual from a new baseline."""
        if zone not in self._zones:
            self._zones.append(zone)
        self._zone_of[index] = self._zones.index(zone)
        self._usual[:, index] = usual or np.inf

    def share_of_usual(self, index: int, minutes: int = _SPAN) -> float | None:
        """Upstream events of the last minutes (20 at most) over what is usual in them; None where that is not known."""
        rows = (self._minute - 1 - np.arange(min(minutes, _SPAN))) % _SPAN
        usual = float(self._expected[rows, index].sum())
        return float(self._counts[rows, index].sum()) / usual if 0 < usual < np.inf else None

    def usual_between(self, index: int, first: int, last: int) -> float:
        """Usual upstream events from the UTC minute ``first`` to ``last`` (excluded), between whose hours' middles is interpolated.

        Infinite where it is not known.
        """
        if not np.isfinite(self._usual[:, index]).all():
            return float("inf")
        zone, total = self._zones[self._zone_of[index]], 0.0
        for at in range(first, last, _SAMPLED):
            hour, within = divmod((local_minute(zone, at) - 30) % WEEK_MINUTES, 60)
            here, there = self._usual[hour, index], self._usual[(hour + 1) % 168, index]
            total += float(here + (there - here) * within / 60) * min(_SAMPLED, last - at)
        return total

    def shares(self, minute: int) -> tuple[Floats, Floats]:
        """(size,) upstream events of the last 20 minutes over their usual, and their usual; the UTC ``minute`` is the last.

        What is usual is the more of an hour's median and what lies between the middles of hours: neither a step nor a ramp is a rise.
        """
        n = self.size
        between = np.zeros(n)
        for number, zone in enumerate(self._zones):
            mine = self._zone_of[:n] == number
            hour, other, weight = hour_neighbours(local_minute(zone, minute - _SPAN // 2) % WEEK_MINUTES)
            here, there = self._usual[hour, :n][mine], self._usual[other, :n][mine]
            is_known = np.isfinite(here) & np.isfinite(there)
            slope = np.where(is_known, there, 0.0) - np.where(is_known, here, 0.0)
            between[mine] = (here + weight * slope) * _SPAN
        usual = np.maximum(self._expected[:, :n].sum(0), between)
        return self._counts[:, :n].sum(0) / np.maximum(usual, 1e-9), usual

    @property
    def zones(self) -> Ints:
        """(size,) the number of each step's zone."""
        return self._zone_of[: self.size]

    def has_vanished(self, index: int) -> bool:
        """Whether the last 20 minutes held far fewer upstream events than usual, and more are due than chance leaves out.

        With n seen and µ usual: n < 0.6 µ, and the Poisson log-likelihood ratio µ − n + n·log(n/µ) of "as usual" against what
        was seen is above 6.9 (one in a thousand for n = 0).
        """
        rows = (self._minute - 1 - np.arange(_SPAN)) % _SPAN
        seen, usual = float(self._counts[rows, index].sum()), float(self._expected[rows, index].sum())
        if not 0 < usual < np.inf or seen >= _VANISHED * usual:
            return False
        return usual - seen + (seen * float(np.log(seen / usual)) if seen else 0.0) > _MISSED

    def excess(self, index: int, minutes: int) -> float | None:
        """``share_of_usual`` where it is far above 1, beyond what chance and a good day bring; else None."""
        share = self.share_of_usual(index, minutes)
        if share is None or share <= _RATIO:
            return None
        rows = (self._minute - 1 - np.arange(min(minutes, _SPAN))) % _SPAN
        usual = float(self._expected[rows, index].sum())
        z = (share - _NULL_RATIO) * usual / np.sqrt(_NULL_RATIO * usual + 1)
        return share if z > _CLEAR_Z else None

    def advance(self, minute: int, upstream: Floats) -> tuple[Bools, Ints, Bools]:
        """Close a minute.

        Args:
            minute: the UTC minute.
            upstream: (size,) upstream events of it.

        Returns:
            (size,) whether a surge is on, minutes since that last changed, and whether it changed now.
        """
        n, row = self.size, self._minute % _SPAN
        self._counts[row, :n] = upstream
        for number, zone in enumerate(self._zones):
            mine = self._zone_of[:n] == number
            hour = local_minute(zone, minute) % WEEK_MINUTES // 60
            self._expected[row, :n][mine] = self._usual[hour, :n][mine]
        seen, usual = self._counts[:, :n].sum(0), self._expected[:, :n].sum(0)
        with np.errstate(invalid="ignore"):
            z = (seen - _NULL_RATIO * usual) / np.sqrt(_NULL_RATIO * usual + 1)
        high = (seen > _RATIO * usual) & (z > _CLEAR_Z)
        before = self._quiet_for[:n] < _HOLD
        self._quiet_for[:n] = np.where(high, 0, np.minimum(self._quiet_for[:n] + 1, LONG_AGO))
        is_on = self._quiet_for[:n] < _HOLD
        changed = is_on != before
        self._since[:n] = np.where(changed, 0, np.minimum(self._since[:n] + 1, LONG_AGO))
        self._minute += 1
        return is_on, self._since[:n], changed
