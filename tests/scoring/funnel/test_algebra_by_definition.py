"""The split of a step's change into mix and rate, against the definition worked out segment by segment."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scoring.funnel.algebra import decompose, kitagawa, logarithmic_mean

Segments = dict[str, float]
Period = dict[str, Segments]


def groups(entered: tuple[Segments, Segments], advanced: tuple[Segments, Segments]) -> list[list[str]] | None:
    """Which segments are compared: each large one alone, the small ones together; None where the split does not carry over."""
    names = sorted({name for side in (*entered, *advanced) for name in side})
    orphans = sum(
        after.get(name, 0)
        for before, after in zip(entered, advanced, strict=True)
        for name in names
        if not before.get(name)
    )
    if orphans > 0.1 * sum(sum(side.values()) for side in advanced):
        return None
    large = [[name] for name in names if min(side.get(name, 0) for side in entered) >= 20]
    small = [name for name in names if [name] not in large]
    if all(sum(side.get(name, 0) for name in small) > 0 for side in entered):
        return [*large, small] if large else None
    # nobody entered by the small ones in one of the periods: they have no rate, and go with the last large one
    return [*large[:-1], [*large[-1], *small]] if len(large) > 1 else None


def slowly(now: Period, then: Period) -> tuple[float, float] | None:
    """Mix and rate of click to add_to_cart on the scale of logs."""
    entered, advanced = ((now["click"], then["click"]), (now["add_to_cart"], then["add_to_cart"]))
    found = groups(entered, advanced)
    if found is None:
        return None
    totals = [sum(side.values()) for side in entered]
    mix = 0.0
    for group in found:
        went = [sum(side.get(name, 0) for name in group) for side in entered]
        rates = [sum(side.get(name, 0) for name in group) / n for side, n in zip(advanced, went, strict=True)]
        mix += (went[0] / totals[0] - went[1] / totals[1]) * sum(rates) / 2
    r, q = (sum(side.values()) / total for side, total in zip(advanced, totals, strict=True))
    mean = r if r == q else (r - q) / math.log(r / q)
    return mix / mean, math.log(r / q) - mix / mean


segment = st.dictionaries(
    st.sampled_from("abcd"), st.sampled_from([0.0, 5.0, 19.0, 20.0, 50.0, 400.0]), min_size=1, max_size=4
)
carts = st.dictionaries(st.sampled_from("abcd"), st.sampled_from([0.0, 1.0, 4.0, 18.0]), min_size=1)


LARGE = {"a": 400.0, "b": 50.0}
ADDED = {"a": 18.0, "b": 18.0, "c": 1.0}


@settings(max_examples=60)
@given(segment, segment, carts, carts)
# small segments in one of the periods only, in both with one visitor, and in none
@example({**LARGE, "c": 5.0}, {"a": 50.0, "b": 50.0}, ADDED, {"a": 4.0, "b": 18.0})
@example({"a": 50.0, "b": 50.0}, {**LARGE, "c": 5.0}, {"a": 4.0, "b": 18.0}, ADDED)
@example({**LARGE, "c": 1.0}, {"a": 50.0, "b": 50.0, "c": 1.0}, ADDED, ADDED)
@example(LARGE, {"a": 50.0, "b": 50.0}, {"a": 18.0, "b": 4.0}, {"a": 4.0, "b": 18.0})
@example({"a": 400.0, "c": 19.0}, {"a": 50.0}, ADDED, {"a": 4.0})
@example({"a": 400.0}, {"a": 50.0}, {"a": 4.0}, {"a": 18.0})
@example({"c": 5.0}, {"c": 5.0}, {"c": 1.0}, {"c": 4.0})
def test_mix_and_rate_are_those_of_the_large_segments_and_of_the_small_ones_together(
    clicks: Segments, clicks_then: Segments, added: Segments, added_then: Segments
) -> None:
    now, then = (
        {"click": clicks, "add_to_cart": added},
        {"click": clicks_then, "add_to_cart": added_then},
    )
    found = decompose(now, then, last="add_to_cart")
    if min(sum(side.values()) for side in (clicks, clicks_then, added, added_then)) == 0:
        return
    assert found is not None
    step, wanted = found.parts[-1], slowly(now, then)
    if wanted is None:
        assert (step.mix, step.rate) == (None, None)
    else:
        assert (step.mix, step.rate) == (
            pytest.approx(wanted[0], abs=1e-9),
            pytest.approx(wanted[1], abs=1e-9),
        )


def test_conversions_of_segments_without_visitors_may_be_a_tenth_of_all() -> None:
    then = {"click": {"a": 100.0, "b": 100.0}, "add_to_cart": {"a": 25.0, "b": 25.0}}
    for orphans, is_split in ((10.0, True), (12.0, False)):
        now = {"click": {"a": 100.0, "b": 100.0}, "add_to_cart": {"a": 50.0 - orphans, "c": orphans}}
        found = decompose(now, then, last="add_to_cart")
        assert found is not None
        assert (found.parts[-1].mix is not None) == is_split


THEN: Period = {"impression": {"": 10_000.0}, "click": {"": 1000.0}, "add_to_cart": {"": 100.0}}


def test_the_interval_of_a_part_is_that_of_counting_both_sides() -> None:
    now = {"impression": {"": 10_000.0}, "click": {"": 1000.0}, "add_to_cart": {"": 25.0}}
    found = decompose(now, THEN, last="add_to_cart")
    assert found is not None
    part = found.parts[-1]
    assert (part.now, part.then, part.log_ratio) == (0.025, 0.1, pytest.approx(math.log(1 / 4)))
    spread = 1.6448536269514722 * math.sqrt(1 / 25 + 1 / 100)
    assert (part.low, part.high) == (
        pytest.approx(part.log_ratio - spread),
        pytest.approx(part.log_ratio + spread),
    )
    traffic = found.parts[0]
    assert (traffic.now, traffic.then, traffic.events, traffic.share) == (10_000, 10_000, 0, 0)
    spread = 1.6448536269514722 * math.sqrt(2 / 10_000)
    assert (traffic.low, traffic.high) == (pytest.approx(-spread), pytest.approx(spread))
    assert (found.stage, found.now, found.then) == ("add_to_cart", 25, 100)
    assert (part.events, part.share) == (pytest.approx(-75), pytest.approx(1))


@pytest.mark.parametrize(
    ("click", "carts", "carried"),
    [
        (1000.0, 50.0, "click_to_add_to_cart"),
        (1000.0, 200.0, "click_to_add_to_cart"),
        (500.0, 51.0, "impression_to_click"),
        (2000.0, 199.0, "impression_to_click"),
        (2000.0, 100.0, "impression_to_click"),
    ],
)
def test_what_carries_a_change_goes_furthest_in_its_direction(
    click: float, carts: float, carried: str
) -> None:
    now = {"impression": {"": 10_000.0}, "click": {"": click}, "add_to_cart": {"": carts}}
    found = decompose(now, THEN, last="add_to_cart")
    assert found is not None
    assert found.carried_by == carried


def test_a_change_of_less_than_a_hundredth_has_no_shares() -> None:
    then = {"click": {"a": 30_000.0, "b": 30_000.0}, "add_to_cart": {"a": 6000.0, "b": 4000.0}}
    for carts, is_shared in ((6099.0, False), (6101.0, True)):
        now = {"click": then["click"], "add_to_cart": {"a": carts, "b": 4000.0}}
        found = decompose(now, then, last="add_to_cart")
        assert found is not None
        assert (found.mix_share is not None) == is_shared
        assert (found.parts[0].share is not None) == is_shared


def test_a_stage_counts_if_it_had_anything_in_one_of_the_periods_and_the_reference_knows_it() -> None:
    def steps(now: Period, then: Period, last: str = "order") -> list[str] | None:
        found = decompose(now, then, last=last)
        return None if found is None else [part.step for part in found.parts]

    some, none = {"": 50.0}, {"": 0.0}
    assert steps({"click": some, "order": some}, {"click": some, "order": none}) == ["", "click_to_order"]
    assert steps({"click": none, "order": some}, {"click": some, "order": some}) == ["", "click_to_order"]
    assert steps({"click": none, "order": some}, {"click": none, "order": some}) is None
    assert steps({"click": some, "order": some}, {"click": some, "order": some}, "click") is None
    nothing = decompose({"click": some, "order": none}, {"click": some, "order": some}, "order")
    assert nothing is not None
    assert nothing.now == 0.5


def test_the_mix_and_rate_of_two_segments_worked_by_hand() -> None:
    mix, rate = kitagawa([(30, 3), (10, 5)], [(20, 4), (20, 6)])
    assert mix == pytest.approx((0.75 - 0.5) * (0.1 + 0.2) / 2 + (0.25 - 0.5) * (0.5 + 0.3) / 2)
    assert rate == pytest.approx((0.1 - 0.2) * (0.75 + 0.5) / 2 + (0.5 - 0.3) * (0.25 + 0.5) / 2)
    assert logarithmic_mean(2.0, 2.0) == 2.0
    assert logarithmic_mean(math.e, 1.0) == pytest.approx(math.e - 1)
