"""WooCommerce's REST API over the ledger of ``lying_server.py``: pages by number with their totals in headers, and the same lies."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from streams.sources.asking import HttpRequest
from tests.fakes.ledger import HOUR_MS, LedgerOrder
from tests.fakes.lies import Lie
from tests.fakes.lying_server import PAGE, LyingShop

ROOT = "/wp-json/wc/v3"
KEY = "Basic " + base64.b64encode(b"first-refresh:first-refresh").decode()
Answer = tuple[int, dict[str, str], bytes]


class LyingWoo(LyingShop):
    """See above."""

    #: orders of one page at most, however many are asked for
    most = PAGE

    def _lie(self, path: str) -> Lie | None:
        now_ms = self._now_ms()
        self.requests.append((now_ms, path))
        # both filters of orders have one address: which one is lied to is seen in the query
        lie = (
            next((one.lie for one in self._lies if one.holds(now_ms)), None)
            if path == f"{ROOT}/orders"
            else None
        )
        if lie in (Lie.SLOW, Lie.HALF_BODY):
            self.lied[lie] += 1
        return lie

    def _answer(self, request: HttpRequest, lie: Lie | None) -> Answer:
        path, query = urlsplit(request.url).path, dict(request.query)
        if request.headers.get("Authorization") != KEY:
            return _error(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        if path == f"{ROOT}/refunds":
            return self._listed([], query, None, self._now_ms())
        if path != f"{ROOT}/orders":
            return _error(404, "rest_no_route", "No route was found matching the URL and request method.")
        assert query["dates_are_gmt"] == "true"
        assert query["status"] == "any"
        if "modified_after" not in query:
            now_ms = self._now_ms()
            edges = _edges(query, "")
            placed = [
                one
                for one in self.ledger.near(*edges)
                if one.placed_ms <= now_ms and edges[0] < one.placed_ms < edges[1]
            ]
            return self._listed(placed, query, None, now_ms)
        if lie is not None:
            self.lied[lie] += 1
        return _plain(lie) or self._page(query, lie)

    def _page(self, query: dict[str, str], lie: Lie | None) -> Answer:
        seen_ms = self._now_ms() - (3 * HOUR_MS if lie is Lie.STALE else 0)
        begin_ms, end_ms = _edges(query, "modified_")
        # both edges are left out; a second more by the lie about edges
        begin_ms += 1 + 1000 * (lie is Lie.EDGE)
        return self._listed(self.ledger.changed(begin_ms, end_ms, seen_ms, lie), query, lie, seen_ms)

    def _listed(
        self, found: list[LedgerOrder], query: dict[str, str], lie: Lie | None, seen_ms: int
    ) -> Answer:
        size, number = min(int(query["per_page"]), self.most), int(query.get("page", "1"))
        orders, has_more, total = self.page(found, (number - 1) * size, size, lie)
        shown = [woo_row(order, seen_ms, lie) for order in orders]
        pages = (
            number + 1
            if has_more and lie is Lie.ENDLESS
            else number
            if lie is Lie.LAST_PAGE_FIRST
            else -(-total // size)
        )
        # without a total, a page that is not the last is as long as was asked for in the real shop; here the pages say it
        headers = {"Content-Type": "application/json", "X-WP-TotalPages": str(pages)}
        if self._gives_total or "modified_after" not in query:
            headers["X-WP-Total"] = str(total)
        return 200, headers, json.dumps(shown).encode()


def _edges(query: dict[str, str], prefix: str) -> tuple[int, int]:
    """The edges of a window, which WooCommerce leaves out."""
    return _ms(query[f"{prefix}after"]), _ms(query[f"{prefix}before"])


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def _plain(lie: Lie | None) -> Answer | None:
    """What is answered instead of a page."""
    html = {"Content-Type": "text/html"}
    match lie:
        case Lie.NO_LIST:
            return 200, {"Content-Type": "application/json"}, b'{"code": "busy", "message": "try later"}'
        case Lie.HTML:
            return 200, html, b"<html><body>Coming soon</body></html>"
        case Lie.THROTTLED:
            return 429, {"Retry-After": "20"}, b""
        case Lie.THROTTLED_SILENTLY:
            return 429, {}, b""
        case Lie.FAILS:
            return 500, html, b"There has been a critical error on this website."
        case Lie.AWAY:
            return 503, html, b"<html>Briefly unavailable for scheduled maintenance.</html>"
        case Lie.EXPIRED:
            return _error(401, "woocommerce_rest_authentication_error", "Consumer key is invalid.")
        case Lie.FORBIDDEN:
            return _error(403, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        case Lie.RETIRED | Lie.OTHER_VERSION:
            return 410, {}, b""
    return None


def _error(status: int, code: str, message: str) -> Answer:
    content = {"code": code, "message": message, "data": {"status": status}}
    return status, {"Content-Type": "application/json"}, json.dumps(content).encode()


def woo_row(order: LedgerOrder, now_ms: int, lie: Lie | None) -> dict[str, Any]:
    """An order as the shop shows it now."""

    def written(at_ms: int) -> str | None:
        if not at_ms or at_ms > now_ms:
            return None
        at_ms += HOUR_MS if lie is Lie.CLOCK else 0
        at_ms += 8 * HOUR_MS if lie is Lie.OTHER_ZONE else 0  # the site's own time instead of GMT
        return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")

    amount = order.amount(now_ms) + (1 if lie is Lie.RESTATED else 0)
    paid, shipped, cancelled = written(order.paid_ms), written(order.shipped_ms), written(order.cancelled_ms)
    status = "completed" if shipped else "processing" if paid else "cancelled" if cancelled else "pending"
    return {
        "id": order.number,
        "status": status,
        "currency": order.currency,
        "date_created_gmt": written(order.placed_ms),
        "date_modified_gmt": written(order.updated_ms(now_ms)),
        "date_paid_gmt": paid,
        "date_completed_gmt": shipped,
        "total": str(amount * 100 if lie is Lie.CENTS else amount),
        "customer_id": f"u-{order.number}",
        "payment_method": "alipay",
        "billing": {"first_name": "Zhang San", "phone": "13812345678", "country": "CN"},
        "line_items": [{"id": 1, "name": "Lamp", "quantity": 1}],
        "refunds": [],
    }


def woo_connection(*, tokens: bool = False, second: bool = False, **more: Any) -> dict[str, Any]:
    """The configuration of a connection to this shop; its key has no end, and its second resource is always there."""
    return {
        "name": "lying", "source": "woocommerce", "store": "cn", "url": "https://shop.example", "secret": "env:NEW", "rate": 50,
        "first_days": 0.5, "consumer_key": "env:LYING_SHOP", "consumer_secret": "env:LYING_SHOP", **more,
    }  # fmt: skip
