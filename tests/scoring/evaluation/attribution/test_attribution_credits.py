"""Orders shared out over the places of their ways: what adds up, what each model gives, and what does not matter."""

from __future__ import annotations

import itertools
import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.evaluation.attribution.chain import MOST_CHANNELS, channel_ways, removal_credits
from scoring.evaluation.attribution.credits import (
    CENT,
    SHARED_BY,
    AttributionModel,
    counted_range,
    credits_by,
    money_range,
    rounded_sum,
    shared_exactly,
)
from scoring.evaluation.attribution.journeys import CameBy, LostPath, OrderPath, channel_of, last_said
from scoring.funnel.segment_names import OTHER

CHANNELS = ("paid", "email", "direct", "", "search")
places = st.builds(CameBy, st.sampled_from(CHANNELS), st.sampled_from(("", "a", "b")))
amounts = st.lists(st.decimals(0, 10**7, places=4), min_size=1, max_size=4)


@st.composite
def paths(draw: st.DrawFn) -> OrderPath:
    way = tuple(draw(st.lists(places, min_size=1, max_size=6)))
    money = draw(amounts)
    return OrderPath(
        way,
        len(money),
        sum(money, Decimal(0)),
        sum((one**2 for one in money), Decimal(0)),
        sum((one**3 for one in money), Decimal(0)),
    )


@given(st.lists(paths(), min_size=1, max_size=12), st.sampled_from(list(SHARED_BY)))
def test_credits_add_up_to_the_orders_and_to_the_money_to_the_cent(
    ways: list[OrderPath], model: AttributionModel
) -> None:
    found = credits_by(model, ways)
    assert sum(one.orders for one in found.values()) == sum(one.orders for one in ways)
    assert sum(one.money for one in found.values()) == rounded_sum(one.money for one in ways)
    assert credits_by(model, list(reversed(ways))) == found


@given(
    st.dictionaries(
        st.text(max_size=2), st.fractions(-100, 10**6, max_denominator=997), min_size=1, max_size=8
    )
)
def test_no_part_is_moved_by_more_than_a_cent(parts: dict[str, Fraction]) -> None:
    found = shared_exactly(parts)
    assert sum(found.values()) == round(sum(parts.values()) / Fraction(CENT)) * CENT
    assert all(abs(Fraction(found[key]) - part) < Fraction(CENT) for key, part in parts.items())


def way(*channels: str, orders: int = 1) -> OrderPath:
    return OrderPath(
        tuple(CameBy(one) for one in channels),
        orders,
        Decimal(10 * orders),
        Decimal(100 * orders),
        Decimal(1000),
    )


def test_each_model_shares_a_way_in_its_own_manner() -> None:
    one = way("paid", "email", "email", "direct")
    shared = {
        model: {place.channel: credit.orders for place, credit in credits_by(model, [one]).items()}
        for model in SHARED_BY
    }
    assert shared == {
        AttributionModel.LAST: {"email": Decimal("1.00")},
        AttributionModel.LINEAR: {
            "direct": Decimal("0.25"),
            "email": Decimal("0.50"),
            "paid": Decimal("0.25"),
        },
        AttributionModel.POSITION: {
            "direct": Decimal("0.40"),
            "email": Decimal("0.20"),
            "paid": Decimal("0.40"),
        },
        AttributionModel.SHAPLEY: {
            "direct": Decimal("0.34"),
            "email": Decimal("0.33"),
            "paid": Decimal("0.33"),
        },
    }


def test_direct_is_credited_only_where_no_visit_says_more() -> None:
    assert last_said((CameBy("paid", "x"), CameBy("direct"), CameBy(""))) == CameBy("paid", "x")
    assert last_said((CameBy(""), CameBy("direct"), CameBy(""))) == CameBy("direct")
    assert last_said((CameBy(""), CameBy(""))) == CameBy("")


@given(st.lists(paths(), min_size=1, max_size=6))
def test_the_shapley_value_is_the_mean_over_all_orders_in_which_channels_come(ways: list[OrderPath]) -> None:
    plain = [OrderPath(tuple(CameBy(one.channel) for one in path.places), path.orders) for path in ways]
    met = sorted({place for path in plain for place in path.places})

    def earned(some: frozenset[CameBy]) -> int:
        return sum(path.orders for path in plain if set(path.places) <= some)

    value = dict.fromkeys(met, Fraction(0))
    sequences = list(itertools.permutations(met))
    for sequence in sequences:
        before: frozenset[CameBy] = frozenset()
        for place in sequence:
            value[place] += earned(before | {place}) - earned(before)
            before |= {place}
    exact = {place: one / len(sequences) for place, one in value.items()}
    found = credits_by(AttributionModel.SHAPLEY, plain)
    assert {place: one.orders for place, one in found.items()} == shared_exactly(exact)


def test_removal_effects_are_those_of_the_chain_worked_out_by_hand() -> None:
    # start → paid (2 of 3), email (1 of 3); paid → order ½, email ¼, nothing ¼; email → order ½, nothing ½
    ways = {("paid",): (8, 4), ("paid", "email"): (2, 2), ("email",): (4, 4)}
    # P = ⅔·(½ + ¼·½) + ⅓·½ = 7/12; without paid ⅓·½ = 1/6; without email ⅔·½ = 1/3
    effects = {"paid": 1 - (1 / 6) / (7 / 12), "email": 1 - (1 / 3) / (7 / 12)}
    found = removal_credits(ways)
    for channel, effect in effects.items():
        assert found[channel].value == pytest.approx(14 * effect / sum(effects.values()), rel=1e-12)
        assert found[channel].low < found[channel].value < found[channel].high


@given(st.permutations([("paid", "email"), ("email",), ("direct", "paid", "paid"), ("search",)]))
def test_the_order_of_ways_changes_nothing_of_the_removal(order: list[tuple[str, ...]]) -> None:
    ways = {one: (3 + len(one), 40) for one in order}
    assert removal_credits(ways) == removal_credits(dict(sorted(ways.items())))


def test_rare_channels_are_one_channel() -> None:
    many = [way(f"c{n}", orders=40 - n) for n in range(2 * MOST_CHANNELS)]
    found = channel_ways(many, [LostPath(("c0",), 5), LostPath(("c30",), 2)])
    assert len(found) == MOST_CHANNELS
    assert found[("c0",)] == (40, 5)
    assert sum(orders for orders, _ in found.values()) == sum(one.orders for one in many)
    assert found[(OTHER,)][1] == 2


def test_without_orders_nothing_is_credited() -> None:
    assert removal_credits({("paid",): (0, 9)}) == {}
    assert credits_by(AttributionModel.LAST, []) == {}


@pytest.mark.parametrize("orders", [5, 10, 40, 1000])
def test_the_interval_of_whole_orders_is_that_of_jeffreys(orders: int) -> None:
    from scipy.special import gammaincinv

    low, high = counted_range(orders, orders)
    assert low == pytest.approx(gammaincinv(orders + 0.5, 0.05), rel=2e-3)
    assert high == pytest.approx(gammaincinv(orders + 0.5, 0.95), rel=2e-3)


def test_an_interval_does_not_depend_on_the_unit_of_money() -> None:
    low, high = money_range(900.0, 40_000.0, 3_000_000.0)
    assert 0 < low < 900 < high
    in_cents = money_range(90_000.0, 400_000_000.0, 3_000_000_000_000.0)
    assert in_cents == (pytest.approx(100 * low), pytest.approx(100 * high))
    assert counted_range(0, 0) == (0.0, 3.0)
    assert math.isfinite(money_range(1.0, 1.0, 1.0)[1])


@pytest.mark.parametrize(
    ("written", "channel"),
    [("CPC", "paid"), ("(none)", "direct"), ("Newsletter", "email"), ("paid-social", "paid"), ("organic", "search"), ("Affiliate ", "affiliate")],
)  # fmt: skip
def test_one_channel_has_one_name(written: str, channel: str) -> None:
    assert channel_of(written) == channel
