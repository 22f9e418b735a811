"""What each report of an order changed, and which text names it."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from scoring.records.order_facts import OrderFacts
from scoring.records.order_way import OrderChange, names_order, with_changes

PLACED = OrderFacts(
    store_id="us", order_id="727", source="shopify", as_of_ms=1000, told_at_ms=1500, placed_ms=1000, amount="30", currency="USD"
)  # fmt: skip
PAID = msgspec.structs.replace(PLACED, as_of_ms=2000, told_at_ms=2500, paid_ms=2000)


def test_each_report_says_what_it_changed_and_a_late_or_repeated_one_nothing() -> None:
    again = msgspec.structs.replace(PAID, told_at_ms=9000)
    late = msgspec.structs.replace(PLACED, told_at_ms=9500)
    for versions in itertools.permutations([PLACED, PAID, again, late]):
        found = with_changes(versions)
        assert [one.told_at_ms for one, _ in found] == [1500, 2500, 9000, 9500]
        first, second, third, fourth = (changes for _, changes in found)
        assert OrderChange("placed_ms", "", "1000") in first
        assert OrderChange("amount", "", "30") in first
        assert second == (OrderChange("paid_ms", "", "2000"), OrderChange("state", "placed", "paid"))
        assert (third, fourth) == ((), ())


def test_an_edit_a_refund_and_what_is_taken_back_show_both_values() -> None:
    edited = msgspec.structs.replace(PAID, as_of_ms=3000, told_at_ms=3000, amount="20", refunds={"r": "5"})
    cancelled = msgspec.structs.replace(
        edited, as_of_ms=4000, told_at_ms=4000, is_cancelled=True, cancelled_ms=4000
    )
    back = msgspec.structs.replace(edited, as_of_ms=5000, told_at_ms=5000, is_cancelled=False)
    *_, edit, _, last = (changes for _, changes in with_changes([PLACED, PAID, edited, cancelled, back]))
    assert OrderChange("amount", "30", "20") in edit
    assert OrderChange("refunded", "", "5") in edit
    assert OrderChange("cancelled_ms", "4000", "") in last
    assert OrderChange("is_cancelled", "yes", "no") in last


def test_an_undone_import_takes_its_facts_back() -> None:
    file = msgspec.structs.replace(PLACED, source="files", import_id="i1")
    undone = msgspec.structs.replace(file, told_at_ms=8000, withdrawn=True)
    *_, (_, changes) = with_changes([file, undone])
    assert OrderChange("state", "placed", "") in changes


@pytest.mark.parametrize(
    ("body", "is_named"),
    [('{"id":727}', True), ('{"id":17270}', False), ('"727"', True), ('{"sum":"727x"}', False), ("", False)],
)
def test_a_number_is_named_as_a_word_of_its_own(body: str, is_named: bool) -> None:
    assert names_order(body, "727") is is_named
    assert names_order("#A-1/2 (x)", "#A-1/2")
