"""A store's past as minute counts: what a fit reads."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.funnel.segment_names import PAGELESS, takes_part
from scoring.funnel.stages import STAGE_INDEX, STAGES, Stage, Step, steps_of, supplied_stages

#: what comes before a silence of this many minutes, and makes up at most this share of the minutes with events, is not
#: where a history begins: when a store is connected, its platform may send a few old orders again
_LONE_SILENCE, _LONE_SHARE = 2 * 1440, 0.01


def begin_of(first: NDArray[np.integer], last: NDArray[np.integer], filled: NDArray[np.integer]) -> int:
    """At which stretch a store's history begins.

    Args:
        first: (stretches,) the first minute with events of each, ascending; at least one stretch.
        last: (stretches,) the last one.
        filled: (stretches,) how many there are.

    Returns:
        Its index: 0, or the one after the last silence with next to nothing before it.
    """
    is_lone = np.cumsum(filled)[:-1] <= _LONE_SHARE * filled.sum()
    found = np.nonzero(is_lone & (first[1:] - last[:-1] > _LONE_SILENCE))[0]
    return int(found[-1]) + 1 if len(found) else 0


@dataclass(frozen=True, slots=True)
class StoreHistory:
    """Minute counts of one store over a stretch without gaps (a minute without events is zero).

    Args:
        store_id: the store.
        zone: IANA name of its time zone.
        start_minute: minutes since 1970 UTC of the first column.
        segments: names of the rows of ``counts``; an empty name means that the events were not split.
        counts: (segments, 7 stages, minutes), whole numbers, any integer dtype.
        excluded: (minutes,) True for minutes to leave out of the fit (known promotion days), or None.
    """

    store_id: str
    zone: str
    start_minute: int
    segments: tuple[str, ...]
    counts: NDArray[np.integer]
    excluded: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        if self.counts.ndim != 3 or self.counts.shape[:2] != (len(self.segments), len(STAGES)):
            raise ValueError(
                f"counts of {self.store_id} have shape {self.counts.shape}, expected ({len(self.segments)}, {len(STAGES)}, minutes)"
            )

    @property
    def minutes(self) -> int:
        """The length in minutes."""
        return int(self.counts.shape[2])

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages that the store supplies, in funnel order (``scoring/funnel/stages.py`` says what that means)."""
        return self._supplied(self._totals())

    def _totals(self) -> NDArray[np.int64]:
        """(segments, 7) the events of all minutes."""
        totals: NDArray[np.int64] = self.counts.sum(axis=2, dtype=np.int64)
        return totals

    def _supplied(self, totals: NDArray[np.int64]) -> tuple[Stage, ...]:
        pageless = [segment in PAGELESS for segment in self.segments]
        whole, apart = (
            dict(zip(STAGES, part.sum(axis=0).tolist(), strict=True)) for part in (totals, totals[pageless])
        )
        return supplied_stages(whole, apart)

    def _taking(self, upstream: str) -> list[bool]:
        return [takes_part(segment, upstream) for segment in self.segments]

    def of_step(self, upstream: str) -> tuple[tuple[str, ...], NDArray[np.integer]]:
        """The segments that take part in a step beginning with ``upstream``, and their counts."""
        taking = self._taking(upstream)
        if all(taking):
            return self.segments, self.counts
        return tuple(itertools.compress(self.segments, taking)), self.counts[taking]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that it has: of those between its stages the ones that something went through."""
        totals = self._totals()
        return tuple(
            step
            for step in steps_of(self._supplied(totals))
            if totals[self._taking(step.upstream), STAGE_INDEX[step.downstream]].any()
        )
