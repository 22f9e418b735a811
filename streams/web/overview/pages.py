"""The overview: data health, the store grid, the chosen store, alerts and dead letters, updated while it is open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web

from scoring.funnel.units import HOUR_MS, MINUTE_MS
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clock import now_ms
from streams.instance.files import role_and_number
from streams.roles import ROLES_ON_PAGE
from streams.web.alerts.action_queries import ActionQueries
from streams.web.alerts.queries import AlertQueries
from streams.web.dead_letters.queries import DeadLetterQueries
from streams.web.frame.arguments import at_of
from streams.web.frame.errors import UNKNOWN_STORE, BadQueryError
from streams.web.frame.parts import late_parts, unless_late
from streams.web.frame.queries import store_or_bare
from streams.web.frame.routes import PageRoute, Routes
from streams.web.frame.subject import NavigationEntry, PageServices, Subject
from streams.web.grid.answers import StoreTile
from streams.web.grid.money import AlertPrices
from streams.web.grid.queries import GridQueries
from streams.web.overview.chosen import ChosenStore
from streams.web.overview.selection import (
    STATES,
    StoreChoices,
    StoreSelection,
    pinned,
    pinned_first,
    selected,
)
from streams.web.overview.spark import spark
from streams.web.overview.today import TodayQueries
from streams.web.overview.words import OVERVIEW_WORDS
from streams.web.status.answers import Status
from streams.web.status.queries import StatusQueries
from streams.web.store.queries import StoreQueries

SHOWN_TILES = 24
#: most of the further stores that are listed by name; the others are found by their names
LISTED_STORES = 300
SHOWN_ALERTS = 8
#: seconds between updates of an open page
LIVE_S = 3
#: a tile whose newest event is older than this leads to the time of that event
STALE_MS = 26 * HOUR_MS
#: what of the address stays when another store is chosen
KEPT = ("window", "hours", "at", "q", "platform", "country", "owner", "state", "group")


class OverviewPage:
    """The handler."""

    def __init__(self, services: PageServices) -> None:
        database, config = services.database, services.config
        values, present = AlertPrices(services.worth), services.present
        self._data, self._renderer, self._config = services.settings.data, services.renderer, config
        self._status = StatusQueries(database)
        self._grid = GridQueries(database, config, self._status, values, present)
        self._alerts = AlertQueries(database, values, ActionQueries(database, services.actions), present)
        self._letters = DeadLetterQueries(database)
        self._today = TodayQueries(database, config)
        self._chosen = ChosenStore(config, services.renderer, StoreQueries(database))

    async def page(self, request: web.Request) -> web.Response:
        """GET /."""
        wall_ms = now_ms()
        at_ms, is_live = at_of(request.query, wall_ms)
        # asked together: a page of many queries takes as long as its longest chain
        asking = asyncio.create_task(self._parts_or_problem(request, at_ms, is_live))
        status = await self._status.status(self._data, at_ms, is_live)
        view = {**_health(status), **await asking}
        _judge_database(view, status)
        reader = self._renderer.reader(request)
        view.update(late_parts(view["late"], reader))
        return self._renderer.render(
            request,
            "overview/overview.html",
            live=LIVE_S if is_live else 0,
            shown=SHOWN_TILES,
            listed=LISTED_STORES,
            now_ms=at_ms,
            wall_ms=wall_ms,
            past=not is_live,
            **view,
        )

    async def _parts_or_problem(self, request: web.Request, at_ms: int, is_live: bool) -> dict[str, Any]:
        try:
            return await self._parts(request, at_ms, is_live)
        except ClickHouseUnreachableError as error:
            return {"problem": str(error), "late": {}}

    async def _parts(self, request: web.Request, at_ms: int, is_live: bool) -> dict[str, Any]:
        reader, names = self._renderer.reader(request), self._renderer.names(request)
        wanted = StoreSelection.of(request.query)
        # the grid first: it asks for the worth of an order at this moment, which the alerts then share
        grid = await self._grid.stores(at_ms, is_live)
        late: dict[str, str] = {}
        listed, letters, traded = await asyncio.gather(
            unless_late(late, "alerts", self._alerts.alerts("", "", 50, at_ms, live=is_live)),
            unless_late(late, "dead_letters", self._letters.summary(24, at_ms)),
            unless_late(late, "late_today", self._today.days(reader.zone, at_ms)),
        )
        pins = pinned(request)
        stores = pinned_first(selected(grid.stores, self._config, wanted), pins)
        alerts = listed.alerts if listed else ()
        firing = [a for a in alerts if a.state == "firing"]
        view: dict[str, Any] = {
            "stores": stores,
            "late": late,
            "wanted": wanted,
            "pins": pins,
            "choices": StoreChoices.of(
                (store_or_bare(self._config, row.store_id) for row in grid.stores), self._config.groups
            ),
            "all_stores": len(grid.stores),
            "today": await self._today.together(traded, (row.store_id for row in stores)) if traded else None,
            "sold": traded.orders_of if traded else _not_known,
            "sparks": {row.store_id: spark(row.spark) for row in stores[:SHOWN_TILES]},
            "tile_link": _tile_link(request),
            "tally": {
                name: sum(row.state in states for row in grid.stores) for name, states in STATES.items()
            },
            "alerts": firing,
            "ended": [a for a in alerts if a.state != "firing"][:SHOWN_ALERTS],
            "letters": letters,
            "store": None,
            "spoken": reader.word("spoken_quiet") if listed else "",
        }
        if firing:
            first = f"{names.store(firing[0].store_id)} {names.step(firing[0].step)}"
            view["spoken"] = reader.word("spoken_firing", n=len(firing), first=first)
            view["title"] = reader.word("title_firing", n=len(firing))
        chosen = _chosen(grid.stores, stores, request.query.get("store"))
        if chosen is not None:
            parts = self._chosen.parts(request, chosen, firing, at_ms)
            view.update(await unless_late(late, "late_store", parts) or {})
        return view


def _not_known(_: str) -> None:
    """The orders of a store, of which nobody knows this time."""


def _judge_database(view: dict[str, Any], status: Status) -> None:
    """Says of the database what the page has just seen of it: a question without an answer means that it is not normal."""
    if not status.ready and not view["problem"]:
        view["late"]["data_health"] = status.detail
    if view["problem"] and not status.ready:
        view["database"] = "failed"
    else:
        view["database"] = "slow" if view["problem"] or view["late"] else "ready"


def _health(status: Status) -> dict[str, Any]:
    """What is shown whether or not ClickHouse answers."""
    return {
        "status": status,
        "parts": sorted(
            (p for p in status.parts if role_and_number(p.name)[0] in ROLES_ON_PAGE),
            key=lambda p: ROLES_ON_PAGE.index(role_and_number(p.name)[0]),
        ),
        "lag_ms": max((s.delay_ms for s in status.sources), default=None),
        "problem": "",
        "late": {},
        "title": "Funnelwatch",
        "spoken": "",
    }


def _chosen(
    every: tuple[StoreTile, ...], shown: tuple[StoreTile, ...], wanted: str | None
) -> StoreTile | None:
    known = next((row for row in every if row.store_id == wanted), None)
    if wanted and known is None:
        raise BadQueryError(UNKNOWN_STORE.both(store=wanted))
    return known or (shown[0] if shown else None)


def _tile_link(request: web.Request) -> Callable[[StoreTile], str]:
    """A tile leads to its store; to the time of its last data when that is long ago."""

    def link(row: StoreTile) -> str:
        query = {k: v for k, v in request.query.items() if k in KEPT}
        is_stale = row.last_event_ms is not None and now_ms() - row.last_event_ms > STALE_MS
        if is_stale and "at" not in query:
            query["at"] = str((row.last_event_ms or 0) + MINUTE_MS)
        target = request.rel_url.with_path("/").with_query({**query, "store": row.store_id})
        return str(target.with_fragment("store"))

    return link


def _routes(services: PageServices) -> Routes:
    return Routes(pages=(PageRoute("/", OverviewPage(services).page),))


SUBJECT = Subject(
    __file__,
    build=_routes,
    words=OVERVIEW_WORDS,
    navigation=NavigationEntry("/", "overview"),
)
