"""The page that says who is notified of an alert and why, and the same by API."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from streams.kafka.errors import KafkaUnreachableError
from streams.web.alerts.action_queries import ActionQueries
from streams.web.alerts.queries import AlertQueries
from streams.web.frame.errors import NOT_IN_LOG, NotFoundError
from streams.web.frame.routes import ApiRoute, PageRoute, Routes
from streams.web.frame.subject import PageServices, Subject
from streams.web.grid.money import AlertPrices
from streams.web.routing.answers import Routing
from streams.web.routing.queries import RoutingQueries
from streams.web.routing.words import ROUTING_WORDS


class RoutingPages:
    """The handlers."""

    def __init__(self, services: PageServices, queries: RoutingQueries, alerts: AlertQueries) -> None:
        self._config, self._renderer = services.config, services.renderer
        self._queries, self._alerts = queries, alerts

    async def page(self, request: web.Request) -> web.Response:
        """GET /alerts/{alert}/routing."""
        alert = await self._alerts.alert(request.match_info["alert"])
        if alert is None:
            return self._renderer.missing(request, "no_such_alert")
        view: dict[str, Any] = {"routing": None, "problem": ""}
        try:
            language = self._renderer.reader(request).language
            view["routing"] = await self._queries.routing(alert.alert_id, language)
        except KafkaUnreachableError as error:
            view["problem"] = str(error)
        return self._renderer.render(
            request,
            "routing/routing.html",
            503 if view["problem"] else 200,
            here="alerts",
            a=alert,
            store=self._renderer.names(request).config(alert.store_id),
            **view,
        )

    async def routing(self, request: web.Request) -> Routing:
        """GET /api/v1/alerts/{alert}/routing."""
        language = self._renderer.reader(request).language
        answer = await self._queries.routing(request.match_info["alert"], language)
        if not answer.known:
            raise NotFoundError(NOT_IN_LOG.both())
        return answer


def _routes(services: PageServices) -> Routes:
    database = services.database
    alerts = AlertQueries(
        database, AlertPrices(services.worth), ActionQueries(database, services.actions), services.present
    )
    pages = RoutingPages(services, RoutingQueries(services.settings, services.config, database), alerts)
    return Routes(
        pages=(PageRoute("/alerts/{alert}/routing", pages.page),),
        api=(
            ApiRoute(
                "/alerts/{alert}/routing",
                "Who is notified of an alert, and why; at most ten seconds old",
                Routing,
                pages.routing,
            ),
        ),
    )


SUBJECT = Subject(__file__, build=_routes, words=ROUTING_WORDS)
