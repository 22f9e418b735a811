"""A monitor in a process of its own, on topics with a prefix, for tests that kill it.

``python tests/streams/monitor/monitor_process.py SETTINGS_JSON PREFIX [SCORER] [auto|fast|public] [TROUBLE]``

The watchdog is impatient here. With the trouble ``slow`` the recovery takes longer than the loop may stall. A record that holds ``poison`` makes the trouble: the agent dies (``dies``), ends without
a word (``ends``), is given nothing more (``starves``) or never gives the event loop back (``blocks``).
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from scoring.alerts.alert import AlertTransition
from scoring.counting.lateness import Delay
from scoring.detection.detector import Judgement
from scoring.funnel.scores import ScoreRow, ScoreState
from streams.batches.chunks import Span
from streams.config.model import Config
from streams.instance.files import StateReport
from streams.monitor.app import MonitorApp, default_detector, exit_now, find_partitions, run
from streams.monitor.watchdog import BLOCKED_S, STALLED_S, LoopWatch, Stall
from streams.settings import load_settings

Counts = Mapping[str, Mapping[str, Sequence[int]]]


class NaiveDetector:
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


class BrokenDetector(NaiveDetector):
    """Fails when a minute closes."""

    def advance(self, minute: int, counts: Counts, delays: Mapping[str, Delay]) -> Judgement:
        raise ValueError("planted")


SCORERS = {
    "naive": lambda config: NaiveDetector(),
    "broken": lambda config: BrokenDetector(),
    "detector": default_detector,
}


IMPATIENT_S = 6.0
_POISON = b"poison"


def _make_trouble(role: MonitorApp, kind: str) -> None:
    receive = role.monitor.receive

    def troubled(message: Any, chunk: Iterable[Span]) -> None:
        spans = list(chunk)
        if any(value is not None and _POISON in value for values, _ in spans for value in values):
            TROUBLES[kind](role)
        receive(message, spans)

    role.monitor.receive = troubled  # type: ignore[method-assign]


def _dies(role: MonitorApp) -> None:
    raise ValueError("planted")


def _ends(role: MonitorApp) -> None:
    raise asyncio.CancelledError


def _blocks(role: MonitorApp) -> None:
    threading.Event().wait()


def _starves(role: MonitorApp) -> None:
    role.app.consumer.gate_open = False


TROUBLES: dict[str, Callable[[MonitorApp], None]] = {
    "none": lambda role: None,
    "dies": _dies,
    "ends": _ends,
    "starves": _starves,
    "blocks": _blocks,
}


def _recover_slowly(role: MonitorApp) -> None:
    recover = role.monitor.recover

    async def slowly() -> None:
        await asyncio.sleep(IMPATIENT_S + 2)
        await recover()

    role.monitor.recover = slowly  # type: ignore[method-assign]


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
    report = StateReport(settings.data, "monitor")
    role = MonitorApp(
        settings, Config(), partitions, report, make_detector=SCORERS[kind], rename=rename, path=path
    )
    if len(sys.argv) > 5:
        trouble = sys.argv[5]
        role._stall = Stall(IMPATIENT_S if trouble in ("starves", "none") else STALLED_S)
        role.loop_watch = LoopWatch(exit_now, IMPATIENT_S if trouble in ("blocks", "slow") else BLOCKED_S)
        if trouble == "slow":
            _recover_slowly(role)
        else:
            _make_trouble(role, trouble)
    run(role, loop)


if __name__ == "__main__":
    main()
