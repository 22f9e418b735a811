"""Amazon's Selling Partner API over the ledger: tokens, orders by page, and the same lies. Made of Amazon's models."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from streams.sources.asking import HttpRequest
from tests.fakes.ledger import LedgerOrder
from tests.fakes.lies import Lie
from tests.fakes.lying_market import INSTEAD, Answer, LyingMarket, moment, money, said, web_page

MARKETPLACE = "ATVPDKIKX0DER"
_LIST = "/orders/2026-01-01/orders"


class LyingAmazon(LyingMarket):
    """See above."""

    main = frozenset({_LIST})

    def _answer(self, request: HttpRequest, lie: Lie | None) -> Answer:
        path, query = urlsplit(request.url).path, dict(request.query)
        if path.startswith("/files/"):
            return 200, {"Content-Type": "text/plain"}, self._all_orders(path.removeprefix("/files/"))
        if path == "/auth/o2/token":
            form = dict(parse_qsl(request.body.decode()))
            assert (form["grant_type"], form["client_id"]) == (
                "refresh_token",
                "amzn1.application-oa2-client.1",
            )
            return self.tokens.give(form)
        if not self.tokens.is_good(f"Bearer {request.headers.get('x-amz-access-token', '')}"):
            return _error(
                403,
                "Unauthorized",
                "Access to requested resource is denied.",
                "The access token you provided has expired.",
            )
        if path.startswith("/reports/"):
            return self._report(request, path)
        if path == "/sales/v1/orderMetrics":
            return said(200, {"payload": []})
        assert "BUYER" not in query["includedData"]
        if "createdAfter" in query:
            rows, lie = self.placed(_ms(query["createdAfter"]), _ms(query["createdBefore"])), None
        else:
            self.counted(lie)
            if lie in INSTEAD:
                return _instead(lie)
            assert _ms(query["lastUpdatedBefore"]) <= self._now_ms() - 120_000
            # the edge that is asked for is a second before the window's
            edge_ms = 1000 if lie is Lie.EDGE else 0
            rows = self.changed(
                _ms(query["lastUpdatedAfter"]) + edge_ms, _ms(query["lastUpdatedBefore"]), lie, end=True
            )
        at, size = int(query.get("paginationToken", "0")), min(self.most, int(query["maxResultsPerPage"]))
        shown, has_more, _ = self.page(rows, at, size, lie)
        seen_ms = self.seen_ms(lie)
        content: dict[str, Any] = {"orders": [order_of(one, seen_ms, lie) for one in shown]}
        return said(200, {**content, "pagination": {"nextToken": str(at + size)}} if has_more else content)

    def _report(self, request: HttpRequest, path: str) -> Answer:
        """The file of all orders: asked for, made, and where it is. Its number says of which span it is."""
        if request.method == "POST":
            asked = json.loads(request.body)
            assert asked["reportType"] == "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
            number = f"{_ms(asked['dataStartTime'])}-{_ms(asked['dataEndTime'])}"
            return said(202, {"reportId": number})
        number = path.rpartition("/")[2]
        if "/documents/" in path:
            return said(200, {"reportDocumentId": number, "url": f"https://files.example/files/{number}"})
        return said(200, {"reportId": number, "processingStatus": "DONE", "reportDocumentId": number})

    def _all_orders(self, number: str) -> bytes:
        """As Amazon writes it: a line an item, with orders of other marketplaces and of other channels."""
        first, last = map(int, number.split("-"))
        lines = [
            "amazon-order-id\tpurchase-date\torder-status\tsales-channel\tsku\tship-city\titem-price\tcurrency\tlast-updated-date"
        ]
        for order in self.placed(first, last):
            # before taxes and shipping
            now_ms = self._now_ms()
            half, status = order.amount(now_ms) * 9 / 20, status_of(order, now_ms).capitalize()
            changed = _iso(order.updated_ms(now_ms))
            for item in ("lamp", "shade"):
                place = f"{order.number}\t{_iso(order.placed_ms)}\t{status}\tAmazon.com\t{item}"
                lines.append(f"{place}\tAustin\t{half:.2f}\t{order.currency}\t{changed}")
        lines += [
            f"{at}\t{_iso(first)}\tShipped\t{at}\tlamp\tAustin\t9.00\tUSD\t{_iso(first)}"
            for at in ("Amazon.ca", "Non-Amazon US")
        ]
        return "\r\n".join(lines).encode()


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def order_of(order: LedgerOrder, now_ms: int, lie: Lie | None = None) -> dict[str, Any]:
    """An order as the search shows it now."""

    def written(at_ms: int) -> str | None:
        shown = moment(at_ms, now_ms, lie)
        return datetime.fromtimestamp(shown / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if shown else None

    status = status_of(order, now_ms)
    return {
        "orderId": order.number,
        "createdTime": written(order.placed_ms),
        "lastUpdatedTime": written(order.updated_ms(now_ms)),
        "salesChannel": {
            "channelName": "AMAZON",
            "marketplaceId": MARKETPLACE,
            "marketplaceName": "Amazon.com",
        },
        "buyer": {"buyerName": "Zhang San", "buyerEmail": "zhang.san@example.com"},
        "recipient": {"deliveryAddress": {"name": "Zhang San", "phone": "13812345678"}},
        "proceeds": {"grandTotal": {"amount": money(order, now_ms, lie), "currencyCode": order.currency}},
        "fulfillment": {"fulfillmentStatus": status, "fulfilledBy": "MERCHANT"},
        "orderItems": [
            {"orderItemId": "1", "quantityOrdered": 1, "product": {"asin": "B08C1W5N87", "title": "Lamp"}}
        ],
        "packages": [{"packageReferenceId": "1", "shipTime": written(order.shipped_ms)}]
        if status == "SHIPPED"
        else [],
    }


def status_of(order: LedgerOrder, now_ms: int) -> str:
    """What Amazon calls the order's state now."""
    states = ((order.shipped_ms, "SHIPPED"), (order.paid_ms, "UNSHIPPED"), (order.cancelled_ms, "CANCELLED"))
    return next((name for at_ms, name in states if 0 < at_ms <= now_ms), "PENDING")


def _error(status: int, code: str, message: str, details: str = "") -> Answer:
    return said(status, {"errors": [{"code": code, "message": message, "details": details}]})


def _instead(lie: Lie | None) -> Answer:
    """What is answered in place of a page."""
    match lie:
        case Lie.NO_LIST:
            return said(200, {"errors": [{"code": "InternalFailure", "message": "try later"}]})
        case Lie.HTML:
            return web_page()
        case Lie.THROTTLED:
            quota = {"errors": [{"code": "QuotaExceeded", "message": "You exceeded your quota"}]}
            return said(429, quota, {"Retry-After": "20"})
        case Lie.THROTTLED_SILENTLY:
            return _error(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")
        case Lie.FAILS:
            return _error(500, "InternalFailure", "We encountered an internal error.")
        case Lie.AWAY:
            return _error(503, "ServiceUnavailable", "The service is temporarily unavailable.")
        case Lie.EXPIRED:
            return _error(
                403,
                "Unauthorized",
                "Access to requested resource is denied.",
                "The access token you provided has expired.",
            )
        case Lie.FORBIDDEN:
            return _error(403, "Unauthorized", "Access to requested resource is denied.")
    return 410, {}, b""


def amazon_connection(*, tokens: bool = False, second: bool = False, **more: Any) -> dict[str, Any]:
    """The configuration of a connection to this account."""
    return {
        "name": "lying", "source": "amazon", "store": "cn", "client_id": "amzn1.application-oa2-client.1", "secret": "env:NEW",
        "refresh_token": "env:LYING_SHOP", "marketplace": MARKETPLACE, "rate": 10, "first_days": 0.5, "interval_s": 300,
        "reads": ["orders", "sales"], **more,
    }  # fmt: skip
