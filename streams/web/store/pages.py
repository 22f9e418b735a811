"""The page of one store (what carried a change, cohorts, reports, what was left out), and all of one store by API."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from scoring.events.event import EventType
from scoring.funnel.stages import STEP_BY_ID
from scoring.funnel.units import HOUR_MS
from scoring.records.source_names import report_source_name
from scoring.wording.period_words import PERIOD_STEP_WORDS
from scoring.wording.text import Language
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clock import now_ms
from streams.config.model import StoreConfig
from streams.web.cleaning.board import CLEANED_DAYS, CLEANED_ROWS
from streams.web.cleaning.pages import cleaned_board
from streams.web.cleaning.queries import CleaningQueries
from streams.web.cleaning.words import cleaning_reason, sign_names
from streams.web.frame.arguments import at_of, choice_of, limit_of, moment_of, number_of, one_of
from streams.web.frame.errors import BadQueryError
from streams.web.frame.parts import late_parts, unless_late
from streams.web.frame.routes import (
    AT,
    MAX_ROWS,
    MOMENT,
    SEGMENT,
    ApiRoute,
    PageRoute,
    Parameter,
    Routes,
    choice,
    hours_back,
    limit_of_rows,
)
from streams.web.frame.subject import PageServices, Subject
from streams.web.reports.pages import report_board
from streams.web.reports.queries import ReportQueries
from streams.web.reports.words import measure_name
from streams.web.signals.pages import ALL_STEPS
from streams.web.signals.queries import read_signals
from streams.web.store.answers import Funnel, RawEvents, Series
from streams.web.store.breakdowns import BreakdownPages, api_route, page_route
from streams.web.store.change_answers import Cohorts, Contributions
from streams.web.store.change_queries import AGAINST, COHORT_DAYS, ChangeQueries
from streams.web.store.known import KnownStores
from streams.web.store.queries import RESOLUTIONS_MINUTES, WINDOWS, StoreQueries
from streams.web.store.waterfall import waterfall
from streams.web.store.words import STORE_WORDS

HOURS = (1, 6, 24, 168)
#: seconds between updates of an open page
LIVE_S = 60
#: most points of a series in one answer
MAX_POINTS = 2000
#: longest span of raw events in one answer
MAX_EVENTS_MS = 72 * HOUR_MS
SLOW_STEPS = tuple(COHORT_DAYS)
EVENT_TYPES = tuple(t.value for t in EventType)


class StorePages:
    """The handlers."""

    def __init__(
        self, services: PageServices, known: KnownStores, stores: StoreQueries, changes: ChangeQueries
    ) -> None:
        self._config, self._renderer = services.config, services.renderer
        self._known, self._stores, self._changes = known, stores, changes
        self._database = services.database
        self._reports, self._cleaning = ReportQueries(services.database), CleaningQueries(services.database)

    async def _store(self, request: web.Request) -> str:
        return await self._known.require(request.match_info["store"])

    async def page(self, request: web.Request) -> web.Response:
        """GET /stores/{store}: the waterfall, the cohorts, what platforms report."""
        hours = choice_of(request.query, "hours", HOURS, 24)
        against = one_of(request.query, "against", AGAINST, AGAINST[0])
        at_ms, _ = at_of(request.query, now_ms())
        reader, late = self._renderer.reader(request), dict[str, str]()
        store = self._renderer.names(request).config(request.match_info["store"])
        try:
            await self._store(request)
            view = await self._parts(store, hours, against, at_ms, reader.language, late)
            problem = next(iter(late.values())) if len(late) == len(view) else ""
        except ClickHouseUnreachableError as error:
            view, problem = {"algebra": None}, str(error)
        return self._renderer.render(
            request,
            "store/store.html",
            503 if problem else 200,
            here="overview",
            live=LIVE_S,
            store=store,
            hours=hours,
            hours_offered=HOURS,
            against=against,
            waterfall=waterfall(view["algebra"]) if view["algebra"] else (),
            source_name=report_source_name,
            measure_name=measure_name,
            step_words=PERIOD_STEP_WORDS,
            cleaned_days=CLEANED_DAYS,
            cleaned_rows=CLEANED_ROWS,
            reason_name=cleaning_reason,
            sign_names=sign_names,
            problem=problem,
            **late_parts(late, reader),
            **view,
        )

    async def _parts(
        self,
        store: StoreConfig,
        hours: int,
        against: str,
        at_ms: int,
        language: Language,
        late: dict[str, str],
    ) -> dict[str, Any]:
        """What is on the page of a store: each part on its own, None if it could not be read."""
        algebra, cohorts, board, cleaned = await asyncio.gather(
            unless_late(late, "algebra", self._changes.contributions(store.id, hours, against, at_ms)),
            unless_late(late, "cohorts", self._cohorts_of(store.id, at_ms)),
            unless_late(late, "reports", report_board(self._reports, store.id, at_ms)),
            unless_late(late, "cleaning", cleaned_board(self._cleaning, store.id, store.zone, at_ms)),
        )
        steps = tuple(part.step for part in algebra.parts if part.step) if algebra else ()
        signals = read_signals(
            self._database, store.id, steps or ALL_STEPS, at_ms - hours * HOUR_MS, at_ms, language
        )
        return {
            "algebra": algebra,
            "cohorts": cohorts,
            "signals": await unless_late(late, "signals", signals),
            "board": board,
            "cleaned": cleaned,
        }

    async def _cohorts_of(self, store_id: str, at_ms: int) -> list[Cohorts]:
        return [await self._changes.cohorts(store_id, step, at_ms) for step in COHORT_DAYS]

    async def contributions(self, request: web.Request) -> Contributions:
        """GET /api/v1/stores/{store}/contributions."""
        hours = choice_of(request.query, "hours", HOURS, 24)
        against = one_of(request.query, "against", AGAINST, AGAINST[0])
        at_ms, _ = at_of(request.query, now_ms())
        return await self._changes.contributions(await self._store(request), hours, against, at_ms)

    async def cohorts(self, request: web.Request) -> Cohorts:
        """GET /api/v1/stores/{store}/cohorts."""
        step = one_of(request.query, "step", SLOW_STEPS, SLOW_STEPS[0])
        at_ms, _ = at_of(request.query, now_ms())
        return await self._changes.cohorts(await self._store(request), step, at_ms)

    async def funnel(self, request: web.Request) -> Funnel:
        """GET /api/v1/stores/{store}/funnel."""
        window = choice_of(request.query, "window", WINDOWS, 60)
        at_ms, _ = at_of(request.query, now_ms())
        store = await self._store(request)
        return await self._stores.funnel(store, window, request.query.get("segment", ""), at_ms)

    async def series(self, request: web.Request) -> Series:
        """GET /api/v1/stores/{store}/series."""
        step = one_of(request.query, "step", tuple(STEP_BY_ID), "")
        hours = number_of(request.query, "hours", 3, 0.25, 24 * 14)
        resolution = one_of(request.query, "resolution", ("", *map(str, RESOLUTIONS_MINUTES)), "")
        if resolution and hours * 60 / int(resolution) > MAX_POINTS:
            raise BadQueryError(f"hours, resolution: at most {MAX_POINTS} points in one answer")
        at_ms, _ = at_of(request.query, now_ms())
        store, segment = await self._store(request), request.query.get("segment", "")
        return await self._stores.series(store, step, segment, hours, at_ms, int(resolution or 0))

    async def segments(self, request: web.Request) -> list[str]:
        """GET /api/v1/stores/{store}/segments."""
        at_ms, _ = at_of(request.query, now_ms())
        return await self._stores.segments(await self._store(request), at_ms)

    async def events(self, request: web.Request) -> RawEvents:
        """GET /api/v1/stores/{store}/events."""
        query, present = request.query, now_ms()
        to_ms = moment_of(query, "to") or present
        from_ms = moment_of(query, "from") or to_ms - HOUR_MS
        if not 0 < to_ms - from_ms <= MAX_EVENTS_MS:
            raise BadQueryError("from, to: expected a span of more than 0 and at most 72 hours")
        chosen = one_of(query, "type", ("", *EVENT_TYPES), "")
        types = (chosen,) if chosen else EVENT_TYPES
        most = limit_of(query, 200, MAX_ROWS)
        return await self._stores.raw_events(request.match_info["store"], types, from_ms, to_ms, most)


def _change_routes(pages: StorePages) -> tuple[ApiRoute, ...]:
    return (
        ApiRoute(
            "/stores/{store}/contributions",
            "Which step carried the change of a store's payments, and how much of it is mix",
            Contributions,
            pages.contributions,
            (
                choice("hours", HOURS, 24, "How many hours back."),
                choice("against", AGAINST, AGAINST[0], "The same hours a week before, or the expectation."),
                AT,
            ),
        ),
        ApiRoute(
            "/stores/{store}/cohorts",
            "Cohorts of a slow step, each with how complete it should be by now",
            Cohorts,
            pages.cohorts,
            (choice("step", SLOW_STEPS, SLOW_STEPS[0], "The slow step."), AT),
        ),
    )


def _funnel_routes(pages: StorePages) -> tuple[ApiRoute, ...]:
    return (
        ApiRoute(
            "/stores/{store}/funnel",
            "A store's funnel over a rolling window",
            Funnel,
            pages.funnel,
            (choice("window", WINDOWS, 60, "Minutes."), SEGMENT, AT),
        ),
        ApiRoute(
            "/stores/{store}/series",
            "Observed and expected arrivals of one step",
            Series,
            pages.series,
            (
                Parameter("step", {"type": "string", "enum": list(STEP_BY_ID)}, "The step.", required=True),
                SEGMENT,
                hours_back(3, 24 * 14),
                Parameter(
                    "resolution",
                    {"type": "integer", "enum": list(RESOLUTIONS_MINUTES)},
                    "Minutes per point; defaults to the finest that gives at most 240 points.",
                ),
                AT,
            ),
        ),
        ApiRoute(
            "/stores/{store}/segments",
            "The store's segments, largest first",
            list[str],
            pages.segments,
            (AT,),
        ),
        ApiRoute(
            "/stores/{store}/events",
            "Raw events of a store, newest first; at most 72 hours at once",
            RawEvents,
            pages.events,
            (
                Parameter("from", MOMENT, "Start: RFC 3339 or ms; defaults to an hour before the end."),
                Parameter("to", MOMENT, "End (exclusive): RFC 3339 or ms; defaults to now."),
                Parameter("type", {"type": "string", "enum": list(EVENT_TYPES)}, "Only this type."),
                limit_of_rows(200, MAX_ROWS),
            ),
        ),
    )


def _routes(services: PageServices) -> Routes:
    database, config = services.database, services.config
    stores = StoreQueries(database)
    known = KnownStores(database, config)
    pages = StorePages(services, known, stores, ChangeQueries(database, config, stores))
    parts = BreakdownPages(services, known)
    return Routes(
        pages=(PageRoute("/stores/{store}", pages.page), page_route(parts)),
        api=(*_funnel_routes(pages), *_change_routes(pages), api_route(parts)),
    )


SUBJECT = Subject(__file__, build=_routes, words=STORE_WORDS)
