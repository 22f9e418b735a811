"""The rows behind an alert's number are those that were counted, no more."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.fixtures.action_page import ActionPage
from tests.fixtures.web_seed import MINUTE_MS, moment

#: an event's end of the id, and what is set apart or where it came from
EVENTS = {
    "plain-click": {"type": "click", "device_class": "ios", "channel": "paid"},
    "plain-order": {"type": "order", "device_class": "ios", "channel": "paid", "payment_method": "card"},
    "bot-click": {"type": "click", "device_class": "bot", "channel": "paid"},
    "marked-click": {"type": "click", "device_class": "ios", "channel": "paid", "set_apart": "brushing"},
    "desktop-order": {"type": "order", "device_class": "desktop", "channel": "paid", "payment_method": "paypal"},
    "agent-order": {"type": "order", "set_apart": "without_page:agent", "payment_method": "card"},
    "staff-order": {"type": "order", "set_apart": "without_page", "payment_method": "card"},
    "agent-payment": {"type": "payment", "set_apart": "without_page:agent", "payment_method": "card"},
}  # fmt: skip
#: store, step and segment of an alert, and which events it counted
COUNTED = {
    "whole": ("uk-tiktok", "click_to_order", "", {"plain-click", "plain-order", "desktop-order"}),
    "segment": ("uk-tiktok", "click_to_order", "ios/paid", {"plain-click", "plain-order"}),
    "paid": (
        "uk-tiktok", "order_to_payment", "",
        {"plain-order", "desktop-order", "agent-order", "staff-order", "agent-payment"},
    ),
    "method": ("pool:payment_method=card", "order_to_payment", "", {"plain-order", "agent-order", "staff-order", "agent-payment"}),
}  # fmt: skip


@pytest.fixture
def counted_page(action_page: ActionPage) -> ActionPage:
    opened = action_page.now_ms - 20 * MINUTE_MS
    at = moment(opened + 5 * MINUTE_MS)
    for name, (store, step, segment, _) in COUNTED.items():
        row: dict[str, Any] = {
            "alert_id": f"00000000000000{name}", "store_id": store, "step": step, "segment": segment, "kind": "conversion",
            "level": "page", "state": "firing", "sequence": 0, "at": moment(opened), "opened_at": moment(opened),
            "fired_at": moment(opened), "window_minutes": 20, "version": 1, "members": ["uk-tiktok"] if "pool" in store else [],
        }  # fmt: skip
        action_page.client.insert("alert_transitions_raw", [list(row.values())], column_names=list(row))
    for number, (name, known) in enumerate(EVENTS.items()):
        event = {
            "store_id": "uk-tiktok",
            "event_time": at,
            "received_at": at,
            "event_id": f"row-{name}",
            **known,
        }
        event |= {"order_id": f"o{number}"} if known["type"] != "click" else {}
        action_page.client.insert("events_raw", [list(event.values())], column_names=list(event))
    return action_page


def test_the_rows_behind_an_alert_held_orders_that_its_step_does_not_count(counted_page: ActionPage) -> None:
    for name, (*_, counted) in COUNTED.items():
        alert = f"00000000000000{name}"
        shown = set(re.findall(r"row-([\w-]+)", counted_page.get(f"/alerts/{alert}/rows").text))
        asked = counted_page.client.query(counted_page.detail(alert)["rows_sql"])
        own = {row[asked.column_names.index("event_id")] for row in asked.result_rows}
        assert (shown, {one.removeprefix("row-") for one in own if one.startswith("row-")}) == (
            counted,
            counted,
        )
