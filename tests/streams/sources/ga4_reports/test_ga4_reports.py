"""GA4's Data API: what rows say, what is sampled, the key of a service account, quotas."""

from __future__ import annotations

import json
from typing import Any

import pytest
from multidict import CIMultiDict

from scoring.records.raw_delivery import RawDelivery
from scoring.sources.tokens import TokenPair
from scoring.sources.translated import ConnectionTerms, Translated, TranslationError
from streams.sources.asking import AccessDeniedError, HttpAnswer, HttpRequest, PlatformThrottledError
from streams.sources.ga4_reports.asking import assertion, authorise, judge, left
from streams.sources.ga4_reports.mapping import DAYS, HOURS, translate
from streams.sources.ga4_reports.source import SOURCE
from tests.fakes.ledger import HOUR_MS, Ledger
from tests.fakes.lying_ga4 import LyingGa4, ga4_connection
from tests.fakes.virtual import VirtualClock, in_virtual_time
from tests.fakes.workbench import Workbench, connection_from, workbench

pytestmark = pytest.mark.usefixtures("quiet")

MIDNIGHT_MS = 1_796_079_600_000  # 2026-12-01 00:00 in Berlin


def said(topic: str, row: Any) -> Translated:
    terms = ConnectionTerms("ga", "ga4_reports", ("de",), {"de": "UTC"}, {"de": "USD"})
    raw = RawDelivery(
        delivery_id="d", source="ga4_reports", connection="ga", received_at_ms=MIDNIGHT_MS, topic=topic, body=json.dumps(row)
    )  # fmt: skip
    return translate(raw, terms)


def row(when: str = "2026-12-01", **more: Any) -> dict[str, Any]:
    return {
        "when": when, "sessions": "120", "purchaseRevenue": "88.5", "zone": "Europe/Berlin", "currency": "EUR", "partial": "",
        "complete": True, **more,
    }  # fmt: skip


def test_a_day_and_an_hour_are_the_property_s_and_money_is_in_its_currency() -> None:
    sessions, revenue = said(DAYS, row()).reports
    assert (sessions.measure, sessions.value, sessions.currency, sessions.source) == (
        "sessions",
        "120",
        "",
        "ga4",
    )
    assert (revenue.measure, revenue.value, revenue.currency) == ("revenue", "88.5", "EUR")
    assert (revenue.period_start_ms, revenue.period_end_ms) == (MIDNIGHT_MS, MIDNIGHT_MS + 24 * HOUR_MS)
    hour = said(HOURS, row("2026-12-01T13")).reports[0]
    assert (hour.period_start_ms, hour.period_end_ms) == (
        MIDNIGHT_MS + 13 * HOUR_MS,
        MIDNIGHT_MS + 14 * HOUR_MS,
    )
    assert said(DAYS, row(purchaseRevenue="1.25E7")).reports[1].value == "12500000.000000"


def test_a_sampled_figure_is_kept_and_named_and_never_complete() -> None:
    found = said(DAYS, row(partial="sampled: 37.2 % of events"))
    assert [one.complete for one in found.reports] == [False, False]
    assert [(one.what, one.name) for one in found.gaps] == [
        ("figures of a part of the events", "sampled: 37.2 % of events")
    ]
    assert all(one.complete for one in said(DAYS, row()).reports)


@pytest.mark.parametrize(
    "given",
    [row("20261201"), row("2026-13-01"), row("2026-12-01T13"), row(zone="Mars/Olympus"), row(sessions="1,204"), {"when": "2026-12-01", "zone": "UTC"}],
)  # fmt: skip
def test_a_row_that_cannot_be_counted_is_set_aside_with_its_reason(given: dict[str, Any]) -> None:
    found = said(DAYS, given)
    assert (len(found.reports), len(found.set_aside)) == (0, 1)


def test_another_form_than_a_row_is_set_aside_whole_and_an_unknown_resource_is_a_gap() -> None:
    with pytest.raises(TranslationError):
        said(DAYS, [1])
    assert said("weather", row()).gaps


@pytest.mark.parametrize(
    "key", ["", "{}", "[]", '{"private_key": "x", "client_email": "y"}', '{"private_key": 7}']
)
def test_another_key_than_a_service_account_s_is_denied_without_quoting_it(key: str) -> None:
    with pytest.raises(AccessDeniedError, match="not the JSON key"):
        assertion(key, "https://oauth2.googleapis.com/token", 0)


def test_a_quota_that_is_used_up_says_for_how_long() -> None:
    for text, wait_s in (("tokens per hour", 1800), ("tokens per day", 21_600), ("concurrent requests", 60)):
        body = json.dumps({"error": {"code": 429, "message": f"Exhausted {text}."}}).encode()
        with pytest.raises(PlatformThrottledError) as error:
            judge(HttpAnswer(429, CIMultiDict(), body, "ga4"))
        assert error.value.retry_after_s == wait_s


def test_reports_left_follow_from_what_one_costs() -> None:
    quota = {
        "tokensPerHour": {"consumed": 10, "remaining": 500},
        "tokensPerDay": {"consumed": 10, "remaining": 90},
    }
    body = json.dumps({"propertyQuota": quota}).encode()
    assert left(HttpAnswer(200, CIMultiDict(), body, "ga4")) == 9
    assert left(HttpAnswer(200, CIMultiDict(), b"<html>", "ga4")) is None


def test_the_token_goes_to_the_property_and_nowhere_else() -> None:
    config = connection_from(ga4_connection()).config
    assert authorise(config, HttpRequest(config.address()), TokenPair("t")).headers == {
        "Authorization": "Bearer t"
    }
    for url in (config.token_url, "https://analyticsdata.googleapis.com.evil.example/"):
        assert authorise(config, HttpRequest(url), TokenPair("t")).headers == {}


def test_what_a_report_says_of_its_sample_reaches_its_rows_and_a_whole_one_replaces_it() -> None:
    async def work(clock: VirtualClock) -> Workbench:
        platform = LyingGa4(Ledger(), clock.now_ms)
        bench = workbench(ga4_connection(first_days=4), SOURCE, platform, clock)
        platform.about = {"samplingMetadatas": [{"samplesReadCount": "250", "samplingSpaceSize": "1000"}]}
        await bench.run_for(1800)
        assert bench.store.reports
        assert not any(one.complete for one in bench.store.reports)
        platform.about = {}
        await bench.run_for(2 * 3600)
        return bench

    bench = in_virtual_time(work)
    assert any(one.complete for one in bench.store.reports)
    assert "figures of a part of the events sampled: 25.0 % of events" in " ".join(
        bench.store.notes.health.gaps
    )
