"""What pages and API say of an alert that fires is how things are now."""

from __future__ import annotations

import re

import pytest

from tests.fixtures.action_page import ActionPage
from tests.fixtures.web_seed import MINUTE_MS, moment

ALERT, POOL, QUIET = "0000000000000now", "000000000000pool", "00000000000quiet"
SEGMENT = "ios/evening"


def opened(page: ActionPage, alert_id: str, store: str, members: list[str], segment: str = SEGMENT) -> None:
    """An alert that fired two hours ago on 2 of 24, and was never changed since."""
    at = moment(page.now_ms - 120 * MINUTE_MS)
    row = {
        "alert_id": alert_id, "store_id": store, "step": "order_to_payment", "segment": segment,
        "level": "page", "state": "firing", "sequence": 0, "at": at, "opened_at": at, "fired_at": at, "window_minutes": 5,
        "observed": 2.0, "expected": 24.0, "low": 20.0, "high": 28.0, "surprise": 90.0, "version": 1, "members": members,
        "kind": "pooled" if members else "conversion",
    }  # fmt: skip
    page.client.insert("alert_transitions_raw", [list(row.values())], column_names=list(row))


@pytest.fixture
def going_on(action_page: ActionPage) -> ActionPage:
    opened(action_page, ALERT, "uk-tiktok", [])
    opened(action_page, POOL, "pool:platform=shopify", ["uk-tiktok", "us-shop"])
    now_s = action_page.now_ms // 60_000 * 60
    for store, came in (("uk-tiktok", 3.0), ("us-shop", 1.0)):
        rows = [
            [store, moment((now_s - 60 * back) * 1000), "order_to_payment", SEGMENT, came, 4.0, 1.0, 8.0, "normal", 1]
            for back in range(2, 40)
        ]  # fmt: skip
        columns = ["store_id", "minute", "step", "segment", "observed", "expected", "low", "high", "state", "version"]  # fmt: skip
        action_page.client.insert("scores_raw", rows, column_names=columns)
    return action_page


def test_a_row_of_the_list_said_the_last_minutes_with_the_figures_of_two_hours_ago(
    going_on: ActionPage,
) -> None:
    row = re.search(rf'data-key="{ALERT}".*?</li>', going_on.get("/alerts?lang=en").text, re.DOTALL)
    assert row is not None
    said = " ".join(re.sub(r"<[^>]+>", " ", row[0]).split())
    assert "15 payments in 5 min, expected 20" in said
    assert "2 payments" not in said


@pytest.mark.parametrize(("alert", "observed", "expected"), [(ALERT, 15.0, 20.0), (POOL, 20.0, 40.0)])
def test_the_api_gives_the_present_next_to_what_an_alert_fired_on(
    going_on: ActionPage, alert: str, observed: float, expected: float
) -> None:
    found = going_on.detail(alert)["alert"]
    assert (found["observed"], found["expected"]) == (2.0, 24.0)
    now = found["now"]
    assert (now["observed"], now["expected"], now["window_minutes"]) == (observed, expected, 5)
    assert now["low"] < expected < now["high"]


def test_a_tile_of_the_overview_says_how_far_off_the_store_is_now(going_on: ActionPage) -> None:
    tile = next(
        one for one in going_on.get("/api/v1/stores").json()["stores"] if one["store_id"] == "uk-tiktok"
    )
    assert (tile["alert"]["observed"], tile["alert"]["expected"]) == (15.0, 20.0)


def test_what_cannot_be_known_now_says_when_it_was(action_page: ActionPage) -> None:
    opened(action_page, QUIET, "uk-tiktok", [], "ios/quiet")
    row = re.search(rf'data-key="{QUIET}".*?</li>', action_page.get("/alerts?lang=en").text, re.DOTALL)
    assert row is not None
    said = " ".join(re.sub(r"<[^>]+>", " ", row[0]).split())
    assert re.search(r"At \w+ \d+ \d\d:\d\d: 2 payments in 5 min", said), said
