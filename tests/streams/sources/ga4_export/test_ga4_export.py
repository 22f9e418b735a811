"""GA4's export in BigQuery: what is counted, which table counts, jobs that take their time, and which answers are none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scoring.sources.cursors import PollWindow
from scoring.sources.tokens import TokenPair
from scoring.sources.translated import Translated
from streams.sources.asking import (
    AnswerGarbledError,
    HttpRequest,
    PlatformFailedError,
    PlatformRejectedError,
    PlatformThrottledError,
    ScopeMissingError,
)
from streams.sources.ga4_export.asking import authorise, judge
from streams.sources.ga4_export.polling import query_of
from streams.sources.ga4_export.source import SOURCE
from streams.sources.ga4_reports.mapping import MEASURES
from tests.fakes.lying_bigquery import PATH, export_connection
from tests.fakes.virtual import VirtualClock, in_virtual_time
from tests.fakes.workbench import connection_from
from tests.streams.sources.market_bench import NOW_MS, Answers, Market

MARKET = Market(SOURCE, connection_from(export_connection()))
JOB = {"jobReference": {"projectId": "p", "jobId": "job_1", "location": "EU"}}
DAY_MS = 86_400_000
TOKEN = TokenPair("access", "", NOW_MS + 3_600_000)


def answer(*rows: tuple[str, bool], **more: Any) -> dict[str, Any]:
    names = ["period", "is_open", *MEASURES.values()]
    made = [[when, str(is_open).lower(), *("7" for _ in MEASURES)] for when, is_open in rows]
    return {
        **JOB, "jobComplete": True, "totalRows": str(len(rows)), "schema": {"fields": [{"name": one} for one in names]},
        "rows": [{"f": [{"v": value} for value in one]} for one in made], **more,
    }  # fmt: skip


def read(api: Answers, resource: str = "days") -> list[Translated]:
    async def work(clock: VirtualClock) -> list[Translated]:
        found, mark = list[Translated](), ""
        while True:
            page = await MARKET.polls[resource].fetch(api, PollWindow(NOW_MS - 4 * DAY_MS, NOW_MS), mark)
            found += [MARKET.polled(resource, json.loads(row.body)) for row in page.rows]
            mark = page.next_mark
            if not mark:
                return found

    return in_virtual_time(work)


def test_a_day_is_complete_once_it_has_a_table_of_its_own_and_two_days_have_passed() -> None:
    api = Answers(judge, (200, answer(("20261125", False), ("20261127", False), ("20261128", True))))
    found = read(api)
    assert [{one.complete for one in day.reports} for day in found] == [{True}, {False}, {False}]
    assert {(one.source, one.zone) for day in found for one in day.reports} == {("ga4", "Europe/Berlin")}
    assert {one.measure for one in found[0].reports} == set(MEASURES)
    still_open = read(Answers(judge, (200, answer(("20261125", True)))))
    assert {one.complete for one in still_open[0].reports} == {False}


def test_a_query_is_limited_in_what_it_may_read_and_names_its_days_as_parameters() -> None:
    api = Answers(judge, (200, answer()))
    assert read(api) == []
    body = json.loads(api.asked[0].body)
    assert body["maximumBytesBilled"] == "20000000000"
    values = {one["name"]: one["parameterValue"]["value"] for one in body["queryParameters"]}
    assert values == {"first": "20261124", "last": "20261128", "zone": "Europe/Berlin"}
    # ids of visitors are counted where they are
    chosen = query_of(MARKET.connection.config, "hours").rpartition("SELECT")[2]
    assert "user_pseudo_id" in chosen
    assert chosen.count("COUNT(") + chosen.count("COUNTIF(") + chosen.count("SUM(") == len(MEASURES)


def test_a_query_that_runs_longer_is_a_job_that_is_looked_at_and_pages_follow() -> None:
    running = {**JOB, "jobComplete": False}
    api = Answers(
        judge,
        (200, running),
        (200, running),
        (200, answer(("20261125", False), pageToken="p2", totalRows="2")),
        (200, answer(("20261126", False), totalRows="2")),
    )
    assert len(read(api)) == 2
    assert [one.method for one in api.asked] == ["POST", "GET", "GET", "GET"]
    assert api.asked[1].url.endswith("/queries/job_1")
    assert dict(api.asked[3].query)["pageToken"] == "p2"
    with pytest.raises(PlatformFailedError):
        read(Answers(judge, *[(200, running)] * 30))


def failed(status: int, reason: str, message: str = "no") -> tuple[int, Any]:
    return status, {
        "error": {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}
    }


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (failed(403, "quotaExceeded"), PlatformThrottledError),
        (failed(403, "accessDenied"), ScopeMissingError),
        (failed(400, "bytesBilledLimitExceeded"), PlatformRejectedError),
        (
            failed(404, "notFound", "Not found: Dataset p:d was not found in location EU"),
            PlatformRejectedError,
        ),
        (failed(400, "invalidQuery", "p.d.events_* does not match any table."), PlatformFailedError),
        (failed(503, "backendError"), PlatformFailedError),
        ((200, {"kind": "bigquery#queryResponse"}), AnswerGarbledError),
        (
            (200, {**answer(("20261125", False)), "schema": {"fields": [{"name": "period"}]}}),
            AnswerGarbledError,
        ),
        ((200, answer(("2026", False))), AnswerGarbledError),
    ],
)
def test_an_answer_that_is_none_is_not_a_day_without_visitors(
    said: tuple[int, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        read(Answers(judge, said))


def test_the_token_goes_to_the_project_s_queries_alone() -> None:
    config = MARKET.connection.config
    for url, has_token in (
        (config.address(), True),
        (f"{config.address()}/job_1", True),
        (f"https://elsewhere.example{PATH}", False),
        ("https://bigquery.googleapis.com/bigquery/v2/projects/another/queries", False),
    ):
        sent = authorise(config, HttpRequest(url), TOKEN)
        assert ("Authorization" in sent.headers) is has_token
