"""What a delivery says of an order in several parts is taken together before an event follows from it."""

from __future__ import annotations

from collections.abc import Sequence

from scoring.events.event import EventType
from scoring.records.order_facts import OrderFacts
from scoring.records.order_life import stage_events
from streams.sources.amazon.source import SOURCE as AMAZON
from streams.sources.orders_known import OrderMemory
from tests.fakes.lying_amazon import amazon_connection
from tests.fakes.workbench import connection_from
from tests.streams.sources.market_bench import Market


class Nothing:
    async def of(self, store_id: str, order_ids: Sequence[str]) -> list[OrderFacts]:
        return []


AMAZON_ROW = {
    "orderId": "302-0000001-0000001",
    "createdTime": "2026-11-28T08:00:00Z",
    "lastUpdatedTime": "2026-11-28T10:00:00Z",
    "salesChannel": {"channelName": "AMAZON", "marketplaceId": amazon_connection()["marketplace"]},
    "fulfillment": {"fulfillmentStatus": "SHIPPED"},
    "proceeds": {"grandTotal": {"amount": "20.32", "currencyCode": "EUR"}},
    "orderItems": [{"orderItemId": "1", "quantityOrdered": 1}],
}


def test_a_payment_that_was_first_seen_afterwards_had_no_amount() -> None:
    found = Market(AMAZON, connection_from(amazon_connection())).polled("orders", AMAZON_ROW)
    assert len(found.orders) > 1
    (life,) = OrderMemory(Nothing()).lives(found.orders)
    events = {event.type: event.incoming() for event in stage_events(life).events}
    assert events[EventType.PAYMENT]["amount"] == "20.32"
    assert events[EventType.PAYMENT]["currency"] == "EUR"
    assert events[EventType.PAYMENT]["amount"] == events[EventType.ORDER]["amount"]
