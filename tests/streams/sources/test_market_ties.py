"""A push and a poll of the same second: what was asked for is the newer, whichever comes first."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes import lying_lazada, lying_shopee, lying_tiktok_shop
from tests.fakes.ledger import LedgerOrder
from tests.fakes.workbench import connection_from
from tests.streams.sources.market_bench import NOW_MS, Market, life
from tests.streams.sources.markets import MARKETS

Row = Callable[[LedgerOrder, int], dict[str, Any]]


def _lazada_row(order: LedgerOrder, now_ms: int) -> dict[str, Any]:
    return {
        **lying_lazada.order_of(order, now_ms),
        "order_items": [lying_lazada.item_of(order, now_ms)],
    }


#: by market, the topic of its status push, and an order as a poll keeps it
ROWS: dict[str, tuple[str, Row]] = {
    "lazada": ("push 0", _lazada_row),
    "shopee": ("push 3", lying_shopee.detail_of),
    "tiktok_shop": ("push 1", lying_tiktok_shop.order_of),
}


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_late_push_took_back_a_payment_that_a_poll_had_seen_of_the_same_second(name: str) -> None:
    placed_ms = NOW_MS - 600_000
    # paid before the second was over: the push says unpaid as of that second, the poll paid
    order = LedgerOrder("N1", placed_ms, placed_ms + 400, 0, 0, 1250, "SGD")
    kind, (topic, row) = MARKETS[name], ROWS[name]
    market = Market(kind.spec, connection_from(kind.settings()))
    assert kind.push is not None
    pushed = market.pushed(topic, json.loads(kind.push(order, placed_ms)))
    polled = market.polled("orders", row(order, NOW_MS - 60_000), NOW_MS - 60_000)
    for found in ((pushed, polled), (polled, pushed)):
        one = life(*found)
        assert (one.is_paid, one.paid_at_ms // 1000, one.amount != "") == (True, placed_ms // 1000, True)
