"""The page that says what every state and number means."""

from __future__ import annotations

from aiohttp import web

from streams.web.definitions.words import DEFINITION_WORDS
from streams.web.frame.routes import PageRoute, Routes
from streams.web.frame.subject import NavigationEntry, PageServices, Subject


def _routes(services: PageServices) -> Routes:
    async def page(request: web.Request) -> web.Response:
        """GET /definitions."""
        states = services.renderer.names(request).states_explained()
        return services.renderer.render(request, "definitions/definitions.html", states=states)

    return Routes(pages=(PageRoute("/definitions", page),))


SUBJECT = Subject(
    __file__,
    build=_routes,
    words=DEFINITION_WORDS,
    navigation=NavigationEntry("/definitions", "definitions"),
)
