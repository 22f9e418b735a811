"""Reports of platforms on the store's page and by API: next to counts, never part of them."""

from __future__ import annotations

from typing import Any

import pytest

from streams.web.reports.answers import Reports
from streams.web.reports.board import board_of
from streams.web.reports.queries import day_of
from tests.fixtures.clickhouse import Store
from tests.fixtures.page import PAGE_DATABASE, RunningPage
from tests.fixtures.report_seed import COLUMNS, DAYS, STORE, ZONE, insert_reports, midnight, report_row

PATH = f"/stores/{STORE}/reports"


@pytest.fixture(scope="module")
def reported(page: RunningPage, clickhouse: Store) -> RunningPage:
    insert_reports(clickhouse.client(PAGE_DATABASE), page.now_ms)
    return page


def figures(page: RunningPage, query: str = "") -> list[Any]:
    found: list[Any] = page.json(PATH + query)["figures"]
    return found


def test_a_figure_says_its_measure_zone_day_and_whether_it_may_still_change(reported: RunningPage) -> None:
    found = figures(reported, "?measure=visitors&period=day")
    assert len(found) == DAYS
    newest = found[0]
    start_ms = int(midnight(reported.now_ms, 1).timestamp() * 1000)
    assert (newest["unit"], newest["zone"], newest["source"]) == ("visitors", ZONE, "shopee")
    assert (newest["day"], newest["period_start_ms"]) == (day_of(start_ms, ZONE), start_ms)
    assert [one["complete"] for one in found[:3]] == [False, False, True]


def test_the_newest_report_of_a_day_holds_and_is_marked_as_restated(reported: RunningPage) -> None:
    found = {one["day"]: one for one in figures(reported, "?measure=orders&period=day")}
    restated = found[day_of(int(midnight(reported.now_ms, 5).timestamp() * 1000), ZONE)]
    assert (restated["value"], restated["restated"]) == ("41", True)
    assert sum(one["restated"] for one in found.values()) == 1


def test_days_of_orders_are_added_and_days_of_people_are_rejected(reported: RunningPage) -> None:
    answer = reported.json(PATH + "?add=days&period=day")
    totals = {one["measure"]: one for one in answer["totals"]}
    orders = [int(one["value"]) for one in answer["figures"] if one["measure"] == "orders"]
    assert (totals["orders"]["total"], totals["orders"]["incomplete_days"]) == (str(sum(orders)), 2)
    assert totals["visitors"]["total"] is None
    assert "people" in totals["visitors"]["why_not"]
    answer = reported.get(f"/api/v1{PATH}?add=days&measure=visitors")
    assert answer.status_code == 400
    assert "visitors counts people" in answer.text


def test_parts_are_left_out_unless_asked_for(reported: RunningPage) -> None:
    assert {one["measure"] for one in figures(reported)} == {"visitors", "page_views", "orders", "revenue"}
    spend = figures(reported, "?measure=spend&parts=yes")
    assert {one["dimensions"]["campaign"] for one in spend} == {"spring", "always on"}


def test_a_report_changes_no_count_of_events(page: RunningPage, clickhouse: Store) -> None:
    store, at = "uk-tiktok", f"at={page.now_ms}"
    before = page.json(f"/stores/{store}/funnel?window=1440&{at}")
    row = report_row("orders", midnight(page.now_ms, 1), "1000000", store=store)
    clickhouse.client(PAGE_DATABASE).insert("report_versions_raw", [row], column_names=COLUMNS)
    assert [one["value"] for one in page.json(f"/stores/{store}/reports")["figures"]] == ["1000000"]
    assert page.json(f"/stores/{store}/funnel?window=1440&{at}") == before


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_of_a_store_shows_its_reports(reported: RunningPage, language: str) -> None:
    text = reported.get(f"/stores/{STORE}?lang={language}").text
    for words in {
        "zh": ("平台报表", "访客数", "人数，不跨天相加", "已修订", "暂估", "2 项合计", f"Shopee，按 {ZONE} 分天"),
        "en": ("Platform reports", "Visitors", "never added over days", "restated", "partial", "sum of 2", f"Shopee, days of {ZONE}"),
    }[language]:  # fmt: skip
        assert words in text


def test_a_store_without_reports_says_so(reported: RunningPage) -> None:
    assert "No platform reports in the last 28 days" in reported.get("/stores/de-shopify?lang=en").text


def test_a_day_without_a_figure_is_a_gap_and_not_zero(reported: RunningPage) -> None:
    text = reported.get(f"/stores/{STORE}?lang=en").text
    assert text.count('title="not supplied"') == 1


def test_an_unknown_measure_or_too_long_a_span_is_rejected(reported: RunningPage) -> None:
    assert reported.get(f"/api/v1{PATH}?measure=luck").status_code == 400
    assert reported.get(f"/api/v1{PATH}?from=2020-01-01T00:00:00Z").status_code == 400
    assert reported.get("/api/v1/stores/nobody/reports").status_code == 404


def test_a_board_of_nothing_is_empty() -> None:
    assert board_of(Reports("s1", 0, 1, False, ())).groups == ()
