"""The state of data and parts by API; the overview shows the same."""

from __future__ import annotations

from aiohttp import web

from streams.clock import now_ms
from streams.web.frame.arguments import at_of
from streams.web.frame.routes import AT, ApiRoute, Routes
from streams.web.frame.subject import PageServices, Subject
from streams.web.status.answers import Status
from streams.web.status.queries import StatusQueries


def _routes(services: PageServices) -> Routes:
    queries = StatusQueries(services.database)

    async def status(request: web.Request) -> Status:
        """GET /api/v1/status."""
        return await queries.status(services.settings.data, *at_of(request.query, now_ms()))

    summary = "Ages of the data and state of the parts"
    return Routes(api=(ApiRoute("/status", summary, Status, status, (AT,)),))


SUBJECT = Subject(__file__, build=_routes)
