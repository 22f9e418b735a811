"""From the score rows of many partitions to the minutes that pools are judged by.

Each partition gives its rows minute by minute, but the partitions do not keep step. A minute is closed once every
partition has given all of it. What is in the log is waited for however far the others are ahead (a restart reads
hours again); a partition whose owner has written nothing more is waited for until another is two minutes ahead: its
stores are then missing in observation and expectation alike. Rows that come later, and corrected rows, amend a minute.

Next to the path of an event. After ``funnel.scores.v1``, read by ``streams/pools``; before ``pools.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from scoring.alerts.alert import AlertTransition
from scoring.detection.pools import PoolDetector
from scoring.funnel.scores import ScoreRow
from scoring.funnel.units import MINUTE_MS

#: minutes by which one partition may be ahead before the others are waited for no more
PATIENCE = 2
#: a partition whose last row is older than this, in minutes, is not waited for
ALIVE = 10

#: A, µ and the variance of log µ by part
Minute = dict[int, tuple[float, float, float]]


class PoolMinutes:
    """Gathers rows and closes minutes.

    Args:
        detector: the pools.
        partitions: those whose rows will come.
        scored: the last minute that was judged before a restart: minutes up to it are closed again and give nothing.
        snapshots: what the pools remember of that minute.
    """

    def __init__(
        self,
        detector: PoolDetector,
        partitions: Iterable[int],
        scored: int | None = None,
        snapshots: Mapping[str, bytes] | None = None,
    ) -> None:
        self._detector = detector
        self._scored = scored
        self._snapshots = dict(snapshots or {})
        self._pending: dict[int, Minute] = {}
        self._late: dict[int, Minute] = {}
        #: by partition: the newest minute of which rows came, and the newest that is complete
        self._newest = dict.fromkeys(partitions, -1)
        self._complete = dict(self._newest)
        #: partitions of which nothing that is committed is left to be read
        self._read: set[int] = set()

    @property
    def scored(self) -> int | None:
        """The last minute judged, now or before the restart."""
        minute = self._detector.minute
        if minute is None or (self._scored is not None and minute < self._scored):
            return self._scored
        return minute

    def take(self, partition: int, row: ScoreRow) -> None:
        """Note a row. Rows of a partition come in the order of their minutes, corrections apart."""
        minute = row.minute_ms // MINUTE_MS
        self._read.discard(partition)
        if row.version == 0 and minute > self._newest[partition]:
            self._newest[partition] = minute
            self._complete[partition] = max(self._complete[partition], minute - 1)
        if row.baseline <= 0:
            return
        part = self._detector.part(row.store_id, row.step, row.segment)
        if part < 0:
            return
        closed = self._detector.minute is not None and minute <= self._detector.minute
        kept = self._late if closed else self._pending
        kept.setdefault(minute, {})[part] = (row.observed, row.baseline, row.baseline_variance)

    def at_end(self, partition: int) -> None:
        """Note that all of a partition was taken that its owner has committed: its newest minute is whole."""
        self._read.add(partition)
        self._complete[partition] = self._newest[partition]

    def close(self) -> list[AlertTransition]:
        """Close the minutes that are due; gives what opened, changed and was resolved in them."""
        last = self._due()
        if last is None:
            return []
        made: list[AlertTransition] = []
        for minute in range(self._next(last), last + 1):
            self._amend()
            if self._scored is not None and minute > self._scored:
                self._restore()
            found = self._detector.advance(minute, *_columns(self._pending.pop(minute, {})))
            if self._scored is None or minute > self._scored:
                made += found
            elif minute == self._scored:
                self._restore()
        self._amend()
        return made

    def _due(self) -> int | None:
        """The last minute that may be closed."""
        ahead = max(self._complete.values(), default=-1)
        unread = [minute for number, minute in self._complete.items() if number not in self._read]
        alive = [self._complete[number] for number in self._read if self._newest[number] > ahead - ALIVE]
        last = min(min(unread, default=ahead), max(min(alive, default=ahead), ahead - PATIENCE))
        known = self._detector.minute if self._detector.minute is not None else -1
        return last if last > known else None

    def _next(self, last: int) -> int:
        if self._detector.minute is not None:
            return self._detector.minute + 1
        return min((minute for minute in self._pending if minute <= last), default=last)

    def _restore(self) -> None:
        """Take over what the pools remembered, once what they were given before is given again."""
        if self._snapshots:
            self._detector.restore(self._snapshots)
            self._snapshots = {}

    def _amend(self) -> None:
        late, self._late = self._late, {}
        for minute, rows in sorted(late.items()):
            parts, arrived, expected, _ = _columns(rows)
            self._detector.amend(minute, parts, arrived, expected)


def _columns(rows: Minute) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    values = np.array(list(rows.values()), dtype=float).reshape(-1, 3)
    return np.array(list(rows), dtype=np.intp), values[:, 0], values[:, 1], values[:, 2]
