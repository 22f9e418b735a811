"""Amazon's ads: reports by day, additions to hours, and which answers are none."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from typing import Any

import pytest

from scoring.records.report_row import Period, newest
from scoring.records.signal import SignalKind
from scoring.sources.cursors import PollWindow
from scoring.sources.tokens import TokenPair
from scoring.sources.translated import Translated
from streams.sources.amazon_ads.asking import authorise, judge
from streams.sources.amazon_ads.mapping import spelled
from streams.sources.amazon_ads.source import SOURCE
from streams.sources.asking import (
    AnswerGarbledError,
    HttpRequest,
    PlatformFailedError,
    PlatformThrottledError,
)
from tests.fakes.lying_amazon_ads import PROFILE, ads_connection
from tests.fakes.virtual import VirtualClock, in_virtual_time
from tests.fakes.workbench import connection_from
from tests.streams.sources.market_bench import NOW_MS, Answers, Market

KINDS = ["sponsored_products", "sponsored_brands", "sponsored_display"]
MARKET = Market(SOURCE, connection_from(ads_connection(reads=KINDS)))
ABOUT = (200, {"profileId": 1, "timezone": "America/Los_Angeles", "currencyCode": "USD"})
NUMBER = "0f1a2b3c-1111-2222-3333-444455556666"


def read(api: Answers, kind: str = "sponsored_products") -> list[Translated]:
    async def work(clock: VirtualClock) -> list[Translated]:
        found, mark, window = list[Translated](), "", PollWindow(NOW_MS - 2 * 86_400_000, NOW_MS)
        while True:
            page = await MARKET.polls[f"days.{kind}"].fetch(api, window, mark)
            found += [MARKET.polled(f"days.{kind}", json.loads(row.body)) for row in page.rows]
            mark = page.next_mark
            if not mark:
                return found

    return in_virtual_time(work)


def report(*rows: dict[str, Any], status: str = "COMPLETED") -> list[tuple[int, Any]]:
    state = {"reportId": NUMBER, "status": status, "url": "https://files.example/1"}
    return [(200, state), (200, gzip.compress(json.dumps(list(rows)).encode()))]


def row(day: str = "2026-11-27", **more: Any) -> dict[str, Any]:
    return {
        "date": day,
        "campaignId": 59874321,
        "impressions": 900,
        "clicks": 45,
        "cost": 18.123456789012,
        **more,
    }


def message(data_set: str, number: str = "i1", **more: Any) -> Translated:
    content = {
        "dataset_id": data_set, "idempotency_id": number, "currency": "USD", "campaign_id": "59874321", "keyword_text": "for Eva",
        "time_window_start": "2026-11-28T10:00:00Z", **more,
    }  # fmt: skip
    return MARKET.polled(
        "stream", {spelled(name): one for name, one in content.items()} | {"message": number}
    )


# ---------------------------------------------------------------- days


def test_a_campaign_s_day_is_on_the_profile_s_clock_and_says_that_it_is_of_ads() -> None:
    api = Answers(judge, ABOUT, (200, {"reportId": NUMBER}), *report(row(purchases7d=4, sales7d=162.0)))
    (found,) = read(api)
    figures = {one.measure: one.value for one in found.reports}
    assert figures == {
        "impressions": "900", "clicks": "45", "spend": "18.123456789", "purchases": "4", "revenue": "162.0",
    }  # fmt: skip
    assert {(one.source, one.period, one.zone) for one in found.reports} == {
        ("amazon", Period.DAY, "America/Los_Angeles")
    }
    part = {"traffic": "ads", "ads": "sponsored_products", "campaign": "59874321"}
    assert all(one.dimensions == part for one in found.reports)
    asked = json.loads(api.asked[1].body)
    assert (asked["startDate"], asked["endDate"]) == ("2026-11-26", "2026-11-28")


def test_brands_and_display_have_columns_of_their_own() -> None:
    for kind, kept in (("sponsored_brands", "sbCampaigns"), ("sponsored_display", "sdCampaigns")):
        api = Answers(judge, ABOUT, (200, {"reportId": NUMBER}), *report(row(purchases=2, sales=80)))
        (found,) = read(api, kind)
        assert {one.measure: one.value for one in found.reports}["purchases"] == "2"
        assert json.loads(api.asked[1].body)["configuration"]["reportTypeId"] == kept


def test_a_report_that_is_being_made_already_is_waited_for_and_not_asked_for_again() -> None:
    same = {"code": "425", "detail": f"The Request is a duplicate of : {NUMBER}"}
    api = Answers(judge, ABOUT, (425, same), *report(row()))
    assert len(read(api)) == 1
    assert api.asked[2].url.endswith(NUMBER)
    with pytest.raises(PlatformThrottledError):
        read(Answers(judge, ABOUT, (425, {"detail": "too early"})))


def test_a_report_that_was_not_made_is_not_an_empty_one() -> None:
    for answers, error in (
        (report(status="FAILED"), PlatformFailedError),
        ([(200, {"status": "COMPLETED"})], AnswerGarbledError),
        ([report()[0], (200, b"<html>")], AnswerGarbledError),
        (report(row(day="2026-10-01")), AnswerGarbledError),
        (report({"date": "2026-11-27"}), AnswerGarbledError),
    ):
        with pytest.raises(error):
            read(Answers(judge, ABOUT, (200, {"reportId": NUMBER}), *answers))
    with pytest.raises(AnswerGarbledError):
        read(Answers(judge, (200, {"timezone": "Nowhere/Else", "currencyCode": "USD"})))


def test_the_token_goes_to_the_api_alone() -> None:
    connection = MARKET.connection
    sent = authorise(connection, HttpRequest("https://files.example/1"), None)
    assert sent.headers == {}
    pair = TokenPair("access", "refresh", NOW_MS + 3_600_000)
    there = authorise(connection, HttpRequest("https://advertising-api.amazon.com/v2/profiles"), pair)
    assert there.headers["Amazon-Advertising-API-Scope"] == PROFILE
    elsewhere = authorise(connection, HttpRequest("https://advertising-api.amazon.com.evil.example/"), pair)
    assert "Authorization" not in elsewhere.headers


# ---------------------------------------------------------------- hours


def spent(*found: Translated) -> Decimal:
    rows = newest([one for part in found for one in part.reports]).values()
    return sum((Decimal(one.value) for one in rows if one.measure == "spend"), Decimal(0))


def test_messages_of_an_hour_are_added_corrections_too_and_one_that_comes_twice_counts_once() -> None:
    first = message("sp-traffic", "i1", impressions=100, clicks=2, cost=0.8)
    more = message("sp-traffic", "i2", impressions=10, clicks=1, cost=0.4)
    less = message("sp-traffic", "i3", clicks=-1, cost=-0.4)
    assert spent(first, more, less, first) == Decimal("0.8")
    hours = {(one.period, one.period_end_ms - one.period_start_ms) for one in first.reports}
    assert hours == {(Period.HOUR, 3_600_000)}


def test_orders_are_credited_for_seven_days_to_products_and_for_fourteen_to_the_others() -> None:
    sold = {"attributed_conversions_7d": 1, "attributed_sales_7d": 80, "attributed_conversions_14d": 3}
    products, brands = message("sp-conversion", **sold), message("sb-conversion", **sold)
    assert {one.measure: one.value for one in products.reports} == {"purchases": "1", "revenue": "80"}
    assert {one.measure: one.value for one in brands.reports} == {"purchases": "3"}


def test_both_spellings_of_a_data_set_are_read() -> None:
    camel = {
        "datasetId": "sd-traffic",
        "campaignId": 1,
        "timeWindowStart": "2026-11-28T10:00:00Z",
        "cost": 1.5,
    }
    content = {spelled(name): one for name, one in camel.items()} | {"message": "m"}
    assert spent(MARKET.polled("stream", content)) == Decimal("1.5")


def test_a_budget_that_is_used_up_is_a_signal() -> None:
    use = {"budget_scope_id": "59874321", "budget_scope_type": "CAMPAIGN", "usage_updated_timestamp": "2026-11-28T10:20:00Z"}  # fmt: skip
    (spent_up,) = message("budget-usage", budget_usage_percentage=100.0, **use).signals
    assert (spent_up.kind, spent_up.object) == (SignalKind.AD_BUDGET_SPENT, "59874321")
    assert message("sp-budget-usage", budget_usage_percentage=85, **use).left_out


@pytest.mark.parametrize("data_set", ["sb-clickstream", "adgroups", ""])
def test_an_unknown_data_set_is_named_and_counts_for_nothing(data_set: str) -> None:
    found = message(data_set, cost=5)
    assert (found.count, [gap.name for gap in found.gaps]) == (0, ["dataset_id"])


def test_an_addition_without_its_hour_or_campaign_is_set_aside() -> None:
    for missing in ({"time_window_start": None}, {"campaign_id": None}):
        found = message("sp-traffic", cost=1.0, **missing)
        assert (found.count, len(found.set_aside)) == (0, 1)
