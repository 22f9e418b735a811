"""A monitor in a process of its own, on topics with a prefix, for tests that kill it.

``python tests/streams/monitor_process.py SETTINGS_JSON PREFIX [naive|broken|detector] [auto|fast|public]``
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Mapping, Sequence

import msgspec

from scoring.alerts import AlertTransition
from scoring.detection.scorer import Judgement
from scoring.lateness import Delay
from scoring.scores import ScoreRow, ScoreState
from streams.config import Config
from streams.monitor.app import MonitorApp, default_scorer, find_partitions, run
from streams.settings import load_settings

Counts = Mapping[str, Mapping[str, Sequence[int]]]


class NaiveScorer:
    """Gives one row a store and minute: how many events of all stages there were."""

    def __init__(self) -> None:
        self.minute: int | None = None
        self.seen: dict[str, int] = {}
        self._changed: set[str] = set()

    def set_baseline(self, baseline: object) -> None:
        self.baseline = baseline

    def _row(self, minute: int, store: str, segments: Mapping[str, Sequence[int]], version: int) -> ScoreRow:
        total = float(sum(map(sum, segments.values())))
        return ScoreRow(
            store, minute * 60_000, "all", "", total, 0, 0, 0, 0, 0, ScoreState.NORMAL, version=version
        )

    def advance(self, minute: int, counts: Counts, delays: Mapping[str, Delay]) -> Judgement:
        assert self.minute is None or minute == self.minute + 1
        self.minute = minute
        for store in counts:
            self.seen[store] = self.seen.get(store, 0) + 1
            self._changed.add(store)
        transitions: list[AlertTransition] = []
        return Judgement([self._row(minute, s, segments, 0) for s, segments in counts.items()], transitions)

    def amend(self, minute: int, counts: Counts) -> list[ScoreRow]:
        return [self._row(minute, s, segments, 1) for s, segments in counts.items()]

    def warm_up(self, minute: int, counts: Counts) -> None:
        assert self.minute is None or minute == self.minute + 1
        self.minute = minute

    def snapshot(self, store_id: str) -> bytes:
        return msgspec.json.encode(self.seen[store_id])

    def restore(self, store_id: str, state: bytes) -> None:
        self.seen[store_id] = msgspec.json.decode(state)

    def changed(self) -> set[str]:
        changed, self._changed = self._changed, set()
        return changed


class BrokenScorer(NaiveScorer):
    """Fails when a minute closes."""

    def advance(self, minute: int, counts: Counts, delays: Mapping[str, Delay]) -> Judgement:
        raise ValueError("planted")


SCORERS = {
    "naive": lambda config: NaiveScorer(),
    "broken": lambda config: BrokenScorer(),
    "detector": default_scorer,
}


def main() -> None:
    settings = load_settings(**msgspec.json.decode(sys.argv[1]))
    prefix, kind = sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "naive"
    path = sys.argv[4] if len(sys.argv) > 4 else "auto"

    def rename(topic: str) -> str:
        return prefix + topic

    logging.basicConfig(level="WARNING")
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    partitions = loop.run_until_complete(find_partitions(settings.kafka, rename))
    run(MonitorApp(settings, Config(), partitions, make_scorer=SCORERS[kind], rename=rename, path=path), loop)


if __name__ == "__main__":
    main()
