"""The page that compares stores with their own expectations, by platform, and the same by API."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clock import now_ms
from streams.web.comparison.answers import PlatformComparison
from streams.web.comparison.bars import pictures
from streams.web.comparison.queries import HOURS, ComparisonQueries
from streams.web.comparison.words import COMPARISON_WORDS
from streams.web.frame.arguments import choice_of
from streams.web.frame.parts import late_parts
from streams.web.frame.routes import ApiRoute, PageRoute, Routes, choice
from streams.web.frame.subject import NavigationEntry, PageServices, Subject

#: seconds between updates of an open page
LIVE_S = 10


class ComparisonPages:
    """The handlers."""

    def __init__(self, services: PageServices, queries: ComparisonQueries) -> None:
        self._renderer, self._queries = services.renderer, queries

    async def page(self, request: web.Request) -> web.Response:
        """GET /compare."""
        at_ms, hours = now_ms(), choice_of(request.query, "hours", HOURS, 24)
        view: dict[str, Any] = {"comparison": None, "problem": ""}
        late: dict[str, str] = {}
        try:
            view["comparison"] = await self._queries.readable(hours, at_ms, late)
        except ClickHouseUnreachableError as error:
            view["problem"] = str(error)
        return self._renderer.render(
            request,
            "comparison/compare.html",
            live=LIVE_S,
            hours=hours,
            hours_offered=HOURS,
            pictures=pictures,
            covered=_covered(view["comparison"]),
            is_empty=_is_empty(view["comparison"]),
            **late_parts(late, self._renderer.reader(request)),
            **view,
        )

    async def comparison(self, request: web.Request) -> PlatformComparison:
        """GET /api/v1/comparison."""
        return await self._queries.comparison(choice_of(request.query, "hours", HOURS, 24), now_ms())


def _is_empty(comparison: PlatformComparison | None) -> bool:
    """Whether no store has a step to compare yet."""
    return comparison is not None and not any(pictures(group) for group in comparison.groups)


def _covered(comparison: PlatformComparison | None) -> int:
    """The minutes with an expectation of the step that has most of them."""
    groups = comparison.groups if comparison else ()
    return max((s.covered_minutes for g in groups for store in g.stores for s in store.steps), default=0)


def _routes(services: PageServices) -> Routes:
    pages = ComparisonPages(services, ComparisonQueries(services.database, services.config))
    return Routes(
        pages=(PageRoute("/compare", pages.page),),
        api=(
            ApiRoute(
                "/comparison",
                "Every store against its own expectation, by platform",
                PlatformComparison,
                pages.comparison,
                (choice("hours", HOURS, 24, "How many hours back."),),
            ),
        ),
    )


SUBJECT = Subject(
    __file__,
    build=_routes,
    words=COMPARISON_WORDS,
    navigation=NavigationEntry("/compare", "compare"),
)
