"""From an order's number back to what was reported of it: by page and by API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from scoring.events.pseudonyms import Pseudonyms
from scoring.funnel.units import DAY_MS
from streams.sources.order_way import RAW_DAYS
from tests.fixtures.clickhouse import Store
from tests.fixtures.page import PAGE_DATABASE, RunningPage, page_settings
from tests.fixtures.report_seed import STORE

ORDER, OTHER, ODD = "727", "us-other", 'a"<b>/&'
MAIL, KEY = "joe@example.com", "hash-key-of-tests"
WAY = ("woocommerce", "shop-woo")


def body(number: int, status: str) -> str:
    return f'{{"id":{number},"status":"{status}","billing":{{"email":"***"}}}}'


@pytest.fixture(scope="module")
def page_of_orders(page: RunningPage, clickhouse: Store) -> RunningPage:
    """An order reported by webhook (kept), by a poll of two weeks and a day ago (not kept), by a page; and two of one number."""
    client, now_ms = clickhouse.client(PAGE_DATABASE), page.now_ms
    old, new = now_ms - (RAW_DAYS + 1) * DAY_MS, now_ms - 3_600_000
    facts = [
        [STORE, ORDER, *WAY, old, old - 500, old - 500, 0, "30", 1, ""],
        [STORE, ORDER, *WAY, new, new - 500, old - 500, new - 900, "30", 2, ""],
        [STORE, ORDER, "files", "", new + 1000, 0, old - 500, 0, "30", 3, "i-77"],
        [OTHER, ORDER, *WAY, new, new, new, 0, "5", 4, ""],
        [STORE, ODD, *WAY, new, new, new, 0, "1", 5, ""],
        [STORE, Pseudonyms(KEY).of_sender(STORE, MAIL), *WAY, new, new, new, 0, "7", 6, ""],
        [OTHER, Pseudonyms(KEY).of_sender(STORE, MAIL), *WAY, new, new, new, 0, "8", 7, ""],
    ]
    client.insert(
        "order_versions_raw", facts,
        column_names=["store_id", "order_id", "source", "connection", "told_at_ms", "as_of_ms", "placed_ms", "paid_ms", "amount", "digest", "import_id"],
    )  # fmt: skip
    at = datetime.fromtimestamp(new / 1000, UTC)
    client.insert(
        "raw_deliveries_raw",
        [[*WAY, at, name, "order.updated", "hook", text, {}, 1] for name, text in (("d1", body(17270, "on-hold")), ("d2", body(727, "processing")))],
        column_names=["source", "connection", "received_at", "delivery_id", "topic", "door", "body", "headers", "digest"],
    )  # fmt: skip
    events = [
        [STORE, at - timedelta(seconds=5), "order", "p1", at - timedelta(seconds=4), ORDER, "pixel", 1, 1],
        [STORE, at, "payment", "w1", at, ORDER, "webhook", 0, 1],
        [STORE, at, "order", "d9", at, "DEMO-1", "demo", 0, 1],
    ]
    client.insert(
        "events_raw", events,
        column_names=["store_id", "event_time", "type", "event_id", "received_at", "order_id", "source", "is_repeat", "version"],
    )  # fmt: skip
    return page


def way(page: RunningPage, order: str, store: str = "") -> Any:
    return page.json(f"/orders?order={quote(order, safe='')}" + (f"&store={store}" if store else ""))


def test_every_report_names_its_door_its_times_and_what_it_changed(page_of_orders: RunningPage) -> None:
    found = way(page_of_orders, ORDER, STORE)["way"]
    assert (found["state"], found["amount"]) == ("paid", "30")
    reports = [(one["door"], one["kept"], one["import_id"]) for one in found["reports"]]
    assert reports == [
        ("connection", "expired", ""),
        ("pixel", "never", ""),
        ("hook", "yes", ""),
        ("file", "never", "i-77"),
    ]
    _, pixel, hook, file = found["reports"]
    assert (pixel["event"], pixel["is_repeat"]) == ("order", True)
    assert (hook["topic"], hook["delivery_id"], hook["body"]) == (
        "order.updated",
        "d2",
        body(727, "processing"),
    )
    assert {one["name"] for one in hook["changes"]} == {"paid_ms", "state"}
    assert hook["as_of_ms"] < hook["received_ms"]
    assert file["changes"] == []


def test_a_number_of_several_stores_asks_which_and_one_of_none_says_so(page_of_orders: RunningPage) -> None:
    found = way(page_of_orders, ORDER)
    assert (found["way"], found["stores"]) == (None, sorted([STORE, OTHER]))
    assert way(page_of_orders, "nobody-knows") == {"order_id": "nobody-knows", "stores": [], "way": None}
    assert way(page_of_orders, ORDER, "not-a-store")["stores"] == []
    assert way(page_of_orders, "DEMO-1")["way"]["reports"][0]["door"] == "demo"
    for bad in ("", "x" * 129):
        assert page_of_orders.get(f"/api/v1/orders?order={bad}").status_code == 400


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ("no longer kept", "it is kept for 14 days", "Pixel", "a repeat", "i-77", "placed → <b>paid</b>"),
        ),
        ("zh", ("原文已不再保留", "只保留 14 天", "网页像素", "重复", "i-77", "已下单 → <b>已支付</b>")),
    ],
)
def test_the_page_shows_the_way_in_words(
    page_of_orders: RunningPage, language: str, words: tuple[str, ...]
) -> None:
    headers = {"Accept-Language": language}
    shown = page_of_orders.get(f"/orders?store={STORE}&order={ORDER}", headers=headers).text
    for word in words:
        assert word in shown
    assert "17270" not in shown
    several = page_of_orders.get(f"/orders?order={ORDER}", headers=headers).text
    assert f"store={OTHER}" in several


def test_an_odd_number_is_text_wherever_it_is_shown(page_of_orders: RunningPage) -> None:
    shown = page_of_orders.get(f"/orders?store={STORE}&order={quote(ODD, safe='')}").text
    assert "<b>/&" not in shown
    assert way(page_of_orders, ODD)["way"]["order_id"] == ODD


def test_an_order_known_by_its_buyers_mail_was_not_found_under_it(
    page_of_orders: RunningPage, serve_page: Callable[..., RunningPage], clickhouse: Store, tmp_path: Path
) -> None:
    """It is kept as a pseudonym, another one in each store: the same letters in another store are another order."""
    settings = page_settings(clickhouse, tmp_path, clickhouse_database=PAGE_DATABASE)
    page = serve_page(settings.model_copy(update={"hash_key": SecretStr(KEY)}))
    for store in ("", STORE):
        found = way(page, f" {MAIL} ", store)
        assert (found["stores"], found["way"]["amount"]) == ([STORE], "7")
    assert way(page, MAIL, OTHER)["way"] is None
    shown = way(page, MAIL)["way"]["order_id"]
    assert sorted(way(page, shown)["stores"]) == sorted(
        [STORE, OTHER]
    )  # as a page shows it, it is both stores'
    assert "7" in page.get(f"/orders?order={quote(MAIL)}&store={STORE}").text


def test_without_the_hash_key_nothing_found_is_not_said_to_be_nothing(page_of_orders: RunningPage) -> None:
    answer = page_of_orders.get(f"/api/v1/orders?order={quote(MAIL)}")
    assert (answer.status_code, "FUNNELWATCH_HASH_KEY" in answer.json()["detail"]) == (409, True)
    shown = page_of_orders.get(f"/orders?order={quote(MAIL)}", headers={"Accept-Language": "zh"}).text
    assert "化名" in shown
    assert "FUNNELWATCH_HASH_KEY" in shown
