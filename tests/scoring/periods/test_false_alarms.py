"""How often reports of stores without any fall give an alert, in small; ``tests/bench/periods`` measures it in large."""

from __future__ import annotations

import pytest

from tests.bench.periods.measure import delays, false_alarms

#: false alerts a store-week that all of detection may cost
BUDGET = 0.05


@pytest.mark.slow
@pytest.mark.parametrize("clump", [0.0, 0.02])
def test_days_without_a_fall_stay_within_the_budget_of_false_alerts(clump: float) -> None:
    alerts, weeks = false_alarms(31, 25, clump)
    assert weeks == 450
    assert alerts <= BUDGET * weeks / 5


def test_half_the_orders_of_a_middling_store_are_missed_within_two_days() -> None:
    found = delays(32, 8, 2000, 0.5)
    assert len(found) == 8
    assert sorted(found)[4] <= 2
