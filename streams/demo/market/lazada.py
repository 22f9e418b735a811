"""Lazada's part: the push of a line's status, and its orders and their items. Its authorisation ends in five days. Made of what Lazada documents."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from streams.demo.market.orders import Answer, Sales, Sold, SoldOrder, word_of

APP, SITE = "123456", "lazada_th"
WORDS = {"unpaid": "unpaid", "paid": "pending", "shipped": "shipped", "cancelled": "canceled"}
_DAY_S = 86_400
#: so that the page shows what a token looks like that ends soon
_ENDS_S = 5 * _DAY_S


def status_of(order: Sold, now_ms: int) -> str:
    """What Lazada calls the state of an order's item."""
    return word_of(order, now_ms, WORDS)


def push_of(number: str, status: str, at_ms: int, site: str) -> bytes:
    """Push 0: the status of an order's line; ``site`` is its country's."""
    data = {
        "order_status": status,
        "trade_order_id": number,
        "trade_order_line_id": f"{number}-1",
        "status_update_time": at_ms // 1000,
    }
    content = {"seller_id": "9", "message_type": 0, "data": data, "timestamp": at_ms, "site": site}
    return json.dumps(content).encode()


def signed(body: bytes, key: str, app: str) -> dict[str, str]:
    """The headers of a push."""
    return {"Authorization": hmac.new(key.encode(), app.encode() + body, hashlib.sha256).hexdigest()}


def answered(path: str, query: Mapping[str, str], sales: Sales, now_ms: int) -> Answer:
    """What the API answers."""
    if path == "/rest/auth/token/refresh":
        pair = {"access_token": f"access-{now_ms}", "refresh_token": f"refresh-{now_ms}"}
        return 200, {**pair, "code": "0", "expires_in": _DAY_S, "refresh_expires_in": _ENDS_S}
    if path == "/rest/orders/get":
        return _said(_listed(query, sales))
    if path == "/rest/orders/items/get":
        found = sales.named([str(one) for one in json.loads(query["order_ids"])])
        return _said([{"order_id": one.number, "order_items": [_item(one, now_ms)]} for one in found])
    return 200, {"code": "InvalidApiPath", "type": "ISV", "message": "The specified API path is invalid"}


def _listed(query: Mapping[str, str], sales: Sales) -> dict[str, Any]:
    if "created_after" in query:
        found = sales.placed(_ms(query["created_after"]), _ms(query["created_before"]))
    else:
        found = sales.changed(_ms(query["update_after"]), _ms(query["update_before"]))
    at, most = int(query.get("offset", 0)), int(query["limit"])
    shown = [_order(order) for order in found[at : at + most]]
    return {"count": len(shown), "countTotal": len(found), "orders": shown}


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _order(order: SoldOrder) -> dict[str, Any]:
    return {
        "order_id": order.number,
        "created_at": _written(order.placed_ms),
        "updated_at": _written(order.updated_ms),
        "price": order.amount,
        "voucher": "0.00",
        "shipping_fee": "0.00",
    }


def _item(order: SoldOrder, now_ms: int) -> dict[str, Any]:
    return {
        "order_id": order.number,
        "order_item_id": f"{order.number}-1",
        "status": status_of(order, now_ms),
        "updated_at": order.updated_ms // 1000 * 1000,
        "currency": order.currency,
        "buyer_id": order.buyer,
    }


def _written(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S %z")


def _said(data: Any) -> Answer:
    return 200, {"code": "0", "data": data, "request_id": "demo"}
