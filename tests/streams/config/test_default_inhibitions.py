"""What holds back what, where the configuration does not say otherwise."""

import pytest

from scoring.alerts.deciding import Candidate, Holds, held
from scoring.alerts.routing import Route
from streams.config.alerting import AlertingConfig
from streams.config.routing import core_inhibitions


@pytest.mark.parametrize(
    ("source", "target", "is_held"),
    [
        ("pooled", "traffic", True),
        ("pooled", "conversion", True),
        ("pooled", "surge", False),
        ("conversion", "traffic", True),
        ("traffic", "conversion", False),
    ],
)
def test_a_pool_s_alert_was_followed_by_the_traffic_alerts_of_its_members(
    source: str, target: str, is_held: bool
) -> None:
    rules = core_inhibitions(AlertingConfig())
    labels = {"store_id": "us", "step": "impression_to_click"}
    members = frozenset({"us"}) if source == "pooled" else frozenset()
    first = Candidate("a", {**labels, "alert_id": "a", "kind": source}, True, 0, members=members)
    second = Candidate("b", {**labels, "alert_id": "b", "kind": target}, True, 0)
    around = Holds(inhibitions=rules, firing=(first, second))
    assert (held(second, Route("r", "ops"), around, 0) is not None) == is_held
    elsewhere = Candidate("b", {**labels, "alert_id": "b", "kind": target, "step": "click_to_order"}, True, 0)
    assert held(elsewhere, Route("r", "ops"), around, 0) is None
