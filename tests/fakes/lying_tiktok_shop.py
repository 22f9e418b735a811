"""TikTok Shop's Partner API over the ledger: signed requests, ciphers, pages by token; and the same lies. Made of what it documents."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlsplit

from streams.sources.asking import HttpRequest
from tests.fakes.ledger import LedgerOrder
from tests.fakes.lies import Lie
from tests.fakes.lying_market import INSTEAD, Answer, LyingMarket, moment, money, said, web_page

APP, SHOP, CIPHER, SECRET = "38abcd", "7494049642642441621", "GCP_XF90igAAAABh00qs", "new-secret-of-contract"
_LIST = "/order/202309/orders/search"


class LyingTiktokShop(LyingMarket):
    """See above."""

    main = frozenset({_LIST})

    def _answer(self, request: HttpRequest, lie: Lie | None) -> Answer:
        path, query = urlsplit(request.url).path, dict(request.query)
        if path == "/api/v2/token/refresh":
            return self._given(query)
        if path == "/api/v2/token/get":
            return self._exchanged(query)
        sign = query.pop("sign")
        parts = "".join(name + query[name] for name in sorted(query))
        text = SECRET.encode() + (path + parts).encode() + request.body + SECRET.encode()
        if sign != hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest():
            return _error(401, 106001, "Invalid signature")
        if not self.tokens.is_good(f"Bearer {request.headers.get('x-tts-access-token', '')}"):
            return _error(401, 105002, "Expired credentials")
        if path == "/authorization/202309/shops":
            return _ok(
                {"shops": [{"id": SHOP, "region": "SG", "cipher": CIPHER, "seller_type": "CROSS_BORDER"}]}
            )
        if query.get("shop_cipher") != CIPHER:
            return _error(400, 106011, "Invalid shop_cipher")
        if path == _LIST:
            return self._list(query, json.loads(request.body), lie)
        return _ok({"total_count": 0, "next_page_token": ""})

    def _given(self, query: dict[str, str]) -> Answer:
        assert (query["app_key"], query["grant_type"]) == (APP, "refresh_token")
        if query["app_secret"] != SECRET:
            return _error(200, 105003, "app_secret is not valid")
        status, _, body = self.tokens.give({"refresh_token": query["refresh_token"]})
        if status == 400:
            return _error(200, 105001, "refresh_token is not valid")
        if status != 200:
            return _error(status, 36009003, "Internal error")
        return self._pair(body)

    def _exchanged(self, query: dict[str, str]) -> Answer:
        assert (query["app_key"], query["grant_type"]) == (APP, "authorized_code")
        if query["app_secret"] != SECRET:
            return _error(200, 105003, "app_secret is not valid")
        status, _, body = self.tokens.exchange(query["auth_code"], APP)
        if status != 200:
            return _error(200, 36004004, "auth_code is invalid or expired")
        return self._pair(body)

    def _pair(self, body: bytes) -> Answer:
        given, now_s = json.loads(body), self._now_ms() // 1000
        ends = {
            "access_token_expire_in": now_s + given["expires_in"],
            "refresh_token_expire_in": now_s + given["refresh_token_expires_in"],
        }
        return _ok({"access_token": given["access_token"], "refresh_token": given["refresh_token"], **ends})

    def _list(self, query: dict[str, str], asked: dict[str, int], lie: Lie | None) -> Answer:
        if "create_time_ge" in asked:
            rows, lie = self.placed(asked["create_time_ge"] * 1000, asked["create_time_lt"] * 1000), None
        else:
            self.counted(lie)
            if lie in INSTEAD:
                return _instead(lie)
            rows = self.changed(asked["update_time_ge"] * 1000, asked["update_time_lt"] * 1000, lie)
        at, size = int(query.get("page_token", "0")), min(self.most, int(query["page_size"]))
        shown, has_more, total = self.page(rows, at, size, lie)
        seen_ms = self.seen_ms(lie)
        content = {
            "orders": [order_of(one, seen_ms, lie) for one in shown],
            "next_page_token": str(at + size) if has_more else "",
        }
        return _ok({**content, "total_count": total} if self._gives_total else content)


def order_of(order: LedgerOrder, now_ms: int, lie: Lie | None = None) -> dict[str, Any]:
    """An order as the list shows it now."""

    def written(at_ms: int) -> int:
        return moment(at_ms, now_ms, lie) // 1000

    return {
        "id": order.number,
        "status": status_of(order, now_ms),
        "create_time": written(order.placed_ms),
        "update_time": written(order.updated_ms(now_ms)),
        "paid_time": written(order.paid_ms),
        "collection_time": written(order.shipped_ms),
        "cancel_time": written(order.cancelled_ms),
        "payment": {"currency": order.currency, "total_amount": money(order, now_ms, lie)},
        "is_cod": False,
        "payment_method_name": "VISA",
        "is_on_hold_order": False,
        "user_id": f"u-{order.number}",
        "recipient_address": {"name": "Zhang San", "phone_number": "13812345678", "region_code": "SG"},
        "buyer_email": "zhang.san@example.com",
        "line_items": [{"id": "1", "product_name": "Lamp", "sku_id": "2"}],
    }


def status_of(order: LedgerOrder, now_ms: int) -> str:
    """What TikTok calls the order's state now."""
    states = (
        (order.shipped_ms, "IN_TRANSIT"),
        (order.paid_ms, "AWAITING_SHIPMENT"),
        (order.cancelled_ms, "CANCELLED"),
    )
    return next((name for at_ms, name in states if 0 < at_ms <= now_ms), "UNPAID")


def push_of(order: LedgerOrder, now_ms: int) -> bytes:
    """The push of the order's last change."""
    at_s, status = order.updated_ms(now_ms) // 1000, status_of(order, now_ms)
    data = {
        "order_id": order.number,
        "order_status": "CANCEL" if status == "CANCELLED" else status,
        "is_on_hold_order": False,
        "update_time": at_s,
    }
    content = {
        "type": 1,
        "tts_notification_id": f"{order.number}{at_s}",
        "shop_id": SHOP,
        "timestamp": at_s,
        "data": data,
    }
    return json.dumps(content).encode()


def signed_push(body: bytes, key: str = SECRET) -> dict[str, str]:
    """The headers of a push."""
    return {"Authorization": hmac.new(key.encode(), APP.encode() + body, hashlib.sha256).hexdigest()}


def _ok(data: Any) -> Answer:
    return said(200, {"code": 0, "message": "Success", "data": data, "request_id": "2022030707490001"})


def _error(status: int, code: int, message: str) -> Answer:
    return said(status, {"code": code, "message": message, "request_id": "2022030707490001"})


def _instead(lie: Lie | None) -> Answer:
    """What is answered in place of a page."""
    match lie:
        case Lie.NO_LIST:
            return _ok({"next_page_token": ""})
        case Lie.HTML:
            return web_page()
        case Lie.THROTTLED:
            return said(429, {"code": 36009002, "message": "Too many requests"}, {"Retry-After": "20"})
        case Lie.THROTTLED_SILENTLY:
            return _error(429, 36009002, "Too many requests")
        case Lie.FAILS:
            return _error(500, 36009003, "Internal error. Please try again.")
        case Lie.AWAY:
            return web_page(503)
        case Lie.EXPIRED:
            return _error(401, 105002, "Expired credentials")
        case Lie.FORBIDDEN:
            return _error(403, 105005, "Access denied: the scope is missing")
    return 410, {}, b""


def tiktok_connection(*, tokens: bool = False, second: bool = False, **more: Any) -> dict[str, Any]:
    """The configuration of a connection to this shop."""
    return {
        "name": "lying", "source": "tiktok_shop", "store": "cn", "app_key": APP, "secret": "env:NEW", "old_secret": "env:OLD",
        "shop_id": SHOP, "refresh_token": "env:LYING_SHOP", "rate": 50, "first_days": 0.5, "reads": ["orders", "returns"], **more,
    }  # fmt: skip
