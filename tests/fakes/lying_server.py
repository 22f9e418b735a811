"""A shop's API that lies: answers from the ledger of ``ledger.py`` over HTTP or in process, and lies (``lies.py``) as a script says."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web
from multidict import CIMultiDict

from streams.sources.asking import (
    AnswerGarbledError,
    HttpAnswer,
    HttpRequest,
    PlatformUnreachableError,
)
from tests.fakes.ledger import HOUR_MS, ZONE, Ledger, LedgerOrder
from tests.fakes.lies import SPOILT, Lie, ScriptedLie

PAGE = 5


class LyingShop:
    """The API (``HttpSender`` in process; ``application`` over HTTP).

    Args:
        ledger: what is true.
        now_ms: the clock.
        lies: the script.
        gives_total: whether a page says how many rows there are in all.
    """

    def __init__(
        self,
        ledger: Ledger,
        now_ms: Callable[[], int],
        lies: Sequence[ScriptedLie] = (),
        gives_total: bool = True,
    ) -> None:
        self.ledger, self._now_ms, self._lies, self._gives_total = ledger, now_ms, list(lies), gives_total
        self.requests: list[tuple[int, str]] = []
        self.lied: Counter[Lie] = Counter()
        self.tokens = TokenDesk(now_ms)

    # ---------------------------------------------------------------- in process

    async def send(self, request: HttpRequest, timeout_s: float) -> HttpAnswer:
        """The answer, or what a broken connection is to our sender."""
        lie = self._lie(urlsplit(request.url).path)
        if lie is Lie.SLOW:
            await asyncio.sleep(timeout_s)
            raise PlatformUnreachableError("shop.example is unreachable: TimeoutError")
        if lie is Lie.HALF_BODY:
            raise AnswerGarbledError("the answer of shop.example broke off (ClientPayloadError)")
        status, headers, body = self._spoilt_answer(request, lie)
        return HttpAnswer(status, CIMultiDict(headers), body, "shop.example")

    # ---------------------------------------------------------------- over HTTP

    def application(self) -> web.Application:
        """The same over HTTP, with bodies that break off and that do not come."""
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        lie = self._lie(request.path)
        query = tuple((name, value) for name, value in request.query.items())
        asked = HttpRequest(str(request.url), request.method, query, request.headers, await request.read())
        status, headers, body = self._spoilt_answer(asked, lie)
        if lie not in (Lie.HALF_BODY, Lie.SLOW):
            return web.Response(status=status, headers=headers, body=body)
        response = web.StreamResponse(status=status, headers={**headers, "Content-Length": str(len(body))})
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        if lie is Lie.SLOW:
            await asyncio.sleep(3600)
        assert request.transport is not None
        request.transport.close()
        return response

    # ---------------------------------------------------------------- what is answered

    def _spoilt_answer(self, request: HttpRequest, lie: Lie | None) -> tuple[int, dict[str, str], bytes]:
        """The answer; in place of it what spoils any answer alike."""
        if lie is None or lie not in SPOILT:
            return self._answer(request, lie)
        self.lied[lie] += 1
        return SPOILT[lie](self._answer(request, None)[2])

    def page(
        self, rows: Sequence[LedgerOrder], at: int, size: int, lie: Lie | None
    ) -> tuple[list[LedgerOrder], bool, int]:
        """A page that begins at ``at``, whether there is more, and how many rows there are."""
        total, begin, has_more = len(rows), at, at + size < len(rows)
        if lie is Lie.ENDLESS and rows:
            begin, has_more = at % (-(-total // size) * size), True
        elif at:
            begin += {Lie.DROPPED_PAGE: size, Lie.REPEATED_PAGE: -size, Lie.SHIFTED_PAGE: 1}.get(lie, 0)  # type: ignore[arg-type]
        shown = list(rows[begin : begin + size])
        match lie:
            case Lie.DROPPED_ROW | Lie.DROPPED_ROW_AND_TOTAL if shown:
                del shown[len(shown) // 2]
                total -= lie is Lie.DROPPED_ROW_AND_TOTAL
            case Lie.EMPTY:
                return [], False, 0
            case Lie.EARLY_END if has_more:
                del shown[size // 2 :]
            case Lie.LAST_PAGE_FIRST:
                has_more = False
            case Lie.WRONG_TOTAL:
                total += 7
            case Lie.TWICE:
                ago_ms = self._now_ms() - 3 * HOUR_MS
                shown += [one.as_of(ago_ms) for one in shown if one.placed_ms <= ago_ms]
        return shown, has_more, total

    def _lie(self, path: str) -> Lie | None:
        now_ms = self._now_ms()
        self.requests.append((now_ms, path))
        if path != "/orders":
            return None
        lie = next((one.lie for one in self._lies if one.holds(now_ms)), None)
        if lie is not None:
            self.lied[lie] += 1
        return lie

    def _answer(self, request: HttpRequest, lie: Lie | None) -> tuple[int, dict[str, str], bytes]:
        path, query = urlsplit(request.url).path, dict(request.query)
        if path == "/token":
            return self.tokens.give(dict(parse_qsl(request.body.decode())))
        if not self.tokens.is_good(request.headers.get("Authorization", "")):
            return _json(401, {"error": "invalid_token"})
        if path == "/days":
            return _json(200, self._days(query))
        if lie in _PLAIN:
            return _PLAIN[lie]
        version = {"X-Version": "2026-01" if lie is Lie.OTHER_VERSION else "2026-07"}
        return _json(200, self._orders(query, lie), version)

    def _days(self, query: dict[str, str]) -> dict[str, Any]:
        first, last = date.fromisoformat(query["from"]), date.fromisoformat(query["to"])
        days = [first + timedelta(days=number) for number in range((last - first).days)]
        found = self.ledger.figures(days, self._now_ms())
        return {
            "days": [
                {
                    "day": day,
                    "orders": int(one["orders"]),
                    "paid": int(one["paid"]),
                    "gmv": str(one.get("money CNY", Decimal(0))),
                    "currency": "CNY",
                }
                for day, one in found.items()
            ]
        }

    def _orders(self, query: dict[str, str], lie: Lie | None) -> dict[str, Any]:
        seen_ms = self._now_ms() - (3 * HOUR_MS if lie is Lie.STALE else 0)
        rows = self.ledger.changed(_ms(query["from"]), _ms(query["to"]), seen_ms, lie)
        page, size = int(query.get("page", "1")), int(query.get("size", str(PAGE)))
        shown, has_more, total = self.page(rows, (page - 1) * size, size, lie)
        answer: dict[str, Any] = {"orders": [_row(one, seen_ms, lie) for one in shown], "more": has_more}
        return {**answer, "total": total} if self._gives_total else answer


_PLAIN: dict[Lie | None, tuple[int, dict[str, str], bytes]] = {
    Lie.NO_LIST: (200, {"Content-Type": "application/json"}, b'{"code": "busy", "message": "try later"}'),
    Lie.HTML: (200, {"Content-Type": "text/html"}, b"<html><body>Sign in</body></html>"),
    Lie.THROTTLED: (429, {"Retry-After": "20"}, b""),
    Lie.THROTTLED_SILENTLY: (429, {}, b""),
    Lie.FAILS: (500, {}, b"oops"),
    Lie.AWAY: (503, {"Content-Type": "text/html"}, b"<html>maintenance</html>"),
    Lie.EXPIRED: (401, {}, b""),
    Lie.FORBIDDEN: (403, {}, b'{"error": "scope read_orders is missing"}'),
    Lie.RETIRED: (410, {}, b""),
}


def _row(order: LedgerOrder, now_ms: int, lie: Lie | None) -> dict[str, Any]:
    def written(at_ms: int) -> str | None:
        if not at_ms or at_ms > now_ms:
            return None
        at_ms += HOUR_MS if lie is Lie.CLOCK else 0
        if lie is Lie.OTHER_ZONE:
            return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        return datetime.fromtimestamp(at_ms / 1000, ZONE).isoformat()

    amount = order.amount(now_ms)
    if lie is Lie.RESTATED:
        amount += 1
    status = "CLOSED" if order.cancelled_ms and order.cancelled_ms <= now_ms else "NEW"
    if order.paid_ms and order.paid_ms <= now_ms:
        status = "SENT" if order.shipped_ms and order.shipped_ms <= now_ms else "PAID"
    return {
        "no": order.number,
        "status": status,
        "created_at": written(order.placed_ms),
        "paid_at": written(order.paid_ms),
        "sent_at": written(order.shipped_ms),
        "closed_at": written(order.cancelled_ms),
        "updated_at": written(order.updated_ms(now_ms)),
        "total": str(amount * 100) if lie is Lie.CENTS else str(amount),
        "currency": order.currency,
        "buyer": {"id": f"u-{order.number}", "name": "Zhang San", "phone": "13812345678"},
    }


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _json(
    status: int, content: object, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(content).encode()


class TokenDesk:
    """Gives tokens: single use, the former refresh token good until the new pair is first used. Off unless it is asked once."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self.is_on = False
        self.life_s = 3600
        self.given = self.rejected = 0
        self._refresh = {"first-refresh"}
        #: codes that shops have given by approving, each good once: code → what it is of (a shop, an app)
        self.codes: dict[str, str] = {}
        self.exchanged: list[str] = []
        self._access: dict[str, int] = {}
        self._replaces: dict[str, str] = {}
        #: answers that are lost on the way, by the number of the pair
        self.lost: set[int] = set()

    def is_good(self, authorization: str) -> bool:
        """Whether a request is let in; the first use of a new pair ends the refresh token it came from."""
        if not self.is_on:
            return True
        access = authorization.removeprefix("Bearer ")
        if self._access.get(access, 0) <= self._now_ms():
            self.rejected += 1
            return False
        self._refresh.discard(self._replaces.pop(access, ""))
        return True

    def expire_all(self) -> None:
        """All access tokens end now, whatever was said of them."""
        self._access.clear()

    def give(self, form: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        refresh = form.get("refresh_token", "")
        if refresh not in self._refresh:
            return _json(400, {"error": "invalid_grant"})
        return self._pair(refresh)

    def exchange(self, code: str, of: str) -> tuple[int, dict[str, str], bytes]:
        """The first pair for a code: once, and for what it is of."""
        self.exchanged.append(code)
        if self.codes.get(code) != of:
            return _json(400, {"error": "invalid_code"})
        del self.codes[code]
        return self._pair("")

    def _pair(self, refresh: str) -> tuple[int, dict[str, str], bytes]:
        self.given += 1
        access, new = f"access-{self.given}", f"refresh-{self.given}"
        self._refresh.add(new)
        if refresh:
            self._replaces[access] = refresh
        self._access[access] = self._now_ms() + self.life_s * 1000
        if self.given in self.lost:
            return _json(502, {"error": "bad gateway"})
        return _json(
            200,
            {
                "access_token": access,
                "refresh_token": new,
                "expires_in": self.life_s,
                "refresh_token_expires_in": 90 * 86_400,
            },
        )


def connection(*, tokens: bool = False, **more: Any) -> dict[str, Any]:
    """The configuration of a connection to this shop."""
    auth: dict[str, Any] = {"kind": "bearer", "secret": "env:LYING_SHOP"}
    if tokens:
        auth = {
            "kind": "refresh_token",
            "token_url": "https://shop.example/token",
            "client_id": "app",
            "refresh_token": "env:LYING_SHOP",
        }
    paging = {
        "kind": "page", "parameter": "page", "size_parameter": "size", "size": PAGE, "more": "more", "total": "total",
    }  # fmt: skip
    fields = {
        "order_id": "no", "status": "status", "placed": "created_at", "paid": "paid_at", "shipped": "sent_at",
        "cancelled": "closed_at", "updated": "updated_at", "amount": "total", "currency": "currency", "buyer": "buyer.id",
    }  # fmt: skip
    statuses = {"placed": ["NEW"], "paid": ["PAID"], "shipped": ["SENT"], "cancelled": ["CLOSED"]}
    resource = {
        "path": "/orders", "rows": "orders", "id": "no", "changed": "updated_at", "from_parameter": "from", "to_parameter": "to",
        "interval_s": 300, "window_days": 0.5, "first_days": 0.5, "paging": paging,
        "mapping": [{"kind": "order", "fields": fields, "statuses": statuses}],
    }  # fmt: skip
    return {
        "name": "lying", "source": "json_api", "store": "cn", "url": "https://shop.example", "auth": auth, "rate": 1000,
        "version": "2026-07", "version_header": "X-Version", "resources": [resource],
        "second_way": {"path": "/days", "rows": "days", "orders": "orders", "paid": "paid", "amount": "gmv", "currency": "currency"},
        **more,
    }  # fmt: skip
