"""The funnel's own words: which steps are judged every minute, how segments and pools are called, how long a day is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scoring.funnel.pools import PoolDimension, PoolRules, StoreTraits, parse_pool, pool_id
from scoring.funnel.scores import (
    FULL_COVERAGE,
    SCORE_MAX_AGE_MS,
    SUPPLY_DAYS,
    MinuteRow,
    ScoreRow,
    ScoreState,
    no_expectation_sql,
)
from scoring.funnel.segment_names import BOTS, MARKED, is_set_apart, segment_name
from scoring.funnel.stages import FAST_STEPS, STEPS, is_fast
from scoring.funnel.units import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, WEEK_MS


def test_steps_up_to_payment_are_judged_every_minute_and_those_behind_it_in_business_hours() -> None:
    assert [step.id for step in FAST_STEPS] == [
        "impression_to_click", "click_to_add_to_cart", "add_to_cart_to_order", "order_to_payment",
    ]  # fmt: skip
    assert [step.id for step in STEPS if not is_fast(step.id)] == [
        "payment_to_fulfilment",
        "fulfilment_to_repurchase",
    ]
    assert is_fast("click_to_payment")
    assert not is_fast("order_to_fulfilment")
    assert is_fast("")


def test_units_are_as_long_as_they_are_called() -> None:
    one = timedelta(milliseconds=1)
    assert timedelta(seconds=1) / one == SECOND_MS
    assert timedelta(minutes=1) / one == MINUTE_MS
    assert timedelta(hours=1) / one == HOUR_MS
    assert timedelta(days=1) / one == DAY_MS
    assert timedelta(weeks=1) / one == WEEK_MS
    assert timedelta(minutes=15) / one == SCORE_MAX_AGE_MS
    assert SUPPLY_DAYS % 7 == 0  # every weekday as often
    assert 0.9 < FULL_COVERAGE < 1


def test_a_segment_is_called_by_its_values_and_what_is_missing_is_a_dash() -> None:
    assert segment_name(("ios", "", "DE")) == "ios/-/DE"
    assert segment_name(()) == ""
    assert [name for name in (BOTS, MARKED, "bot/ads", "bots", "ios/ads", "") if is_set_apart(name)] == [
        BOTS, MARKED, "bot/ads",
    ]  # fmt: skip


def test_a_row_that_says_nothing_more_says_nothing_of_its_window_and_baseline() -> None:
    row = ScoreRow("s", 0, "click_to_order", "", 1, 2, 0, 4, 0.5, 10, ScoreState.NORMAL)
    assert (row.window_minutes, row.window_observed, row.window_expected) == (1, 0, 0)
    assert (row.version, row.baseline, row.baseline_variance) == (0, 0, 0)
    assert MinuteRow("s", 0, "", (0,) * 7, 5).taken_back == 0
    assert "AND wanted = 0" in no_expectation_sql("wanted")


def test_a_pools_id_says_what_its_members_share_and_a_stores_says_nothing() -> None:
    assert pool_id(PoolDimension.PLATFORM, "shopify") == "pool:platform=shopify"
    assert parse_pool("pool:platform=a=b") == (PoolDimension.PLATFORM, "a=b")
    assert [parse_pool(name) for name in ("us-shop", "platform=shopify", "pool:size=large", "pool:")] == [None] * 4  # fmt: skip


SHOPS = {"a": StoreTraits("shopify", "shoes", "DE"), "b": StoreTraits("", "", "US"), "c": StoreTraits("other", country="-")}  # fmt: skip


@pytest.mark.parametrize(
    ("store", "segment", "pools"),
    [
        ("a", "", ("pool:platform=shopify", "pool:country=DE")),
        ("b", "", ("pool:country=US",)),
        ("c", "", ()),
        ("unknown", "", ()),
        ("a", "ios/paypal", ("pool:payment_method=paypal",)),
        ("unknown", "ios/paypal", ("pool:payment_method=paypal",)),
        ("a", "ios/-", ()),
        ("a", "other", ()),
        ("a", "ios", ()),
        ("a", "ios/pay/pal", ()),
    ],
)
def test_a_store_and_its_segments_count_towards_the_pools_of_what_they_name(
    store: str, segment: str, pools: tuple[str, ...]
) -> None:
    rules = PoolRules(SHOPS, segment_dimensions=("device_class", "payment_method"))
    assert rules.pools_of(store, segment) == pools
    assert rules.least_stores == 3


def test_only_what_is_configured_makes_pools() -> None:
    assert PoolRules(SHOPS).pools_of("a", "paypal") == ()
    country = PoolRules(SHOPS, (PoolDimension.COUNTRY,), ("payment_method",))
    assert country.pools_of("a", "") == ("pool:country=DE",)
    assert country.pools_of("a", "paypal") == ()
    assert PoolRules().pools_of("a", "") == ()
