"""How the overview is narrowed to some of many stores, and the hours that a day is compared over."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from streams.config.evaluating import GroupConfig
from streams.config.model import Config, StoreConfig
from streams.web.frame.errors import BadQueryError
from streams.web.grid.answers import StoreTile
from streams.web.overview.selection import StoreChoices, StoreSelection, pinned_first, selected
from streams.web.overview.today import day_so_far

CONFIG = Config(
    stores=(
        StoreConfig(id="us", name="US shop", platform="own_site", country="US", owner="Li"),
        StoreConfig(id="th", name="泰国店", platform="lazada", country="TH", owner="Wang"),
        StoreConfig(id="vn", name="Viet Nam shop", platform="lazada", country="VN", owner="Wang"),
    ),
    groups=(GroupConfig(name="Asia", stores=("th", "v*")),),
)
STATES = {"us": "firing", "th": "normal", "vn": "no_baseline", "left": "breach"}
TILES = [
    StoreTile(store, store, "other", "UTC", "USD", state, None, (), (), None, None, None, None, 0, None, None)
    for store, state in STATES.items()
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["us", "th", "vn", "left"]),
        ({"q": "泰国"}, ["th"]),
        ({"q": "shop viet"}, ["vn"]),
        ({"q": "wang"}, ["th", "vn"]),
        ({"platform": "lazada", "country": "VN"}, ["vn"]),
        ({"owner": "Li"}, ["us"]),
        ({"state": "off"}, ["us", "left"]),
        ({"group": "Asia"}, ["th", "vn"]),
        ({"group": "Asia", "country": "TH"}, ["th"]),
        ({"group": "nobody"}, []),
        ({"state": "unjudged", "owner": "Li"}, []),
    ],
)
def test_every_store_is_found_among_many(query: dict[str, str], expected: list[str]) -> None:
    wanted = StoreSelection.of(query)
    assert [tile.store_id for tile in selected(TILES, CONFIG, wanted)] == expected
    assert wanted.is_narrow is bool(query)


def test_an_unknown_state_is_rejected_and_a_choice_of_one_is_not_offered() -> None:
    with pytest.raises(BadQueryError):
        StoreSelection.of({"state": "burning"})
    assert StoreChoices.of(CONFIG.stores[1:]) == StoreChoices((), ("TH", "VN"), ())
    assert StoreChoices.of(CONFIG.stores, CONFIG.groups).groups == ("Asia",)


def test_what_a_reader_pinned_comes_first_but_after_what_is_off() -> None:
    assert [tile.store_id for tile in pinned_first(TILES, ("vn", "gone"))] == ["us", "left", "vn", "th"]
    assert pinned_first(TILES, ()) == (TILES[0], TILES[3], TILES[1], TILES[2])


@pytest.mark.parametrize(("days_back", "hours"), [(0, 9), (1, 10)])
def test_the_day_so_far_is_the_same_hours_of_the_clock_also_where_it_was_changed(
    days_back: int, hours: int
) -> None:
    # in Berlin the clock went back on 2026-10-25 at 03:00
    at_ms = round(datetime(2026, 10, 26, 8, tzinfo=UTC).timestamp() * 1000)
    span = day_so_far("Europe/Berlin", at_ms, days_back)
    assert span["to_s"] + 60 - span["from_s"] == hours * 3600
