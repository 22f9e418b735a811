"""A pool's alert on the page: what it is called, its stores and their shares, and that it is not a store."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.action_page import ActionPage
from tests.fixtures.web_seed import MINUTE_MS, moment

POOL, ALERT = "pool:platform=shopify", "0000000000000000p001"
SHARES = [("de-shopify", 0.61), ("us-own", 0.39)]


@pytest.fixture
def pooled_page(action_page: ActionPage) -> ActionPage:
    opened = action_page.now_ms - 20 * MINUTE_MS
    row: dict[str, Any] = {
        "alert_id": ALERT, "store_id": POOL, "step": "order_to_payment", "segment": "", "kind": "pooled",
        "level": "page", "state": "firing", "sequence": 0, "at": moment(opened), "opened_at": moment(opened),
        "fired_at": moment(opened), "resolved_at": None, "surprise": 8.2, "observed": 70.0, "expected": 121.0,
        "low": 95.0, "high": 149.0, "window_minutes": 20, "sample": 140.0, "lost": 51.0, "lost_low": 33.0,
        "lost_high": 69.0, "label": "unknown", "contributions": SHARES, "members": [name for name, _ in SHARES],
        "note": "", "version": 1,
    }  # fmt: skip
    action_page.client.insert("alert_transitions_raw", [list(row.values())], column_names=list(row))
    return action_page


def test_a_pools_alert_is_called_by_what_its_stores_share_and_lists_them(pooled_page: ActionPage) -> None:
    reported = pooled_page.detail(ALERT)["alert"]
    assert (reported["kind"], reported["store_id"]) == ("pooled", POOL)
    assert reported["members"] == ["de-shopify", "us-own"]
    assert [part["segment"] for part in reported["contributions"]] == ["de-shopify", "us-own"]
    for language, name in (("en", "Shopify stores"), ("zh", "Shopify 各店")):
        text = pooled_page.get(f"/alerts/{ALERT}", headers={"Accept-Language": language}).text
        assert name in text
        assert POOL not in text.partition("<h1>")[2].partition("</h1>")[0]
        assert "61" in text
    assert "Shopify stores" in pooled_page.get("/alerts", headers={"Accept-Language": "en"}).text


def test_a_pool_is_not_a_tile_among_the_stores(pooled_page: ActionPage) -> None:
    stores = pooled_page.json("/stores")["stores"]
    assert POOL not in {store["store_id"] for store in stores}


def test_a_pool_s_page_was_empty(pooled_page: ActionPage) -> None:
    """Neither its line nor its rows had an event: no store has a pool's id."""
    page = pooled_page.get(f"/alerts/{ALERT}", headers={"Accept-Language": "en"}).text
    assert "store_id IN (&#39;de-shopify&#39;, &#39;us-own&#39;)" in page
    assert "/?store=de-shopify" in page
    at = moment(pooled_page.now_ms - 5 * MINUTE_MS)
    event = {"store_id": "de-shopify", "event_time": at, "received_at": at, "type": "order", "event_id": "e1"}
    pooled_page.client.insert("events_raw", [list(event.values())], column_names=list(event))
    rows = pooled_page.get(f"/alerts/{ALERT}/rows", headers={"Accept-Language": "en"}).text
    assert "DE Shopify" in rows
    assert "No rows in this period." not in rows
