"""The page and the API of a step by one dimension of its raw events: which products, campaigns or countries fell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from scoring.funnel.stages import STEP_BY_ID
from scoring.funnel.units import DAY_MS
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clickhouse.reader import Database
from streams.clock import now_ms
from streams.incidents.breakdown import (
    DIMENSIONS,
    LEAST_BEFORE,
    LONGEST_MS,
    Before,
    Breakdown,
    breakdown_of,
    breakdown_parameters,
    breakdown_sql,
)
from streams.web.frame.arguments import limit_of, moment_of, one_of
from streams.web.frame.errors import BadQueryError
from streams.web.frame.routes import MOMENT, ApiRoute, PageRoute, Parameter, choice, limit_of_rows
from streams.web.frame.subject import PageServices
from streams.web.store.known import KnownStores
from streams.web.store.words import BEFORE_NAMES, SPLIT_NAMES

SPANS = tuple(one.value for one in Before)
DEFAULT_STEP = "add_to_cart_to_order"
SHOWN_VALUES = 20


class BreakdownPages:
    """The handlers."""

    def __init__(self, services: PageServices, known: KnownStores) -> None:
        self._renderer, self._known = services.renderer, known
        self._database: Database = services.database

    async def page(self, request: web.Request) -> web.Response:
        """GET /stores/{store}/breakdown."""
        view: dict[str, Any] = {"found": None, "problem": ""}
        try:
            view["found"] = await self.breakdown(request)
        except ClickHouseUnreachableError as error:
            view["problem"] = str(error)
        language = self._renderer.reader(request).language
        return self._renderer.render(
            request,
            "store/breakdown.html",
            503 if view["problem"] else 200,
            here="overview",
            store=self._renderer.names(request).config(request.match_info["store"]),
            alert=request.query.get("alert", ""),
            splits={key: name(language) for key, name in SPLIT_NAMES.items()},
            spans={key: name(language) for key, name in BEFORE_NAMES.items()},
            step_ids=tuple(STEP_BY_ID),
            least=LEAST_BEFORE,
            **view,
        )

    async def breakdown(self, request: web.Request) -> Breakdown:
        """GET /api/v1/stores/{store}/breakdown."""
        query = request.query
        by = one_of(query, "by", DIMENSIONS, DIMENSIONS[0])
        step = one_of(query, "step", tuple(STEP_BY_ID), DEFAULT_STEP)
        against = one_of(query, "against", SPANS, SPANS[0])
        from_ms, to_ms = _span(query)
        most = limit_of(query, SHOWN_VALUES, 200)
        store_id = await self._known.require(request.match_info["store"])
        rows = await self._database.rows(
            breakdown_sql(by), **breakdown_parameters(store_id, step, against, from_ms, to_ms, most)
        )
        return breakdown_of(rows, store_id, step, by, against, from_ms, to_ms)


def _span(query: Mapping[str, str]) -> tuple[int, int]:
    to_ms = moment_of(query, "to") or now_ms()
    from_ms = moment_of(query, "from") or to_ms - DAY_MS
    if not 0 < to_ms - from_ms <= LONGEST_MS:
        raise BadQueryError("from, to: expected a span of more than 0 and at most 72 hours")
    return from_ms, to_ms


def page_route(pages: BreakdownPages) -> PageRoute:
    """The page."""
    return PageRoute("/stores/{store}/breakdown", pages.page)


def api_route(pages: BreakdownPages) -> ApiRoute:
    """The same by API."""
    return ApiRoute(
        "/stores/{store}/breakdown",
        "A step's counts by product or another dimension of raw events, against a week or a day before",
        Breakdown,
        pages.breakdown,
        (
            choice("by", DIMENSIONS, DIMENSIONS[0], "What raw events are split by."),
            choice("step", tuple(STEP_BY_ID), DEFAULT_STEP, "The step."),
            choice("against", SPANS, SPANS[0], "The same span a week or a day before."),
            Parameter("from", MOMENT, "Start: RFC 3339 or ms; defaults to a day before the end."),
            Parameter("to", MOMENT, "End (exclusive): RFC 3339 or ms; defaults to now."),
            limit_of_rows(SHOWN_VALUES, 200),
        ),
    )
