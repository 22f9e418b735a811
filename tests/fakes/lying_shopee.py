"""Shopee's Open Platform over the ledger: signed requests, a list with a cursor, details by 50, lost pushes; and the same lies.

Made of what Shopee documents (paths, fields, samples, names of errors). How it answers wrong keys is Shopee's own way: by ``error``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlsplit

from streams.demo.market import shopee
from streams.sources.asking import HttpRequest
from tests.fakes.ledger import LedgerOrder
from tests.fakes.lies import Lie
from tests.fakes.lying_market import INSTEAD, Answer, LyingMarket, moment, money, said, web_page

API = "/api/v2/"
LIST, DETAIL = f"{API}order/get_order_list", f"{API}order/get_order_detail"
PARTNER, SHOP, KEY = "2001887", "322300222", "new-secret-of-contract"
CALLBACK = "https://collector.example/v1/hooks/shopee/lying"
#: the lies of rows, which are in the details
_OF_ROWS = (Lie.STALE, Lie.RESTATED, Lie.OTHER_ZONE, Lie.CENTS, Lie.CLOCK)


class LyingShopee(LyingMarket):
    """See above."""

    main = frozenset({LIST, DETAIL})

    def __init__(self, *shop: Any) -> None:
        super().__init__(*shop)
        #: pushes that did not arrive: id → text
        self.lost: dict[int, str] = {}

    def _answer(self, request: HttpRequest, lie: Lie | None) -> Answer:
        path, query = urlsplit(request.url).path, dict(request.query)
        access = query.get("access_token", "")
        base = f"{PARTNER}{path}{query['timestamp']}{access}{query.get('shop_id', '')}"
        if query["sign"] != hmac.new(KEY.encode(), base.encode(), hashlib.sha256).hexdigest():
            return _error(403, "error_sign", "Wrong sign.")
        if path == f"{API}auth/access_token/get":
            return self._given(json.loads(request.body))
        if path == f"{API}auth/token/get":
            return self._exchanged(json.loads(request.body))
        if not self.tokens.is_good(f"Bearer {access}"):
            return _error(403, "invalid_acceess_token", "Invalid access_token.")
        if path == LIST:
            return self._list(query, lie)
        if path == DETAIL:
            return self._detail(query["order_sn_list"].split(","), lie if lie in _OF_ROWS else None)
        return self._other(path, query, request.body)

    def _given(self, form: dict[str, Any]) -> Answer:
        status, _, body = self.tokens.give({"refresh_token": form["refresh_token"]})
        if status == 400:
            return _error(403, "error_shop_refresh_token", "Invalid refresh_token.")
        if status != 200:
            return _error(status, "error_server", "Something wrong.")
        given = json.loads(body)
        return _ok({**given, "expire_in": given["expires_in"], "shop_id": int(SHOP)}, bare=True)

    def _exchanged(self, form: dict[str, Any]) -> Answer:
        of = form.get("shop_id") or form.get("main_account_id")
        if form["partner_id"] != int(PARTNER) or not isinstance(of, int):
            return _error(
                403, "error_param", "There is no partner_id, or neither shop_id nor main_account_id."
            )
        status, _, body = self.tokens.exchange(form["code"], str(of))
        if status != 200:
            return _error(403, "invalid_code", "Invalid code, please check and try again.")
        given = json.loads(body)
        pair = {"access_token": given["access_token"], "refresh_token": given["refresh_token"]}
        return _ok({**pair, "expire_in": given["expires_in"], "request_id": "f2a678"}, bare=True)

    def _list(self, query: dict[str, str], lie: Lie | None) -> Answer:
        from_ms, to_ms = int(query["time_from"]) * 1000, int(query["time_to"]) * 1000
        assert to_ms - from_ms <= 15 * 86_400_000
        if query["time_range_field"] == "create_time":
            rows, lie = self.placed(from_ms, to_ms, end=True), None
        else:
            self.counted(lie)
            if lie in INSTEAD:
                return _instead(lie)
            rows = self.changed(from_ms, to_ms, lie, end=True)
        at, size = int(query["cursor"] or 0), min(self.most, int(query["page_size"]))
        shown, has_more, _ = self.page(rows, at, size, lie)
        listed = [{"order_sn": one.number, "order_status": "READY_TO_SHIP"} for one in shown]
        return _ok(
            {"more": has_more, "next_cursor": str(at + size) if has_more else "", "order_list": listed}
        )

    def _detail(self, numbers: list[str], lie: Lie | None) -> Answer:
        assert len(numbers) <= 50
        seen_ms = self.seen_ms(lie)
        rows = [detail_of(self.ledger.named(number), seen_ms, lie) for number in numbers]
        return _ok({"order_list": rows})

    def _other(self, path: str, query: dict[str, str], body: bytes) -> Answer:
        if path == f"{API}returns/get_return_list":
            return _ok({"more": False, "return": []})
        if path == f"{API}push/confirm_consumed_lost_push_message":
            last = json.loads(body)["last_message_id"]
            self.lost = {number: text for number, text in self.lost.items() if number > last}
            return _ok({}, bare=True)
        if path == f"{API}push/get_lost_push_message":
            first = sorted(self.lost)[:100]
            rows = [
                {"shop_id": int(SHOP), "code": 3, "timestamp": 1, "data": self.lost[one]} for one in first
            ]
            content = {"push_message_list": rows, "has_next_page": len(self.lost) > len(first)}
            return _ok({**content, "last_message_id": first[-1] if first else 0})
        return _error(404, "error_not_found", "Wrong path.")


def detail_of(order: LedgerOrder, now_ms: int, lie: Lie | None = None) -> dict[str, Any]:
    """An order as the details show it now."""

    def written(at_ms: int) -> int:
        return moment(at_ms, now_ms, lie) // 1000

    return {
        "order_sn": order.number,
        "region": "SG",
        "currency": order.currency,
        "cod": False,
        "total_amount": float(money(order, now_ms, lie)),
        "order_status": shopee.status_of(order, now_ms),
        "payment_method": "Online Payment",
        "create_time": written(order.placed_ms),
        "update_time": written(order.updated_ms(now_ms)),
        "pay_time": written(order.paid_ms) or None,
        "pickup_done_time": written(order.shipped_ms),
        "buyer_user_id": f"u-{order.number}",
        "buyer_username": "zhangsan1990",
        "recipient_address": {"name": "Zhang San", "phone": "13812345678", "region": "SG"},
        "item_list": [{"item_id": 1, "item_name": "Lamp", "model_quantity_purchased": 1}],
        "package_list": [{"package_number": "OFG1", "logistics_status": "LOGISTICS_READY"}],
    }


def push_of(order: LedgerOrder, now_ms: int) -> bytes:
    """The push of the order's last change."""
    return shopee.push_of(order.number, shopee.status_of(order, now_ms), order.updated_ms(now_ms), SHOP)


def signed_push(body: bytes, key: str = KEY) -> dict[str, str]:
    """The headers of a push."""
    return shopee.signed(body, key, CALLBACK)


def _ok(content: dict[str, Any], *, bare: bool = False) -> Answer:
    head = {"error": "", "message": "", "request_id": "b937c04e"}
    return said(200, {**head, **content} if bare else {**head, "response": content})


def _error(status: int, error: str, message: str) -> Answer:
    return said(status, {"error": error, "message": message, "request_id": "b937c04e"})


def _instead(lie: Lie | None) -> Answer:
    """What is answered in place of a page."""
    match lie:
        case Lie.NO_LIST:
            return _ok({"more": False})
        case Lie.HTML:
            return web_page()
        case Lie.THROTTLED:
            return said(429, {"error": "error_rate_limit", "message": "Too fast."}, {"Retry-After": "20"})
        case Lie.THROTTLED_SILENTLY:
            return _error(200, "error_rate_limit", "Too fast.")
        case Lie.FAILS:
            return _error(200, "error_server", "Something wrong. Please try later.")
        case Lie.AWAY:
            return web_page(503)
        case Lie.EXPIRED:
            return _error(403, "invalid_acceess_token", "Invalid access_token.")
        case Lie.FORBIDDEN:
            return _error(403, "error_permission", "No permission to the API.")
    return 410, {}, b""


def shopee_connection(*, tokens: bool = False, second: bool = False, **more: Any) -> dict[str, Any]:
    """The configuration of a connection to this shop."""
    return {
        "name": "lying", "source": "shopee", "store": "cn", "partner_id": PARTNER, "secret": "env:NEW", "old_secret": "env:OLD",
        "shop_id": SHOP, "country": "SG", "callback": CALLBACK, "refresh_token": "env:LYING_SHOP", "rate": 100, "first_days": 0.5,
        "reads": ["orders", "returns"], **more,
    }  # fmt: skip
