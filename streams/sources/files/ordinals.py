"""How often an identical row occurred earlier in the file, with eight bytes a row remembered.

A file may rightly hold the same row twice (two clicks within a second), and a replay must give each its own id, the same
on every replay. The ordinal distinguishes them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]

#: rows remembered: 8 bytes each. Identical rows further apart than this get one id, and count once.
MAX_ROWS = 64_000_000


class Ordinals:
    """Counts repeats of 64-bit row hashes.

    Hashes are kept in sorted runs that are merged when two are of like size, so adding n rows costs n log n and a look-up
    goes through few runs. A chance collision only gives a row ordinal 1 for 0, on every replay alike.
    """

    def __init__(self, max_rows: int = MAX_ROWS) -> None:
        self._max_rows = max_rows
        self._runs: list[Hashes] = []
        self._repeats: dict[int, int] = {}

    def of(self, hashes: Hashes) -> list[int]:
        """The ordinal of each row of the next chunk: 0 for its first occurrence in the file, then 1, 2 ..."""
        if not len(hashes):
            return []  # an empty run would be searched by the next chunk, and has no last hash to compare with
        seen = np.zeros(len(hashes), dtype=bool)
        for run in self._runs:
            at = np.searchsorted(run, hashes)
            at[at == len(run)] = 0
            seen |= run[at] == hashes
        unique, first, counts = np.unique(hashes, return_index=True, return_counts=True)
        ordinals = [0] * len(hashes)
        if seen.any() or counts.max(initial=0) > 1:
            repeated = seen.copy()
            firsts = np.zeros(len(hashes), dtype=bool)
            firsts[first] = True
            repeated |= ~firsts
            for index in np.flatnonzero(repeated):
                key = int(hashes[index])
                ordinals[index] = self._repeats[key] = self._repeats.get(key, 0) + 1
        self._keep(unique)
        return ordinals

    def _keep(self, run: Hashes) -> None:
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = np.union1d(self._runs.pop(), run)
        self._runs.append(run)
        while len(self._runs) > 1 and sum(len(kept) for kept in self._runs) > self._max_rows:
            del self._runs[0]
