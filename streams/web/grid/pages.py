"""The store grid and the monitor's rolling counts by API; the overview shows the grid."""

from __future__ import annotations

from aiohttp import web

from streams.clock import now_ms
from streams.web.frame.arguments import at_of
from streams.web.frame.errors import UNKNOWN_STORE, NotFoundError
from streams.web.frame.routes import AT, STORE, ApiRoute, Routes
from streams.web.frame.subject import PageServices, Subject
from streams.web.grid.answers import Stores, StoreTile, Windows
from streams.web.grid.money import AlertPrices
from streams.web.grid.queries import GridQueries
from streams.web.status.queries import StatusQueries


class GridPages:
    """The handlers."""

    def __init__(self, queries: GridQueries) -> None:
        self._queries = queries

    async def stores(self, request: web.Request) -> Stores:
        """GET /api/v1/stores."""
        return await self._queries.stores(*at_of(request.query, now_ms()))

    async def store(self, request: web.Request) -> StoreTile:
        """GET /api/v1/stores/{store}."""
        wanted = request.match_info["store"]
        rows = (await self.stores(request)).stores
        found = next((row for row in rows if row.store_id == wanted), None)
        if found is None:
            raise NotFoundError(UNKNOWN_STORE.both(store=wanted))
        return found

    async def windows(self, request: web.Request) -> Windows:
        """GET /api/v1/windows."""
        return await self._queries.windows(request.query.get("store", ""))


def _routes(services: PageServices) -> Routes:
    database, config = services.database, services.config
    values = AlertPrices(services.worth)
    pages = GridPages(GridQueries(database, config, StatusQueries(database), values, services.present))
    return Routes(
        api=(
            ApiRoute("/stores", "The store grid, worst first", Stores, pages.stores, (AT,)),
            ApiRoute("/stores/{store}", "One store of the grid", StoreTile, pages.store, (AT,)),
            ApiRoute("/windows", "Every store's rolling stage counts", Windows, pages.windows, (STORE,)),
        )
    )


SUBJECT = Subject(__file__, build=_routes)
