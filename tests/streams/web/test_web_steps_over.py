"""The pages of a store whose platform does not supply a stage: its step over it has a place, a name and a line."""

from __future__ import annotations

from typing import Any

import pytest

from scoring.funnel.stages import STAGE_INDEX
from tests.fixtures.clickhouse import Store
from tests.fixtures.page import PAGE_DATABASE, RunningPage
from tests.fixtures.web_seed import SCORE_COLUMNS, moment

STORE = "no-carts"
MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def without_carts(page: RunningPage, clickhouse: Store) -> RunningPage:
    """The page with two hours of a store that reports clicks and orders only; one order in ten clicks is expected."""
    client, end = clickhouse.client(PAGE_DATABASE), page.now_ms // MINUTE_MS - 1
    counts: list[list[Any]] = []
    scores: list[list[Any]] = []
    for minute in range(end - 120, end):
        at, row = moment(minute * MINUTE_MS), [0] * 7
        row[STAGE_INDEX["click"]], row[STAGE_INDEX["order"]] = 100, 6
        counts.append([STORE, at, "", row, 1])
        judged: list[Any] = [6.0, 10.0, 4.0, 16.0, 8.0, 100.0, "breach", 30, 180.0, 300.0, 1]
        scores.append([STORE, at, "click_to_order", "", *judged])
        for step in ("click_to_add_to_cart", "add_to_cart_to_order"):
            missing: list[Any] = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, "missing_stage", 1, 0.0, 0.0, 1]
            scores.append([STORE, at, step, "", *missing])
    client.insert("minutes_raw", counts, column_names=["store_id", "minute", "segment", "counts", "version"])
    client.insert("scores_raw", scores, column_names=SCORE_COLUMNS)
    return page


def test_the_funnel_leads_over_the_stage_that_is_not_supplied(without_carts: RunningPage) -> None:
    found = without_carts.json(f"/stores/{STORE}/funnel?window=60")
    steps = {step["step"]: step for step in found["steps"]}
    assert steps["click_to_order"]["state"] == "breach"
    assert steps["click_to_order"]["conversion_rate"] == pytest.approx(0.06)
    assert steps["click_to_add_to_cart"]["state"] == "missing_stage"
    assert len(steps) == 6
    stages = {stage["stage"]: stage for stage in found["stages"]}
    assert stages["add_to_cart"]["count"] is None
    assert stages["order"]["count"] == 360
    assert stages["order"]["expected"] == pytest.approx(600)


def test_its_line_can_be_asked_for(without_carts: RunningPage) -> None:
    found = without_carts.json(f"/stores/{STORE}/series?step=click_to_order&hours=1&resolution=10")
    assert [(point["observed"], point["expected"]) for point in found["points"]] == [(60, 100.0)] * 6


def test_the_comparison_has_it_where_the_step_from_carts_would_be(without_carts: RunningPage) -> None:
    found = without_carts.json("/comparison?hours=24")
    (store,) = [s for group in found["groups"] for s in group["stores"] if s["store_id"] == STORE]
    assert [step["step"] for step in store["steps"]] == [
        "impression_to_click",
        "click_to_add_to_cart",
        "click_to_order",
        "order_to_payment",
    ]


@pytest.mark.parametrize(("language", "name"), [("en", "Clicks → Orders"), ("zh", "点击 → 下单")])
def test_the_page_names_the_step_in_both_languages(
    without_carts: RunningPage, language: str, name: str
) -> None:
    for path in (f"/?store={STORE}&window=60", "/compare"):
        text = without_carts.get(f"{path}{'&' if '?' in path else '?'}lang={language}").text
        assert name in text
        assert ">click_to_order<" not in text
