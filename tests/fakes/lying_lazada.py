"""Lazada's Open Platform over the ledger: signed requests, orders by offset, their items; and the same lies. Made of what it documents."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from streams.demo.market import lazada
from streams.sources.asking import HttpRequest
from tests.fakes.ledger import ZONE, LedgerOrder
from tests.fakes.lies import Lie
from tests.fakes.lying_market import INSTEAD, Answer, LyingMarket, moment, money, said, web_page

APP, SECRET = "123456", "new-secret-of-contract"
_OF_ROWS = (Lie.STALE, Lie.RESTATED, Lie.OTHER_ZONE, Lie.CENTS, Lie.CLOCK)
_LIST, _ITEMS = "/rest/orders/get", "/rest/orders/items/get"


class LyingLazada(LyingMarket):
    """See above."""

    main = frozenset({_LIST, _ITEMS})

    def _answer(self, request: HttpRequest, lie: Lie | None) -> Answer:
        path, query = urlsplit(request.url).path, dict(request.query)
        sign = query.pop("sign")
        text = path.removeprefix("/rest") + "".join(name + query[name] for name in sorted(query))
        if sign != hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest().upper():
            return _error("IncompleteSignature", "ISV", "The request signature does not conform")
        if path == "/rest/auth/token/refresh":
            return self._given(query)
        if path == "/rest/auth/token/create":
            return self._exchanged(query)
        if not self.tokens.is_good(f"Bearer {query.get('access_token', '')}"):
            return _error("IllegalAccessToken", "ISV", "The specified access token is invalid or expired")
        if path == _LIST:
            return self._list(query, lie)
        if path == _ITEMS:
            lie = lie if lie in _OF_ROWS else None
            seen_ms = self.seen_ms(lie)
            rows = [
                item_of(self.ledger.named(number), seen_ms, lie) for number in json.loads(query["order_ids"])
            ]
            return _ok([{"order_id": row["order_id"], "order_items": [row]} for row in rows])
        return said(200, {"code": "0", "result": {"success": True, "items": [], "total": 0}})

    def _given(self, query: dict[str, str]) -> Answer:
        status, _, body = self.tokens.give({"refresh_token": query["refresh_token"]})
        if status == 400:
            return _error("IllegalRefreshToken", "ISV", "The specified refresh token is invalid or expired")
        if status != 200:
            return _error("ServiceUnavailable", "SYSTEM", "try later")
        given = json.loads(body)
        return said(200, {**given, "code": "0", "refresh_expires_in": given["refresh_token_expires_in"]})

    def _exchanged(self, query: dict[str, str]) -> Answer:
        status, _, body = self.tokens.exchange(query["code"], query["app_key"])
        if status != 200:
            return _error("InvalidCode", "ISV", "Invalid authorization code")
        given = json.loads(body)
        pair = {"access_token": given["access_token"], "refresh_token": given["refresh_token"]}
        ends = {"expires_in": given["expires_in"], "refresh_expires_in": given["refresh_token_expires_in"]}
        user = {"country": "sg", "seller_id": "1001", "user_id": "1001", "short_code": "SG1001"}
        account = {"country": "sg", "account_platform": "seller_center", "country_user_info": [user]}
        return said(200, {**pair, **ends, **account, "code": "0"})

    def _list(self, query: dict[str, str], lie: Lie | None) -> Answer:
        if "created_after" in query:
            placed = self.placed(_ms(query["created_after"]), _ms(query["created_before"]), end=True)
            at, now_ms = int(query["offset"]), self._now_ms()
            rows = [order_of(one, now_ms) for one in placed[at : at + min(self.most, int(query["limit"]))]]
            return _ok({"count": len(rows), "countTotal": len(placed), "orders": rows})
        self.counted(lie)
        if lie in INSTEAD:
            return _instead(lie)
        rows = self.changed(_ms(query["update_after"]), _ms(query["update_before"]), lie, end=True)
        shown, _, total = self.page(rows, int(query["offset"]), min(self.most, int(query["limit"])), lie)
        seen_ms = self.seen_ms(lie)
        content = {"count": len(shown), "orders": [order_of(one, seen_ms, lie) for one in shown]}
        return _ok({**content, "countTotal": total} if self._gives_total else content)


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _written(at_ms: int, now_ms: int, lie: Lie | None) -> str:
    shown = moment(at_ms, now_ms, lie)
    return datetime.fromtimestamp(shown / 1000, ZONE).strftime("%Y-%m-%d %H:%M:%S %z") if shown else ""


def order_of(order: LedgerOrder, now_ms: int, lie: Lie | None = None) -> dict[str, Any]:
    """An order as the list shows it now."""
    return {
        "order_id": order.number,
        "created_at": _written(order.placed_ms, now_ms, lie),
        "updated_at": _written(order.updated_ms(now_ms), now_ms, lie),
        "price": money(order, now_ms, lie),
        "voucher": "0.00",
        "shipping_fee": "0.00",
        "payment_method": "MIXEDCARD",
        "statuses": [lazada.status_of(order, now_ms)],
        "customer_first_name": "Zhang San",
        "address_shipping": {"phone": "13812345678", "first_name": "Zhang San", "country": "Singapore"},
    }


def item_of(order: LedgerOrder, now_ms: int, lie: Lie | None = None) -> dict[str, Any]:
    """The item of an order now."""
    return {
        "order_id": order.number,
        "order_item_id": f"{order.number}-1",
        "status": lazada.status_of(order, now_ms),
        "updated_at": moment(order.updated_ms(now_ms), now_ms, lie),
        "currency": order.currency,
        "buyer_id": f"u-{order.number}",
        "name": "Lamp of Zhang San",
    }


def push_of(order: LedgerOrder, now_ms: int) -> bytes:
    """The push of the order's last change."""
    status, at_ms = lazada.status_of(order, now_ms), order.updated_ms(now_ms)
    return lazada.push_of(order.number, status, at_ms // 1000 * 1000, "lazada_sg")


def signed_push(body: bytes, key: str = SECRET) -> dict[str, str]:
    """The headers of a push."""
    return lazada.signed(body, key, APP)


def _ok(data: Any) -> Answer:
    return said(200, {"code": "0", "data": data, "request_id": "0ba2887315178178017221014"})


def _error(code: str, kind: str, message: str) -> Answer:
    return said(200, {"code": code, "type": kind, "message": message, "request_id": "0ba28873"})


def _instead(lie: Lie | None) -> Answer:
    """What is answered in place of a page."""
    match lie:
        case Lie.NO_LIST:
            return _ok({"count": 0})
        case Lie.HTML:
            return web_page()
        case Lie.THROTTLED:
            return said(429, {"code": "ApiCallLimit", "type": "ISV", "message": ""}, {"Retry-After": "20"})
        case Lie.THROTTLED_SILENTLY:
            text = "The access frequency exceeds the limit. This ban will last 1 seconds"
            return _error("ApiCallLimit", "ISV", text)
        case Lie.FAILS:
            return _error("6", "ISP", "Unexpected internal error")
        case Lie.AWAY:
            return web_page(503)
        case Lie.EXPIRED:
            return _error("IllegalAccessToken", "ISV", "The specified access token is invalid or expired")
        case Lie.FORBIDDEN:
            return _error("InsufficientPermission", "ISV", "The app has no permission for this API")
    return 410, {}, b""


def lazada_connection(*, tokens: bool = False, second: bool = False, **more: Any) -> dict[str, Any]:
    """The configuration of a connection to this account."""
    return {
        "name": "lying", "source": "lazada", "store": "cn", "app_key": APP, "secret": "env:NEW", "old_secret": "env:OLD",
        "country": "SG", "refresh_token": "env:LYING_SHOP", "rate": 100, "first_days": 0.5, "page_size": 5,
        "reads": ["orders", "returns"], **more,
    }  # fmt: skip
