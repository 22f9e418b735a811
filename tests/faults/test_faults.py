"""The short form: each part killed, frozen, cut off and started again once; nothing is lost, nothing counted twice.

The long forms do every kind of fault: also delays, clocks that are wrong, workers that come and leave, all monitors at once.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.run import Plan, run

#: one of a kind: what these have shown of one part, the others show of another. Filling the spool kills the broker
OF_EACH_KIND = (
    "kill_a_monitor,kill_landing,kill_collector,kill_store,fill_spool,freeze_a_monitor,freeze_before_write,"
    "cut_kafka,cut_store,restart_everything,recreate_events"
)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("kills", "chosen"),
    [(5, OF_EACH_KIND), pytest.param(30, "", marks=pytest.mark.long)],
    ids=["short", "all"],
)
async def test_whatever_is_killed_every_acknowledged_event_is_counted_once(
    tmp_path: Path, kills: int, chosen: str
) -> None:
    plan = Plan(
        kills=kills, seed=7, monitors=2, pause_s=(0.2, 1.0), rate=200, unreachable_s=7.0, chosen=chosen
    )
    outcome = await run(plan, tmp_path)
    assert outcome.kills >= plan.kills
    assert outcome.report.events > 1000
    assert outcome.report.transitions > 0, "no alert opened in the incidents"
    assert not outcome.report.not_settled, str(outcome)
    assert outcome.report.differences == 0, str(outcome)
