"""Comparing stores: unlike definitions never, a rank only where neither weights nor noise can overturn it."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.evaluation.comparing import MeasureDefinition, NoRank, Ranking, differences, rank_stores
from scoring.evaluation.dimensions.registry import INDICATOR_BY_ID
from scoring.evaluation.errors import EvaluationError
from scoring.evaluation.figure import Figure, rate_figure
from scoring.evaluation.texts import ASPECTS
from scoring.funnel.stages import STAGES
from tests.fixtures.evaluation import figure_of, rows

LOGISTICS = [one for name, one in INDICATOR_BY_ID.items() if name.startswith("logistics.")]
BASE = MeasureDefinition("sessions", "orders", "shopify", "sessions", "orders")
SOURCES = (
    "shopify",
    "amazon",
    "shopee",
    "lazada",
    "tiktok_shop",
    "woocommerce",
    "ga4",
    "meta",
    "google_ads",
    "events",
    "files",
    "taobao",
)
UNITS = ("events", "sessions", "visitors", "orders", "order_items")


def stores(qualities: dict[str, float], n: int = 20_000) -> dict[str, dict[str, Figure]]:
    random = np.random.default_rng(1)
    return {
        name: {one.id: figure_of(one, quality, random, n) for one in LOGISTICS}
        for name, quality in qualities.items()
    }


def ranked(figures: dict[str, dict[str, Figure]], **definitions: dict[str, MeasureDefinition]) -> Ranking:
    return rank_stores(figures, LOGISTICS, definitions, np.random.default_rng(5))


def places(ranking: Ranking) -> list[tuple[int, int, tuple[str, ...]]]:
    return [(group.first, group.last, group.stores) for group in ranking.groups]


def test_stores_that_truly_differ_are_ranked_and_those_that_do_not_are_equal() -> None:
    ranking = ranked(stores({"a": 1.0, "b": 0.0, "c": 0.0, "d": -1.0}))
    assert places(ranking) == [(1, 1, ("a",)), (2, 3, ("b", "c")), (4, 4, ("d",))]
    assert ranking.differ


def test_differences_within_noise_make_one_group() -> None:
    ranking = ranked(stores({"a": 0.02, "b": 0.0, "c": -0.02}, n=300))
    assert places(ranking) == [(1, 3, ("a", "b", "c"))]
    assert not ranking.differ


def test_a_rank_that_a_change_of_weights_would_overturn_is_not_shown() -> None:
    """Each is better in two of four indicators, and surely so: which is the better store depends on the weights."""
    random = np.random.default_rng(1)
    figures = {
        store: {one.id: figure_of(one, sign * (-1) ** at, random, 20_000) for at, one in enumerate(LOGISTICS)}
        for store, sign in (("a", 1), ("b", -1))
    }
    assert not ranked(figures).differ


def test_a_rank_that_another_normalisation_would_overturn_is_not_shown() -> None:
    """By distance ``a`` leads, far ahead in one indicator; by place ``b`` does, a little ahead in three."""
    random = np.random.default_rng(1)
    levels = {"a": (3.0, -0.2, -0.2, -0.2), "b": (0.0, 0.0, 0.0, 0.0), "c": (0.0, -3.0, -3.0, -3.0)}
    figures = {
        store: {
            one.id: figure_of(one, level, random, 20_000)
            for one, level in zip(LOGISTICS, qualities, strict=True)
        }
        for store, qualities in levels.items()
    }
    assert places(ranked(figures)) == [(1, 2, ("a", "b")), (3, 3, ("c",))]


@given(st.permutations(["a", "b", "c", "d"]))
def test_the_order_in_which_stores_come_changes_no_rank(order: list[str]) -> None:
    figures = stores({"a": 0.4, "b": 0.1, "c": 0.0, "d": -0.3}, n=2000)
    assert ranked({name: figures[name] for name in order}) == ranked(figures)


def test_the_same_seed_gives_the_same_rank_and_no_store_is_lost() -> None:
    figures = stores(dict(zip("abcdefgh", np.linspace(-1, 1, 8).tolist(), strict=True)))
    assert ranked(figures) == ranked(figures)
    assert sorted(name for group in ranked(figures).groups for name in group.stores) == sorted(figures)


def test_what_not_all_stores_have_is_left_out_and_too_little_in_common_gives_no_rank() -> None:
    figures = stores({"a": 1.0, "b": -1.0})
    del figures["b"]["logistics.time_to_ship"]
    assert ranked(figures).left_out == ("logistics.time_to_ship",)
    assert ranked(figures).differ
    del figures["a"]["logistics.time_to_deliver"], figures["b"]["logistics.shipped_in_time"]
    assert ranked(figures).reason is NoRank.TOO_LITTLE_IN_COMMON
    assert ranked({"a": figures["a"]}).reason is NoRank.TOO_FEW


def test_stores_whose_definitions_differ_are_not_ranked_and_it_is_said_in_what() -> None:
    other = dataclasses.replace(BASE, unit_down="order_items", counted_by="amazon")
    name = "logistics.shipped_in_time"
    ranking = ranked(stores({"a": 1, "b": 0, "c": -1}), **{name: {"a": BASE, "b": BASE, "c": other}})
    assert (ranking.groups, ranking.reason) == ((), NoRank.DEFINITIONS_DIFFER)
    said = {(one.aspect, one.of_one, one.other, one.of_other) for one in ranking.differences}
    assert said == {("counted_by", "shopify", "c", "amazon"), ("unit_down", "orders", "c", "order_items")}


def test_of_twelve_sources_seven_stages_and_five_units_only_those_that_are_alike_compare() -> None:
    every = [
        MeasureDefinition(stage, stage, source, unit, unit)
        for source, stage, unit in itertools.product(SOURCES, STAGES, UNITS)
    ]
    random = np.random.default_rng(4)
    pairs = random.integers(0, len(every), (4000, 2))
    for one, other in pairs:
        assert (differences({"a": every[one], "b": every[other]}) == ()) == (one == other)
    assert all(differences({"a": one, "b": dataclasses.replace(one)}) == () for one in every)


@pytest.mark.parametrize("aspect", [field.name for field in dataclasses.fields(MeasureDefinition)])
def test_each_aspect_of_a_definition_is_seen_and_has_words(aspect: str) -> None:
    found = differences({"a": BASE, "b": dataclasses.replace(BASE, **{aspect: "something else"})})
    assert [one.aspect for one in found] == [aspect]
    assert aspect in ASPECTS


def test_an_indicator_without_a_weight_cannot_be_ranked_by() -> None:
    stranger = dataclasses.replace(LOGISTICS[0], id="logistics.luck")
    figures = {name: {"logistics.luck": rate_figure(1, 2, rows())} for name in "ab"}
    with pytest.raises(EvaluationError, match="has no weight"):
        rank_stores(figures, [stranger], {}, np.random.default_rng(1))
