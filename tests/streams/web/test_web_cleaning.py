"""What was left out of a store's counts, on its page and by API: how many of each day, why, and which rows."""

from __future__ import annotations

import pytest

from streams.web.cleaning.answers import CleanedCount, CleanedCounts
from streams.web.cleaning.board import cleaned_lines
from tests.fixtures.clickhouse import Store
from tests.fixtures.page import PAGE_DATABASE, RunningPage
from tests.fixtures.report_seed import STORE, ZONE, insert_cleaned


@pytest.fixture(scope="module")
def cleaned(page: RunningPage, clickhouse: Store) -> RunningPage:
    insert_cleaned(clickhouse.client(PAGE_DATABASE), page.now_ms)
    return page


def test_every_reason_is_counted_by_day_of_the_store_s_own_zone(cleaned: RunningPage) -> None:
    answer = cleaned.json(f"/stores/{STORE}/cleaned")
    totals: dict[tuple[str, bool], int] = {}
    for one in answer["counts"]:
        key = one["reason"], one["is_counted"]
        totals[key] = totals.get(key, 0) + one["count"]
    assert answer["zone"] == ZONE
    assert totals == {
        ("bots", False): 30,
        ("few_sources", False): 12,
        ("test", False): 1,
        ("brushing", True): 1,
    }
    assert len({one["day"] for one in answer["counts"] if one["reason"] == "bots"}) >= 6


def test_the_rows_of_a_reason_can_be_looked_at(cleaned: RunningPage) -> None:
    answer = cleaned.json(f"/stores/{STORE}/cleaned/rows?reason=bots&limit=3")
    assert (len(answer["rows"]), answer["truncated"]) == (3, True)
    assert answer["rows"][0] | {"at_ms": 0} == {
        "at_ms": 0,
        "reason": "bots",
        "what": "click",
        "is_counted": False,
        "reference": "bot0",
        "detail": "pixel",
        "is_order": False,
    }
    assert cleaned.get(f"/api/v1/stores/{STORE}/cleaned/rows?reason=luck").status_code == 400


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("数据清洗", "已知爬虫", "突然集中于少数来源", "测试订单", "疑似刷单", "仅标记，仍计入", "没有访问就下单、同一买家多次下单")),
        ("en", ("Left out", "Known bots", "Suddenly from few sources", "Test orders", "Suspected brushing", "marked, still counted", "ordered without a visit, one buyer, many orders")),
    ],
)  # fmt: skip
def test_the_page_of_a_store_shows_what_was_left_out(
    cleaned: RunningPage, language: str, words: tuple[str, ...]
) -> None:
    text = cleaned.get(f"/stores/{STORE}?lang={language}").text
    assert [word for word in words if word not in text] == []


def test_a_store_of_which_nothing_was_left_out_says_so(cleaned: RunningPage) -> None:
    assert "Nothing was left out in the last 14 days" in cleaned.get("/stores/new-store?lang=en").text


def test_what_is_left_out_comes_before_what_is_only_marked() -> None:
    counts = CleanedCounts(
        "s1",
        "UTC",
        0,
        1,
        (
            CleanedCount("2026-03-04", "brushing", "order", True, 90),
            CleanedCount("2026-03-04", "repeat", "event", False, 5),
            CleanedCount("2026-03-03", "repeat", "event", False, 10),
            CleanedCount("2026-03-04", "bots", "click", False, 40),
        ),
    )
    lines = cleaned_lines(counts, (), ["2026-03-03", "2026-03-04"])
    assert [(line.reason, line.total) for line in lines] == [("bots", 40), ("repeat", 15), ("brushing", 90)]
    assert [(day.count, day.height) for day in lines[1].days] == [(10, 100.0), (5, 50.0)]
