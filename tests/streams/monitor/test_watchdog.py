"""The watchdog distinguishes a stuck worker from a quiet one."""

from __future__ import annotations

import threading

from streams.monitor.watchdog import LoopWatch, Stall
from tests.deadlines import within


def test_a_stalled_partition_with_records_ahead_is_a_reason_to_end() -> None:
    stall = Stall(limit_s=10)
    assert stall.look({3: 7}, {3: 9}, 0.0) is None
    assert stall.look({3: 7}, {3: 9}, 10.0) is None
    reason = stall.look({3: 7}, {3: 9}, 10.1)
    assert reason is not None
    assert "partition 3 has been stuck at offset 7" in reason


def test_a_quiet_partition_and_a_slow_one_are_left_alone() -> None:
    stall = Stall(limit_s=10)
    for at in range(0, 100, 5):
        assert stall.look({0: 7, 1: at}, {0: 7, 1: 1000}, float(at)) is None


def test_a_rebalance_restarts_the_count() -> None:
    stall = Stall(limit_s=10)
    stall.look({0: 1}, {0: 5}, 0.0)
    stall.forget()
    assert stall.look({0: 1}, {0: 5}, 20.0) is None


def test_a_blocked_loop_is_reported_from_the_thread() -> None:
    reported: list[str] = []
    said = threading.Event()

    def fatal(reason: str, error: BaseException | None) -> None:
        reported.append(reason)
        said.set()

    watch = LoopWatch(fatal, limit_s=0.1)
    watch.start()
    assert said.wait(within(10))
    watch.stop()
    assert reported[0].startswith("the event loop has been blocked")
