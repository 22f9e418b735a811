"""Meta's ads: what rows say, what errors are, ads that are rejected, the account's own clock."""

from __future__ import annotations

import json
from typing import Any

import pytest
from multidict import CIMultiDict

from scoring.records.raw_delivery import RawDelivery
from scoring.records.signal import SignalKind
from scoring.sources.translated import ConnectionTerms, Translated, TranslationError
from streams.sources.asking import (
    AccessDeniedError,
    HttpAnswer,
    HttpRequest,
    PlatformFailedError,
    PlatformRejectedError,
    PlatformThrottledError,
    ScopeMissingError,
    VersionRetiredError,
)
from streams.sources.meta_ads.asking import authorise, judge
from streams.sources.meta_ads.mapping import DAYS, HOURLY, HOURS, MetaAdsTerms, translate
from streams.sources.meta_ads.source import SOURCE
from tests.fakes.ledger import HOUR_MS, Ledger
from tests.fakes.lying_meta import LyingMeta, meta_connection
from tests.fakes.virtual import BEGIN_MS, VirtualClock, in_virtual_time
from tests.fakes.workbench import Workbench, connection_from, workbench

pytestmark = pytest.mark.usefixtures("quiet")

MIDNIGHT_MS = 1_772_179_200_000  # 2026-02-27 00:00 in Los Angeles


def said(topic: str, row: Any, is_only: bool = True) -> Translated:
    terms = ConnectionTerms(
        "ads", "meta_ads", ("us",), {"us": "UTC"}, {"us": "USD"}, MetaAdsTerms("" if is_only else "1234567890")
    )  # fmt: skip
    raw = RawDelivery(
        delivery_id="d", source="meta_ads", connection="ads", received_at_ms=MIDNIGHT_MS, topic=topic, body=json.dumps(row)
    )  # fmt: skip
    return translate(raw, terms)


def day(**more: Any) -> dict[str, Any]:
    return {
        "account_currency": "EUR", "date_start": "2026-02-27", "date_stop": "2026-02-27",
        "zone": "America/Los_Angeles", "complete": True, "spend": "12.34", "impressions": "900", **more,
    }  # fmt: skip


def test_a_day_is_the_account_s_and_its_money_in_the_account_s_currency() -> None:
    found = {one.measure: one for one in said(DAYS, day(reach="5")).reports}
    assert {name: one.value for name, one in found.items()} == {
        "spend": "12.34",
        "impressions": "900",
        "reach": "5",
    }
    spend = found["spend"]
    assert (spend.period_start_ms, spend.period_end_ms) == (MIDNIGHT_MS, MIDNIGHT_MS + 24 * HOUR_MS)
    assert (spend.source, spend.currency, spend.zone) == ("meta", "EUR", "America/Los_Angeles")
    assert found["impressions"].currency == ""


def test_the_figures_of_one_of_several_accounts_are_not_taken_for_the_store_s() -> None:
    assert {tuple(one.dimensions.items()) for one in said(DAYS, day(), is_only=False).reports} == {
        (("account", "1234567890"),)
    }
    assert {tuple(one.dimensions.items()) for one in said(DAYS, day()).reports} == {()}


@pytest.mark.parametrize(
    ("start", "hour", "hours_after", "length"),
    [("2026-02-27", "13", 13, 1), ("2026-03-08", "03", 9 * 24 + 2, 1), ("2026-11-01", "01", 247 * 24, 2)],
    ids=["any day", "after the hour that is left out", "the hour that comes twice"],
)
def test_an_hour_is_of_the_account_s_clock(start: str, hour: str, hours_after: int, length: int) -> None:
    row = day(date_start=start, date_stop=start, **{HOURLY: f"{hour}:00:00 - {hour}:59:59"})
    (one, _) = said(HOURS, row).reports
    assert one.period_end_ms - one.period_start_ms == length * HOUR_MS
    assert (one.period_start_ms - MIDNIGHT_MS) // HOUR_MS == hours_after


def test_a_purchase_is_counted_once_by_its_widest_kind_and_what_is_not_said_is_not_0() -> None:
    actions = [
        {"action_type": "purchase", "value": "3"},
        {"action_type": "omni_purchase", "value": "5"},
        {"action_type": "offsite_conversion.fb_pixel_purchase", "value": "3"},
    ]
    assert {one.measure: one.value for one in said(DAYS, day(actions=actions)).reports}["purchases"] == "5"
    assert {one.measure: one.value for one in said(DAYS, day(actions=actions[:1])).reports}[
        "purchases"
    ] == "3"
    others = day(actions=[{"action_type": "link_click", "value": "9"}])
    assert "purchases" not in {one.measure for one in said(DAYS, others).reports}


@pytest.mark.parametrize(
    "row",
    [
        day(date_stop="2026-02-28"),
        day(date_start="soon"),
        day(zone="Mars/Olympus"),
        day(spend="1.234,56"),
        day(actions="many"),
        {name: value for name, value in day().items() if name not in ("spend", "impressions")},
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_counted_is_set_aside_with_its_reason(row: dict[str, Any]) -> None:
    found = said(DAYS, row)
    assert (len(found.reports), len(found.set_aside)) == (0, 1)


def test_what_is_not_a_row_is_set_aside_whole_and_an_unknown_resource_is_a_gap() -> None:
    with pytest.raises(TranslationError):
        said(DAYS, ["a list"])
    assert said("weather", day()).gaps


def answer(code: int, status: int = 400, headers: dict[str, str] | None = None) -> HttpAnswer:
    body = json.dumps({"error": {"message": "no", "code": code}}).encode()
    return HttpAnswer(status, CIMultiDict(headers or {}), body, "graph")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (190, AccessDeniedError), (102, AccessDeniedError), (4, PlatformThrottledError), (613, PlatformThrottledError),
        (80000, PlatformThrottledError), (200, ScopeMissingError), (10, ScopeMissingError), (2635, VersionRetiredError),
        (1, PlatformFailedError), (2, PlatformFailedError), (100, PlatformRejectedError),
    ],
)  # fmt: skip
def test_each_error_is_what_its_code_says_in_a_200_too(code: int, expected: type[Exception]) -> None:
    for status in (400, 200):
        with pytest.raises(expected):
            judge(answer(code, status))


def test_a_throttled_account_waits_as_long_as_its_slowest_limit_says() -> None:
    usage = {"1": [{"estimated_time_to_regain_access": 3}, {"estimated_time_to_regain_access": 12}]}
    with pytest.raises(PlatformThrottledError) as error:
        judge(answer(80000, 400, {"X-Business-Use-Case-Usage": json.dumps(usage)}))
    assert error.value.retry_after_s == 720
    for odd in ("nonsense", "[]", '{"1": [7]}'):
        with pytest.raises(PlatformThrottledError) as error:
            judge(answer(17, 400, {"X-Business-Use-Case-Usage": odd}))
        assert error.value.retry_after_s == 300


def test_the_token_goes_to_the_account_and_nowhere_else() -> None:
    connection = connection_from(meta_connection(app_secret="env:NEW"))
    own = HttpRequest(connection.config.address("/insights"))
    sent = authorise(connection, own, None)
    assert sent.headers["Authorization"] == "Bearer first-refresh"
    assert len(dict(sent.query)["appsecret_proof"]) == 64
    assert (
        authorise(
            connection, HttpRequest("https://graph.facebook.com.evil.example/v26.0/act_1"), None
        ).headers
        == {}
    )


def test_a_rejected_ad_is_a_signal_until_it_is_rejected_no_more_whoever_asks_then() -> None:
    async def work(clock: VirtualClock) -> Workbench:
        platform = LyingMeta(Ledger(), clock.now_ms)
        bench = workbench(meta_connection(interval_s=600, first_days=0), SOURCE, platform, clock)
        platform.rejected = {"120212345678901234": BEGIN_MS - HOUR_MS}
        await bench.run_for(2 * 3600)
        platform.rejected = {}
        await bench.run_for(3600)
        return bench

    signals = in_virtual_time(work).store.signals
    assert {(one.kind, one.object, one.since_ms) for one in signals} == {
        (SignalKind.AD_REJECTED, "120212345678901234", BEGIN_MS - HOUR_MS)
    }
    assert signals[0].until_ms == 0
    assert signals[0].details == {"policy": "Personal Health and Appearance"}
    assert BEGIN_MS + 2 * HOUR_MS <= signals[-1].until_ms <= BEGIN_MS + 3 * HOUR_MS


def test_an_account_is_a_number() -> None:
    assert connection_from(meta_connection(account="act_42")).config.address().endswith("/act_42")
    with pytest.raises(ValueError, match="number of an ad account"):
        connection_from(meta_connection(account="42/../43"))
