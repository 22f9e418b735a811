"""A shop's API that lies: a ledger of what is true, answers from it over HTTP or in process, and lies as a script says.

The ledger is a life for each order: placed, and later paid, shipped or cancelled, all drawn from a seed before time begins; what can be
seen at a moment follows from the virtual clock. A lie holds for a span of time.
"""

from __future__ import annotations

import asyncio
import json
import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from aiohttp import web
from multidict import CIMultiDict

from streams.sources.asking import (
    AnswerGarbledError,
    HttpAnswer,
    HttpRequest,
    PlatformUnreachableError,
)

ZONE = ZoneInfo("Asia/Shanghai")
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
PAGE = 5


class Lie(StrEnum):
    """What can be wrong with an answer."""

    DROPPED_PAGE = "a page is left out"
    REPEATED_PAGE = "a page comes twice instead of the next"
    SHIFTED_PAGE = "rows move up between pages"
    DROPPED_ROW = "a row is left out"
    DROPPED_ROW_AND_TOTAL = "a row is left out, and the total says so"
    EMPTY = "200 with no rows"
    NO_LIST = "200 with an error instead of rows"
    HTML = "200 with a web page"
    HALF_BODY = "the body breaks off"
    SLOW = "the body does not come in time"
    THROTTLED = "429 with Retry-After"
    THROTTLED_SILENTLY = "429 without Retry-After"
    FAILS = "500"
    AWAY = "503"
    EXPIRED = "401"
    FORBIDDEN = "403"
    RETIRED = "410"
    OTHER_VERSION = "another version is served"
    EDGE = "> where >= was agreed"
    LATE_ROWS = "rows are there an hour after their own time"
    STALE = "the state of three hours ago"
    RESTATED = "an amount changes without a new time"
    OTHER_ZONE = "times of another zone, without an offset"
    CENTS = "amounts in the smallest unit"
    CLOCK = "times an hour ahead"


@dataclass(frozen=True, slots=True)
class ScriptedLie:
    """A lie and its time."""

    lie: Lie
    from_ms: int
    until_ms: int

    def holds(self, now_ms: int) -> bool:
        return self.from_ms <= now_ms < self.until_ms


@dataclass(slots=True)
class LedgerOrder:
    """The life of one order. 0: never."""

    number: str
    placed_ms: int
    paid_ms: int
    shipped_ms: int
    cancelled_ms: int
    cents: int
    currency: str
    restated_ms: int = 0
    restated_cents: int = 0
    #: assignments to fields of any order: an index of orders holds as long as nobody writes
    writes: ClassVar[int] = 0

    def __setattr__(self, name: str, value: Any) -> None:
        LedgerOrder.writes += 1
        object.__setattr__(self, name, value)

    def moments(self) -> tuple[int, ...]:
        """When something of it changed."""
        happened = (self.placed_ms, self.paid_ms, self.shipped_ms, self.cancelled_ms, self.restated_ms)
        return tuple(at for at in happened if at > 0)

    def amount(self, now_ms: int) -> Decimal:
        restated = self.restated_ms and now_ms >= self.restated_ms
        return Decimal(self.restated_cents if restated else self.cents).scaleb(-2)

    def updated_ms(self, now_ms: int) -> int:
        return max((at for at in self.moments() if at <= now_ms), default=0)


class _LedgerIndex:
    """Orders by number, and by each moment at which something of them changed."""

    def __init__(self, key: tuple[int, int], orders: Sequence[LedgerOrder]) -> None:
        self.key = key
        self.by_number = {one.number: one for one in orders}
        self.moments = sorted((at_ms, at) for at, one in enumerate(orders) for at_ms in one.moments())


@dataclass
class Ledger:
    """What is true."""

    orders: list[LedgerOrder] = field(default_factory=list)
    _index: _LedgerIndex | None = field(default=None, repr=False, compare=False)

    def _indexed(self) -> _LedgerIndex:
        """The index of what is there now."""
        key = (len(self.orders), LedgerOrder.writes)
        if self._index is None or self._index.key != key:
            self._index = _LedgerIndex(key, self.orders)
        return self._index

    def named(self, number: str) -> LedgerOrder:
        """The order of a number."""
        return self._indexed().by_number[number]

    def near(self, from_ms: int, to_ms: int) -> list[LedgerOrder]:
        """The orders of which something changed in a span, or up to an hour before or after it, in their order."""
        index = self._indexed()
        begin = bisect_left(index.moments, (from_ms - HOUR_MS, 0))
        end = bisect_left(index.moments, (to_ms + HOUR_MS + 1, 0))
        return [self.orders[at] for at in sorted({at for _, at in index.moments[begin:end]})]

    @classmethod
    def drawn(cls, seed: int, begin_ms: int, days: int, per_day: int = 24) -> Ledger:
        """Orders of some days. Some are placed in the same second, some at the very edge of an hour."""
        chance, orders = random.Random(seed), []
        for number in range(days * per_day):
            at_ms = begin_ms + chance.randrange(days * DAY_MS) // 1000 * 1000
            if orders and chance.random() < 0.15:
                at_ms = orders[-1].placed_ms
            elif chance.random() < 0.1:
                at_ms -= at_ms % HOUR_MS
            orders.append(_drawn_order(chance, f"N{seed}-{number:05d}", at_ms))
        return cls(sorted(orders, key=lambda one: (one.placed_ms, one.number)))

    def figures(self, days: Iterable[date], now_ms: int) -> dict[str, dict[str, Decimal]]:
        """Orders, paid ones and money of each day."""
        found: dict[str, Counter[str]] = {day.isoformat(): Counter(orders=0, paid=0) for day in days}
        for order in self.orders:
            placed, paid = day_of(order.placed_ms), day_of(order.paid_ms) if order.paid_ms else ""
            if placed in found and order.placed_ms <= now_ms:
                found[placed]["orders"] += 1
                found[placed][f"money {order.currency}"] += order.amount(now_ms)  # type: ignore[assignment]
            if paid in found and order.paid_ms <= now_ms:
                found[paid]["paid"] += 1
        return {day: {name: Decimal(value) for name, value in one.items()} for day, one in found.items()}


def _drawn_order(chance: random.Random, number: str, at_ms: int) -> LedgerOrder:
    paid = at_ms + chance.randrange(1, 3600) * 1000 if chance.random() < 0.8 else 0
    return LedgerOrder(
        number=number,
        placed_ms=at_ms,
        paid_ms=paid,
        shipped_ms=paid + chance.randrange(1, 40) * HOUR_MS if paid and chance.random() < 0.7 else 0,
        cancelled_ms=at_ms + chance.randrange(60, 600) * 60_000 if not paid and chance.random() < 0.5 else 0,
        cents=chance.randrange(100, 50_000),
        currency="CNY",
    )


def day_of(at_ms: int) -> str:
    """The day in the shop's zone."""
    return datetime.fromtimestamp(at_ms / 1000, ZONE).date().isoformat()


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
        status, headers, body = self._answer(request, lie)
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
        status, headers, body = self._answer(asked, lie)
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
        rows = self._window(_ms(query["from"]), _ms(query["to"]), seen_ms, lie)
        page, size = int(query.get("page", "1")), int(query.get("size", str(PAGE)))
        total = len(rows)
        at = (page - 1) * size
        if lie is Lie.DROPPED_PAGE and page > 1:
            at += size
        elif lie is Lie.REPEATED_PAGE and page > 1:
            at -= size
        elif lie is Lie.SHIFTED_PAGE and page > 1:
            at += 1
        shown = rows[at : at + size]
        if lie in (Lie.DROPPED_ROW, Lie.DROPPED_ROW_AND_TOTAL) and shown:
            del shown[len(shown) // 2]
            total -= lie is Lie.DROPPED_ROW_AND_TOTAL
        if lie is Lie.EMPTY:
            shown, total = [], 0
        answer: dict[str, Any] = {"orders": shown, "more": at + size < len(rows) and lie is not Lie.EMPTY}
        return {**answer, "total": total} if self._gives_total else answer

    def _window(self, from_ms: int, to_ms: int, seen_ms: int, lie: Lie | None) -> list[dict[str, Any]]:
        found = []
        for order in self.ledger.near(from_ms, to_ms):
            updated_ms = order.updated_ms(seen_ms)
            shown_ms = updated_ms + (HOUR_MS if lie is Lie.CLOCK else 0)
            is_inside = from_ms < shown_ms < to_ms or (shown_ms == from_ms and lie is not Lie.EDGE)
            is_there = lie is not Lie.LATE_ROWS or updated_ms + HOUR_MS <= seen_ms
            if updated_ms and is_inside and is_there:
                found.append((updated_ms, order.number, _row(order, seen_ms, lie)))
        return [row for _, _, row in sorted(found, key=lambda one: one[:2])]


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
        self.given += 1
        access, new = f"access-{self.given}", f"refresh-{self.given}"
        self._refresh.add(new)
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
