"""Brushing is marked by several signs together, in series, and never by one."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.records.brushing import SIGN_NAMES, BrushingSign, SuspectOrder, brushed
from scoring.records.cleaning import CLEANING_NAMES, CleaningReason, reason_texts

ZONE = ZoneInfo("Asia/Shanghai")
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOON = int(datetime(2026, 3, 4, 12, tzinfo=ZONE).timestamp() * 1000)
NIGHT = NOON - 10 * HOUR


def honest(number: int, at_ms: int = NOON) -> SuspectOrder:
    return SuspectOrder(f"h{number}", at_ms + number * 37 * MINUTE, f"b{number}", f"a{number}", True)


#: a shop's usual week: each order of another buyer, after a visit
WEEK = [honest(number, NOON - 5 * DAY) for number in range(150)]


def series(count: int, **same: object) -> list[SuspectOrder]:
    known = {"buyer": "x", "address": "y", "has_visit": True, "reviewed_ms": 0}
    return [
        SuspectOrder(f"s{number}", NOON + number * HOUR, **{**known, **same})  # type: ignore[arg-type]
        for number in range(count)
    ]


@pytest.mark.parametrize(
    "orders",
    [
        pytest.param(series(6), id="a loyal buyer"),
        pytest.param(series(6, buyer="", address="", has_visit=False), id="orders by telephone"),
        pytest.param(
            [SuspectOrder(f"n{n}", NIGHT + n * MINUTE, f"n{n}", "", True) for n in range(9)],
            id="a sale at night",
        ),
        pytest.param(series(2, reviewed_ms=NOON + HOUR), id="two quick reviews"),
        pytest.param([], id="nothing"),
    ],
)
def test_one_sign_alone_marks_nothing(orders: list[SuspectOrder]) -> None:
    assert brushed([*WEEK, *orders], ZONE) == {}


def test_a_series_of_orders_with_two_signs_is_marked_with_them() -> None:
    marked = brushed([*WEEK, *series(5, has_visit=False)], ZONE)
    assert set(marked) == {f"s{number}" for number in range(5)}
    assert set(marked.values()) == {(BrushingSign.NO_VISIT, BrushingSign.REPEAT_BUYER)}


def test_two_such_orders_of_a_day_are_not_a_series() -> None:
    spread = [SuspectOrder(f"s{n}", NOON - n * DAY, "x", "y", False) for n in range(5)]
    assert brushed([*WEEK, *spread], ZONE) == {}


def test_many_buyers_at_one_address_who_review_at_once_are_marked() -> None:
    orders = [
        SuspectOrder(f"s{n}", NOON + n * HOUR, f"x{n}", "y", None, NOON + n * HOUR + 2 * HOUR)
        for n in range(4)
    ]
    assert set(brushed(orders, ZONE).values()) == {(BrushingSign.INSTANT_REVIEW, BrushingSign.SHARED_ADDRESS)}
    household = [
        SuspectOrder(one.order_id, one.placed_ms, f"x{n % 2}", "y", None, one.reviewed_ms)
        for n, one in enumerate(orders)
    ]
    assert brushed(household, ZONE) == {}


def test_a_burst_counts_by_the_store_s_night_and_its_usual_pace() -> None:
    burst = [SuspectOrder(f"n{n}", NIGHT + n * MINUTE, f"n{n}", "", False) for n in range(8)]
    assert len(brushed([*WEEK, *burst], ZONE)) == 8
    assert brushed([*WEEK, *burst], UTC) == {}
    busy = [honest(number, NIGHT - 2 * HOUR) for number in range(100)]
    busy = [
        SuspectOrder(one.order_id, NIGHT - HOUR + n * 50_000, one.buyer, "", True)
        for n, one in enumerate(busy)
    ]
    assert brushed([*busy, *burst], ZONE) == {}


def test_a_shop_whose_visits_nobody_reports_has_no_orders_without_a_visit() -> None:
    unseen = [SuspectOrder(f"s{n}", NOON + n * HOUR, "x", "y", False) for n in range(9)]
    assert brushed(unseen, ZONE) == {}


@given(
    st.lists(
        st.builds(
            SuspectOrder,
            order_id=st.uuids().map(str),
            placed_ms=st.integers(NOON - 7 * DAY, NOON),
            buyer=st.sampled_from(["", "b1", "b2", "b3"]),
            address=st.sampled_from(["", "a1"]),
            has_visit=st.sampled_from([None, True, False]),
            reviewed_ms=st.sampled_from([0, NOON]),
        ),
        max_size=40,
    ),
    st.randoms(use_true_random=False),
)
def test_marks_are_of_at_least_two_signs_and_do_not_depend_on_the_order(
    orders: list[SuspectOrder], random
) -> None:  # type: ignore[no-untyped-def]
    marked = brushed(orders, ZONE)
    assert all(len(signs) >= 2 for signs in marked.values())
    mixed = orders[:]
    random.shuffle(mixed)
    assert brushed(mixed, ZONE) == marked


def test_every_sign_and_reason_has_words_in_both_languages() -> None:
    assert (set(SIGN_NAMES), set(CLEANING_NAMES)) == (set(BrushingSign), set(CleaningReason))
    assert all(text.zh and text.en for text in reason_texts().values())
