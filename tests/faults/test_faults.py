"""The short form: a few kills and every kind of fault once; nothing is lost, nothing counted twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.run import Plan, run


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kills", [6, pytest.param(30, marks=pytest.mark.long)])
async def test_whatever_is_killed_every_acknowledged_event_is_counted_once(
    tmp_path: Path, kills: int
) -> None:
    plan = Plan(kills=kills, seed=7, monitors=2, pause_s=(0.2, 1.0), rate=200, unreachable_s=7.0)
    outcome = await run(plan, tmp_path)
    assert outcome.kills >= plan.kills
    assert outcome.report.events > 1000
    assert outcome.report.transitions > 0, "no alert opened in the incidents"
    assert not outcome.report.not_settled, str(outcome)
    assert outcome.report.differences == 0, str(outcome)
