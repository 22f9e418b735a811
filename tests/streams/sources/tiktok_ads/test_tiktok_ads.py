"""TikTok's ads: GMV Max and ordinary campaigns apart, on the advertiser's clock, and which answers are none."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pydantic import ValidationError

from scoring.records.report_row import Period
from scoring.sources.cursors import PollWindow
from scoring.sources.translated import Translated
from streams.sources.asking import (
    AccessDeniedError,
    AnswerGarbledError,
    HttpRequest,
    PlatformFailedError,
    PlatformRejectedError,
    PlatformThrottledError,
    ScopeMissingError,
)
from streams.sources.tiktok_ads.asking import authorise, judge
from streams.sources.tiktok_ads.source import SOURCE
from tests.fakes.lying_tiktok_ads import SHOP, tiktok_ads_connection
from tests.fakes.workbench import connection_from
from tests.streams.sources.market_bench import NOW_MS, Answers, Market

KINDS = ["gmv_max_product", "gmv_max_live", "auction"]
MARKET = Market(SOURCE, connection_from(tiktok_ads_connection(reads=KINDS)))
ABOUT = (200, {"code": 0, "data": {"list": [{"timezone": "Asia/Jakarta", "currency": "IDR"}]}})


def answer(*rows: dict[str, Any], pages: int = 1) -> tuple[int, Any]:
    info = {"page": 1, "page_size": 1000, "total_number": len(rows), "total_page": pages}
    return 200, {
        "code": 0,
        "message": "OK",
        "data": {"page_info": info, **({"list": list(rows)} if rows else {})},
    }


def row(at: str, name: str = "stat_time_day", **metrics: str) -> dict[str, Any]:
    return {"dimensions": {"advertiser_id": "1", name: at}, "metrics": metrics}


def read(resource: str, *answers: tuple[int, Any], days: int = 2) -> tuple[list[Translated], Answers]:
    api = Answers(judge, ABOUT, *answers)

    async def work() -> list[Translated]:
        found, mark, window = list[Translated](), "", PollWindow(NOW_MS - days * 86_400_000, NOW_MS)
        while True:
            page = await MARKET.polls[resource].fetch(api, window, mark)
            found += [MARKET.polled(resource, json.loads(one.body)) for one in page.rows]
            mark = page.next_mark
            if not mark:
                return found

    return asyncio.run(work()), api


def test_gmv_max_and_ordinary_campaigns_are_parts_of_ads_that_may_be_added() -> None:
    gmv_max = {"cost": "150000.50", "orders": "12", "gross_revenue": "900000"}
    products, api = read("days.gmv_max_product", answer(row("2026-11-27 00:00:00", **gmv_max)))
    lives, _ = read("days.gmv_max_live", answer(row("2026-11-27 00:00:00", **gmv_max)))
    plain = {"spend": "100", "impressions": "5000", "clicks": "90"}
    others, asked = read("days.auction", answer(row("2026-11-27 00:00:00", **plain)))
    parts = [one.dimensions for found in (products, lives, others) for one in found[0].reports[:1]]
    assert parts == [{"traffic": "ads", "ads": kind} for kind in KINDS]
    figures = {one.measure: (one.value, one.currency) for one in products[0].reports}
    assert figures == {"spend": ("150000.50", "IDR"), "purchases": ("12", ""), "revenue": ("900000", "IDR")}
    assert {one.source for one in products[0].reports} == {"tiktok_shop"}
    query = dict(api.asked[1].query)
    assert json.loads(query["store_ids"]) == [SHOP]
    assert json.loads(query["filtering"]) == {"gmv_max_promotion_types": ["PRODUCT"]}
    assert "store_ids" not in dict(asked.asked[1].query)


def test_hours_are_asked_for_day_by_day_on_the_advertiser_s_clock() -> None:
    hour = row("2026-11-28 20:00:00", "stat_time_hour", cost="5")
    found, api = read("hours.gmv_max_product", answer(), answer(hour), days=1)
    days = [dict(one.query)["start_date"] for one in api.asked[1:]]
    assert days == ["2026-11-27", "2026-11-28"]
    (only,) = found[0].reports
    # 13:00 UTC
    assert (only.period, only.period_start_ms) == (Period.HOUR, NOW_MS - 3_600_000)


def test_a_page_in_the_middle_that_is_missing_is_not_the_last_one() -> None:
    first = answer(row("2026-11-27 00:00:00", cost="1"), pages=2)
    found, api = read("days.gmv_max_product", first, answer(row("2026-11-28 00:00:00", cost="2"), pages=2))
    assert len(found) == 2
    assert [dict(one.query)["page"] for one in api.asked[1:]] == ["1", "2"]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"code": 40100, "message": "too frequent"}, PlatformThrottledError),
        ({"code": 40105, "message": "revoked"}, AccessDeniedError),
        ({"code": 40001, "message": "No permission"}, ScopeMissingError),
        ({"code": 40002, "message": "store_ids: Field must be set"}, PlatformRejectedError),
        ({"code": 50000, "message": "System error"}, PlatformFailedError),
        ({"code": 0, "data": {}}, AnswerGarbledError),
        ({"code": 0, "data": {"page_info": {"total_number": 3, "total_page": 1}}}, AnswerGarbledError),
        (answer(row("2026-10-01 00:00:00", cost="1"))[1], AnswerGarbledError),
        (answer({"metrics": {"cost": "1"}})[1], AnswerGarbledError),
    ],
)
def test_an_answer_that_is_none_is_not_a_day_without_spend(said: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        read("days.gmv_max_product", (200, said))


def test_the_token_goes_to_the_api_alone_and_gmv_max_needs_its_shop() -> None:
    config = MARKET.connection.config
    there = authorise(MARKET.connection, HttpRequest(config.address("/advertiser/info/")), None)
    elsewhere = authorise(MARKET.connection, HttpRequest("https://elsewhere.example/open_api/v1.3/"), None)
    assert ("Access-Token" in there.headers, "Access-Token" in elsewhere.headers) == (True, False)
    with pytest.raises(ValidationError):
        connection_from(tiktok_ads_connection(shop_id=""))
    assert connection_from(tiktok_ads_connection(shop_id="", reads=["auction"]))
