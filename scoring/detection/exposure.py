"""Exposure: upstream events spread over the minutes in which their conversions are due.

E[t] = Σ_d f[d]·n[t−d]. Each event is pushed forward into a ring of coming minutes when it is counted, so closing a
minute reads one row. The slow share of a kernel, which would need a very long ring, is a leaking pool.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.baselines.baseline import Kernel
from scoring.funnel.arrays import Bools, Floats, Places


@dataclass(frozen=True, slots=True)
class Expectations:
    """What the baselines expected of the minute just closed: of each series A, µ, the variance of log µ, and trust."""

    names: list[tuple[str, str, str]]
    shown: Places
    arrived: Floats
    expected: Floats
    variance: Floats
    believed: Bools


class Exposures:
    """The coming exposure of every cell (a store-step's segment), in arrays that grow as cells are added."""

    def __init__(self) -> None:
        self.size = 0
        self._minute = 0
        self._depth, self._capacity = 16, 64
        self._due: Floats = np.zeros((self._depth, self._capacity))
        self._shares: Floats = np.zeros((self._depth, self._capacity))
        self._pool: Floats = np.zeros(self._capacity)
        self._slow: Floats = np.zeros(self._capacity)
        self._leak: Floats = np.zeros(self._capacity)

    def add(self, kernel: Kernel) -> int:
        """The index of a new cell with that kernel."""
        if self.size == self._capacity:
            self._resize(self._depth, 2 * self._capacity)
        self.size += 1
        self.set(self.size - 1, kernel)
        return self.size - 1

    def set(self, cell: int, kernel: Kernel) -> None:
        """Give a cell another kernel; what is already due stays due."""
        while len(kernel.pmf) > self._depth:
            self._resize(2 * self._depth, self._capacity)
        self._shares[:, cell] = 0.0
        self._shares[: len(kernel.pmf), cell] = kernel.pmf
        self._slow[cell] = kernel.slow_share
        self._leak[cell] = 1 - np.exp(-1 / max(kernel.slow_minutes, 1.0))

    def _resize(self, depth: int, capacity: int) -> None:
        order = (self._minute + np.arange(self._depth)) % self._depth
        due = np.zeros((depth, capacity))
        due[(self._minute + np.arange(self._depth)) % depth, : self._capacity] = self._due[order]
        shares = np.zeros((depth, capacity))
        shares[: self._depth, : self._capacity] = self._shares
        self._due, self._shares = due, shares
        for name in ("_pool", "_slow", "_leak"):
            grown = np.zeros(capacity)
            grown[: self._capacity] = getattr(self, name)
            setattr(self, name, grown)
        self._depth, self._capacity = depth, capacity

    def keep(self, kept: NDArray[np.intp]) -> None:
        """Forget all cells but these, which are renumbered in this order."""
        for name in ("_due", "_shares", "_pool", "_slow", "_leak"):
            old = getattr(self, name)
            new = np.zeros((*old.shape[:-1], max(len(kept), 1)))
            new[..., : len(kept)] = old[..., kept]
            setattr(self, name, new)
        self.size, self._capacity = len(kept), max(len(kept), 1)

    def coming(self) -> Floats:
        """(size,) exposure that the events counted so far will still bring, all together."""
        n = self.size
        return np.asarray(self._due[:, :n].sum(0) + self._pool[:n])

    def advance(self, upstream: Floats) -> Floats:
        """The exposure of the minute that closes, given its (size,) upstream events."""
        n = self.size
        row = self._minute % self._depth
        first = self._depth - row
        busy = np.nonzero(upstream)[0]
        if 2 * len(busy) > n:
            self._due[row:, :n] += self._shares[:first, :n] * upstream
            if row:
                self._due[:row, :n] += self._shares[first:, :n] * upstream
        elif len(busy):
            self._due[row:, busy] += self._shares[:first, busy] * upstream[busy]
            if row:
                self._due[:row, busy] += self._shares[first:, busy] * upstream[busy]
        leaked = self._pool[:n] * self._leak[:n]
        exposure = self._due[row, :n] + leaked
        self._due[row, :n] = 0.0
        self._pool[:n] += self._slow[:n] * upstream - leaked
        self._minute += 1
        return np.asarray(exposure)

    def amend(self, cell: int, ago: int, added: float) -> Floats:
        """Late upstream events of the minute ``ago`` minutes ago: what they add to the exposure of it and each minute since."""
        shares = self._shares[:, cell]
        reach = min(ago + 1, self._depth)
        past = np.zeros(ago + 1)
        past[:reach] = shares[:reach] * added
        for delay in range(ago + 1, self._depth):
            self._due[(self._minute - 1 - ago + delay) % self._depth, cell] += shares[delay] * added
        self._pool[cell] += self._slow[cell] * added
        return past
