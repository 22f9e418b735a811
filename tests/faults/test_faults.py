"""The short form: a few kills and every kind of fault once; nothing is lost, nothing counted twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.run import Plan, run


@pytest.mark.slow
@pytest.mark.timeout(420)
async def test_whatever_is_killed_every_acknowledged_event_is_counted_once(tmp_path: Path) -> None:
    plan = Plan(kills=8, seed=7, monitors=2, pause_s=(0.5, 3.0), rate=300)
    outcome = await run(plan, tmp_path)
    assert outcome.kills >= plan.kills
    assert outcome.report.events > 1000
    assert outcome.report.transitions > 0, "no alert opened in the incidents"
    assert outcome.report.differences == 0, str(outcome)
