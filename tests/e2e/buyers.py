"""Buyers of a shop for tests of a whole instance: what they do, sent through the collector, and what is counted of it."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from tests.e2e.instance import Instance

KEY = "key-of-the-shop"


def events_of(buyer: str, device: str, at_ms: int) -> list[dict[str, Any]]:
    """A visit that ends in an order and its payment, and an order number in a free text."""
    order = f"ORDER-{buyer}"
    common = {"store_id": "shop", "visitor": device, "session": f"session-{device}"}
    return [
        {**common, "type": "impression", "event_time_ms": at_ms, "event_id": f"{device}-1"},
        {**common, "type": "click", "event_time_ms": at_ms + 1, "event_id": f"{device}-2"},
        {
            **common, "type": "order", "event_time_ms": at_ms + 2, "buyer": buyer, "order_id": order,
            "amount": "12.50", "currency": "EUR", "event_id": f"o-{buyer}", "attributes": {"memo": f"see {order}"},
        },
        {
            "store_id": "shop", "type": "payment", "event_time_ms": at_ms + 3, "buyer": buyer, "order_id": order,
            "amount": "12.50", "currency": "EUR", "event_id": f"p-{buyer}",
        },
        {"store_id": "shop", "type": "order", "event_time_ms": 1, "order_id": order, "event_id": f"late-{buyer}"},
    ]  # fmt: skip


def send(instance: Instance, events: list[dict[str, Any]]) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{instance.status()['addresses']['collector']}/v1/events",
        json.dumps(events).encode(),
        {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return dict(json.load(answer))


def counted(instance: Instance) -> list[dict[str, Any]]:
    """What the views say of the shop, but for ids."""
    return instance.sql(
        "SELECT * FROM (SELECT 'stage' AS what, toString(stage) AS name, sum(count) AS n FROM stage_counts GROUP BY ALL "
        "UNION ALL SELECT 'event', toString(type), count() FROM events GROUP BY ALL "
        "UNION ALL SELECT 'people', '', uniqExact(visitor) + uniqExact(buyer) FROM events "
        "UNION ALL SELECT 'orders', state, count() FROM orders GROUP BY ALL) ORDER BY what, name"
    )
