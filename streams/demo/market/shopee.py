"""Shopee's part: the push of an order's status, and its orders by list and by details. Made of what Shopee documents."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from streams.demo.market.orders import Answer, Sales, Sold, SoldOrder, word_of

API = "/api/v2/"
#: the address of pushes as registered, which is part of what is signed
CALLBACK = "https://demo.example/v1/hooks/shopee/lion-city"
PARTNER, SHOP = "1000001", "200001"
WORDS = {"unpaid": "UNPAID", "paid": "READY_TO_SHIP", "shipped": "SHIPPED", "cancelled": "CANCELLED"}
_TOKEN_S, _ROWS_LISTED = 14_400, 100


def status_of(order: Sold, now_ms: int) -> str:
    """What Shopee calls an order's state."""
    return word_of(order, now_ms, WORDS)


def push_of(number: str, status: str, at_ms: int, shop: str) -> bytes:
    """Push 3: an order's status."""
    data = {"items": [], "ordersn": number, "status": status, "update_time": at_ms // 1000}
    return json.dumps({"data": data, "shop_id": int(shop), "code": 3, "timestamp": at_ms // 1000}).encode()


def signed(body: bytes, key: str, callback: str) -> dict[str, str]:
    """The headers of a push."""
    text = callback.encode() + b"|" + body
    return {"Authorization": hmac.new(key.encode(), text, hashlib.sha256).hexdigest()}


def answered(path: str, query: Mapping[str, str], sales: Sales, now_ms: int) -> Answer:
    """What the API answers."""
    if path == f"{API}auth/access_token/get":
        pair = {"access_token": f"access-{now_ms}", "refresh_token": f"refresh-{now_ms}"}
        return 200, {**pair, "expire_in": _TOKEN_S, "shop_id": int(SHOP), "error": "", "message": ""}
    if path == f"{API}order/get_order_list":
        return _said(_listed(query, sales))
    if path == f"{API}order/get_order_detail":
        found = sales.named(query["order_sn_list"].split(","))
        return _said({"order_list": [_detail(order, now_ms) for order in found]})
    return 404, {"error": "error_not_found", "message": "Wrong path."}


def _listed(query: Mapping[str, str], sales: Sales) -> dict[str, Any]:
    find = sales.placed if query["time_range_field"] == "create_time" else sales.changed
    found = find(int(query["time_from"]) * 1000, int(query["time_to"]) * 1000 + 999)
    at = int(query.get("cursor") or 0)
    more = at + _ROWS_LISTED < len(found)
    return {
        "more": more,
        "next_cursor": str(at + _ROWS_LISTED) if more else "",
        "order_list": [{"order_sn": order.number} for order in found[at : at + _ROWS_LISTED]],
    }


def _detail(order: SoldOrder, now_ms: int) -> dict[str, Any]:
    return {
        "order_sn": order.number,
        "region": "SG",
        "currency": order.currency,
        "cod": False,
        "total_amount": float(order.amount),
        "order_status": status_of(order, now_ms),
        "payment_method": order.method,
        "create_time": order.placed_ms // 1000,
        "update_time": order.updated_ms // 1000,
        "pay_time": order.paid_ms // 1000 or None,
        "buyer_user_id": order.buyer,
        "item_list": [{"item_id": 1, "model_quantity_purchased": 1}],
    }


def _said(content: dict[str, Any]) -> Answer:
    return 200, {"error": "", "message": "", "request_id": "demo", "response": content}
