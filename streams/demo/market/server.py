"""The platforms over HTTP on loopback, and what they push."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
from aiohttp import web

from streams.clock import now_ms
from streams.demo.market import lazada, shopee, shopify
from streams.demo.market.orders import Answer, Sales, SoldOrder

Event = dict[str, Any]
#: store → (source, connection) whose platform reports its orders, not the shop's own server
CONNECTED: Mapping[str, tuple[str, str]] = {
    "lioncity": ("shopee", "lion-city"),
    "siamglow": ("lazada", "siam-glow"),
}
#: the shop whose declined payments come by webhook
DECLINING = ("luma", "shopify", "luma-living")
#: what a platform reports of a shop
_REPORTED = frozenset({"order", "payment"})
#: pushes that get lost, so that polls have something to find
_LOST_SHARE = 0.1


class Push(NamedTuple):
    """A delivery on its way to the collector."""

    source: str
    connection: str
    body: bytes
    headers: dict[str, str]


class Market:
    """The platforms. Use as an async context manager: inside, the API answers.

    Args:
        keys: by source, the secret that signs its pushes.
        listening: a socket bound to a port of loopback; None if nobody asks over HTTP.
    """

    def __init__(self, keys: Mapping[str, str], listening: socket.socket | None = None) -> None:
        self._keys, self._listening = keys, listening
        self.sales = {source: Sales() for source, _ in CONNECTED.values()}
        self._random = np.random.default_rng(11)  # which pushes get lost
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Market:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        if self._listening is not None:
            await web.SockSite(self._runner, self._listening).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        status, content = self.answer(request.path, dict(request.query), now_ms())
        return web.json_response(content, status=status)

    def answer(self, path: str, query: Mapping[str, str], at_ms: int) -> Answer:
        """What the platform that has this path answers."""
        if path.startswith(shopee.API):
            return shopee.answered(path, query, self.sales["shopee"], at_ms)
        return lazada.answered(path, query, self.sales["lazada"], at_ms)

    def take(self, events: Iterable[Event]) -> tuple[list[Event], list[Push]]:
        """Keep what the platforms report; what the shops' servers and pages send themselves, and what is pushed now."""
        own: list[Event] = []
        pushes: list[Push] = []
        for event in events:
            source, connection = CONNECTED.get(event["store_id"], ("", ""))
            if not source or event["type"] not in _REPORTED:
                own.append(as_reported(event))
                continue
            order = self.sales[source].take(event)
            if self._random.random() >= _LOST_SHARE:
                pushes.append(self._push(source, connection, order, event["event_time_ms"]))
        return own, pushes

    def _push(self, source: str, connection: str, order: SoldOrder, at_ms: int) -> Push:
        key = self._keys[source]
        if source == "shopee":
            body = shopee.push_of(order.number, shopee.status_of(order, at_ms), at_ms, shopee.SHOP)
            return Push(source, connection, body, shopee.signed(body, key, shopee.CALLBACK))
        body = lazada.push_of(order.number, lazada.status_of(order, at_ms), at_ms, lazada.SITE)
        return Push(source, connection, body, lazada.signed(body, key, lazada.APP))

    def declined(self, payments: Sequence[Event]) -> list[Push]:
        """What Shopify pushes of payments that were declined."""
        _, source, connection = DECLINING
        bodies = [shopify.declined(payment) for payment in payments]
        return [Push(source, connection, body, shopify.signed(body, self._keys[source])) for body in bodies]


def as_reported(event: Event) -> Event:
    """An event as the platform knows it: of an order of a connected shop, it does not know the device."""
    if event["store_id"] not in CONNECTED or "payment_method" not in event:
        return event
    return {name: value for name, value in event.items() if name != "device_class" and value}
