"""Who asks for shared answers (``use_query_cache``) gets one that another has caused; nobody else does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.deadlines import within
from tests.fixtures.clickhouse import Store

#: never the same twice, unless the answer is shared
MOMENT = "SELECT now64(9), {tag:String}"


def ask(store: Store, sql: str = MOMENT, **arguments: str) -> httpx.Response:
    found = httpx.post(
        store.url,
        params={"param_tag": "plain", **arguments},
        content=sql,
        auth=(store.reader, store.reader_password),
        timeout=within(30),
    )
    return found.raise_for_status()


def shared(store: Store, sql: str = MOMENT, **arguments: str) -> httpx.Response:
    return ask(store, sql, use_query_cache="1", query_cache_ttl="60", **arguments)


def test_six_browsers_at_once_get_one_answer_each_under_its_own_id(clickhouse: Store) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda n: shared(clickhouse, param_tag="six", query_id=f"six-{n}"), range(6)))
    assert len({one.text for one in found}) == 1
    assert [one.headers["X-ClickHouse-Query-Id"] for one in found] == [f"six-{n}" for n in range(6)]
    assert found[0].text.split()[-1] == "six"


def test_without_the_setting_every_answer_is_one_s_own(clickhouse: Store) -> None:
    assert shared(clickhouse).text == shared(clickhouse).text
    assert ask(clickhouse).text != ask(clickhouse).text
    assert ask(clickhouse, use_query_cache="0").text != shared(clickhouse).text


def test_an_answer_is_handed_on_no_longer_than_its_reader_allows(clickhouse: Store) -> None:
    first = shared(clickhouse, param_tag="ttl")
    assert ask(clickhouse, use_query_cache="1", query_cache_ttl="0", param_tag="ttl").text != first.text


def test_another_parameter_format_or_setting_is_another_question(clickhouse: Store) -> None:
    different: list[dict[str, Any]] = [
        {"param_tag": "a"},
        {"param_tag": "b"},
        {"param_tag": "a", "default_format": "JSONCompact"},
        {"param_tag": "a", "session_timezone": "Asia/Shanghai"},
    ]
    assert len({shared(clickhouse, **one).text for one in different}) == len(different)


def test_texts_that_differ_within_a_minute_that_they_round_away_are_one_question(clickhouse: Store) -> None:
    def rounded(at_s: int) -> str:
        return shared(
            clickhouse, f"SELECT now64(9), toStartOfMinute(toDateTime({at_s})), {{tag:String}}"
        ).text

    assert rounded(1_800_000_000) == rounded(1_800_000_059)
    assert rounded(1_800_000_000) != rounded(1_800_000_060)
    # only what is rounded: the moment itself is kept
    plain = [shared(clickhouse, f"SELECT now64(9), toDateTime({at}), {{tag:String}}").text for at in (60, 61)]
    assert plain[0] != plain[1]


def test_an_error_is_not_handed_on(clickhouse: Store) -> None:
    sql = "SELECT throwIf({tag:String} = 'bad', 'no')"
    url, who = clickhouse.url, (clickhouse.reader, clickhouse.reader_password)
    arguments = {"use_query_cache": "1", "query_cache_ttl": "60"}
    for tag, status in (("bad", 500), ("good", 200), ("bad", 500)):
        found = httpx.post(
            url, params={**arguments, "param_tag": tag}, content=sql, auth=who, timeout=within(30)
        )
        assert (found.status_code == 200) is (status == 200)
