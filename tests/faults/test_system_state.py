"""When a fault run may be judged: only once nothing is on its way any more."""

from __future__ import annotations

import pytest

from tests.faults.checker import Report
from tests.faults.system_state import ON_THEIR_WAY, SystemState

RESTED = SystemState({"monitor": 12, "landing": 30}, {"monitor": 3, "landing": 1}, 0)


@pytest.mark.parametrize(
    "state",
    [
        SystemState({"monitor": 10_944, "landing": 30}, {"monitor": 3, "landing": 1}, 0),
        SystemState({"monitor": 12, "landing": ON_THEIR_WAY + 1}, {"monitor": 3, "landing": 1}, 0),
        SystemState({"monitor": 12, "landing": 30}, {"monitor": 0, "landing": 1}, 0),
        SystemState({"monitor": 12, "landing": 30}, {"monitor": 3, "landing": 1}, 277_582),
        SystemState({}, {}, 0, "the broker is unreachable"),
    ],
    ids=["monitor behind", "landing behind", "no monitor in its group", "spooled", "no broker"],
)
def test_a_system_with_work_before_it_is_not_settled(state: SystemState) -> None:
    assert RESTED.is_settled
    assert not state.is_settled


def test_no_monitor_in_its_group_for_minutes_was_reported_as_792_differences() -> None:
    missing = [f"event {number}" for number in range(792)]
    report = Report(missing_events=missing, not_settled="monitor 10,944 behind, 0 in its group")
    assert "NOT SETTLED" in str(report)
    assert "792 differences" not in str(report)
