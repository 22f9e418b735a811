"""What the reconciliation job writes into its log."""

from __future__ import annotations

from streams.clickhouse.reconcile import Difference
from streams.jobs.reconciling import named


def test_a_difference_is_named_as_a_person_looks_for_it() -> None:
    wrong = Difference("us-shop", 1_795_579_920_000, "click", 62, 149)
    assert named(wrong) == "us-shop 2026-11-25T04:12Z click 62 for 149"
