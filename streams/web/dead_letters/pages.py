"""The page of dead letters, and the same by API."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from scoring.events.event import RejectReason
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clock import now_ms
from streams.web.dead_letters.answers import DeadLetters, DeadLetterSummary
from streams.web.dead_letters.queries import DeadLetterQueries
from streams.web.dead_letters.words import DEAD_LETTER_WORDS
from streams.web.frame.arguments import limit_of, number_of, one_of
from streams.web.frame.routes import (
    MAX_ROWS,
    STORE,
    ApiRoute,
    PageRoute,
    Parameter,
    Routes,
    hours_back,
    limit_of_rows,
)
from streams.web.frame.subject import NavigationEntry, PageServices, Subject

REASONS = tuple(reason.value for reason in RejectReason)
#: what the page shows, in hours
PAGE_HOURS = 7 * 24
#: how far back the API goes, in hours
MAX_HOURS = 90 * 24
#: seconds between updates of an open page
LIVE_S = 10


class DeadLetterPages:
    """The handlers."""

    def __init__(self, services: PageServices, queries: DeadLetterQueries) -> None:
        self._renderer, self._queries = services.renderer, queries

    async def page(self, request: web.Request) -> web.Response:
        """GET /dead-letters: rejected records of the last week."""
        reason, at_ms = request.query.get("reason", ""), now_ms()
        view: dict[str, Any] = {"summary": None, "letters": (), "problem": ""}
        try:
            view["summary"] = await self._queries.summary(PAGE_HOURS, at_ms)
            view["letters"] = (await self._queries.letters(reason, "", PAGE_HOURS, 100, at_ms)).letters
        except ClickHouseUnreachableError as error:
            view["problem"] = str(error)
        return self._renderer.render(
            request, "dead_letters/dead_letters.html", live=LIVE_S, reason=reason, now_ms=at_ms, **view
        )

    async def letter_summary(self, request: web.Request) -> DeadLetterSummary:
        """GET /api/v1/dead-letters/summary."""
        return await self._queries.summary(number_of(request.query, "hours", 24, 0.25, MAX_HOURS), now_ms())

    async def letters(self, request: web.Request) -> DeadLetters:
        """GET /api/v1/dead-letters."""
        query = request.query
        reason = one_of(query, "reason", ("", *REASONS), "")
        hours = number_of(query, "hours", 24, 0.25, MAX_HOURS)
        most = limit_of(query, 100, MAX_ROWS)
        return await self._queries.letters(reason, query.get("store", ""), hours, most, now_ms())


def _routes(services: PageServices) -> Routes:
    pages = DeadLetterPages(services, DeadLetterQueries(services.database))
    reason = Parameter("reason", {"type": "string", "enum": list(REASONS)}, "Only this reason.")
    return Routes(
        pages=(PageRoute("/dead-letters", pages.page),),
        api=(
            ApiRoute(
                "/dead-letters/summary",
                "Rejected records by reason",
                DeadLetterSummary,
                pages.letter_summary,
                (hours_back(24, MAX_HOURS),),
            ),
            ApiRoute(
                "/dead-letters",
                "Rejected records, newest first",
                DeadLetters,
                pages.letters,
                (reason, STORE, hours_back(24, MAX_HOURS), limit_of_rows(100, MAX_ROWS)),
            ),
        ),
    )


SUBJECT = Subject(
    __file__,
    build=_routes,
    words=DEAD_LETTER_WORDS,
    navigation=NavigationEntry("/dead-letters", "dead_letters"),
)
