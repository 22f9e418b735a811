"""Shopify's GraphQL Admin API over the ledger of ``lying_server.py``: pages with a cursor, counts, bulk operations, points, and the same lies.

Made of what Shopify documents of these queries. What is wrong with an answer is in Shopify's own form: it says that it throttles, and
that a scope is missing, in a 200.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from streams.sources.asking import HttpRequest
from tests.fakes.ledger import HOUR_MS, LedgerOrder
from tests.fakes.lies import Lie
from tests.fakes.lying_server import PAGE, LyingShop

VERSION = "2026-07"
API, TOKEN = f"/admin/api/{VERSION}/graphql.json", "/admin/oauth/access_token"
_FILTER = re.compile(r"(updated_at|processed_at):(>=|<)'([^']+)'")
_COUNT = re.compile(r'ordersCount\(query: "([^"]*)"')
_BULK = re.compile(r'orders\(query: "([^"]*)"\)')

Answer = tuple[int, dict[str, str], bytes]


class LyingShopify(LyingShop):
    """See above. ``scopes`` are the app's; ``bulk_fails`` is how bulk operations end."""

    scopes: tuple[str, ...] = ("read_orders", "read_customers", "read_all_orders")
    bulk_fails = ""
    #: bulk operations that are rejected because others are running
    bulk_busy = 0
    #: queries that cost more than this many orders a page are rejected
    costliest = 250
    #: orders of one page at most, however many are asked for
    most = PAGE

    def __init__(self, *shop: Any) -> None:
        super().__init__(*shop)
        #: by its name, the filter of each bulk operation, and how often its state was asked for
        self._bulks: dict[str, str] = {}
        self._looks: Counter[str] = Counter()

    def _lie(self, path: str) -> Lie | None:
        now_ms = self._now_ms()
        self.requests.append((now_ms, path))
        # all queries have one address: which are lied to is seen in the query
        lie = next((one.lie for one in self._lies if one.holds(now_ms)), None) if path == API else None
        if lie in (Lie.SLOW, Lie.HALF_BODY):
            self.lied[lie] += 1
        return lie

    def _answer(self, request: HttpRequest, lie: Lie | None) -> Answer:
        path = urlsplit(request.url).path
        if path == TOKEN:
            return self._given(dict(parse_qsl(request.body.decode())))
        if path.startswith("/bulk/"):
            return 200, {"Content-Type": "application/jsonl"}, self._bulk_file(path)
        token = request.headers.get("X-Shopify-Access-Token", "")
        if not self.tokens.is_good(f"Bearer {token}"):
            return _errors(401, "[API] Invalid API key or access token")
        asked = json.loads(request.body)
        query, variables = asked["query"], asked["variables"]
        if "orders(first:" not in query:
            return self._data(self._other(query, variables), None)
        if "processed_at" in variables["filter"]:
            lie = None  # as whoever counts asks
        if lie is not None:
            self.lied[lie] += 1
        return _plain(lie) or self._page(variables, lie)

    def _given(self, form: dict[str, str]) -> Answer:
        if form.get("grant_type") == "client_credentials":
            form["refresh_token"] = "first-refresh"
        return self.tokens.give(form)

    def _data(self, data: dict[str, Any], lie: Lie | None) -> Answer:
        cost = {
            "requestedQueryCost": 40,
            "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 1900, "restoreRate": 100.0},
        }
        version = "2026-10" if lie is Lie.OTHER_VERSION else VERSION
        headers = {"Content-Type": "application/json; charset=utf-8", "X-Shopify-API-Version": version}
        return 200, headers, json.dumps({"data": data, "extensions": {"cost": cost}}).encode()

    # ---------------------------------------------------------------- pages

    def _page(self, variables: dict[str, Any], lie: Lie | None) -> Answer:
        first = variables["first"]
        if first > self.costliest:
            return _errors(200, "Query cost is too high", "MAX_COST_EXCEEDED")
        found, seen_ms = self._found(variables["filter"], lie)
        size = min(first, self.most)
        at = int(variables["after"] or 0)
        shown, has_more, total = self.page(found, at, size, lie)
        count = {"count": total, "precision": "EXACT" if self._gives_total else "AT_LEAST"}
        content = {
            "orders": {
                "nodes": [node_of(order, seen_ms, lie) for order in shown],
                "pageInfo": {"hasNextPage": has_more, "endCursor": str(at + size) if shown else None},
            },
            "ordersCount": count,
        }
        return self._data(content, lie)

    def _rows(self, text: str) -> list[dict[str, Any]]:
        found, seen_ms = self._found(text, None)
        return [node_of(order, seen_ms, None) for order in found]

    def _found(self, text: str, lie: Lie | None) -> tuple[list[LedgerOrder], int]:
        """The orders of a filter in their order, and the moment whose state is shown. A node is made only of what is shown."""
        seen_ms = self._now_ms() - (3 * HOUR_MS if lie is Lie.STALE else 0)
        span = _span(_edges(text))
        if "processed_at" in text:
            return self._placed(*span), seen_ms
        return self.ledger.changed(*span, seen_ms, lie), seen_ms

    def _placed(self, begin_ms: int, end_ms: int) -> list[LedgerOrder]:
        now_ms, near = self._now_ms(), self.ledger.near(begin_ms, end_ms)
        return [one for one in near if begin_ms <= one.placed_ms < end_ms and one.placed_ms <= now_ms]

    # ---------------------------------------------------------------- other queries

    def _other(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        if "bulkOperationRunQuery" in query:
            if self.bulk_busy > 0:
                self.bulk_busy -= 1
                busy = {"code": "LIMIT_REACHED", "message": "The maximum of five bulk queries is running."}
                return {"bulkOperationRunQuery": {"bulkOperation": None, "userErrors": [busy]}}
            (text,) = _BULK.findall(variables["query"])
            name = str(len(self._bulks) + 1)
            self._bulks[name] = text
            return {
                "bulkOperationRunQuery": {
                    "bulkOperation": {"id": _gid(name), "status": "CREATED"},
                    "userErrors": [],
                }
            }
        if "BulkOperation" in query:
            return {"node": self._bulk_state(variables["id"].rpartition("/")[2])}
        if "ordersCount" in query:
            (text,) = _COUNT.findall(query)
            return {"ordersCount": {"count": len(self._found(text, None)[0]), "precision": "EXACT"}}
        installation = {"accessScopes": [{"handle": scope} for scope in self.scopes]}
        shop = {"ianaTimezone": "Asia/Shanghai", "currencyCode": "CNY"}
        return {"currentAppInstallation": installation, "shop": shop}

    def _bulk_state(self, name: str) -> dict[str, Any]:
        """Created, then running, then done: each look is one step."""
        self._looks[name] += 1
        state = {"id": _gid(name), "errorCode": None, "rootObjectCount": "0", "fileSize": None, "url": None}
        if self._looks[name] < 3:
            return {**state, "status": ("CREATED", "RUNNING")[self._looks[name] - 1]}
        if self.bulk_fails:
            return {**state, "status": self.bulk_fails, "errorCode": "INTERNAL_SERVER_ERROR"}
        rows = self._rows(self._bulks[name])
        if not rows:
            return {**state, "status": "COMPLETED"}
        url = f"https://storage.example/bulk/{name}?signature=abc"
        return {
            **state,
            "status": "COMPLETED",
            "rootObjectCount": str(len(rows)),
            "fileSize": "1000",
            "url": url,
        }

    def _bulk_file(self, path: str) -> bytes:
        rows = self._rows(self._bulks[path.rpartition("/")[2]])
        return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def _edges(text: str) -> list[tuple[str, int]]:
    return [
        (sign, round(datetime.fromisoformat(moment).timestamp() * 1000))
        for _, sign, moment in _FILTER.findall(text)
    ]


def _span(edges: list[tuple[str, int]]) -> tuple[int, int]:
    """The whole span of a filter."""
    begins = [at_ms for sign, at_ms in edges if sign == ">="]
    ends = [at_ms for sign, at_ms in edges if sign == "<"]
    return max(begins, default=0), min(ends, default=1 << 60)


def _gid(name: str) -> str:
    return f"gid://shopify/BulkOperation/{name}"


def _plain(lie: Lie | None) -> Answer | None:
    """What is answered instead of a page."""
    html, text = {"Content-Type": "text/html"}, {"Content-Type": "application/json"}
    match lie:
        case Lie.NO_LIST:
            return 200, text, b'{"data": null}'
        case Lie.HTML:
            return 200, html, b"<html><body>Opening soon</body></html>"
        case Lie.THROTTLED | Lie.THROTTLED_SILENTLY:
            return _errors(200, "Throttled", "THROTTLED")
        case Lie.FAILS:
            return _errors(
                200, "Internal error. Looks like something went wrong on our end.", "INTERNAL_SERVER_ERROR"
            )
        case Lie.AWAY:
            return 503, html, b"<html>maintenance</html>"
        case Lie.EXPIRED:
            return _errors(401, "[API] Invalid API key or access token")
        case Lie.FORBIDDEN:
            return _errors(
                200, "Access denied for orders field.", "ACCESS_DENIED", "`read_orders` access scope"
            )
        case Lie.RETIRED:
            return 410, {}, b""
    return None


def _errors(status: int, message: str, code: str = "", needed: str = "") -> Answer:
    errors: Any = message
    if code:
        extensions = {"code": code} | ({"requiredAccess": needed} if needed else {})
        errors = [{"message": message, "extensions": extensions}]
    return status, {"Content-Type": "application/json"}, json.dumps({"errors": errors}).encode()


def node_of(order: LedgerOrder, now_ms: int, lie: Lie | None) -> dict[str, Any]:
    """An order as GraphQL shows it now."""

    def written(at_ms: int) -> str | None:
        if not at_ms or at_ms > now_ms:
            return None
        at_ms += HOUR_MS if lie is Lie.CLOCK else 0
        form = "%Y-%m-%dT%H:%M:%S" if lie is Lie.OTHER_ZONE else "%Y-%m-%dT%H:%M:%SZ"
        return datetime.fromtimestamp(at_ms / 1000, UTC).strftime(form)

    amount = order.amount(now_ms) + (1 if lie is Lie.RESTATED else 0)
    money = {
        "shopMoney": {
            "amount": str(amount * 100 if lie is Lie.CENTS else amount),
            "currencyCode": order.currency,
        }
    }
    paid, shipped = written(order.paid_ms), written(order.shipped_ms)
    sale = {
        "id": f"gid://shopify/OrderTransaction/9{order.placed_ms}",
        "kind": "SALE",
        "status": "SUCCESS",
        "gateway": "alipay",
    }
    return {
        "legacyResourceId": order.number,
        "createdAt": written(order.placed_ms),
        "processedAt": written(order.placed_ms),
        "updatedAt": written(order.updated_ms(now_ms)),
        "cancelledAt": written(order.cancelled_ms),
        "test": False,
        "displayFinancialStatus": "PAID" if paid else "PENDING",
        "displayFulfillmentStatus": "FULFILLED" if shipped else "UNFULFILLED",
        "subtotalLineItemsQuantity": 1,
        "paymentGatewayNames": ["alipay"],
        "totalPriceSet": money,
        "transactions": [{**sale, "createdAt": paid, "processedAt": paid, "test": False, "amountSet": money}]
        if paid
        else [],
        "refunds": [],
        "fulfillments": [{"status": "SUCCESS", "createdAt": shipped, "deliveredAt": None}] if shipped else [],
        "shippingAddress": {"countryCodeV2": "CN"},
        "customer": {
            "legacyResourceId": f"u-{order.number}",
            "displayName": "Zhang San",
            "phone": "13812345678",
        },
    }


def shopify_connection(*, tokens: bool = False, second: bool = False, **more: Any) -> dict[str, Any]:
    """The configuration of a connection to this shop; it has its second resource always."""
    access = {"access": "token", "token": "env:LYING_SHOP"}
    if tokens:
        access = {"access": "refresh_token", "client_id": "app", "refresh_token": "env:LYING_SHOP"}
    return {
        "name": "lying", "source": "shopify", "store": "cn", "shop": "lying.myshopify.com", "secret": "env:NEW", "rate": 100,
        "first_days": 0.5, **access, **more,
    }  # fmt: skip
