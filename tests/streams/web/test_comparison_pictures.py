"""The small multiples of the comparison: the same stores in the same order, bars that agree with their numbers, no rate where none compares."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import streams.web
from streams.web.comparison.answers import PlatformGroup, StepComparison, StoreComparison
from streams.web.comparison.bars import change_bar, pictures


def store(name: str, *rates: float, state: str = "normal") -> StoreComparison:
    steps = ("impression_to_click", "click_to_add_to_cart")
    return StoreComparison(
        name, name.title(), tuple(StepComparison(step, state, 90.0, 100.0, rate) for step, rate in zip(steps, rates, strict=False))
    )  # fmt: skip


def test_each_picture_has_the_stores_that_have_the_step_in_one_order() -> None:
    found = pictures(PlatformGroup("shopee", "same", (store("b", 0.06, 0.2), store("a", 0.03))))
    assert [one.step for one in found] == ["impression_to_click", "click_to_add_to_cart"]
    assert [[row.store.store_id for row in one.rows] for one in found] == [["b", "a"], ["b"]]
    assert [row.rate for row in found[0].rows] == [100, pytest.approx(50)]


@pytest.mark.parametrize("comparable", ["own", "alone"])
def test_rates_that_do_not_compare_have_no_bar(comparable: str) -> None:
    found = pictures(PlatformGroup("other", comparable, (store("a", 0.06), store("b", 0.03))))  # type: ignore[arg-type]
    assert [row.rate for row in found[0].rows] == [None, None]
    assert all(row.change is not None for row in found[0].rows)


def test_a_stage_that_is_not_supplied_has_no_picture_and_neither_has_silence() -> None:
    missing = store("a", 0.1, state="missing_stage")
    assert pictures(PlatformGroup("other", "own", (missing,))) == ()
    silent = StoreComparison("a", "A", (StepComparison("order_to_payment", "no_data", None, None, None),))
    assert pictures(PlatformGroup("other", "own", (silent,))) == ()
    (one,) = pictures(PlatformGroup("other", "own", (silent, store("b", 0.1))))[:1]
    assert [row.store.store_id for row in one.rows] == ["b"]


@pytest.mark.parametrize(
    ("observed", "start", "width", "is_cut"),
    [(100, 50.0, 0.0, False), (75, 25.0, 25.0, False), (0, 0.0, 50.0, True), (125, 50.0, 25.0, False), (900, 50.0, 50.0, True)],
)  # fmt: skip
def test_a_bar_begins_at_the_expectation_and_says_where_it_is_cut(
    observed: float, start: float, width: float, is_cut: bool
) -> None:
    bar = change_bar(observed, 100)
    assert (bar.start, bar.width, bar.is_cut) == (start, width, is_cut)


def test_a_store_with_a_name_in_each_language_was_called_by_its_id() -> None:
    """The ``name`` in an answer is the API's; a page asks for the reader's (``names.store``)."""
    pages = list(Path(streams.web.__file__).parent.glob("*/templates/*.html"))
    assert any("names.store(row.store.store_id)" in page.read_text("utf-8") for page in pages)
    assert [page.name for page in pages if re.search(r"\brow\.store\.name\b", page.read_text("utf-8"))] == []
