"""The page of one order's way, and the same by API. Rows of alerts and of what was left out lead here."""

from __future__ import annotations

from aiohttp import web

from scoring.records.order_facts import LONGEST_ORDER_ID
from scoring.records.order_way import is_time
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clock import now_ms
from streams.instance.typed_ids import NoHashKeyError, TypedIds
from streams.sources.order_way import MAX_REPORTS, RAW_DAYS, OrderWays
from streams.web.frame.errors import BadQueryError, ConflictError
from streams.web.frame.routes import STORE, ApiRoute, PageRoute, Parameter, Routes
from streams.web.frame.subject import PageServices, Subject
from streams.web.orders.answers import OrderFound
from streams.web.orders.words import NO_HASH_KEY, ORDER_WORDS


class OrderPages:
    """The handlers."""

    def __init__(self, services: PageServices) -> None:
        self._renderer, self._database, self._sources = services.renderer, services.database, services.sources
        self._config, self._ids = services.config, TypedIds(services.settings)

    async def page(self, request: web.Request) -> web.StreamResponse:
        """GET /orders: a form, and the way of the order that it asks for."""
        reader = self._renderer.reader(request)
        found, problem = None, ""
        try:
            found = await self._found(request) if request.query.get("order", "").strip() else None
        except ClickHouseUnreachableError as error:
            problem = str(error)
        return self._renderer.render(
            request,
            "orders/order.html",
            found=found,
            problem=problem,
            order=request.query.get("order", "").strip(),
            store=request.query.get("store", ""),
            raw_days=RAW_DAYS,
            most=MAX_REPORTS,
            said=lambda kind, name: reader.word(f"order_{kind}_{name}"),
            value=lambda name, text: reader.second(int(text)) if text and is_time(name) else text,
        )

    async def order(self, request: web.Request) -> OrderFound:
        """GET /api/v1/orders."""
        return await self._found(request)

    async def _found(self, request: web.Request) -> OrderFound:
        try:
            return await self._way(request.query.get("order", "").strip(), request.query.get("store", ""))
        except NoHashKeyError as error:
            raise ConflictError(NO_HASH_KEY.both()) from error

    async def _way(self, order_id: str, store_id: str) -> OrderFound:
        if not 0 < len(order_id) <= LONGEST_ORDER_ID:
            raise BadQueryError(f"order: expected the number of an order, 1 to {LONGEST_ORDER_ID} characters")
        ways, at_ms = OrderWays(self._database, self._sources.directory, self._ids), now_ms()
        configured = [store.id for store in self._config.stores]
        stores = [store_id] if store_id else await ways.stores(order_id, configured, at_ms)
        way = await ways.way(stores[0], order_id, at_ms) if len(stores) == 1 else None
        return OrderFound(order_id, tuple(stores) if way or len(stores) > 1 else (), way)


def _routes(services: PageServices) -> Routes:
    pages = OrderPages(services)
    number = Parameter(
        "order",
        {"type": "string", "minLength": 1, "maxLength": LONGEST_ORDER_ID},
        "The order's number, as the rows of numbers show it.",
        required=True,
    )
    return Routes(
        pages=(PageRoute("/orders", pages.page),),
        api=(
            ApiRoute(
                "/orders",
                "The way back from an order: every report of it, by which door and when, with its raw delivery",
                OrderFound,
                pages.order,
                (number, STORE),
            ),
        ),
    )


SUBJECT = Subject(__file__, build=_routes, words=ORDER_WORDS)
