"""The page of one store beyond the live view: what carried a change, and cohorts of its slow steps; and the same by API."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clock import now_ms
from streams.web.api import AT, NotThere, Parameter, Route
from streams.web.ask import at_of, one_of
from streams.web.funnel_reads import FunnelReads
from streams.web.pages import Pages
from streams.web.store_answers import Cohorts, Contributions
from streams.web.store_reads import AGAINST, COHORT_DAYS, StoreReads

HOURS = (1, 6, 24, 168)
LIVE_S = 60


class StorePages:
    """The handlers."""

    def __init__(self, reads: StoreReads, funnels: FunnelReads, pages: Pages) -> None:
        self._reads, self._funnels, self._pages = reads, funnels, pages
        self.routes: tuple[Route, ...] = (
            Route(
                "/stores/{store}/contributions",
                "Which step carried the change of a store's payments, and how much of it is mix",
                Contributions,
                self.contributions,
                (
                    Parameter("hours", {"type": "integer", "enum": list(HOURS), "default": 24}, "Span."),
                    Parameter(
                        "against",
                        {"type": "string", "enum": list(AGAINST), "default": AGAINST[0]},
                        "The same hours a week before, or what was expected.",
                    ),
                    AT,
                ),
            ),
            Route(
                "/stores/{store}/cohorts",
                "Cohorts of a slow step, each with how complete it should be by now",
                Cohorts,
                self.cohorts,
                (
                    Parameter(
                        "step",
                        {"type": "string", "enum": list(COHORT_DAYS), "default": next(iter(COHORT_DAYS))},
                        "The slow step.",
                    ),
                    AT,
                ),
            ),
        )

    async def contributions(self, request: web.Request) -> Contributions:
        """GET /stores/{store}/contributions."""
        hours = int(one_of(request.query, "hours", tuple(map(str, HOURS)), "24"))
        against = one_of(request.query, "against", AGAINST, AGAINST[0])
        at_ms, _ = at_of(request.query, now_ms())
        return await self._reads.contributions(await self._known(request, at_ms), hours, against, at_ms)

    async def cohorts(self, request: web.Request) -> Cohorts:
        """GET /stores/{store}/cohorts."""
        step = one_of(request.query, "step", tuple(COHORT_DAYS), next(iter(COHORT_DAYS)))
        at_ms, _ = at_of(request.query, now_ms())
        return await self._reads.cohorts(await self._known(request, at_ms), step, at_ms)

    async def _known(self, request: web.Request, at_ms: int) -> str:
        wanted = request.match_info["store"]
        if not any(row.store_id == wanted for row in (await self._funnels.stores(at_ms, live=True)).stores):
            raise NotThere(f"there is no store {wanted!r}")
        return wanted

    async def page(self, request: web.Request) -> web.Response:
        """GET /stores/{store}: the waterfall and the cohorts."""
        wanted = request.match_info["store"]
        hours = int(one_of(request.query, "hours", tuple(map(str, HOURS)), "24"))
        against = one_of(request.query, "against", AGAINST, AGAINST[0])
        at_ms, _ = at_of(request.query, now_ms())
        view: dict[str, Any] = {"algebra": None, "cohorts": (), "problem": ""}
        try:
            store_id = await self._known(request, at_ms)
            view["algebra"] = await self._reads.contributions(store_id, hours, against, at_ms)
            view["cohorts"] = [await self._reads.cohorts(store_id, step, at_ms) for step in COHORT_DAYS]
        except ClickHouseUnreachableError as error:
            view["problem"] = str(error)
        return self._pages.render(
            request,
            "store.html",
            503 if view["problem"] else 200,
            here="overview",
            live=LIVE_S,
            store=self._funnels.store(wanted),
            hours=hours,
            hours_offered=HOURS,
            against=against,
            waterfall=waterfall(view["algebra"]) if view["algebra"] else (),
            **view,
        )


def waterfall(found: Contributions) -> tuple[dict[str, Any], ...]:
    """Bars of the waterfall, in percent of the chart's width: each part begins where the one before ended.

    The chart reaches from the lowest to the highest of these edges and not from nothing, where small changes of a large
    whole would all look alike.
    """
    at, edges = found.then, [found.then]
    for part in found.parts:
        at += part.events
        edges.append(at)
    least, span = min(edges), max(max(edges) - min(edges), 1e-9)
    bars = []
    for part, begin, end in zip(found.parts, edges, edges[1:], strict=False):
        low, high = sorted((begin, end))
        bars.append(
            {
                "part": part,
                "start": round(99.5 * (low - least) / span, 2),
                "width": round(max(99.5 * (high - low) / span, 0.5), 2),
                "is_fall": part.events < 0,
            }
        )
    return tuple(bars)
