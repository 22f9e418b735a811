"""A platform's own target is met or missed exactly as the platform says, in its own unit, or is not judged at all."""

from __future__ import annotations

from decimal import Decimal

import pytest

from scoring.evaluation.platform_sentences import metric_name, say_platform_target
from scoring.evaluation.platform_targets import PlatformTarget
from scoring.records.seller_metrics import TargetRule, target_parts
from tests.fixtures.evaluation import rows


def asked(value: str, rule: TargetRule | None, target: str = "10", unit: str = "percent") -> PlatformTarget:
    return PlatformTarget(
        "shopee",
        "late_shipment_rate",
        unit,
        Decimal(value),
        Decimal(target),
        rule,
        0,
        "Asia/Singapore",
        rows(),
    )


@pytest.mark.parametrize(
    ("rule", "below", "equal", "above"),
    [
        (TargetRule.BELOW, True, False, False),
        (TargetRule.AT_MOST, True, True, False),
        (TargetRule.ABOVE, False, False, True),
        (TargetRule.AT_LEAST, False, True, True),
        (TargetRule.EQUAL, False, True, False),
        (None, None, None, None),
    ],
)
def test_the_edge_belongs_where_the_platform_puts_it(
    rule: TargetRule | None, below: bool | None, equal: bool | None, above: bool | None
) -> None:
    assert [asked(value, rule).is_met for value in ("9.99", "10.0", "10.01")] == [below, equal, above]


def test_a_miss_by_little_is_not_rounded_into_a_hit() -> None:
    assert say_platform_target(asked("0.0404", TargetRule.BELOW, "0.04", "share"), "en") == (
        "missed: 4.04%, the platform asks for below 4%; 0.04 percentage points apart"
    )
    assert "2.5 小时" in say_platform_target(asked("2.5", TargetRule.AT_MOST, "12", "hours"), "zh")


def test_a_metric_that_nobody_named_keeps_the_platform_s_own_name() -> None:
    assert metric_name(asked("1", None).of, "zh") == "迟发货率"
    assert metric_name("platform:amazon:newDefect.mfn:number", "zh") == "newDefect.mfn"


def test_only_the_target_s_row_says_the_rule() -> None:
    assert target_parts({"metric": "m"}, TargetRule.AT_LEAST) == {"metric": "m", "comparator": ">="}
    assert target_parts({"metric": "m"}, None) == {"metric": "m"}
